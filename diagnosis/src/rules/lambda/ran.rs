//! How long an invocation ran: to its timeout, or shorter?
//!
//! That a function was ended at its timeout has no code of its own in the access log: it is taken to
//! be `LambdaUnhandled`, like every other error of the function. [U] So the time decides. Two clocks
//! tell it: the row's target time, which covers the whole invocation [I], and Lambda's own `Duration`
//! (Maximum), noted for the moment at which the invocation began. [V] Lambda metrics

use chrono::TimeDelta;

use super::function::{Function, began};
use crate::{
    case::{Case, shifted, whole},
    evidence::access_log::FaultRow,
    need::Need,
    words,
};

/// An invocation that reached this share of the timeout, per cent, was ended by it: Lambda notes the
/// timeout itself or a few milliseconds more, and a mean over a minute may lie a little below. [I]
const OF_TIMEOUT_PERCENT: u64 = 97;

/// The shortest timeout that Lambda takes, milliseconds: no shorter invocation met its timeout,
/// whatever it is. [V] Lambda, CreateFunction
const SHORTEST_TIMEOUT: u64 = 1_000;

/// No invocation over the network answers faster than this, milliseconds: such a time in the log does
/// not speak of the run (AWS's own sample of a failed invocation has 1 ms). [I]
const SHORTEST_RUN: u64 = 3;

/// The two clocks may differ by this much. [I]
const EDGE: TimeDelta = TimeDelta::seconds(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Ran {
    /// Both clocks say so.
    ToItsTimeout,
    /// One clock says so, the other was not seen.
    ToItsTimeoutItSeems,
    /// One clock says so.
    Shorter,
    /// Neither was seen, or the timeout was not.
    Unknown,
}

/// How long the invocation of this row ran.
pub(in crate::rules) fn ran(case: &Case<'_>, function: &Function<'_>, row: &FaultRow) -> Ran {
    let timeout = function.timeout();
    let least = timeout.unwrap_or(SHORTEST_TIMEOUT);
    let took = took(row);
    let longest = longest_near(case, function, row, least);
    if [took, longest]
        .into_iter()
        .flatten()
        .any(|ms| !reaches(ms, least))
    {
        return Ran::Shorter;
    }
    match (timeout, took, longest) {
        (Some(_), Some(_), Some(_)) => Ran::ToItsTimeout,
        (Some(_), Some(_), None) | (Some(_), None, Some(_)) => Ran::ToItsTimeoutItSeems,
        (Some(_), None, None) | (None, _, _) => Ran::Unknown,
    }
}

/// The longest and the shortest time that the log notes for these rows, milliseconds.
fn longest(case: &Case<'_>, rows: &[usize]) -> Option<(u64, u64)> {
    let times = || {
        rows.iter()
            .filter_map(|place| case.rows().get(*place))
            .filter_map(took)
    };
    Some((times().min()?, times().max()?))
}

/// What would tell a timeout from an error, as far as it is missing.
pub(crate) fn what_tells(case: &Case<'_>, function: &Function<'_>) -> Vec<String> {
    let mut missing = case.missing(&[
        Need::TargetGroups,
        Need::TargetHealth,
        Need::LambdaFunctions,
        Need::TargetMetrics,
    ]);
    if missing.is_empty() {
        missing.push(format!(
            "Lambda functions: the timeout or the Duration of {} was not told",
            function.name()
        ));
    }
    missing
}

/// How long the requests took, beside the timeout that they did not reach.
pub(in crate::rules) fn run_times<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    rows: &[usize],
) -> String {
    let mut words = String::new();
    if let Some((least, most)) = longest(case, rows) {
        words += &if least == most {
            format!(" They took {}", words::seconds(least))
        } else {
            format!(
                " They took {} to {}",
                words::seconds(least),
                words::seconds(most)
            )
        };
        words += &match function.timeout() {
            Some(timeout) => format!("; its timeout is {}.", words::seconds(timeout)),
            None => ".".to_owned(),
        };
    } else if let Some(timeout) = function.timeout() {
        words += &format!(" Its timeout is {}", words::seconds(timeout));
        words += &match function.most(case, "Duration") {
            Some(most) => format!(
                "; its longest run in the window took {}.",
                words::seconds(most)
            ),
            None => ".".to_owned(),
        };
    }
    words
}

/// Whether so many milliseconds are the timeout.
pub(crate) fn reaches(ms: u64, timeout: u64) -> bool {
    ms.saturating_mul(100) >= timeout.saturating_mul(OF_TIMEOUT_PERCENT)
}

/// Whether an invocation may have met its timeout: with none known, the shortest that there is.
pub(super) fn may_reach(ms: u64, timeout: Option<u64>) -> bool {
    reaches(ms, timeout.unwrap_or(SHORTEST_TIMEOUT))
}

/// Milliseconds, where the row speaks of one run.
fn took(row: &FaultRow) -> Option<u64> {
    let ms = whole(row.target_processing_time? * 1_000.0);
    (row.count <= 1 && ms >= SHORTEST_RUN).then_some(ms)
}

/// The longest run among those that began when this one did.
fn longest_near(
    case: &Case<'_>,
    function: &Function<'_>,
    row: &FaultRow,
    timeout: u64,
) -> Option<u64> {
    let series = function.series(case, "Duration", "Maximum")?;
    let from = shifted(began(row, took(row).unwrap_or(timeout)), -EDGE);
    let to = shifted(row.time, EDGE);
    let period = TimeDelta::seconds(i64::from(series.period.max(60)));
    let first = series
        .points
        .partition_point(|point| shifted(point.at, period) <= from);
    series.points[first..]
        .iter()
        .take_while(|point| point.at <= to)
        .map(|point| whole(point.value))
        .max()
}
