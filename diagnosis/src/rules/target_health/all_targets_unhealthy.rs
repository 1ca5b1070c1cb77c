//! # Every target of a group is unhealthy
//!
//! ## What it looks for
//!
//! A target group that listeners forward to and that has no healthy target, now or in some minutes of
//! the window, and 502s on that group at that time.
//!
//! ## Why this makes a 502
//!
//! With no healthy target left, the load balancer fails open: it sends requests to all targets of the
//! group, dead ones included. Those that refuse, reset or hang up become 502. The minute or so before
//! health checks notice belongs to it too: the targets were already dead.
//!
//! ## How to be sure
//!
//! `UnhealthyRoutingRequestCount` of the group above zero is the load balancer's own word that it sent
//! requests to unhealthy targets. So is `HealthyHostCount` at zero while `UnHealthyHostCount` is not.
//! One target that stayed healthy rules it out.
//!
//! ## How to fix it
//!
//! Read the reason code. `Target.FailedHealthChecks`: the process is down or listens elsewhere; start
//! it, or roll the last release back. `Target.Timeout`: it hangs, or the network drops packets (see the
//! step network). `Target.ResponseCodeMismatch`: the targets may be fine and the check wrong; correct
//! its path or its expected codes.
//!
//! ## References
//!
//! - AWS, "Health checks for your target groups" (fail open, reason codes):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
//! - AWS, "CloudWatch metrics for your Application Load Balancer" (UnhealthyRoutingRequestCount,
//!   HealthyHostCount, UnHealthyHostCount)
//! - AWS, "Troubleshoot your Application Load Balancers"

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::health_check;
use crate::{
    case::{Case, minute_of, shifted},
    document::{Fix, Strength},
    evidence::{TargetGroup, TargetHealth, access_log::FaultRow, target_groups::TargetType},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "all-targets-unhealthy",
    step: Step::TargetHealth,
    specificity: 40,
    source: include_str!("all_targets_unhealthy.rs"),
    check,
};

/// Target health is known only for the moment of the call. That long after the window it still
/// speaks for the window's end. [I]
const HEALTH_SPEAKS_FOR_MINUTES: i64 = 15;

const NEEDS: &[Need] = &[
    Need::Listeners,
    Need::TargetGroups,
    Need::TargetHealth,
    Need::Metrics,
];

fn check(case: &Case<'_>) -> Answer {
    let mut findings = Vec::new();
    let mut missing = case.missing(NEEDS);
    for target_group in case.target_groups() {
        if case.in_use(target_group) == Some(false) {
            continue;
        }
        let state = State::of(case, target_group);
        if state.now.is_some() || !state.minutes.is_empty() {
            findings.push(finding(case, target_group, &state));
        } else if !state.counted && case.evidence.metrics.seen().is_some() {
            missing.push(format!(
                "load balancer metrics: neither HealthyHostCount nor UnhealthyRoutingRequestCount of {} was asked for",
                target_group.name
            ));
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if missing.is_empty() {
        Answer::clear("every group in use had a healthy target, now and in every minute counted")
    } else {
        Answer::cannot_tell("a group may have been without a healthy target", missing)
    }
}

/// What is known of one group.
struct State<'a> {
    /// Its targets, if all of them are unhealthy now.
    now: Option<Vec<&'a TargetHealth>>,
    /// Minutes in which the metrics say that no target was healthy.
    minutes: BTreeSet<DateTime<Utc>>,
    /// Requests that the load balancer says it sent to unhealthy targets.
    failed_open: u64,
    /// One of the metrics that tell was asked for.
    counted: bool,
}

impl<'a> State<'a> {
    fn of(case: &Case<'a>, target_group: &TargetGroup) -> Self {
        let arn = &target_group.arn;
        let sent = case.target_group_series(arn, "UnhealthyRoutingRequestCount", "Sum");
        let mut minutes: BTreeSet<DateTime<Utc>> = BTreeSet::new();
        let mut failed_open = 0;
        if let Some(series) = sent {
            let sent = case.per_minute(series);
            failed_open = sent.values().sum();
            minutes.extend(sent.into_keys().map(minute_of));
        }
        let hosts = |name: &str, stats: &[&str]| {
            stats
                .iter()
                .find_map(|stat| case.target_group_series(arn, name, stat))
        };
        // Any node that saw a healthy target speaks against; any that saw an unhealthy one for.
        let healthy = hosts("HealthyHostCount", &["Maximum", "Average", "Minimum"]);
        let unhealthy = hosts("UnHealthyHostCount", &["Minimum", "Average", "Maximum"]);
        if let (Some(healthy), Some(unhealthy)) = (healthy, unhealthy) {
            let window = case.evidence.window;
            for point in healthy.between(minute_of(window.from), window.to) {
                let none_healthy = point.value < 1.0;
                if none_healthy && unhealthy.at(point.at).is_some_and(|n| n >= 1.0) {
                    minutes.insert(minute_of(point.at));
                }
            }
        }
        Self {
            now: all_unhealthy(case, arn),
            minutes,
            failed_open,
            // Functions have no host counts.
            counted: sent.is_some()
                || healthy.is_some()
                || target_group.target_type == TargetType::Lambda,
        }
    }

    /// When the targets were dead: from before the first such minute, as long as health checks take
    /// to notice, to the end of the last. With the metrics silent, what health says now is all
    /// there is, and it speaks for the window's end at most.
    fn covers(&self, case: &Case<'_>, target_group: &TargetGroup, at: DateTime<Utc>) -> bool {
        let detection = TimeDelta::seconds(health_check::detection_seconds(target_group).into());
        let minute = TimeDelta::minutes(1);
        let by_metric = self
            .minutes
            .iter()
            .any(|start| shifted(*start, -detection) <= at && at < shifted(*start, minute));
        by_metric || (self.now.is_some() && !self.counted && now_speaks_for(case))
    }

    fn proven_for(&self, case: &Case<'_>) -> bool {
        !self.minutes.is_empty() || (self.now.is_some() && now_speaks_for(case))
    }
}

/// Whether target health, read when it was, still says something of the window.
fn now_speaks_for(case: &Case<'_>) -> bool {
    let since = case
        .evidence
        .observed_at
        .signed_duration_since(case.evidence.window.to);
    since <= TimeDelta::minutes(HEALTH_SPEAKS_FOR_MINUTES)
}

fn all_unhealthy<'a>(case: &Case<'a>, arn: &str) -> Option<Vec<&'a TargetHealth>> {
    // An incomplete list may leave the one healthy target out.
    let health = case.evidence.target_health.get(arn)?.whole()?;
    let in_use: Vec<&TargetHealth> = health
        .iter()
        .filter(|target| !health_check::is_out_of_use(target))
        .collect();
    let dead = !in_use.is_empty() && in_use.iter().all(|t| health_check::is_unhealthy(t));
    dead.then_some(in_use)
}

fn finding(case: &Case<'_>, target_group: &TargetGroup, state: &State<'_>) -> Draft {
    let tied = case.places(|row| claims(case, target_group, state, row));
    let with_502 = case.minutes_with_502().unwrap_or_default();
    let (claims, tied_502s) = if case.access_log().is_some() {
        let n = case.requests(&tied);
        (Claims::Rows(tied), n)
    } else {
        let minutes: Vec<_> = with_502
            .into_iter()
            .filter(|(at, _)| state.covers(case, target_group, *at))
            .collect();
        let n = minutes.iter().map(|(_, n)| n).sum();
        (Claims::Minutes(minutes), n)
    };
    let by_rows = matches!(claims, Claims::Rows(_));
    let strength = if tied_502s > 0 && state.proven_for(case) && (by_rows || state.failed_open > 0)
    {
        Strength::Proven
    } else if tied_502s > 0 {
        Strength::Likely
    } else if state.now.is_some() && case.load_balancer_502s() == Some(0) {
        // An outage that no client has met yet is an outage.
        Strength::Proven
    } else {
        case.untied()
    };
    Draft {
        strength,
        title: match &state.now {
            Some(targets) => format!(
                "All {} of target group {} are unhealthy",
                words::count(targets.len() as u64, "target", "targets"),
                target_group.name
            ),
            None => format!(
                "Target group {} was without a healthy target for {}",
                target_group.name,
                words::count(state.minutes.len() as u64, "minute", "minutes")
            ),
        },
        because: because(target_group, state, tied_502s),
        claims,
        resources: vec![target_group.arn.clone()],
        cites: case.sources(&[Need::TargetHealth, Need::Metrics, Need::AccessLog]),
        fix: how_to_fix(case, target_group),
    }
}

/// Rows of the group that the load balancer answered itself while no target was healthy. A target
/// that answered its own 502 was not dead.
fn claims(case: &Case<'_>, target_group: &TargetGroup, state: &State<'_>, row: &FaultRow) -> bool {
    matches!(row.elb_status_code, 502..=504)
        && row.target_status_code.is_none()
        && case
            .target_group_of(row)
            .is_some_and(|group| group.arn == target_group.arn)
        && state.covers(case, target_group, row.time)
}

fn because(target_group: &TargetGroup, state: &State<'_>, tied: u64) -> String {
    let mut sentences = Vec::new();
    if let Some(targets) = &state.now {
        sentences.push(format!(
            "{}.",
            words::capital(&health_check::reasons(targets.iter().copied()))
        ));
        sentences.push(format!(
            "The health check is {}.",
            health_check::in_words(target_group)
        ));
    }
    if let (Some(first), Some(last)) = (state.minutes.first(), state.minutes.last()) {
        sentences.push(format!(
            "No target was healthy in {} between {} and {}.",
            words::count(state.minutes.len() as u64, "minute", "minutes"),
            words::clock(*first),
            words::clock(shifted(*last, TimeDelta::minutes(1))),
        ));
    }
    if state.failed_open > 0 {
        sentences.push(format!(
            "The load balancer failed open: it sent {} to unhealthy targets (UnhealthyRoutingRequestCount).",
            words::count(state.failed_open, "request", "requests")
        ));
    }
    if tied > 0 {
        sentences.push(format!(
            "{} of the load balancer's own to this group fall into that time.",
            words::count(tied, "error", "errors")
        ));
    }
    sentences.join(" ")
}

fn how_to_fix(case: &Case<'_>, target_group: &TargetGroup) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let words = if case.is_classic() {
        format!(
            "elb describe-instance-health --load-balancer-name {}",
            fix::quote(&load_balancer.name)
        )
    } else {
        format!(
            "elbv2 describe-target-health --target-group-arn {}",
            fix::quote(&target_group.arn)
        )
    };
    let path = target_group.health_check.path.as_deref().unwrap_or("/");
    Fix {
        summary: "Bring one target back first: start the process, or roll the last release back. \
                  If the targets answer and only the check is wrong, correct its path, port or codes."
            .to_owned(),
        cli: vec![fix::aws(&words, region)],
        console: if case.is_classic() {
            fix::load_balancer_console(load_balancer)
        } else {
            fix::target_group_console(region, &target_group.arn)
        },
        terraform: format!(
            "resource \"aws_lb_target_group\" \"this\" {{\n  name = {}\n\n  health_check {{\n    path    = {}\n    matcher = {}\n  }}\n}}\n",
            fix::terraform_string(&target_group.name),
            fix::terraform_string(path),
            fix::terraform_string(target_group.health_check.matcher.as_deref().unwrap_or("200")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::*;

    fn all_down(evidence: &mut crate::Evidence) {
        let down = |n| target(n, "unhealthy", Some("Target.FailedHealthChecks"));
        set_health(evidence, vec![down(1), down(2), down(3)]);
    }

    #[test]
    fn one_healthy_target_is_the_near_miss() {
        let mut evidence = healthy();
        set_health(
            &mut evidence,
            vec![
                target(1, "unhealthy", Some("Target.Timeout")),
                target(2, "unhealthy", Some("Target.Timeout")),
                target(3, "healthy", None),
            ],
        );
        set_rows(&mut evidence, vec![refused("10:20:00", 1)]);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn failing_open_onto_dead_targets_is_proven() {
        let mut evidence = healthy();
        all_down(&mut evidence);
        set_series(
            &mut evidence,
            series(
                WEB,
                "UnhealthyRoutingRequestCount",
                "Sum",
                &[("10:19:00", 40.0), ("10:20:00", 41.0)],
            ),
        );
        set_rows(
            &mut evidence,
            vec![
                refused("10:05:00", 2),
                refused("10:18:20", 1),
                refused("10:20:59.9", 2),
            ],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("it sent 81 requests to unhealthy targets"));
        let claims = ask(&RULE, &evidence).findings[0].claims.clone();
        assert_eq!(claims, Claims::Rows(vec![1, 2]), "10:05 was long before");
    }

    #[test]
    fn an_outage_without_traffic_is_still_proven() {
        let mut evidence = healthy();
        all_down(&mut evidence);
        assert_found(&RULE, &evidence, Strength::Proven);
    }

    #[test]
    fn unseen_health_or_metrics_never_read_as_clear() {
        let mut evidence = healthy();
        evidence.target_health.insert(
            WEB.to_owned(),
            denied("elasticloadbalancing:DescribeTargetHealth"),
        );
        assert_cannot_tell(
            &RULE,
            &evidence,
            "elasticloadbalancing:DescribeTargetHealth",
        );
        let mut evidence = healthy();
        evidence.metrics = denied("cloudwatch:GetMetricData");
        assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
    }
}
