//! Step `error-logs`: the log's rows and counts, or the metrics where there is no log.

mod other_codes;
mod skew;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Table, Tone,
    build::{Builder, bad_count, cell, count, odd_count, or_dash, time, toned, was_asked},
};
use crate::{
    case::{Case, bounded},
    evidence::access_log::FaultRow,
    need::Need,
    words,
};

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let mut tables = Vec::new();
    if was_asked(&evidence.access_log) {
        tables.push(rows(case));
        tables.push(skew::table(case));
        tables.push(by_target(case));
        tables.push(by_minute(case));
    }
    if was_asked(&evidence.access_log) || was_asked(&evidence.metrics) {
        tables.push(other_codes::table(case));
    }
    if was_asked(&evidence.metrics) && evidence.access_log.seen().is_none() {
        tables.push(by_minute_of_metrics(case));
    }
    if was_asked(&evidence.app_log) {
        tables.push(app_log(case));
    }
    tables
}

fn rows(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "rows",
        "Failed requests",
        &[
            "Time",
            "Code",
            "Target's code",
            "Times",
            "Target",
            "Idle before#",
            "Request",
            "Error reason",
            "Rows#",
            "Bytes in#",
            "Bytes out#",
            "Node",
        ],
    );
    for row in case.rows() {
        table.row(vec![
            time(row.time),
            toned(
                row.elb_status_code.to_string(),
                match row.elb_status_code {
                    502 => Tone::Bad,
                    500.. => Tone::Warn,
                    _ => Tone::Plain,
                },
            ),
            cell(
                row.target_status_code
                    .map_or("-".to_owned(), |code| code.to_string()),
            ),
            cell(triple(row)),
            or_dash(row.target.as_deref()),
            cell(row.idle_ms.map_or("–".to_owned(), words::seconds)),
            cell(if row.method.is_empty() {
                "several".to_owned()
            } else {
                format!("{} {}", row.method, row.url)
            }),
            or_dash(row.error_reason.as_deref()),
            count(row.count),
            count(row.received_bytes),
            count(row.sent_bytes),
            or_dash(row.node.as_deref()),
        ]);
    }
    if let Some(log) = case.evidence.access_log.seen() {
        let faults = log
            .rows
            .iter()
            .fold(0, |sum, row| bounded(sum + bounded(row.count)));
        table.note(format!(
            "{} of {} read from {}; 502s first. Times are request / target / response processing in seconds.",
            words::count(faults, "fault", "faults"),
            words::count(log.requests, "request", "requests"),
            words::count(u64::from(log.objects), "object", "objects")
        ));
        if log.unreadable > 0 {
            table.note(format!(
                "{} could not be read.",
                words::count(log.unreadable, "line", "lines")
            ));
        }
        if log.rows.iter().any(|row| row.count > 1) {
            table.note("Rows past the cap are merged with their like.");
        }
    }
    table.from(case, &[Need::AccessLog]);
    table.worst_first()
}

/// `0.001 / 4.205 / -1`
fn triple(row: &FaultRow) -> String {
    let seconds = |time: Option<f64>| time.map_or("-1".to_owned(), |time| format!("{time:.3}"));
    format!(
        "{} / {} / {}",
        seconds(row.request_processing_time),
        seconds(row.target_processing_time),
        seconds(row.response_processing_time)
    )
}

fn by_target(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "by-target",
        "502s by target",
        &[
            "Target",
            "502#",
            "503#",
            "504#",
            "Requests#",
            "Answered#",
            "Mean s#",
            "Longest s#",
            "Target group",
        ],
    );
    for target in case
        .evidence
        .access_log
        .seen()
        .map_or(&[][..], |log| &log.targets)
    {
        let of = |status: u16| target.statuses.get(&status).copied().unwrap_or_default();
        let group = target.target_group_arn.as_deref();
        table.row(vec![
            cell(if target.target == "-" {
                "none chosen"
            } else {
                &target.target
            }),
            bad_count(of(502)),
            odd_count(of(503)),
            odd_count(of(504)),
            count(target.requests),
            count(target.answered),
            cell(format!("{:.3}", target.mean_seconds)),
            cell(format!("{:.3}", target.max_seconds)),
            cell(match group {
                Some(arn) => case
                    .target_group(arn)
                    .map_or(arn, |group| group.name.as_str()),
                None => "–",
            }),
        ]);
    }
    table.note("502s of both makers; answered means a status below 500 from the target.");
    table.from(case, &[Need::AccessLog]);
    table.worst_first()
}

const MINUTE_COLUMNS: &[&str] = &[
    "Minute",
    "Requests#",
    "502 by load balancer#",
    "502 by target#",
    "503#",
    "504#",
    "Other 4xx and 5xx#",
];

fn by_minute(case: &Case<'_>) -> Table {
    let mut table = Builder::new("by-minute", "Codes by minute", MINUTE_COLUMNS);
    for minute in case
        .evidence
        .access_log
        .seen()
        .map_or(&[][..], |log| &log.minutes)
    {
        let of = |status: u16| minute.statuses.get(&status).copied().unwrap_or_default();
        let others = minute
            .statuses
            .iter()
            .filter(|(status, _)| !matches!(**status, 502..=504))
            .fold(0, |sum, (_, n)| bounded(sum + bounded(*n)));
        table.row(vec![
            cell(minute.at.format("%Y-%m-%d %H:%M").to_string()),
            count(minute.requests),
            bad_count(of(502).saturating_sub(minute.made_by_target)),
            bad_count(minute.made_by_target),
            odd_count(of(503)),
            odd_count(of(504)),
            count(others),
        ]);
    }
    table.note("Minutes with 502s first.");
    table.from(case, &[Need::AccessLog]);
    table.worst_first()
}

fn by_minute_of_metrics(case: &Case<'_>) -> Table {
    let classic = case.is_classic();
    let names: &[(&str, bool)] = if classic {
        &[
            ("RequestCount", false),
            ("HTTPCode_ELB_5XX", true),
            ("HTTPCode_Backend_5XX", true),
            ("BackendConnectionErrors", true),
        ]
    } else {
        &[
            ("RequestCount", false),
            ("HTTPCode_ELB_502_Count", true),
            ("HTTPCode_ELB_503_Count", true),
            ("HTTPCode_ELB_504_Count", true),
            ("HTTPCode_Target_5XX_Count", true),
        ]
    };
    let titles: Vec<String> = std::iter::once("Minute".to_owned())
        .chain(names.iter().map(|(name, _)| format!("{name}#")))
        .collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let mut table = Builder::new("by-minute", "Codes by minute (CloudWatch)", &titles);
    let counts: Vec<BTreeMap<DateTime<Utc>, u64>> = names
        .iter()
        .map(|(name, _)| {
            case.load_balancer_series(name, "Sum")
                .map(|series| case.per_minute(series))
                .unwrap_or_default()
        })
        .collect();
    let minutes: std::collections::BTreeSet<DateTime<Utc>> =
        counts.iter().flat_map(|of| of.keys().copied()).collect();
    for minute in minutes {
        let mut cells = vec![cell(minute.format("%Y-%m-%d %H:%M").to_string())];
        for ((_, fault), of) in names.iter().zip(&counts) {
            let n = of.get(&minute).copied().unwrap_or_default();
            cells.push(if *fault { bad_count(n) } else { count(n) });
        }
        table.row(cells);
    }
    table.note("Minutes with faults first. Counts of the load balancer itself; no metric counts 502s that targets answer.");
    table.from(case, &[Need::Metrics, Need::AccessLog]);
    table.worst_first()
}

fn app_log(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "application-log",
        "Application log",
        &["Time", "Log group", "Stream", "Line"],
    );
    if let Some(log) = case.evidence.app_log.seen() {
        for line in &log.lines {
            table.row(vec![
                time(line.at),
                cell(&line.group),
                cell(&line.stream),
                cell(&line.message),
            ]);
        }
        table.note(if log.groups.is_empty() {
            "No log group was found to read.".to_owned()
        } else {
            format!(
                "Lines that speak of restarts and crashes, from {}.",
                words::list(&log.groups, 3)
            )
        });
    }
    table.from(case, &[Need::AppLog]);
    table.in_order()
}
