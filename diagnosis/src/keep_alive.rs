//! The keep-alive timeout of the targets, estimated from the access log.
//!
//! A server that closes idle connections after N seconds loses the request that the load balancer sends
//! at that very moment. So requests that are lost at once come N seconds after the target's last
//! answer, on that connection. The log does not name the connection: on a busy target other
//! connections were answered in between, and the gap that can be read is shorter. What is left is a
//! spike at N, a smear below it, and nothing above: that shape is looked for, and where it does not
//! stand out the answer is that it cannot be told.

pub(crate) mod gaps;
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

/// Servers told apart within one target group; more would be chance.
const TIMERS: usize = 3;

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
    /// A client that sends at the first timer's interval would leave the same trace.
    pub(crate) regular: bool,
    /// Those of the same servers in which the gap cannot be read, or was cut short.
    pub(crate) blurred: Vec<usize>,
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
    let timers = gaps::timers(&all, traffic, TIMERS);
    let regular = timers.first().is_some_and(|timer| {
        let targets = &timer.targets;
        targets
            .iter()
            .all(|target| is_regular(case, target, timer.ms))
    });
    let blurred = match timers.first() {
        Some(timer) => blurred(case, timer, &timers, &lost, &restarted),
        None => Vec::new(),
    };
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
        regular,
        blurred,
    }
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

/// The same loss on the same servers, where the gap cannot be read: no more of them than targets as
/// busy as these would blur, for else something besides the timer breaks connections.
fn blurred(
    case: &Case<'_>,
    first: &Timer,
    timers: &[Timer],
    lost: &[usize],
    restarted: &BTreeSet<usize>,
) -> Vec<usize> {
    let rows = case.rows();
    let taken: BTreeSet<usize> = timers
        .iter()
        .flat_map(|timer| timer.places.iter().copied())
        .collect();
    let left: Vec<usize> = lost
        .iter()
        .copied()
        .filter(|place| !restarted.contains(place) && !taken.contains(place))
        .collect();
    let (cut_short, unreadable): (Vec<usize>, Vec<usize>) = left
        .into_iter()
        .filter(|place| rows[*place].idle_ms.is_none_or(|gap| gap < first.ms))
        .partition(|place| rows[*place].idle_ms.is_some_and(|gap| gap >= READABLE));
    let answers_in_gap =
        answers_per_hour(case, &first.targets).saturating_mul(first.ms) / 3_600_000;
    let mut blurred = unreadable;
    // With one answer in the gap on average, two of three gaps are cut short; with more, hardly any
    // is whole, and there would be no spike.
    let expected = first.rows.saturating_mul(answers_in_gap.saturating_add(1)) * 2;
    if cut_short.len() as u64 <= expected {
        blurred.extend(cut_short);
        blurred.sort_unstable();
    }
    blurred
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

/// Whether the target's requests come, on average, at the distance of the gap.
fn is_regular(case: &Case<'_>, target: &str, gap: u64) -> bool {
    let window = case.evidence.window;
    let span = u64::try_from(
        window
            .to
            .signed_duration_since(window.from)
            .num_milliseconds(),
    )
    .unwrap_or(0);
    let counts = case
        .access_log()
        .and_then(|log| log.targets.iter().find(|counts| counts.target == target));
    counts.is_some_and(|counts| {
        let apart = span / counts.requests.max(1);
        apart.abs_diff(gap).saturating_mul(100) <= gap.saturating_mul(REGULAR_PERCENT)
    })
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
