//! # The load balancer itself is short of resources
//!
//! ## What it looks for
//!
//! The state `active_impaired` (it routes traffic but lacks what it needs to scale) or `failed`, and
//! RejectedConnectionCount: connections that it refused because it held as many as it can. Beside
//! these, subnets with fewer than eight free addresses, in which it cannot add nodes.
//!
//! ## Why this makes a 502
//!
//! A load balancer that cannot scale drops connections of clients and requests that it has taken.
//! Refused connections get no HTTP answer and stand in no access log. Requests that it took and could
//! pass on to no target get an error of its own, with all three times at -1 and no target named.
//!
//! ## How to be sure
//!
//! The state says so, and errors without any target come in the minutes in which connections are
//! rejected, while connection errors to targets are not counted. AWS documents the state and the
//! metric, but not that a 502 follows from them, so this is never more than likely. The state is that
//! of now, not of the window.
//!
//! ## How to fix it
//!
//! Give its subnets room: eight free addresses in each at least (a /27 or larger), in as many zones
//! as you have. Ask AWS Support where the state stays. Ahead of a known burst, reserve capacity (LCU
//! reservation).
//!
//! ## References
//!
//! - AWS, Elastic Load Balancing API, `LoadBalancerState` (active_impaired, failed)
//! - AWS, "CloudWatch metrics for your Application Load Balancer" (RejectedConnectionCount)
//! - AWS, Application Load Balancer guide, "Subnets for your load balancer" (eight free addresses)
//! - [I] That errors without a target come of it is inferred.

use chrono::{DateTime, TimeDelta, Utc};

use super::pace::{self, ByPeriod};
use crate::{
    case::{Case, shifted, whole},
    document::{Fix, Strength},
    evidence::{
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "load-balancer-impaired",
    step: Step::Load,
    specificity: 28,
    source: include_str!("load_balancer_impaired.rs"),
    check,
};

/// Free addresses that each subnet needs for the load balancer to scale. [V] Application Load
/// Balancer guide, subnets.
const FREE_ADDRESSES: u32 = 8;

/// An error is answered and counted at most so far apart. [I]
const EDGE: TimeDelta = TimeDelta::seconds(12);

fn check(case: &Case<'_>) -> Answer {
    if case.is_classic() {
        return Answer::clear(
            "a Classic load balancer reports no such state and no rejected connections; its own limit is the surge queue",
        );
    }
    let load_balancer = &case.evidence.load_balancer;
    let impaired = matches!(load_balancer.state.as_str(), "active_impaired" | "failed");
    let series = case.load_balancer_series("RejectedConnectionCount", "Sum");
    let rejected = series.map(|series| Rejected::of(case, series));
    let mut missing = case.missing(&[Need::Metrics]);
    let some = rejected.as_ref().is_some_and(|rejected| rejected.total > 0);
    if impaired || some {
        return Answer {
            missing,
            ..Answer::found(finding(case, impaired, rejected.filter(|_| some)))
        };
    }
    if rejected.is_none() && case.evidence.metrics.seen().is_some() {
        missing.push("load balancer metrics: RejectedConnectionCount was not asked for".to_owned());
    }
    if load_balancer.state.is_empty() {
        missing.push("load balancer: its state was not seen".to_owned());
    }
    if missing.is_empty() {
        Answer::clear(format!(
            "its state is {}, and it rejected no connection",
            load_balancer.state
        ))
    } else {
        Answer::cannot_tell("the load balancer may have been at its limit", missing)
    }
}

struct Rejected {
    length: TimeDelta,
    by_period: ByPeriod,
    total: u64,
}

impl Rejected {
    fn of(case: &Case<'_>, series: &crate::evidence::metrics::Series) -> Self {
        let window = case.evidence.window;
        let length = pace::length(series);
        let from = pace::start_of(window.from, length);
        let mut by_period = pace::counts(series, length, from, window.to);
        by_period.retain(|_, n| whole(*n) > 0);
        Self {
            length,
            total: by_period
                .values()
                .fold(0, |sum, n| crate::case::bounded(sum + whole(*n))),
            by_period,
        }
    }

    fn near(&self, at: DateTime<Utc>) -> bool {
        near(&self.by_period, self.length, at)
    }
}

fn near(periods: &ByPeriod, length: TimeDelta, at: DateTime<Utc>) -> bool {
    [at, shifted(at, -EDGE)]
        .into_iter()
        .any(|at| pace::value_at(periods, length, at).is_some())
}

fn finding(case: &Case<'_>, impaired: bool, rejected: Option<Rejected>) -> Draft {
    let load_balancer = &case.evidence.load_balancer;
    let connection_errors = ConnectionErrors::of(case);
    let rows = case.places(|row| {
        never_passed_on(case, row)
            && match &rejected {
                // The minutes are known: only their errors.
                Some(rejected) => rejected.near(row.time),
                None => impaired,
            }
            && (row.target.is_none() || connection_errors.silent_near(row.time))
    });
    let n = case.requests(&rows);
    let mut said = Vec::new();
    if impaired {
        let reason = load_balancer
            .state_reason
            .as_ref()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default();
        said.push(format!("Its state is {}{reason}.", load_balancer.state));
    }
    if let Some(rejected) = &rejected {
        said.push(format!(
            "{} rejected in {}, because it held as many as it can.",
            words::count(rejected.total, "connection was", "connections were"),
            words::count(
                rejected.length.num_minutes().unsigned_abs() * rejected.by_period.len() as u64,
                "minute",
                "minutes"
            )
        ));
    }
    said.push(if n > 0 {
        format!(
            "{} passed on to no target (all three times -1){}.",
            words::count(n, "request was", "requests were"),
            if rejected.is_some() {
                " in those minutes"
            } else {
                ""
            }
        )
    } else {
        "No error of the window is tied to it: rejected connections get no answer and stand in no log."
            .to_owned()
    });
    let narrow = narrow_subnets(case);
    if !narrow.is_empty() {
        said.push(format!(
            "Too few free addresses to add nodes: {}.",
            words::list(&narrow, 4)
        ));
    }
    Draft {
        strength: if n > 0 {
            Strength::Likely
        } else {
            Strength::Possible
        },
        title: match (load_balancer.state.as_str(), &rejected) {
            ("failed", _) => "The load balancer could not be set up".to_owned(),
            (_, Some(_)) => "The load balancer is at its limit and rejects connections".to_owned(),
            (_, None) => "The load balancer is impaired: it cannot scale".to_owned(),
        },
        because: said.join(" "),
        claims: if n > 0 {
            Claims::Rows(rows)
        } else {
            Claims::Nothing
        },
        resources: vec![load_balancer.arn.clone()],
        cites: case.sources(&[Need::Metrics, Need::AccessLog, Need::Subnets]),
        fix: how_to_fix(case),
    }
}

/// An error of the load balancer itself for a request that no target got.
fn never_passed_on(case: &Case<'_>, row: &FaultRow) -> bool {
    let of_function = case
        .target_group_of(row)
        .is_some_and(|group| group.target_type == TargetType::Lambda);
    let code = match row.elb_status_code {
        502 | 504 => true,
        // Without any target in use a 503 is the answer.
        503 => row.target.is_none() && has_targets(case, row),
        _ => false,
    };
    code && row.shape() == Shape::NotConnected
        && row.target_status_code.is_none()
        && row.error_reason.is_none()
        && !of_function
}

fn has_targets(case: &Case<'_>, row: &FaultRow) -> bool {
    row.target_group_arn.as_deref().is_some_and(|arn| {
        case.health(arn)
            .whole()
            .is_some_and(|targets| targets.iter().any(|target| target.state == "healthy"))
    })
}

/// Connection and handshake errors to targets: where they are counted, it was not the load balancer.
struct ConnectionErrors(Option<(TimeDelta, ByPeriod)>);

impl ConnectionErrors {
    fn of(case: &Case<'_>) -> Self {
        let window = case.evidence.window;
        let mut all: Option<(TimeDelta, ByPeriod)> = None;
        for name in [
            "TargetConnectionErrorCount",
            "TargetTLSNegotiationErrorCount",
        ] {
            let Some(series) = case.load_balancer_series(name, "Sum") else {
                return Self(None);
            };
            let length = pace::length(series);
            let from = pace::start_of(window.from, length);
            let (_, periods) = all.get_or_insert_with(|| (length, ByPeriod::new()));
            periods.extend(pace::counts(series, length, from, window.to));
        }
        Self(all)
    }

    /// Known to be silent.
    fn silent_near(&self, at: DateTime<Utc>) -> bool {
        self.0
            .as_ref()
            .is_some_and(|(length, periods)| !near(periods, *length, at))
    }
}

/// The load balancer's subnets that have no room for nodes.
fn narrow_subnets(case: &Case<'_>) -> Vec<String> {
    let zones = &case.evidence.load_balancer.zones;
    case.evidence
        .subnets
        .seen()
        .into_iter()
        .flatten()
        .filter(|subnet| zones.iter().any(|zone| zone.subnet_id == subnet.id))
        .filter_map(|subnet| {
            let free = subnet.available_addresses?;
            (free < FREE_ADDRESSES).then(|| format!("{} ({free} free)", subnet.id))
        })
        .collect()
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let subnets: Vec<String> = load_balancer
        .zones
        .iter()
        .map(|zone| fix::quote(&zone.subnet_id))
        .collect();
    let mut cli = Vec::new();
    if !subnets.is_empty() {
        cli.push(fix::aws(
            &format!(
                "ec2 describe-subnets --subnet-ids {} --query 'Subnets[].[SubnetId,AvailableIpAddressCount]'",
                subnets.join(" ")
            ),
            region,
        ));
    }
    cli.push(fix::aws(
        "service-quotas list-service-quotas --service-code elasticloadbalancing",
        region,
    ));
    Fix {
        summary: "Give each of its subnets eight free addresses at least, spread it over more zones, and ask AWS \
                  Support if the state stays; reserve capacity ahead of known bursts."
            .to_owned(),
        cli,
        console: fix::load_balancer_console(load_balancer),
        terraform: "resource \"aws_lb\" \"this\" {\n  # …\n  minimum_load_balancer_capacity {\n    capacity_units = 100 # what the peak needs\n  }\n}\n"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
