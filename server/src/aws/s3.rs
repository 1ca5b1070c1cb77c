//! Access log objects in S3: which ones hold the window, and their lines.

mod objects;
mod reading;
mod unpack;

use chrono::Utc;
use diagnosis::{
    Observed, Step,
    access_log::{Aggregator, ObjectReader},
    evidence::{AccessLog, LoadBalancer, LoadBalancerType, Window, load_balancer::LogDelivery},
};
use serde_json::{Value, json};

use self::objects::{LogObject, copy_command, folders, intervals, log_object};
use super::{Aws, Recorder, ask::Ask, call::LONGEST_READ, pages::pages, read_only, text::count};

/// Pages of 1,000 keys a day.
const PAGES: u32 = 30;

impl Aws {
    /// The log objects that may hold rows of the window.
    pub(crate) async fn log_objects(
        &self,
        recorder: &Recorder,
        step: Step,
        load_balancer: &LoadBalancer,
        delivery: &LogDelivery,
        window: Window,
    ) -> Vec<Observed<Vec<LogObject>>> {
        let folders = folders(load_balancer, delivery, window, Utc::now());
        let (from, to) = intervals(load_balancer.kind, window);
        futures_util::future::join_all(folders.iter().map(|folder| {
            // Keys go on with the end time, so a listing can begin and end with the window.
            let start_after = format!("{}{}", folder.prefix, from.format("%Y%m%dT%H%M"));
            let ask = Ask::new(
                read_only::LIST_OBJECTS,
                json!({
                    "Bucket": delivery.bucket,
                    "Prefix": folder.prefix,
                    "StartAfter": start_after,
                }),
            );
            async move {
                self.observe(recorder, step, ask, async {
                    let read = pages(PAGES, |token| {
                        let request = self
                            .inner
                            .s3
                            .list_objects_v2()
                            .bucket(&delivery.bucket)
                            .prefix(&folder.prefix)
                            .start_after(&start_after)
                            .set_continuation_token(token);
                        async move {
                            let answer = request.send().await?;
                            let found: Vec<LogObject> = answer
                                .contents()
                                .iter()
                                .filter_map(|one| {
                                    log_object(
                                        one.key()?,
                                        &folder.prefix,
                                        u64::try_from(one.size().unwrap_or_default()).ok()?,
                                    )
                                })
                                .collect();
                            let past = found.last().is_some_and(|last| last.ends > to);
                            let next = answer
                                .next_continuation_token()
                                .map(str::to_owned)
                                .filter(|_| !past);
                            Ok((found, next))
                        }
                    })
                    .await?;
                    Ok(read.reading(
                        |mut found| {
                            found.retain(|one| from <= one.ends && one.ends <= to);
                            found
                        },
                        |found: &Vec<LogObject>| {
                            format!("{} of the window", count(found.len(), "log object"))
                        },
                    ))
                })
                .await
            }
        }))
        .await
    }

    /// Reads the objects: one observation for all of them.
    pub(crate) async fn access_log(
        &self,
        recorder: &Recorder,
        step: Step,
        bucket: &str,
        objects: &[LogObject],
        kind: LoadBalancerType,
        window: Window,
    ) -> Observed<AccessLog> {
        let ask = Ask::new(
            read_only::GET_OBJECT,
            json!({"Bucket": bucket, "Keys": objects.iter().map(|one| &one.key).collect::<Vec<_>>()}),
        )
        .with_command(copy_command(bucket, objects));
        self.observe_within(LONGEST_READ, recorder, step, ask, async {
            let mut aggregator = Aggregator::new(kind);
            let outcome = self
                .read_objects(
                    bucket,
                    objects,
                    |object| ObjectReader::new(kind, window, object.node.clone()),
                    |rows| aggregator.add(rows),
                )
                .await?;
            let log = aggregator.finish();
            let rows = format!("{} requests", log.requests);
            let answered = summary(&log);
            Ok(outcome.reading(log, &rows, answered))
        })
        .await
    }
}

/// What people see of a log in place of its rows.
fn summary(log: &AccessLog) -> Value {
    let mut statuses = std::collections::BTreeMap::new();
    let mut made_by_target = 0;
    for minute in &log.minutes {
        made_by_target += minute.made_by_target;
        for (status, number) in &minute.statuses {
            *statuses.entry(status.to_string()).or_insert(0_u64) += number;
        }
    }
    json!({
        "objects": log.objects,
        "bytes": log.bytes,
        "requests": log.requests,
        "unreadable": log.unreadable,
        "first": log.first,
        "last": log.last,
        "statuses": statuses,
        "502s made by targets": made_by_target,
        "first rows": log.rows.iter().take(20).filter_map(|row| row.raw.as_deref()).collect::<Vec<_>>(),
    })
}
