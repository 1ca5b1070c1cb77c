//! # Answers take longer than the load balancer's idle timeout
//!
//! ## What it looks for
//!
//! 504s of the load balancer that came just when its idle timeout ran out: the request was sent to a
//! target, and no byte of an answer came back for that long.
//!
//! ## Why this makes a 502
//!
//! It makes a 504, which is often reported as "the 502 page". The load balancer waits for an answer as
//! long as its idle timeout (60 seconds by default). Then it gives the connection up and answers 504
//! itself, while the target may still be working on the request. A proxy in front of the load balancer
//! may well turn that into a 502 of its own.
//!
//! ## How to be sure
//!
//! In the row, `time` minus `request_creation_time` is the idle timeout, the target time is -1 and there
//! is no target status. A 504 after ten seconds is another thing: then no connection to the target came
//! about. Answers that just made it (the longest answered time in the table of targets) show how near
//! the limit ordinary requests are. Targets that hang altogether leave the same rows: they fail their
//! health checks, or their CPU is full.
//!
//! ## How to fix it
//!
//! Make the slow route faster, or answer at once and let the client ask for the result. Where long
//! answers are wanted, raise the idle timeout above the longest of them, and after it the keep-alive of
//! the targets, which must stay longer than the idle timeout. A target that sends some bytes now and then
//! (a stream) keeps the connection alive as well.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 504: gateway timeout:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Access logs for your Application Load Balancer" (processing times, request_creation_time)
//! - AWS, Classic Load Balancer guide, HTTP 504: gateway timeout, cause 1
//! - [I] That the longest answers of a window reach up to the idle timeout where answers are cut by it.

mod coarse;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use told::{draft, longest_that_came, routes};

use crate::{
    case::{Case, Target, bounded, minute_of},
    document::{RuleAnswer, Strength},
    evidence::{
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    rules,
    step::Step,
    waits::{CONNECT_TIMEOUT, is_at, waited},
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "idle-timeout-shorter-than-response",
    step: Step::Timeouts,
    specificity: 62,
    source: include_str!("idle_timeout_shorter_than_response.rs"),
    check,
};

/// Fewer 504s than this, or fewer than [`PER_THOUSAND`] of all requests on no route and in no ten
/// minutes of their own, are told but are no incident: few load balancers are without any. [I]
const FEWEST: u64 = 5;
const PER_THOUSAND: u64 = 1;
/// This much of them on one route is a route that is slow, per cent. [I]
const ONE_ROUTE_PERCENT: u64 = 80;

/// Answers that reach this much of the idle timeout, per cent, are near it; below the half none is. [I]
const NEAR_PERCENT: u64 = 75;

/// Faults that keep a target from answering: what they claim is theirs, and while one of them cannot
/// tell, slow answers are not proven to be the cause. Those that the book does not hold are passed over.
const DEEPER: &[&str] = &[
    "all-targets-unhealthy",
    "targets-failing-health-checks",
    "target-instance-not-running",
    "target-cpu-saturated",
    "security-group-blocks-target",
    "load-balancer-egress-blocked",
    "network-acl-blocks-request",
    "network-acl-blocks-return",
    "no-route-to-target",
];

fn check(case: &Case<'_>) -> Answer {
    let Some(attributes) = case.evidence.attributes.seen() else {
        return without_timeout(case);
    };
    let idle = u64::from(attributes.idle_timeout).saturating_mul(1_000);
    if case.access_log().is_none() {
        return coarse::by_minutes(case, idle);
    }
    let deeper = Deeper::of(case);
    let places = case.places(|row| is_own_504(case, row));
    let of_others = places.iter().any(|place| deeper.rows.contains(place));
    let places: Vec<usize> = places
        .into_iter()
        .filter(|place| !deeper.rows.contains(place))
        .collect();
    let missing = case.missing_rows();
    let at_timeout = at_timeout(case, &places, idle);
    if !at_timeout.is_empty() {
        return Answer {
            missing,
            ..Answer::found(finding(case, at_timeout, &deeper, idle))
        };
    }
    if case.is_classic() && !places.is_empty() {
        return coarse::untimed(case, places, &deeper, idle, missing);
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("answers may have been cut by the idle timeout", missing);
    }
    Answer::clear(if of_others {
        "another fault keeps the targets from answering".to_owned()
    } else if places.is_empty() {
        "no request to a target ended in a 504 of the load balancer".to_owned()
    } else {
        format!(
            "{} of the load balancer, and none came when the idle timeout of {} ran out",
            words::count(case.requests(&places), "504", "504s"),
            words::seconds(idle)
        )
    })
}

/// Without the idle timeout nothing can be held against it.
fn without_timeout(case: &Case<'_>) -> Answer {
    let missing = case.missing(&[Need::Attributes]);
    let none = case.load_balancer_504s() == Some(0) && case.missing_rows_of_known_log().is_empty();
    if none || missing.is_empty() {
        return Answer::clear("the load balancer made no 504");
    }
    Answer::cannot_tell("the idle timeout is not known", missing)
}

/// Made by the load balancer for a target that is no function.
fn is_own_504(case: &Case<'_>, row: &FaultRow) -> bool {
    row.elb_status_code == 504
        && row.target_status_code.is_none()
        && (row.target.is_some() || case.is_classic())
        && case
            .target_group_of(row)
            .is_none_or(|group| group.target_type != TargetType::Lambda)
}

/// What keeps targets from answering, by other rules.
struct Deeper {
    rows: BTreeSet<usize>,
    /// Those that cannot tell.
    open: Vec<&'static str>,
}

impl Deeper {
    fn of(case: &Case<'_>) -> Self {
        let mut deeper = Self {
            rows: BTreeSet::new(),
            open: Vec::new(),
        };
        for rule in DEEPER.iter().filter_map(|id| rules::by_id(id)) {
            let answer = (rule.check)(case);
            if answer.answer() == RuleAnswer::CannotTell {
                deeper.open.push(rule.id);
            }
            for finding in &answer.findings {
                if let Claims::Rows(rows) = &finding.claims
                    && finding.strength > Strength::Possible
                {
                    deeper.rows.extend(rows);
                }
            }
        }
        deeper
    }
}

/// The rows whose wait was the idle timeout. Merged rows have lost their time: they belong here where
/// all others of their target do.
fn at_timeout(case: &Case<'_>, places: &[usize], idle: u64) -> Vec<usize> {
    let rows = case.rows();
    let may_be_connect = is_at(CONNECT_TIMEOUT, idle);
    let fits = |row: &FaultRow| {
        // No connection came about: that is given up after ten seconds, whatever the idle timeout.
        let connected = row.shape() != Shape::NotConnected;
        waited(row).map(|waited| is_at(waited, idle) && (connected || !may_be_connect))
    };
    let mut by_target: BTreeMap<Option<&str>, (u64, u64)> = BTreeMap::new();
    for place in places {
        if let Some(fits) = fits(&rows[*place]) {
            let (at, others) = by_target.entry(rows[*place].target.as_deref()).or_default();
            *(if fits { at } else { others }) += 1;
        }
    }
    places
        .iter()
        .copied()
        .filter(|place| {
            let row = &rows[*place];
            fits(row).unwrap_or_else(|| {
                row.count > 1
                    && by_target
                        .get(&row.target.as_deref())
                        .is_some_and(|(at, others)| *at > 0 && *others == 0)
            })
        })
        .collect()
}

fn finding(case: &Case<'_>, places: Vec<usize>, deeper: &Deeper, idle: u64) -> Draft {
    let n = case.requests(&places);
    let connected = places
        .iter()
        .all(|place| case.rows()[*place].shape() != Shape::NotConnected);
    let stands_out = stands_out(case, &places, n);
    let alive = places
        .iter()
        .all(|place| was_alive(case, &case.rows()[*place]));
    let strength = if !stands_out || !alive {
        Strength::Possible
    } else if !deeper.open.is_empty() || !connected {
        Strength::Likely
    } else {
        Strength::Proven
    };
    let mut because = format!(
        "{} after {}: the load balancer had sent the request and waited as long as its idle timeout \
         allows.",
        words::count(n, "504 came", "504s came"),
        words::seconds(idle),
    );
    because += &longest_that_came(case);
    if !stands_out {
        because += &format!(
            " That is {} of {}: in passing.",
            words::thousands(n),
            words::count(
                case.access_log().map_or(0, |log| log.requests),
                "request",
                "requests"
            )
        );
    }
    if !alive {
        because += " Whether these targets passed their health checks is not known: one that hangs \
                    altogether leaves the same rows.";
    }
    if !deeper.open.is_empty() {
        because += &format!(
            " Targets that hang would look the same, and that is not ruled out: {} cannot tell.",
            words::list(&deeper.open, 4)
        );
    }
    let routes = routes(case, &places);
    if !routes.is_empty() {
        because += &format!(" Routes: {}.", words::list(&routes, 4));
    }
    draft(case, strength, because, Claims::Rows(places), idle)
}

/// Whether the row's target is known to have passed its health checks: a target that hangs altogether is
/// not slow. By the target's own health, or by the group's count, silent all the window.
fn was_alive(case: &Case<'_>, row: &FaultRow) -> bool {
    let healthy = |target: &Target<'_>| target.health.state == "healthy";
    let by_count = |arn: &str| {
        let window = case.evidence.window;
        let points = |name: &str, stat: &str| {
            case.target_group_series(arn, name, stat)
                .map(|series| series.between(minute_of(window.from), window.to))
        };
        let none_failed = points("UnHealthyHostCount", "Maximum")
            .is_some_and(|mut points| points.all(|point| point.value < 1.0));
        let any_passed = points("HealthyHostCount", "Minimum")
            .is_some_and(|mut points| points.any(|point| point.value >= 1.0));
        none_failed && any_passed
    };
    match case.target_of(row) {
        Some(target) => healthy(target),
        None if case.is_classic() => {
            case.targets().iter().all(healthy) && !case.targets().is_empty()
        }
        None => row.target_group_arn.as_deref().is_some_and(by_count),
    }
}

/// More than what every load balancer has now and then.
fn stands_out(case: &Case<'_>, places: &[usize], n: u64) -> bool {
    if n < FEWEST {
        return false;
    }
    let requests = case.access_log().map_or(0, |log| bounded(log.requests));
    if n.saturating_mul(1_000) >= requests.saturating_mul(PER_THOUSAND) {
        return true;
    }
    let rows = case.rows();
    let mut by_route: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut by_slot: BTreeMap<i64, u64> = BTreeMap::new();
    for place in places {
        let row = &rows[*place];
        let count = bounded(row.count);
        *by_route.entry(route(row)).or_default() += count;
        *by_slot
            .entry(row.time.timestamp().div_euclid(600))
            .or_default() += count;
    }
    let on_one_route = by_route.iter().any(|((method, _), count)| {
        !method.is_empty() && words::percent(*count, n) >= ONE_ROUTE_PERCENT
    });
    on_one_route || by_slot.values().any(|count| *count >= FEWEST)
}

/// Method and path, without the query.
fn route(row: &FaultRow) -> (&str, &str) {
    let path = row.url.split('?').next().unwrap_or_default();
    (&row.method, path)
}

#[cfg(test)]
mod tests;
