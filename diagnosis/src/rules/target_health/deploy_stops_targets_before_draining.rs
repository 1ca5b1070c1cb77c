//! # Targets were stopped before they were drained
//!
//! ## What it looks for
//!
//! Targets that a deploy, scaling, a person or AWS itself stopped, restarted or deregistered, with 502s
//! or 504s on those very targets within a minute.
//!
//! ## Why this makes a 502
//!
//! A target should leave its group first, finish what it holds while it drains (deregistration delay,
//! 300 seconds by default), and stop only then. When it is stopped earlier, its open requests break, and
//! the load balancer goes on sending it new ones until the deregistration has reached all its nodes or
//! health checks fail. AWS says so too: a deregistering target that closes connections before the delay
//! is over gives clients a 500-level error.
//!
//! ## How to be sure
//!
//! The errors lie on the addresses of the stopped targets, within seconds of the event in ECS,
//! CloudTrail or Auto Scaling, and the others went on undisturbed. Whoever called `StopTask`,
//! `StopInstances` or `TerminateInstances` without `DeregisterTargets` before it skipped the drain. 502s
//! on targets that nobody touched have another cause.
//!
//! ## How to fix it
//!
//! Deregister, wait until the target is drained, then stop. ECS does this in rolling updates, but not
//! for `StopTask`, and its SIGTERM ends a process that does not handle it: on SIGTERM keep serving for
//! the deregistration delay, then exit, and let `stopTimeout` be longer than that. With Kubernetes:
//! deregistration delay < preStop < terminationGracePeriodSeconds. With Auto Scaling use instance
//! refresh or a termination lifecycle hook. For Spot capacity turn on capacity rebalancing (EC2) or
//! handle the two-minute notice.
//!
//! ## References
//!
//! - AWS, "Edit target group attributes for your Application Load Balancer", deregistration delay:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway
//! - AWS, "Amazon ECS: graceful shutdowns" (SIGTERM, stopTimeout)
//! - [S] aws/containers-roadmap, issues 576 and 708 (`StopTask` sends SIGTERM first)

use chrono::TimeDelta;

use crate::{
    case::{Case, shifted},
    document::{Fix, Strength},
    evidence::access_log::FaultRow,
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    what_changed::{
        departures::{Cause, Departure, departures},
        known,
        tie::{self, Span, Tie},
    },
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "deploy-stops-targets-before-draining",
    step: Step::TargetHealth,
    specificity: 64,
    source: include_str!("deploy_stops_targets_before_draining.rs"),
    check,
};

/// Errors within this time of the event are its. The rule book's minute.
const NEAR: TimeDelta = TimeDelta::seconds(60);
/// Clocks of the log and of the events differ, and some events are noted a moment late. [I]
const EARLY: TimeDelta = TimeDelta::seconds(5);
/// A target that stopped this close to the end of its drain had its drain. [I]
const DRAINED: TimeDelta = TimeDelta::seconds(2);
/// A deregistration reaches all nodes of the load balancer within this time, whatever the delay. [I]
const SPREADS: TimeDelta = TimeDelta::seconds(10);

fn check(case: &Case<'_>) -> Answer {
    let all = departures(case);
    let spans: Vec<Span<'_>> = all
        .iter()
        .filter(|one| {
            matches!(
                one.cause,
                Cause::Deregistered | Cause::Restarted | Cause::Stopped | Cause::Reclaimed
            )
        })
        .filter_map(|one| span(case, one))
        .filter(|span| known::near_window(case, span.from, span.to))
        .collect();
    let mut missing = known::missing_departures(case);
    missing.extend(case.missing(&[known::delay_need(case)]));
    missing.extend(case.missing_rows());
    let tie = Tie::of(case, &spans, |row, span| {
        before_the_drain_ended(case, row, span)
    });
    let findings = findings(case, &spans, &tie);
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if tie::nothing_broke(case) {
        return Answer::clear("no request broke on the way to a target");
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("targets may have been stopped under load", missing);
    }
    Answer::clear(if spans.is_empty() {
        "nobody stopped, restarted or deregistered a target near the window".to_owned()
    } else if tie.errors == 0 {
        format!(
            "{} stopped or deregistered, and no error fell on them within a minute of it",
            words::count(spans.len() as u64, "target was", "targets were")
        )
    } else {
        format!(
            "{} fell on targets that were stopped or deregistered, no more than chance: {} would by the \
             rate elsewhere",
            words::count(tie.errors, "error", "errors"),
            tie::tenths(tie.expected)
        )
    })
}

fn span<'a>(case: &Case<'_>, departure: &'a Departure) -> Option<Span<'a>> {
    let (first, last) = departure.span()?;
    let delay = known::delay(case, departure);
    // Whether it had its drain is not known.
    if departure.deregistered_first() && delay.is_none() {
        return None;
    }
    // Taken out with no time at all: the delay's fault, not that of who took it out.
    if departure.cause == Cause::Deregistered && delay == Some(TimeDelta::zero()) {
        return None;
    }
    // By the minute the end of a drain cannot be told from its beginning.
    if case.access_log().is_none() && is_drained(case, departure) {
        return None;
    }
    let drained = departure
        .deregistered
        .filter(|_| is_drained(case, departure));
    let last = match drained {
        // Long after it left nothing is sent to it any more: what it does then is its own affair.
        Some(out) => out.at,
        None => departure
            .stopped_at
            .or(departure.stopping_at)
            .unwrap_or(last),
    };
    // Where nobody noted the stop it may have come before: Kubernetes ends a pod, and only then does its
    // controller deregister it.
    let early = if departure.stopping_at.is_none() {
        NEAR
    } else {
        EARLY
    };
    Some(Span {
        departure,
        from: shifted(first, -early),
        to: shifted(last, NEAR),
    })
}

/// It was left in peace for the whole deregistration delay before it was stopped.
fn is_drained(case: &Case<'_>, departure: &Departure) -> bool {
    let (Some(out), Some(delay)) = (departure.deregistered, known::delay(case, departure)) else {
        return false;
    };
    let stop = departure.stopping_at.or(departure.stopped_at);
    stop.is_none_or(|stop| stop >= shifted(out.at, (delay - DRAINED).max(SPREADS)))
}

/// What breaks at the very end of a drain is cut by the delay, not by the stop.
fn before_the_drain_ended(case: &Case<'_>, row: &FaultRow, span: &Span<'_>) -> bool {
    if !tie::is_broken(case, row) {
        return false;
    }
    let out = span
        .departure
        .deregistered
        .filter(|_| is_drained(case, span.departure));
    match (out, known::delay(case, span.departure)) {
        (Some(out), Some(delay)) => row.time < shifted(out.at, delay - DRAINED),
        _ => true,
    }
}

fn findings(case: &Case<'_>, spans: &[Span<'_>], tie: &Tie) -> Vec<Draft> {
    let Some(strength) = tie.strength() else {
        return Vec::new();
    };
    let hit: Vec<&Departure> = tie
        .with_errors
        .iter()
        .map(|place| spans[*place].departure)
        .collect();
    // A restart or a deregistration says less than a stop: the process may have gone on.
    let stopped = hit.iter().any(|one| {
        matches!(one.cause, Cause::Stopped | Cause::Reclaimed) && one.stopping_at.is_some()
    });
    let undrained = hit.iter().filter(|one| !one.deregistered_first()).count();
    let said = stopped
        || hit
            .iter()
            .any(|one| one.deregistered.is_some_and(|out| out.sure));
    // Which groups it served, and how they drain and check, is part of the proof.
    let strength = if said && case.missing(&[Need::TargetGroups]).is_empty() {
        strength
    } else {
        strength.min(Strength::Likely)
    };
    let named: Vec<String> = hit
        .iter()
        .map(|one| format!("{} ({})", one.name, one.story()))
        .collect();
    let order = if !stopped {
        String::new()
    } else if undrained == hit.len() && case.missing(&[Need::CloudTrail]).is_empty() {
        " None of them was deregistered before it was told to stop.".to_owned()
    } else if undrained == 0 {
        " They were deregistered first, but stopped before the deregistration delay was over."
            .to_owned()
    } else {
        String::new()
    };
    let because = format!(
        "{}.{order} {}",
        words::list(&named, 3),
        tie::in_numbers(case, tie, "these targets")
    );
    let draft = |strength: Strength, claims: Claims, because: String| Draft {
        strength,
        title: title(&hit),
        because,
        claims,
        resources: hit
            .iter()
            .take(10)
            .map(|one| one.resource.clone())
            .collect(),
        cites: case.sources(&[
            Need::Ecs,
            Need::CloudTrail,
            Need::AutoScaling,
            Need::AccessLog,
        ]),
        fix: how_to_fix(case, &hit),
    };
    if !tie.minutes.is_empty() {
        return vec![draft(
            strength,
            Claims::Minutes(tie.minutes.clone()),
            because,
        )];
    }
    let mut findings = Vec::new();
    if !tie.exact.is_empty() {
        findings.push(draft(
            strength,
            Claims::Rows(tie.exact.clone()),
            because.clone(),
        ));
    }
    if !tie.weak.is_empty() {
        let because = format!(
            "{because} {} of them cannot be tied to a target by address, only by time: EC2 and the log no \
             longer say which address the target had.",
            words::thousands(case.requests(&tie.weak))
        );
        findings.push(draft(
            Strength::Likely,
            Claims::Rows(tie.weak.clone()),
            because,
        ));
    }
    findings
}

fn title(hit: &[&Departure]) -> String {
    let n = words::count(hit.len() as u64, "target was", "targets were");
    match hit.iter().map(|one| one.cause).max() {
        Some(Cause::Reclaimed) => format!("{n} taken back by AWS (Spot) before being drained"),
        Some(Cause::Restarted) => format!("{n} restarted without being drained"),
        Some(Cause::Deregistered) => format!("{n} deregistered while requests were open"),
        _ => format!("{n} stopped before being drained"),
    }
}

fn how_to_fix(case: &Case<'_>, hit: &[&Departure]) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let first = hit.first();
    let groups = first.map_or_else(Vec::new, |one| known::groups_of(case, one));
    let group = groups.first();
    let delay = first
        .and_then(|one| known::delay(case, one))
        .map_or(300, |delay| delay.num_seconds());
    let is_task = first.is_some_and(|one| one.resource.contains(":task/"));
    let mut cli = Vec::new();
    if let (Some(one), Some(group)) = (first, group) {
        let id = one
            .hosts
            .first()
            .filter(|_| is_task)
            .unwrap_or(&one.resource);
        if case.is_classic() {
            cli.push(fix::aws(
                &format!(
                    "elb deregister-instances-from-load-balancer --load-balancer-name {} --instances {}",
                    fix::quote(&load_balancer.name),
                    fix::quote(id)
                ),
                region,
            ));
        } else {
            let target = format!(
                "--target-group-arn {} --targets {}",
                fix::quote(&group.arn),
                fix::quote(&format!("Id={id}"))
            );
            cli.push(fix::aws(
                &format!("elbv2 deregister-targets {target}"),
                region,
            ));
            cli.push(fix::aws(
                &format!("elbv2 wait target-deregistered {target}"),
                region,
            ));
        }
    }
    let summary = if is_task {
        format!(
            "On SIGTERM go on serving for the deregistration delay ({delay} s) and exit then, with a \
             stopTimeout above that; stop tasks through their service, not with StopTask."
        )
    } else {
        format!("Deregister a target and wait for its drain ({delay} s) before anything stops it.")
    };
    Fix {
        summary,
        cli,
        console: group.map_or_else(String::new, |group| {
            if case.is_classic() {
                fix::load_balancer_console(load_balancer)
            } else {
                fix::target_group_console(region, &group.arn)
            }
        }),
        terraform: if is_task {
            "resource \"aws_lb_target_group\" \"this\" {\n  deregistration_delay = 30\n}\n\n# container definition: longer than the delay\n# \"stopTimeout\": 60\n".to_owned()
        } else {
            "resource \"aws_autoscaling_lifecycle_hook\" \"drain\" {\n  lifecycle_transition = \"autoscaling:EC2_INSTANCE_TERMINATING\"\n  heartbeat_timeout    = 300\n}\n".to_owned()
        },
    }
}

#[cfg(test)]
mod tests;
