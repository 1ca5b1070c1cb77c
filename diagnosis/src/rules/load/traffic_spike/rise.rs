//! Whether requests rose far above what was usual when the errors began.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::{
    overload::could_be_load,
    pace::{self, ByPeriod},
};
use crate::{
    case::{Case, bounded, shifted, whole},
    evidence::metrics::Series,
    words,
};

/// Requests from which a period counts as a spike, against the median of the time before. [I]: a
/// day's own rise and fall within some hours stays below it.
const SPIKE_TIMES: f64 = 2.0;

/// And against the busiest of the time before (its 95th percentile), so that a load balancer whose
/// traffic always jumps is judged by its jumps. [I]
const BUSIEST_TIMES: f64 = 1.25;

/// What is usual is read from so much time before the errors. [I]
const BEFORE: TimeDelta = TimeDelta::hours(3);

/// Shorter than this is no time to say what is usual. [I]
const BEFORE_MINUTES: i64 = 15;

/// A spike that was borne for so long has not broken anything when errors begin. [I]
const BORNE: TimeDelta = TimeDelta::minutes(30);

/// Errors come a little after what caused them: a connect waits ten seconds, an answer for the idle
/// timeout. [V] DOC-TS; the sum of both is rounded up.
const ERRORS_AFTER: TimeDelta = TimeDelta::minutes(2);

/// So much of the errors, per cent, falls into the spike. [I]
const TOGETHER_PERCENT: u64 = 80;

/// A request in the spike fails so many times as often as one outside. [I]: where it does not, there
/// are more errors because there are more requests.
const RATE_TIMES: u128 = 3;

/// Traffic that came so high on the day before, per cent of the spike's, comes every day. [I]
const SAME_AS_YESTERDAY_PERCENT: f64 = 70.0;

/// Fewer errors are a coincidence.
const FEWEST_ERRORS: u64 = super::FEWEST_ERRORS;

pub(super) struct View<'a> {
    /// `None`: the load balancer as a whole.
    group: Option<&'a str>,
    series: &'a Series,
}

/// The load balancer as a whole, then each target group that has requests of its own.
pub(super) fn views<'a>(case: &Case<'a>) -> Vec<View<'a>> {
    let whole = case
        .load_balancer_series("RequestCount", "Sum")
        .map(|series| View {
            group: None,
            series,
        });
    let groups = case.target_groups().iter().filter_map(|group| {
        let series = case.target_group_series(&group.arn, "RequestCount", "Sum")?;
        (!case.is_classic()).then_some(View {
            group: Some(&group.arn),
            series,
        })
    });
    whole.into_iter().chain(groups).collect()
}

/// Some errors at one time.
pub(super) struct Errors {
    pub(super) at: DateTime<Utc>,
    pub(super) n: u64,
    /// In the access log's rows, if they are from there.
    pub(super) place: Option<usize>,
}

/// A rise with which the errors of a view begin.
pub(super) struct Rise {
    pub(super) resource: String,
    pub(super) errors: Vec<Errors>,
    length: TimeDelta,
    usual: f64,
    peak: f64,
    /// The periods of the spike.
    hot: ByPeriod,
    inside: u64,
    total: u64,
}

impl Rise {
    /// Or why there is none.
    pub(super) fn of(case: &Case<'_>, view: &View<'_>) -> Result<Self, String> {
        let errors = errors(case, view);
        let total: u64 = errors.iter().map(|error| error.n).sum();
        if total < FEWEST_ERRORS {
            return Err("fewer than 5 errors could be due to load".to_owned());
        }
        let window = case.evidence.window;
        let length = pace::length(view.series);
        let begin = begin(&errors, total);
        let values = pace::counts(view.series, length, DateTime::<Utc>::MIN_UTC, window.to);
        let Some(Shape {
            usual,
            start,
            limit,
        }) = shape(&values, length, begin)?
        else {
            return Err("requests are as many as usual when the errors begin".to_owned());
        };
        if begin.signed_duration_since(start) > BORNE {
            return Err(format!(
                "requests rose at {} already, and were served without these errors until {}",
                words::clock(start),
                words::clock(begin)
            ));
        }
        let hot: ByPeriod = values
            .range(start..)
            .filter(|(_, n)| **n >= limit)
            .map(|(at, n)| (*at, *n))
            .collect();
        let peak = pace::median(hot.values().copied()).unwrap_or(0.0);
        let mut rise = Self {
            resource: view
                .group
                .map_or_else(|| case.evidence.load_balancer.arn.clone(), str::to_owned),
            errors,
            length,
            usual,
            peak,
            hot,
            inside: 0,
            total,
        };
        rise.inside = rise
            .errors
            .iter()
            .filter(|error| rise.covers(error.at))
            .map(|error| error.n)
            .sum();
        if rise.inside < FEWEST_ERRORS || words::percent(rise.inside, total) < TOGETHER_PERCENT {
            return Err("errors fall on times of usual traffic as well".to_owned());
        }
        if !rise.fails_more_often(case, &values) {
            return Err("there are more errors because there are more requests: each fails about as often as outside".to_owned());
        }
        let whole = case
            .load_balancer_series("RequestCount", "Sum")
            .map(|series| pace::counts(series, length, DateTime::<Utc>::MIN_UTC, window.to));
        // Of a target group no more than the hours before are asked for.
        if rise.came_yesterday(&values) || whole.is_some_and(|whole| rise.came_yesterday(&whole)) {
            return Err(format!(
                "as many requests came at the same time on the day before ({} the usual of the hours before)",
                rise.times()
            ));
        }
        Ok(rise)
    }

    /// Whether an error of that time may be the spike's.
    pub(super) fn covers(&self, at: DateTime<Utc>) -> bool {
        [at, shifted(at, -ERRORS_AFTER)]
            .into_iter()
            .any(|at| self.hot.contains_key(&pace::start_of(at, self.length)))
    }

    pub(super) fn times(&self) -> String {
        pace::times(self.peak, self.usual)
    }

    pub(super) fn in_words(&self) -> String {
        let per = match self.length.num_minutes() {
            1 => "a minute".to_owned(),
            n => format!("in {n} minutes"),
        };
        let from = self.hot.keys().next().copied().unwrap_or_default();
        format!(
            "Requests rose from {} to {} {per} (medians) at {}. {} of {} fall into the {} of the spike; outside, requests fail \
             less than a third as often.",
            words::thousands(whole(self.usual)),
            words::thousands(whole(self.peak)),
            words::clock(from),
            words::thousands(self.inside),
            words::count(self.total, "error", "errors"),
            words::count(
                self.length.num_minutes().unsigned_abs() * self.hot.len() as u64,
                "minute",
                "minutes"
            ),
        )
    }

    /// Per request, in the spike against outside: of the window by its errors, of the time before
    /// by the load balancer's own count.
    fn fails_more_often(&self, case: &Case<'_>, values: &ByPeriod) -> bool {
        let window = case.evidence.window;
        let first = pace::start_of(window.from, self.length);
        let counted_from = case
            .evidence
            .metrics
            .seen()
            .map_or(first, |metrics| metrics.from);
        let requests_in: u64 = self.hot.values().fold(0, |sum, n| bounded(sum + whole(*n)));
        let outside = values
            .range(counted_from.min(first)..)
            .filter(|(at, _)| !self.hot.contains_key(*at));
        let (mut requests_out, mut errors_out) = (0_u64, self.total - self.inside);
        let before: BTreeMap<DateTime<Utc>, f64> = errors_before(case, self.length);
        for (at, n) in outside {
            requests_out = bounded(requests_out + whole(*n));
            if *at < first {
                errors_out = bounded(errors_out + before.get(at).copied().map_or(0, whole));
            }
        }
        if requests_out == 0 || requests_in == 0 {
            return false;
        }
        u128::from(self.inside) * u128::from(requests_out)
            >= RATE_TIMES * u128::from(errors_out) * u128::from(requests_in)
    }

    /// Whether there were about as many a day before the spike.
    fn came_yesterday(&self, values: &ByPeriod) -> bool {
        let day = TimeDelta::hours(24);
        let mut yesterday = self
            .hot
            .keys()
            .filter_map(|at| values.get(&shifted(*at, -day)));
        let first = yesterday.next();
        let all: f64 = first.into_iter().chain(yesterday).sum();
        let today: f64 = self.hot.keys().filter_map(|at| values.get(at)).sum();
        first.is_some() && all * 100.0 >= today * SAME_AS_YESTERDAY_PERCENT
    }
}

struct Shape {
    usual: f64,
    /// When requests rose above the limit.
    start: DateTime<Utc>,
    limit: f64,
}

/// The rise in which `begin` lies; `None` where requests are as usual then.
fn shape(
    values: &ByPeriod,
    length: TimeDelta,
    begin: DateTime<Utc>,
) -> Result<Option<Shape>, String> {
    let lead = BORNE / 3;
    let till = shifted(begin, -lead.max(length));
    let mut before: Vec<f64> = pace::between(values, shifted(begin, -BEFORE - lead), till)
        .map(|(_, n)| *n)
        .collect();
    if !pace::covers_minutes(before.len(), length, BEFORE_MINUTES) {
        // The errors began with the window, or nothing was counted before it: what came after them
        // has to do.
        before = values.range(till..).map(|(_, n)| *n).collect();
        if !pace::covers_minutes(before.len(), length, BEFORE_MINUTES) {
            return Err("too little traffic around the errors to say what is usual".to_owned());
        }
    }
    let Some(usual) = pace::median(before.into_iter()).filter(|usual| *usual > 0.0) else {
        return Ok(None);
    };
    let limit = usual * SPIKE_TIMES;
    let is_hot = |at: DateTime<Utc>| values.get(&at).is_some_and(|n| *n >= limit);
    let at = pace::start_of(begin, length);
    // Errors may come a little after the rise, or their first ones a little before its limit.
    let near = [0, -1, 1, -2, 2, -3]
        .into_iter()
        .filter(|n: &i32| n.unsigned_abs() <= 1 || length <= TimeDelta::minutes(1))
        .map(|n| pace::back(at, length, -n))
        .find(|at| is_hot(*at));
    let Some(mut start) = near else {
        return Ok(None);
    };
    // Back to the beginning; one quiet period does not end it.
    let mut steps = 0;
    while let Some(earlier) = [1, 2]
        .map(|n| pace::back(start, length, n))
        .into_iter()
        .find(|at| *at < start && is_hot(*at))
    {
        start = earlier;
        steps += 1;
        if steps > values.len() {
            break;
        }
    }
    let earlier = pace::between(values, shifted(start, -BEFORE), start).map(|(_, n)| *n);
    let busiest = pace::percentile(earlier, 95).unwrap_or(usual);
    let limit = limit.max(busiest * BUSIEST_TIMES);
    let stands_out = values
        .range(start..)
        .any(|(at, n)| *n >= limit && at.signed_duration_since(begin) <= BORNE);
    Ok(stands_out.then_some(Shape {
        usual,
        start,
        limit,
    }))
}

/// When the errors began: a stray early one does not count.
fn begin(errors: &[Errors], total: u64) -> DateTime<Utc> {
    let mut seen = 0;
    for error in errors {
        seen += error.n;
        if seen.saturating_mul(10) > total {
            return error.at;
        }
    }
    errors.last().map(|error| error.at).unwrap_or_default()
}

/// In order of time.
fn errors(case: &Case<'_>, view: &View<'_>) -> Vec<Errors> {
    if case.access_log().is_none() {
        return case
            .minutes_with_502()
            .unwrap_or_default()
            .into_iter()
            .map(|(at, n)| Errors { at, n, place: None })
            .collect();
    }
    let places = case.places(|row| {
        could_be_load(case, row)
            && row.error_reason.is_none()
            && (view.group.is_none() || row.target_group_arn.as_deref() == view.group)
    });
    let mut errors: Vec<Errors> = places
        .into_iter()
        .map(|place| Errors {
            at: case.rows()[place].time,
            n: bounded(case.rows()[place].count),
            place: Some(place),
        })
        .collect();
    errors.sort_by_key(|error| error.at);
    errors
}

/// 502s and 504s of the time before the window, as the load balancer counted them.
fn errors_before(case: &Case<'_>, length: TimeDelta) -> ByPeriod {
    let names: &[&str] = if case.is_classic() {
        &["HTTPCode_ELB_5XX"]
    } else {
        &["HTTPCode_ELB_502_Count", "HTTPCode_ELB_504_Count"]
    };
    let mut all = ByPeriod::new();
    for series in names
        .iter()
        .filter_map(|name| case.load_balancer_series(name, "Sum"))
    {
        let till = case.evidence.window.from;
        for (at, n) in pace::counts(series, length, DateTime::<Utc>::MIN_UTC, till) {
            *all.entry(at).or_default() += n;
        }
    }
    all
}

/// A rise in the window, in words, where there are no errors to begin with it.
pub(super) fn without_errors(case: &Case<'_>) -> Option<String> {
    let series = case.load_balancer_series("RequestCount", "Sum")?;
    let window = case.evidence.window;
    let length = pace::length(series);
    let values = pace::counts(series, length, DateTime::<Utc>::MIN_UTC, window.to);
    let usual = pace::median(
        pace::between(&values, shifted(window.from, -BEFORE), window.from).map(|(_, n)| *n),
    )
    .filter(|usual| *usual > 0.0)?;
    let (at, peak) = values
        .range(pace::start_of(window.from, length)..)
        // Of equal ones the first.
        .rev()
        .max_by(|one, other| one.1.total_cmp(other.1))?;
    (*peak >= usual * SPIKE_TIMES).then(|| {
        format!(
            "requests rose to {} the usual at {}",
            pace::times(*peak, usual),
            words::clock(*at)
        )
    })
}
