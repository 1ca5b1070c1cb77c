//! Do the counts cover the window? Access logs are delivered late, object by object and on a best
//! effort; metrics arrive within minutes. So the metric is held against the log.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    case::{Case, bounded, minute_of, shifted},
    evidence::{AccessLog, metrics::Series},
    need,
    words::{clock, count, thousands},
};

/// Below this share of the requests that the metric counted, per cent, the log lacks whole objects
/// rather than a few lines at the window's edges. [I]: the log counts more requests than the metric
/// (which leaves out those for which no target could be chosen), never fewer.
const LOG_COVERS_PERCENT: u64 = 90;

/// More unreadable lines than this, per thousand requests, are no accident of one odd line. [I]
const UNREADABLE_PER_THOUSAND: u64 = 1;

/// A log object is delivered some minutes after the last request that it holds: nodes write one every
/// five minutes, on a best effort. [V] DOC-AL; the other five are for delivery. [I]
const DELIVERED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// From when on the log of the window should be whole, where that was still to come when it was read.
pub(crate) fn late_until(case: &Case<'_>) -> Option<DateTime<Utc>> {
    let whole_at = shifted(case.evidence.window.to, DELIVERED_AFTER);
    (case.evidence.observed_at < whole_at).then_some(whole_at)
}

/// Whether CloudWatch, which is minutes ahead of the log, counts no error that the log does not hold: then
/// what is still to be delivered hides none.
fn metrics_vouch(case: &Case<'_>, log: &AccessLog) -> bool {
    let by_log: u64 = log
        .minutes
        .iter()
        .flat_map(|minute| &minute.statuses)
        .filter(|(status, _)| (500..600).contains(*status))
        .fold(0, |sum, (_, n)| bounded(sum + bounded(*n)));
    let names: &[&str] = if case.is_classic() {
        &["HTTPCode_ELB_5XX", "HTTPCode_Backend_5XX"]
    } else {
        &["HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"]
    };
    let counts: Option<Vec<u64>> = names
        .iter()
        .map(|name| case.total(case.load_balancer_series(name, "Sum")))
        .collect();
    case.evidence.metrics.whole().is_some()
        && counts.is_some_and(|counts| counts.iter().sum::<u64>() <= by_log)
}

/// What keeps the counts from being complete, in words.
pub(crate) fn holes(case: &Case<'_>) -> Vec<String> {
    let mut holes = Vec::new();
    match case.access_log() {
        Some(log) => {
            holes.extend(log_behind_metric(case));
            holes.extend(requests_missing(case, log.requests));
            let late = late_until(case).filter(|_| !holes.is_empty() || !metrics_vouch(case, log));
            holes.extend(late.map(|at| {
                format!(
                    "access log: the window ends less than 10 minutes before it was read, and objects of \
                     its last minutes may not be delivered yet; run the step error-logs again after {}",
                    clock(at)
                )
            }));
            if bounded(log.unreadable).saturating_mul(1000)
                > bounded(log.requests).saturating_mul(UNREADABLE_PER_THOUSAND)
            {
                holes.push(format!(
                    "access log: {} could not be read; look at the bucket for objects of another format",
                    count(log.unreadable, "line", "lines")
                ));
            }
        }
        None => holes.extend(without_log(case)),
    }
    holes
}

/// 502s by the load balancer's own metric; 0 where it was not seen or counts all codes together.
pub(crate) fn counted_by_metric(case: &Case<'_>) -> u64 {
    if case.is_classic() {
        return 0;
    }
    case.total(case.load_balancer_series("HTTPCode_ELB_502_Count", "Sum"))
        .unwrap_or(0)
}

fn log_behind_metric(case: &Case<'_>) -> Option<String> {
    let (name, code) = if case.is_classic() {
        ("HTTPCode_ELB_5XX", None)
    } else {
        ("HTTPCode_ELB_502_Count", Some(502))
    };
    let series = case.load_balancer_series(name, "Sum")?;
    let (from, to) = whole_periods(case, series)?;
    let by_metric = crate::case::whole(series.total(from, to));
    let by_log: u64 = case
        .rows()
        .iter()
        .filter(|row| from <= row.time && row.time < to)
        .filter(|row| !row.made_by_target())
        .filter(|row| code.is_none_or(|code| row.elb_status_code == code))
        .map(|row| bounded(row.count))
        .sum();
    (by_log < by_metric).then(|| {
        format!(
            "access log: holds {} of the {} that {name} counts; delivery lags up to some minutes and \
             is best effort, run the step error-logs again later",
            thousands(by_log),
            count(by_metric, "error", "errors")
        )
    })
}

fn requests_missing(case: &Case<'_>, in_log: u64) -> Option<String> {
    let counted = case.total(case.load_balancer_series("RequestCount", "Sum"))?;
    let (in_log, counted) = (bounded(in_log), bounded(counted));
    // The metric's first and last periods may reach past the window: a window of a few minutes
    // would look short by them.
    let enough = counted.saturating_mul(LOG_COVERS_PERCENT) / 100;
    let edges = edge_requests(case);
    (in_log < enough.saturating_sub(edges)).then(|| {
        format!(
            "access log: holds {} of about {}; run the step error-logs again later",
            thousands(in_log),
            count(counted, "request", "requests")
        )
    })
}

fn edge_requests(case: &Case<'_>) -> u64 {
    let Some(series) = case.load_balancer_series("RequestCount", "Sum") else {
        return 0;
    };
    let Some((from, to)) = whole_periods(case, series) else {
        return u64::MAX;
    };
    case.per_minute(series)
        .into_iter()
        .filter(|(at, _)| *at < from || to <= *at)
        .map(|(_, n)| n)
        .sum()
}

/// The part of the window that whole periods of the series cover.
fn whole_periods(case: &Case<'_>, series: &Series) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let window = case.evidence.window;
    let period = TimeDelta::seconds(i64::from(series.period.max(60)));
    let mut from = minute_of(window.from);
    if from < window.from {
        from = from.checked_add_signed(TimeDelta::seconds(60))?;
    }
    // A point belongs to the span if its period ends inside the window.
    let last = window.to.checked_sub_signed(period)?;
    let points = series.points.iter().map(|point| point.at);
    let to = points
        .filter(|at| from <= *at && *at <= last)
        .max()
        .and_then(|at| at.checked_add_signed(period))?;
    Some((from, to))
}

fn without_log(case: &Case<'_>) -> Vec<String> {
    let mut holes = Vec::new();
    let off = if need::access_logs_are_off(case.evidence) {
        "access logs are off"
    } else {
        "no access log was read"
    };
    if case.is_classic() {
        let n = case.total(case.load_balancer_series("HTTPCode_ELB_5XX", "Sum"));
        if n.is_some_and(|n| n > 0) {
            holes.push(format!(
                "502s apart from 503s and 504s: a Classic load balancer counts them together in \
                 HTTPCode_ELB_5XX, and {off}"
            ));
        }
        let by_target = case.total(case.load_balancer_series("HTTPCode_Backend_5XX", "Sum"));
        holes.extend(by_target.filter(|n| *n > 0).map(|n| {
            format!(
                "502s made by targets: {} may be among HTTPCode_Backend_5XX, and {off}",
                thousands(n)
            )
        }));
    } else {
        let by_target = case.total(case.load_balancer_series("HTTPCode_Target_5XX_Count", "Sum"));
        holes.extend(by_target.filter(|n| *n > 0).map(|n| {
            format!(
                "502s made by targets: up to {} among HTTPCode_Target_5XX_Count, which has no count \
                 per code, and {off}",
                thousands(n)
            )
        }));
        if case.evidence.metrics.seen().is_some()
            && case
                .load_balancer_series("HTTPCode_ELB_502_Count", "Sum")
                .is_none()
        {
            holes
                .push("load balancer metrics: HTTPCode_ELB_502_Count was not asked for".to_owned());
        }
    }
    holes
}
