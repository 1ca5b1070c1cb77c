//! # A target group has nothing to send requests to
//!
//! ## What it looks for
//!
//! A target group that listeners forward to and that has no registered target, or only targets in the
//! state `unused`; and 503s of the load balancer for which no target was chosen.
//!
//! ## Why this makes a 502
//!
//! It makes a 503, which people report as "the 502 page" and which a proxy in front of the load balancer
//! may turn into one. With no registered target there is nothing to choose from, not even to fail open,
//! so the load balancer answers 503 itself, at once.
//!
//! ## How to be sure
//!
//! The rows are 503 with no target and no target status, and the action was a forward (a fixed response
//! of 503 is somebody's maintenance page). DescribeTargetHealth of the group is empty, or every target is
//! `unused`. A 503 with a target status is the application's own.
//!
//! ## How to fix it
//!
//! Register targets, or let what should register them do so: the Auto Scaling group or ECS service may
//! have lost its tie to the group, may be scaled to zero, or may fail to start. In a blue/green switch,
//! point the listener back at the group that has targets. `unused` with `Target.NotInUse` means that the
//! targets' zone is not enabled for the load balancer.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 503: service unavailable:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Target groups for your Application Load Balancers" (states, registered targets)
//! - AWS, Classic Load Balancer guide, HTTP 503: service unavailable
//! - [S] That a target optimizer which rejects a request shows as 503 too: a group that has targets is
//!   therefore never more than `likely`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{health_check, target_in_disabled_zone};
use crate::{
    case::{Case, minute_of},
    document::{Fix, Strength},
    evidence::{
        TargetGroup, TargetHealth, access_log::FaultRow, metrics::Series, target_groups::TargetType,
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "no-registered-targets",
    step: Step::TargetHealth,
    specificity: 44,
    source: include_str!("no_registered_targets.rs"),
    check,
};

/// Registrations are known only for the moment of the call. That long after the window they still
/// speak for its end. [I]
const SPEAKS_FOR_MINUTES: i64 = 15;

/// Fewer 503s than this of a group that has targets now are told, but are no finding: a group that was
/// empty for a moment. [I]
const FEWEST: u64 = 5;

const NEEDS: &[Need] = &[Need::Listeners, Need::TargetGroups, Need::TargetHealth];

fn check(case: &Case<'_>) -> Answer {
    let mut missing = case.missing(NEEDS);
    let groups: Vec<&TargetGroup> = case
        .target_groups()
        .iter()
        .filter(|group| group.target_type != TargetType::Lambda)
        .filter(|group| case.in_use(group) != Some(false))
        .filter(|group| !is_of_another_zone(case, group))
        .collect();
    let empty: BTreeSet<&str> = groups
        .iter()
        .filter(|group| Emptiness::of(case, group).is_some())
        .map(|group| group.arn.as_str())
        .collect();
    let mut findings = Vec::new();
    for group in &groups {
        let rows = case.places(|row| is_tied(case, row, group, &groups));
        match Emptiness::of(case, group) {
            Some(emptiness) => findings.push(now_empty(case, group, &emptiness, rows, &empty)),
            // On Classic a full queue answers 503 as well.
            None if !case.is_classic()
                && is_seen(case, group)
                // A node whose own zone is empty has nothing to choose either: that rule judges.
                && !target_in_disabled_zone::cross_zone::is_off(case, group)
                && case.requests(&rows) >= FEWEST =>
            {
                findings.push(was_empty(case, group, rows));
            }
            None => {}
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if case.load_balancer_503s() != Some(0) {
        missing.extend(case.missing_rows());
        // Without a log the metric alone could rule it out.
        let metrics_are_seen = case.evidence.metrics.seen().is_some();
        if case.access_log().is_none() && series_of_503s(case).is_none() && metrics_are_seen {
            missing.push("load balancer metrics: the count of 503s was not asked for".to_owned());
        }
    }
    if missing.is_empty() {
        Answer::clear("every group in use has registered targets that can be chosen")
    } else {
        Answer::cannot_tell("a group in use may have no target to choose", missing)
    }
}

/// That a group has targets now can only be said of one whose targets were seen.
fn is_seen(case: &Case<'_>, group: &TargetGroup) -> bool {
    let health = case.evidence.target_health.get(&group.arn);
    health.is_some_and(|health| health.whole().is_some())
}

/// Its targets stand in zones that the load balancer does not use: `target-in-disabled-zone` says so.
fn is_of_another_zone(case: &Case<'_>, group: &TargetGroup) -> bool {
    let health = case.evidence.target_health.get(&group.arn);
    let targets = health.and_then(crate::Observed::seen);
    case.in_use(group) == Some(true)
        && targets.is_some_and(|targets| {
            let zones = &case.evidence.load_balancer.zones;
            let stands_outside = |target: &TargetHealth| {
                let zone = target.zone.as_deref();
                target.reason.as_deref() == Some("Target.NotInUse")
                    && !zones.is_empty()
                    && zones.iter().all(|known| Some(known.name.as_str()) != zone)
            };
            targets.iter().any(stands_outside)
        })
}

/// Why there is nothing to choose from, by what was registered when the call was made.
struct Emptiness<'a> {
    /// Empty, or all of them out of use.
    targets: Vec<&'a TargetHealth>,
    /// Some are draining rather than unused: the documentation names only `unused`.
    draining: bool,
}

impl<'a> Emptiness<'a> {
    fn of(case: &Case<'a>, group: &TargetGroup) -> Option<Self> {
        // An incomplete list may leave the one target out.
        let health = case.evidence.target_health.get(&group.arn)?.whole()?;
        let out = health.iter().all(health_check::is_out_of_use);
        out.then(|| Self {
            draining: health.iter().any(|target| target.state == "draining"),
            targets: health.iter().collect(),
        })
    }

    fn words(&self) -> String {
        if self.targets.is_empty() {
            return "No target is registered".to_owned();
        }
        let states: BTreeSet<&str> = self.targets.iter().map(|t| t.state.as_str()).collect();
        let states: Vec<&str> = states.into_iter().collect();
        format!(
            "{} registered, and none can be chosen: the state is {} ({})",
            words::count(self.targets.len() as u64, "target is", "targets are"),
            words::list(&states, 2),
            health_check::reasons(self.targets.iter().copied())
        )
    }
}

/// A 503 that the load balancer made because it had nothing to choose from in this group.
fn is_tied(case: &Case<'_>, row: &FaultRow, group: &TargetGroup, in_use: &[&TargetGroup]) -> bool {
    let nothing_chosen = row.elb_status_code == 503
        && row.target_status_code.is_none()
        && row.target.is_none()
        && !row.is_fixed_response()
        && !row.actions_executed.contains("redirect");
    let of_group = match case.target_group_of(row) {
        Some(named) => named.arn == group.arn,
        // No group is named: then it can only be told where there is one.
        None => row.target_group_arn.is_none() && in_use.len() == 1,
    };
    nothing_chosen && of_group
}

fn speaks_for_the_window(case: &Case<'_>) -> bool {
    let since = case
        .evidence
        .observed_at
        .signed_duration_since(case.evidence.window.to);
    since <= TimeDelta::minutes(SPEAKS_FOR_MINUTES)
}

fn now_empty(
    case: &Case<'_>,
    group: &TargetGroup,
    emptiness: &Emptiness<'_>,
    rows: Vec<usize>,
    empty: &BTreeSet<&str>,
) -> Draft {
    let in_use = case.in_use(group) == Some(true);
    let (claims, n) = if case.access_log().is_some() {
        let n = case.requests(&rows);
        (Claims::Rows(rows), n)
    } else {
        let minutes = minutes_with_503(case);
        let n = minutes.iter().map(|(_, n)| n).sum();
        (Claims::MinutesOf(503, minutes), n)
    };
    let counted_alone =
        matches!(claims, Claims::Rows(_)) || (empty.len() == 1 && !case.is_classic());
    let strength = if n == 0 || !in_use {
        Strength::Possible
    } else if speaks_for_the_window(case) && !emptiness.draining && counted_alone {
        Strength::Proven
    } else {
        Strength::Likely
    };
    let mut because = format!("{}.", emptiness.words());
    because += &match (n, in_use) {
        (_, false) => {
            " Whether a listener forwards to the group is not known: not all listeners were seen."
                .to_owned()
        }
        (0, true) => " A listener forwards to the group: what is sent there gets 503.".to_owned(),
        (n, true) if matches!(claims, Claims::Rows(_)) => format!(
            " The load balancer answered {} with 503 for this group and had no target to choose.",
            words::count(n, "request", "requests")
        ),
        (n, true) => format!(
            " A listener forwards to it, and the load balancer counted {} of its own.",
            words::count(n, "503", "503s")
        ),
    };
    if n > 0 && !speaks_for_the_window(case) {
        because += " But it was looked at long after the window.";
    }
    if let Some(change) = deregistered(case, group) {
        because += &change;
    }
    Draft {
        strength,
        title: if emptiness.targets.is_empty() {
            format!("Target group {} has no registered target", group.name)
        } else {
            format!("No target of target group {} is in use", group.name)
        },
        because,
        claims: if strength > Strength::Possible {
            claims
        } else {
            Claims::Nothing
        },
        resources: vec![group.arn.clone()],
        cites: case.sources(&[
            Need::TargetHealth,
            Need::Listeners,
            Need::AccessLog,
            Need::Metrics,
        ]),
        fix: how_to_fix(case, group),
    }
}

/// The group has targets now; the rows say that it had none to choose then.
fn was_empty(case: &Case<'_>, group: &TargetGroup, rows: Vec<usize>) -> Draft {
    let n = case.requests(&rows);
    let times: BTreeSet<DateTime<Utc>> =
        rows.iter().map(|place| case.rows()[*place].time).collect();
    let span = match (times.first(), times.last()) {
        (Some(first), Some(last)) => format!(
            " between {} and {}",
            words::clock(*first),
            words::clock(*last)
        ),
        _ => String::new(),
    };
    let mut because = format!(
        "{} answered with 503{span} without a target to choose, though the group has targets now. That \
         is how a group without registered targets shows; a target optimizer that turns requests away \
         would look the same.",
        words::count(n, "request was", "requests were")
    );
    if let Some(change) = deregistered(case, group) {
        because += &change;
    }
    Draft {
        strength: Strength::Likely,
        title: format!(
            "Target group {} had no target to choose for a while",
            group.name
        ),
        because,
        claims: Claims::Rows(rows),
        resources: vec![group.arn.clone()],
        cites: case.sources(&[Need::AccessLog, Need::TargetHealth, Need::CloudTrail]),
        fix: how_to_fix(case, group),
    }
}

fn minutes_with_503(case: &Case<'_>) -> Vec<(DateTime<Utc>, u64)> {
    series_of_503s(case)
        .map(|series| case.per_minute(series).into_iter().collect())
        .unwrap_or_default()
}

/// On Classic all 5xx codes are in one count.
fn series_of_503s<'a>(case: &Case<'a>) -> Option<&'a Series> {
    let name = if case.is_classic() {
        "HTTPCode_ELB_5XX"
    } else {
        "HTTPCode_ELB_503_Count"
    };
    case.load_balancer_series(name, "Sum")
}

/// Who took targets of the group away, by CloudTrail.
fn deregistered(case: &Case<'_>, group: &TargetGroup) -> Option<String> {
    let changes = case.evidence.cloudtrail.seen()?;
    let taken = |name: &str| {
        matches!(
            name,
            "DeregisterTargets" | "DeregisterInstancesFromLoadBalancer"
        )
    };
    let change = changes.iter().find(|change| {
        change.error.is_none()
            && taken(&change.name)
            && change
                .resources
                .iter()
                .any(|name| *name == group.arn || *name == group.name)
    })?;
    Some(format!(
        " {} by {} at {}.",
        change.name,
        change.who,
        words::clock(minute_of(change.at))
    ))
}

fn how_to_fix(case: &Case<'_>, group: &TargetGroup) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let (cli, console) = if case.is_classic() {
        (
            format!(
                "elb register-instances-with-load-balancer --load-balancer-name {} --instances YOUR-INSTANCE",
                fix::quote(&load_balancer.name)
            ),
            fix::load_balancer_console(load_balancer),
        )
    } else {
        (
            format!(
                "elbv2 register-targets --target-group-arn {} --targets Id=YOUR-TARGET",
                fix::quote(&group.arn)
            ),
            fix::target_group_console(region, &group.arn),
        )
    };
    Fix {
        summary: "Register targets, or find out why what should register them does not: the Auto Scaling \
                  group or ECS service behind it, its tie to the group, its desired count. Or point the \
                  listener at a group that has targets."
            .to_owned(),
        cli: vec![fix::aws(&cli, region)],
        console,
        terraform: format!(
            "resource \"aws_lb_target_group_attachment\" \"this\" {{\n  target_group_arn = {}\n  target_id        = aws_instance.this.id\n}}\n",
            fix::terraform_string(&group.arn)
        ),
    }
}

#[cfg(test)]
mod tests;
