//! The application's own log in CloudWatch Logs.

use chrono::DateTime;
use diagnosis::{
    Observed, Step,
    evidence::{Window, app_log::AppLogLine},
    restart_signs,
};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    pages::pages,
    read_only,
    text::{count, cut},
};

/// Pages may be empty while CloudWatch Logs searches on.
const PAGES: u32 = 20;
const LINES: usize = 500;

/// One log group in a stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct LogQuery {
    pub(crate) group: String,
    pub(crate) within: Window,
}

impl Aws {
    /// Lines that speak of restarts and crashes, in order of time.
    pub(crate) async fn app_log_lines(
        &self,
        recorder: &Recorder,
        step: Step,
        query: &LogQuery,
    ) -> Observed<Vec<AppLogLine>> {
        let from = query.within.from.timestamp_millis();
        let to = query.within.to.timestamp_millis();
        let pattern = &restart_signs::filter_pattern();
        let ask = Ask::new(
            read_only::FILTER_LOG_EVENTS,
            json!({
                "logGroupName": query.group,
                "startTime": from,
                "endTime": to,
                "filterPattern": pattern,
            }),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .logs
                    .filter_log_events()
                    .log_group_name(&query.group)
                    .start_time(from)
                    .end_time(to)
                    .filter_pattern(pattern)
                    .set_next_token(token);
                let group = &query.group;
                async move {
                    let answer = request.send().await?;
                    let lines: Vec<AppLogLine> = answer
                        .events()
                        .iter()
                        .filter_map(|event| {
                            Some(AppLogLine {
                                at: DateTime::from_timestamp_millis(event.timestamp()?)?,
                                group: group.clone(),
                                stream: event.log_stream_name().unwrap_or_default().to_owned(),
                                message: cut(event.message().unwrap_or_default(), 1_000),
                            })
                        })
                        .collect();
                    Ok((lines, answer.next_token().map(str::to_owned)))
                }
            })
            .await?;
            let found = read.items.len();
            let mut reading = read.reading(
                |mut lines| {
                    lines.sort_by(|a, b| (a.at, &a.stream).cmp(&(b.at, &b.stream)));
                    lines.truncate(LINES);
                    lines
                },
                |lines: &Vec<_>| {
                    format!(
                        "{} of restarts or crashes in {}",
                        count(lines.len(), "line"),
                        query.group
                    )
                },
            );
            if found > LINES {
                reading.cut_short(format!("{} more lines were left out", found - LINES));
            }
            Ok(reading)
        })
        .await
    }
}
