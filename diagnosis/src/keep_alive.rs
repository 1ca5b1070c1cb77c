//! The keep-alive timeout of the targets, estimated from the access log.
//!
//! A server that closes idle connections after N seconds loses the request that the load balancer sends
//! at that very moment. So requests that are lost at once come N seconds after the target's last
//! answer, on that connection. The log does not name the connection: on a busy target other
//! connections were answered in between, and the gap that can be read is shorter. What is left is a
//! spike at N, a smear below it, and nothing above: that shape is looked for, and where it does not
//! stand out the answer is that it cannot be told.

mod blur;
mod few;
pub(crate) mod gaps;
mod kinds;
mod publish;
pub(crate) mod servers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, apart, minute_of},
    evidence::{
        TargetGroup,
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    question,
};
use gaps::{Gap, READABLE, Timer, Traffic};
pub(crate) use publish::publish;

/// A request that meets a closing connection is lost within a round trip, seconds: the log shows 0.000 to
/// some milliseconds [S]; a server that thought about it longer had read the request. [I]
const LOST_WITHIN: f64 = 0.02;

/// A body from this size on, bytes, may be what the server refused: where nothing smaller is lost, it was
/// no timer, for a timer takes whatever comes. [I]
const LARGE_BODY: u64 = 64 * 1024;

/// Rows this close to a stop or removal of their target have that as their reason.
const RESTART: TimeDelta = TimeDelta::seconds(60);

/// Within this much of the gap, per cent, a target's mean distance between requests means that a
/// client sends at that interval: then every gap is the same, whatever broke. [I]
const REGULAR_PERCENT: u64 = 3;

/// Of few rows less is asked for: traffic that is regular within this much, per cent, may be the
/// reason. [I]
const REGULAR_PERCENT_OF_FEW: u64 = 20;

/// Seconds of the minute within which few rows lie that come by the clock. [I]
const BY_THE_CLOCK: i64 = 2;

/// What is known of one target group's keep-alive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeepAlive {
    pub target_group_arn: String,
    pub target_group: String,
    /// One for each server that was told apart: mostly one, none where it cannot be told.
    pub estimates: Vec<Estimate>,
    /// As the person answered, seconds.
    pub answered_seconds: Option<u64>,
    /// The load balancer's, where it was seen, seconds.
    pub idle_timeout_seconds: Option<u32>,
    /// What the server should be set to: safely above the idle timeout.
    pub safe_target_seconds: Option<u64>,
    /// What the idle timeout could be set to instead; `None` where that would cut answers, or where
    /// the server's own timeout is not known.
    pub safe_idle_timeout_seconds: Option<u64>,
    /// How the numbers came about, or why there are none, in sentences.
    pub because: String,
    /// What makes it less sure, each in a sentence.
    pub blurred_by: Vec<String>,
}

/// After how long a server closes idle connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// As somebody would have set it: a round number near the middle of the gaps.
    pub milliseconds: u64,
    /// The shortest and the longest gap that it rests on.
    pub shortest_milliseconds: u64,
    pub longest_milliseconds: u64,
    pub sureness: Sureness,
    /// Requests that were lost after that gap, of those whose gap can be read.
    pub requests: u64,
    pub readable: u64,
    pub targets: Vec<String>,
    /// Servers that have it as their default.
    pub servers: Vec<KnownServer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KnownServer {
    pub name: String,
    pub default_milliseconds: u64,
    /// The setting that changes it.
    pub setting: String,
}

/// How sure an estimate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// Gaps gather there, but few, or others lie elsewhere, or clients send at that interval anyway.
    Likely,
    /// Many gaps, almost all of them: a timer and nothing else.
    Sure,
}

/// The lost requests of one target group, and the timers that they show.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    pub(crate) target_group: Option<&'a TargetGroup>,
    /// Places of the rows that were lost at once.
    pub(crate) lost: Vec<usize>,
    /// Those of them that lie at a restart of their target.
    pub(crate) restarted: BTreeSet<usize>,
    /// Those whose gap can be read.
    pub(crate) readable: u64,
    pub(crate) timers: Vec<Timer>,
    /// Gaps that agree, but are too few to call them a timer, or are every request's: possibly one. Only
    /// where there is no other.
    pub(crate) hint: Option<Timer>,
    /// A client that sends at the first timer's (or the hint's) interval would leave the same trace.
    pub(crate) regular: bool,
    /// Readable ones of targets that show none of the timers.
    pub(crate) unlike: Vec<usize>,
}

/// The traces of every target group that lost a request at once.
pub(crate) fn traces<'a>(case: &Case<'a>) -> Vec<Trace<'a>> {
    let rows = case.rows();
    let mut by_group: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for place in case.places(|row| is_lost_at_once(case, row)) {
        let arn = rows[place].target_group_arn.as_deref();
        by_group.entry(arn).or_default().push(place);
    }
    by_group
        .into_iter()
        .filter(|(_, lost)| {
            lost.iter()
                .any(|place| rows[*place].received_bytes < LARGE_BODY)
        })
        .map(|(arn, lost)| trace(case, arn, lost))
        .collect()
}

fn trace<'a>(case: &Case<'a>, arn: Option<&'a str>, lost: Vec<usize>) -> Trace<'a> {
    let rows = case.rows();
    let restarted = places_near_restarts(case, &lost);
    let mut all: Vec<Gap> = lost
        .iter()
        .filter(|place| !restarted.contains(place))
        .filter_map(|place| {
            let row = &rows[*place];
            Some(Gap {
                ms: row.idle_ms?,
                place: *place,
                target: row.target.as_deref()?,
                minute: minute_of(row.time),
            })
        })
        .collect();
    all.sort_unstable();
    let targets = all.iter().map(|gap| gap.target.to_owned()).collect();
    let traffic = Traffic {
        idle_timeout: idle_timeout_ms(case),
        answers_per_hour: answers_per_hour(case, &targets),
    };
    let mut timers = kinds::timers(&all, traffic);
    let mut hint = None;
    if timers.is_empty()
        && let Some(few) = few::few(&all, traffic)
    {
        if is_likely(case, &few) {
            timers.push(few.timer);
        } else {
            hint = Some(few.timer);
        }
    }
    let regular = timers
        .first()
        .is_some_and(|timer| is_regular(case, timer, REGULAR_PERCENT));
    // Where all requests come at that interval, the gaps of the lost ones say nothing, however many.
    if let [only] = timers.as_slice()
        && regular
        && servers::named(case, only, &servers::with_default(only.ms, only.tolerance)).is_none()
    {
        hint = timers.pop();
    }
    let unlike = kinds::unlike(&all, &timers);
    let left: Vec<usize> = lost
        .iter()
        .copied()
        .filter(|place| !restarted.contains(place) && !unlike.contains(place))
        .collect();
    blur::add(case, &mut timers, &left);
    Trace {
        target_group: match arn {
            Some(arn) => case.target_group(arn),
            None if case.is_classic() => case.target_groups().first(),
            None => None,
        },
        readable: all.iter().filter(|gap| gap.ms >= READABLE).count() as u64,
        lost,
        restarted,
        timers,
        hint,
        regular,
        unlike,
    }
}

/// Few gaps are likely a timer's where chance hardly laid them so, the load balancer waits longer, and
/// no client sends at that interval.
fn is_likely(case: &Case<'_>, few: &few::Few) -> bool {
    let timer = &few.timer;
    let defaults = servers::with_default(timer.ms, timer.tolerance);
    let known = if servers::named(case, timer, &defaults).is_some() {
        few::Known::Named
    } else if defaults.is_empty() {
        few::Known::Nothing
    } else {
        few::Known::Default
    };
    let shorter = idle_timeout_ms(case).is_some_and(|idle| timer.ms + timer.tolerance < idle);
    shorter
        && few.is_likely(known)
        && !is_regular(case, timer, REGULAR_PERCENT_OF_FEW)
        && !are_by_the_clock(case, timer)
}

/// Whether the rows come at one second of the minute: then something that runs by the clock lost them, and
/// what else runs by it answered a fixed time before.
fn are_by_the_clock(case: &Case<'_>, timer: &Timer) -> bool {
    let mut seconds: Vec<i64> = timer
        .places
        .iter()
        .map(|place| case.rows()[*place].time.timestamp().rem_euclid(60))
        .collect();
    seconds.sort_unstable();
    // On a clock's face: all lie close where one gap between neighbours is nearly the whole round.
    let around = seconds.first().map(|first| first + 60);
    let widest = seconds
        .iter()
        .copied()
        .zip(seconds.iter().copied().skip(1).chain(around))
        .map(|(one, next)| next - one)
        .max();
    widest.is_some_and(|widest| 60 - widest <= BY_THE_CLOCK)
}

/// The load balancer's idle timeout; a gap beyond it is not one of its connections.
fn idle_timeout_ms(case: &Case<'_>) -> Option<u64> {
    let attributes = case.evidence.attributes.seen()?;
    Some(u64::from(attributes.idle_timeout) * 1000)
}

/// Sent on an open connection, gone at once, no answer.
fn is_lost_at_once(case: &Case<'_>, row: &FaultRow) -> bool {
    let lambda = case
        .target_group_of(row)
        .is_some_and(|group| group.target_type == TargetType::Lambda);
    let at_once = match row.shape() {
        Shape::NotAnswered => row
            .target_processing_time
            .is_some_and(|seconds| seconds <= LOST_WITHIN),
        Shape::NotAnsweredUntimed => case.is_classic(),
        Shape::NotConnected | Shape::Answered | Shape::Other => false,
    };
    row.elb_status_code == case.hung_up_code()
        && row.target_status_code.is_none()
        && at_once
        && !lambda
}

fn places_near_restarts(case: &Case<'_>, places: &[usize]) -> BTreeSet<usize> {
    let disturbances = case.disturbances();
    places
        .iter()
        .copied()
        .filter(|place| {
            let row = &case.rows()[*place];
            disturbances.iter().any(|disturbance| {
                apart(row.time, disturbance.at) <= RESTART && case.names(disturbance, row)
            })
        })
        .collect()
}

/// Of the mean target among these.
fn answers_per_hour(case: &Case<'_>, targets: &BTreeSet<String>) -> u64 {
    let window = case.evidence.window;
    let seconds = window.to.signed_duration_since(window.from).num_seconds();
    let seconds = u64::try_from(seconds).unwrap_or(0).max(1);
    let answered = case
        .access_log()
        .map_or(&[][..], |log| &log.targets)
        .iter()
        .filter(|counts| targets.contains(&counts.target))
        .fold(0, |sum, counts| {
            crate::case::bounded(sum + crate::case::bounded(counts.answered))
        });
    answered.saturating_mul(3600) / seconds / (targets.len() as u64).max(1)
}

/// Whether the requests of each of the timer's targets come, on average, at the distance of its gap.
fn is_regular(case: &Case<'_>, timer: &Timer, percent: u64) -> bool {
    let window = case.evidence.window;
    let span = u64::try_from(
        window
            .to
            .signed_duration_since(window.from)
            .num_milliseconds(),
    )
    .unwrap_or(0);
    let is_regular = |target: &String| {
        let counts = case
            .access_log()
            .and_then(|log| log.targets.iter().find(|counts| counts.target == *target));
        counts.is_some_and(|counts| {
            let apart = span / counts.requests.max(1);
            apart.abs_diff(timer.ms).saturating_mul(100) <= timer.ms.saturating_mul(percent)
        })
    };
    timer.targets.iter().all(is_regular)
}

/// The server's keep-alive as a person answered it, seconds.
pub(crate) fn answered_seconds(case: &Case<'_>) -> Option<u64> {
    let answer = case
        .evidence
        .answers
        .get(question::TARGET_KEEP_ALIVE_SECONDS)?;
    answer.trim().trim_end_matches('s').trim().parse().ok()
}

impl Trace<'_> {
    pub(crate) fn sureness(&self, timer: &Timer) -> Sureness {
        if timer.is_beyond_chance() && !self.regular {
            Sureness::Sure
        } else {
            Sureness::Likely
        }
    }
}
