//! Whether connection errors follow load, period by period.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::pace::{self, ByPeriod};
use crate::{
    case::{Case, bounded, shifted, whole},
    evidence::metrics::Series,
    words,
};

/// Load from which a period counts as heavy, against the median of those without errors. [I]: below
/// it, errors fall on traffic that is as ever.
const HEAVY_TIMES: f64 = 1.5;

/// So much of the errors, per cent, falls into heavy periods. [I]
const IN_HEAVY_PERCENT: u64 = 80;

/// Of all periods with as much load as most errors came at, so many have errors, per cent. [I]: load
/// that was borne at other times does not explain the errors. The first heavy periods, while
/// answers slow down, have none yet.
const ERRORS_AT_THAT_LOAD_PERCENT: u64 = 60;

/// The share of the errors that may have come at less load than the others, per cent. [I]
const STRAY_PERCENT: usize = 20;

/// Response time from which answers count as slow, against the median of periods that are neither
/// heavy nor have errors. [I]
const SLOW_TIMES: f64 = 1.5;

/// Answers become slow at most so long before the first error. [I]
const LEAD: TimeDelta = TimeDelta::minutes(15);

/// Shorter than this is no time to say what is usual. [I]
const QUIET_MINUTES: i64 = 10;

/// An error counts a little before its row is answered: a connect may take ten seconds. [V] DOC-TS
const ROW_AFTER_ERROR: TimeDelta = TimeDelta::seconds(12);

/// What is held against what: one target group, or the whole of a Classic load balancer.
pub(super) struct View<'a> {
    pub(super) group: Option<&'a str>,
    errors: &'a Series,
    load: Option<&'a Series>,
    /// All requests, where `load` is per target: with targets gone, each of the others gets more.
    requests: Option<&'a Series>,
    times: Vec<&'a Series>,
}

pub(super) fn views<'a>(case: &Case<'a>) -> Vec<View<'a>> {
    let Some(metrics) = case.evidence.metrics.seen() else {
        return Vec::new();
    };
    if case.is_classic() {
        let of = |name, stat| case.load_balancer_series(name, stat);
        return of("BackendConnectionErrors", "Sum")
            .map(|errors| View {
                group: None,
                errors,
                load: of("RequestCount", "Sum"),
                requests: None,
                times: ["Average", "p99"]
                    .into_iter()
                    .filter_map(|stat| of("Latency", stat))
                    .collect(),
            })
            .into_iter()
            .collect();
    }
    let load_balancer = &case.evidence.load_balancer;
    metrics
        .series
        .iter()
        .filter(|series| {
            series.name == "TargetConnectionErrorCount"
                && series.stat == "Sum"
                && series.zone.is_none()
                && series.resource != load_balancer.arn
                && series.resource != load_balancer.name
        })
        .map(|errors| {
            let of = |name, stat| metrics.find(&errors.resource, name, stat);
            let requests = of("RequestCount", "Sum").filter(|series| !series.points.is_empty());
            let per_target =
                of("RequestCountPerTarget", "Sum").filter(|series| !series.points.is_empty());
            View {
                group: Some(&errors.resource),
                errors,
                load: per_target.or(requests),
                requests: requests.or_else(|| case.load_balancer_series("RequestCount", "Sum")),
                times: ["Average", "p99"]
                    .into_iter()
                    .filter_map(|stat| of("TargetResponseTime", stat))
                    .collect(),
            }
        })
        .collect()
}

/// The errors of one view that follow its load.
pub(super) struct Follows<'a> {
    pub(super) group: Option<&'a str>,
    length: TimeDelta,
    errors: ByPeriod,
    /// How slow answers had become before the first error, in words; `None` where that was not seen.
    pub(super) climbed_first: Option<String>,
    usual: f64,
    at_errors: f64,
    pub(super) total: u64,
    per_target: bool,
}

impl<'a> Follows<'a> {
    /// Or why they do not.
    pub(super) fn of(case: &Case<'_>, view: &View<'a>) -> Result<Self, String> {
        let window = case.evidence.window;
        let baseline = case
            .evidence
            .metrics
            .seen()
            .map_or(window.from, |metrics| metrics.from);
        let length = pace::length(view.errors);
        let from = pace::start_of(baseline.min(window.from), length);
        let to = window.to;
        let mut errors = pace::counts(view.errors, length, from, to);
        errors.retain(|_, n| *n > 0.0);
        let in_window = errors.range(pace::start_of(window.from, length)..);
        let total = in_window.fold(0, |sum, (_, n)| bounded(sum + whole(*n)));
        if total == 0 {
            return Err("no connection error to any target was counted".to_owned());
        }
        let Some(load) = view
            .load
            .map(|series| pace::counts(series, length, from, to))
        else {
            return Err(
                "connection errors were counted, but not how many requests each target got"
                    .to_owned(),
            );
        };
        let flat = || {
            format!(
                "{} counted, but not more where there are more requests: load is not their cause",
                words::count(total, "connection error was", "connection errors were")
            )
        };
        let (usual, at_errors) = dose(&load, &errors, length).ok_or_else(flat)?;
        if let Some(requests) = view.requests {
            let requests = pace::counts(requests, length, from, to);
            let quiet = pace::median(without(&requests, &errors));
            let at = pace::median(errors.keys().filter_map(|at| requests.get(at).copied()));
            // Fewer targets, not more requests.
            if let (Some(quiet), Some(at)) = (quiet, at)
                && at < quiet * (1.0 + (HEAVY_TIMES - 1.0) / 2.0)
            {
                return Err(flat());
            }
        }
        let heavy = |at: &DateTime<Utc>| {
            load.get(at)
                .is_some_and(|load| *load >= usual * HEAVY_TIMES)
        };
        let climbed_first = view.times.iter().find_map(|series| {
            let times = pace::peaks(series, length, from, to);
            climbed(&times, &errors, length, heavy)
        });
        Ok(Self {
            group: view.group,
            length,
            errors,
            climbed_first,
            usual,
            at_errors,
            total,
            per_target: view
                .load
                .is_some_and(|series| series.name == "RequestCountPerTarget"),
        })
    }

    /// Whether an error was counted in the row's period, or in that of its connect.
    pub(super) fn counted_near(&self, at: DateTime<Utc>) -> bool {
        [at, shifted(at, -ROW_AFTER_ERROR)]
            .into_iter()
            .any(|at| pace::value_at(&self.errors, self.length, at).is_some())
    }

    pub(super) fn in_words(&self) -> String {
        let each = if self.per_target { " per target" } else { "" };
        let minutes = self.length.num_minutes();
        let per = match minutes {
            1 => "a minute".to_owned(),
            n => format!("in {n} minutes"),
        };
        format!(
            "{} when requests are at {}{each} {per} (median), {} the usual {}, and hardly any at less.",
            words::count(
                self.total,
                "connection error was counted",
                "connection errors were counted"
            ),
            words::thousands(whole(self.at_errors)),
            pace::times(self.at_errors, self.usual),
            words::thousands(whole(self.usual)),
        )
    }
}

fn without<'v>(values: &'v ByPeriod, errors: &'v ByPeriod) -> impl Iterator<Item = f64> + 'v {
    values
        .iter()
        .filter(|(at, _)| !errors.contains_key(at))
        .map(|(_, value)| *value)
}

/// The usual load, and that at which errors come, if errors come with load and load with errors.
fn dose(load: &ByPeriod, errors: &ByPeriod, length: TimeDelta) -> Option<(f64, f64)> {
    let quiet = load.keys().filter(|at| !errors.contains_key(at)).count();
    if !pace::covers_minutes(quiet, length, QUIET_MINUTES) {
        return None;
    }
    let usual = pace::median(without(load, errors)).filter(|usual| *usual > 0.0)?;
    // Each period with errors: its load and its errors, by load.
    let mut at: Vec<(f64, u64)> = errors
        .iter()
        .map(|(at, n)| (load.get(at).copied().unwrap_or(0.0), whole(*n)))
        .collect();
    at.sort_by(|one, other| one.0.total_cmp(&other.0));
    let total: u64 = at.iter().map(|(_, n)| n).sum();
    let heavy: u64 = at
        .iter()
        .filter(|(load, _)| *load >= usual * HEAVY_TIMES)
        .map(|(_, n)| n)
        .sum();
    if words::percent(heavy, total) < IN_HEAVY_PERCENT {
        return None;
    }
    let enough = pace::percentile(at.iter().map(|(load, _)| *load), STRAY_PERCENT)?;
    let as_high = load.iter().filter(|(_, load)| **load >= enough);
    let (mut all, mut failing) = (0_u64, 0_u64);
    for (period, _) in as_high {
        all += 1;
        failing += u64::from(errors.contains_key(period));
    }
    if words::percent(failing, all) < ERRORS_AT_THAT_LOAD_PERCENT {
        return None;
    }
    Some((usual, pace::median(at.iter().map(|(load, _)| *load))?))
}

/// How slow answers were before the first error, if they were slow.
fn climbed(
    times: &ByPeriod,
    errors: &ByPeriod,
    length: TimeDelta,
    heavy: impl Fn(&DateTime<Utc>) -> bool,
) -> Option<String> {
    let first = *errors.keys().find(|at| heavy(at))?;
    let calm = times
        .iter()
        .filter(|(at, _)| !errors.contains_key(at) && !heavy(at))
        .map(|(_, seconds)| *seconds);
    let usual = pace::median(calm).filter(|usual| *usual > 0.0)?;
    let lead = LEAD.max(length);
    let (at, slow) = pace::between(times, shifted(first, -lead), first)
        .find(|(_, seconds)| **seconds >= usual * SLOW_TIMES)?;
    let milliseconds = |seconds: f64| words::seconds(whole(seconds * 1_000.0));
    Some(format!(
        "Answers were slow before the first of them: {} at {}, {} the usual {}; the first error was counted at {}.",
        milliseconds(*slow),
        words::clock(*at),
        pace::times(*slow, usual),
        milliseconds(usual),
        words::clock(first),
    ))
}
