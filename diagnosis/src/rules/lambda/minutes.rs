//! Without an access log: the periods in which a function's requests failed, and what the function
//! counted at that time.
//!
//! The function's counters hold every caller's invocations, the load balancer's count only its own. So
//! a counter of the function says something of the load balancer's 502s only where it does not count
//! much more than these over the whole window: else somebody else met most of it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Function, ran};
use crate::{
    case::{Case, bounded, minute_of, shifted, whole},
    evidence::metrics::Series,
    words,
};

/// Where CloudWatch counts a kind of failure, on the load balancer's side.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Counted {
    /// Of the target group.
    pub(in crate::rules) metric: &'static str,
    /// The codes that such a failure is known to show as.
    pub(super) codes: &'static [u16],
}

/// [V] DOC-AL, DOC-TS
pub(in crate::rules) const BY_FUNCTION: Counted = Counted {
    metric: "LambdaUserError",
    codes: &[502],
};
/// [V] DOC-AL, DOC-TS: 504 where Lambda does not answer the connect; the other codes' status is not
/// documented. [U]
pub(in crate::rules) const BY_SERVICE: Counted = Counted {
    metric: "LambdaInternalError",
    codes: &[502, 504],
};

impl Counted {
    pub(super) fn codes_in_words(self) -> String {
        let codes: Vec<String> = self.codes.iter().map(u16::to_string).collect();
        codes.join(" or ")
    }
}

/// A counter of the function that is above this share of the failed requests, per cent, counts other
/// callers too. A few more are the window's edges. [I]
const OWN_PERCENT: u64 = 125;
const EDGES: u64 = 2;

/// The two counters' clocks may differ by this much. [I]
const EDGE: TimeDelta = TimeDelta::seconds(1);

/// A period in which the load balancer counted failed invocations of one function, and 502s.
#[derive(Clone, Debug)]
pub(in crate::rules) struct FailedMinute {
    pub(in crate::rules) at: DateTime<Utc>,
    /// Requests that failed by the function, and that are 502s as far as these go.
    pub(in crate::rules) failed: u64,
    /// Further ones that are 504s, where failures of this kind show so.
    pub(in crate::rules) timed_out: u64,
    /// What the function counted for invocations that may have ended then; `None` where it was not
    /// asked.
    pub(in crate::rules) invocations: Option<u64>,
    pub(in crate::rules) errors: Option<u64>,
    pub(in crate::rules) throttles: Option<u64>,
    /// How many of the failed requests those must be, as far as these are no other counter's; one is
    /// given to one period only.
    pub(in crate::rules) by_errors: u64,
    pub(in crate::rules) by_throttles: u64,
    /// Failed requests that may be either: the two counters together hold more than failed.
    pub(in crate::rules) by_either: u64,
    /// Milliseconds.
    longest: Option<u64>,
    timeout: Option<u64>,
}

impl FailedMinute {
    pub(super) fn of(case: &Case<'_>, function: &Function<'_>, counted: Counted) -> Vec<Self> {
        let Some(failures) = function.failures(case, counted.metric) else {
            return Vec::new();
        };
        let minutes_with = |status: u16| {
            let shows = counted.codes.contains(&status);
            let minutes = shows.then(|| case.minutes_with(status)).flatten();
            minutes.unwrap_or_default()
        };
        let (with_502, with_504) = (minutes_with(502), minutes_with(504));
        let timeout = function.timeout();
        let length = period(failures);
        let series = |name| function.series(case, name, "Sum");
        let mut errors = Left::of(series("Errors"));
        let mut throttles = Left::of(series("Throttles"));
        let mut minutes = Vec::new();
        for (at, all) in case.per_minute(failures) {
            let failed = all.min(with_502.get(&at).copied().unwrap_or_default());
            let timed_out = (all - failed).min(with_504.get(&at).copied().unwrap_or_default());
            if failed + timed_out == 0 {
                continue;
            }
            // The function counts an invocation where it began, the load balancer where it ended.
            let ran = milliseconds(timeout.unwrap_or_default());
            let from = minute_of(shifted(at, -ran - EDGE));
            let to = shifted(at, length);
            let sum = |name| {
                let values = touching(series(name)?, from, to);
                Some(values.fold(0, |sum, n| bounded(sum + n)))
            };
            let longest = function
                .series(case, "Duration", "Maximum")
                .and_then(|series| touching(series, from, to).max());
            let shares = Shares::of(
                failed,
                errors.take(failed, from, to),
                throttles.take(failed, shifted(at, -EDGE), to),
            );
            minutes.push(Self {
                at,
                failed,
                timed_out,
                invocations: sum("Invocations"),
                errors: sum("Errors"),
                throttles: sum("Throttles"),
                by_errors: shares.errors,
                by_throttles: shares.throttles,
                by_either: shares.either,
                longest,
                timeout,
            });
        }
        minutes
    }

    /// Whether an invocation ran to the function's timeout; `None` where that was not seen.
    pub(in crate::rules) fn reached_timeout(&self) -> Option<bool> {
        let longest = self.longest?;
        if !ran::may_reach(longest, self.timeout) {
            return Some(false);
        }
        self.timeout.map(|timeout| ran::reaches(longest, timeout))
    }

    /// Of the errors those of the timeout, where a run reached it: without the usual ones, and one at
    /// least.
    pub(in crate::rules) fn at_its_timeout(&self, usual: u64) -> u64 {
        let errors = self.by_errors;
        errors.saturating_sub(usual).max(errors.min(1))
    }

    pub(in crate::rules) fn has_errors(&self) -> bool {
        self.errors.is_some_and(|n| n > 0)
    }
}

/// A period's failed requests, divided among what the function counted.
struct Shares {
    errors: u64,
    throttles: u64,
    either: u64,
}

impl Shares {
    /// `errors` and `throttles` are at most `failed` each. Where they are more together, other callers
    /// met some of them, and which is not known: each has what the other cannot have.
    fn of(failed: u64, errors: u64, throttles: u64) -> Self {
        if errors + throttles <= failed {
            return Self {
                errors,
                throttles,
                either: 0,
            };
        }
        Self {
            errors: failed - throttles,
            throttles: failed - errors,
            either: errors + throttles - failed,
        }
    }
}

/// What is said of failed requests that may be throttled or ended with an error; empty where none may.
pub(in crate::rules) fn either_in_words(
    function: &Function<'_>,
    minutes: &[FailedMinute],
) -> String {
    let either = minutes
        .iter()
        .fold(0, |sum, minute| bounded(sum + minute.by_either));
    if either == 0 {
        return String::new();
    }
    format!(
        " The errors and throttles of {} are more together than its failed requests: {} may be either, and \
         only the access log tells.",
        function.name(),
        words::count(either, "request", "requests")
    )
}

/// How many errors a minute the function counts in the rest of the window, where no run reaches its
/// timeout: as many of those in other minutes are none of the timeout's either.
pub(in crate::rules) fn usual_errors(case: &Case<'_>, minutes: &[FailedMinute]) -> u64 {
    let window = case.evidence.window;
    let all = window.to.signed_duration_since(window.from).num_minutes();
    let is_at_timeout = |minute: &&FailedMinute| minute.reached_timeout() != Some(false);
    let at_timeout = minutes.iter().filter(is_at_timeout).count() as u64;
    let others = u64::try_from(all).unwrap_or(0).saturating_sub(at_timeout);
    let errors = minutes
        .iter()
        .filter(|minute| minute.reached_timeout() == Some(false))
        .fold(0, |sum, minute| bounded(sum + minute.by_errors));
    errors.checked_div(others).unwrap_or(0)
}

/// Whether the function counts more under this name than the load balancer's own failed requests can
/// be: then it speaks of other callers.
pub(in crate::rules) fn counts_others<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    minutes: &[FailedMinute],
    name: &str,
) -> bool {
    let failed = minutes
        .iter()
        .fold(0, |sum, minute| bounded(sum + minute.failed));
    let most = failed.saturating_mul(OWN_PERCENT) / 100 + EDGES;
    function.total(case, name).is_some_and(|n| n > most)
}

/// Why nothing is said then.
pub(in crate::rules) fn of_other_callers(function: &Function<'_>, what: &str) -> String {
    format!(
        "The {what} of {} are more than its failed requests from this load balancer: other callers met them \
         too, and only the access log tells which of the 502s are among them.",
        function.name()
    )
}

fn milliseconds(ms: u64) -> TimeDelta {
    TimeDelta::try_milliseconds(i64::try_from(ms).unwrap_or(i64::MAX)).unwrap_or_default()
}

fn period(series: &Series) -> TimeDelta {
    TimeDelta::seconds(i64::from(series.period.max(60)))
}

/// The values of the periods that touch `[from, to)`.
fn touching(
    series: &Series,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl Iterator<Item = u64> + '_ {
    let length = period(series);
    series
        .points
        .iter()
        .filter(move |point| shifted(point.at, length) > from && point.at < to)
        .map(|point| whole(point.value))
}

/// What a counter holds that no period was given yet.
struct Left {
    length: TimeDelta,
    points: Vec<(DateTime<Utc>, u64)>,
}

impl Left {
    fn of(series: Option<&Series>) -> Self {
        let points = series.into_iter().flat_map(|series| &series.points);
        Self {
            length: series.map_or(TimeDelta::zero(), period),
            points: points.map(|point| (point.at, whole(point.value))).collect(),
        }
    }

    /// At most so many of the periods that touch `[from, to)`, oldest first.
    fn take(&mut self, most: u64, from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
        let mut taken = 0;
        for (at, left) in &mut self.points {
            if shifted(*at, self.length) > from && *at < to {
                let n = (*left).min(most - taken);
                *left -= n;
                taken += n;
            }
        }
        taken
    }
}
