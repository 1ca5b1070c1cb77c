//! # A container behind the load balancer stopped on its own
//!
//! ## What it looks for
//!
//! ECS tasks whose essential container exited (out of memory, an exit code, a kill), and tasks that ECS
//! replaced because they failed their health checks, held against the errors on their addresses.
//!
//! ## Why this makes a 502
//!
//! When a container ends, the kernel closes its connections in the middle of the requests that it held:
//! each is a 502. Until ECS has taken the task out of the target group, the load balancer goes on
//! sending it requests; connects to it are refused (502) or, once its network interface is gone, time
//! out (504).
//!
//! ## How to be sure
//!
//! ECS gives the stop code `EssentialContainerExited` with the containers' exit codes: 137 with
//! `OutOfMemoryError` is the memory limit, 139 a segmentation fault, 143 a SIGTERM from inside. The
//! errors lie on that task's address and within seconds of its end. Errors on tasks that went on running
//! have another cause. ECS forgets stopped tasks after an hour or so.
//!
//! ## How to fix it
//!
//! Read the last lines of the container's log. Out of memory: raise the task's memory, or set the limit
//! of the runtime (heap, workers) below it. An exit code: fix what the log names. Failed health checks:
//! find out why the check failed before the task was replaced. More tasks make each stop break less.
//!
//! ## References
//!
//! - AWS, "Amazon ECS stopped tasks error messages" and "Viewing stopped tasks":
//!   <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway (the target closed the
//!   connection):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>

use chrono::TimeDelta;

use crate::{
    case::{Case, shifted},
    document::{Fix, Strength},
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
    id: "container-crashed",
    step: Step::TargetHealth,
    specificity: 67,
    source: include_str!("container_crashed.rs"),
    check,
};

/// ECS notes the end of a container some seconds after it. [I]
const NOTED_WITHIN: TimeDelta = TimeDelta::seconds(10);
/// So long after the deregistration nodes may still send requests to a target. [I]
const PROPAGATION: TimeDelta = TimeDelta::seconds(30);
/// A connect to a task that is gone times out after 10 s [V], and the row is written then.
const CONNECT_TIMES_OUT: TimeDelta = TimeDelta::seconds(15);
/// Requests go to a task that nobody deregistered no longer than this. [I]
const LONGEST_DETECTION: TimeDelta = TimeDelta::minutes(10);

fn check(case: &Case<'_>) -> Answer {
    let all = departures(case);
    let spans = |cause: Cause| -> Vec<Span<'_>> {
        all.iter()
            .filter(|one| one.cause == cause)
            .filter_map(|one| span(case, one))
            .filter(|span| known::near_window(case, span.from, span.to))
            .collect()
    };
    let mut findings = Vec::new();
    for cause in [Cause::Crashed, Cause::FailedHealthChecks] {
        let spans = spans(cause);
        if !spans.is_empty() {
            findings.extend(findings_of(case, cause, &spans));
        }
    }
    let mut missing = known::missing_tasks(case);
    missing.extend(case.missing(&[Need::TargetGroups]));
    missing.extend(case.missing_rows());
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
    let no_services = case
        .evidence
        .ecs
        .whole()
        .is_some_and(|ecs| ecs.services.is_empty() && ecs.stopped_tasks.is_empty());
    if no_services && case.missing(&[Need::TargetGroups]).is_empty() {
        return Answer::clear("no ECS service registers with the target groups");
    }
    if missing.is_empty() {
        Answer::clear("no task of the ECS services stopped on its own in the window")
    } else {
        Answer::cannot_tell("a container may have stopped on its own", missing)
    }
}

/// From the end of the container until requests went elsewhere.
fn span<'a>(case: &Case<'_>, departure: &'a Departure) -> Option<Span<'a>> {
    let began = departure.stopping_at?;
    let ended = departure.stopped_at.unwrap_or(began).max(began);
    let detection = known::detection(case, departure)
        .unwrap_or(LONGEST_DETECTION)
        .min(LONGEST_DETECTION);
    let out = departure
        .deregistered
        .map(|one| one.at)
        .filter(|at| *at >= began);
    let to = match out {
        Some(out) => shifted(out, PROPAGATION),
        None => shifted(ended, detection),
    };
    // A task that fails its checks is broken some time before ECS gives it up.
    let before = match departure.cause {
        Cause::FailedHealthChecks => detection + PROPAGATION,
        _ => NOTED_WITHIN,
    };
    let from = shifted(began, -before);
    Some(Span {
        departure,
        from: departure
            .started_at
            .map_or(from, |started| started.max(from)),
        to: shifted(to, CONNECT_TIMES_OUT),
    })
}

fn findings_of(case: &Case<'_>, cause: Cause, spans: &[Span<'_>]) -> Vec<Draft> {
    let tie = Tie::of(case, spans, |row, _| tie::is_broken(case, row));
    let strength = tie.strength();
    let draft = |strength: Strength, claims: Claims, because: String| Draft {
        strength,
        title: title(cause, spans),
        because,
        claims,
        resources: resources(spans, &tie),
        cites: case.sources(&[Need::Ecs, Need::AccessLog, Need::CloudTrail]),
        fix: how_to_fix(case, cause, spans),
    };
    let told = what_stopped(cause, spans, &tie);
    let Some(strength) = strength else {
        let but = if tie.errors == 0 {
            "No error of the window fell on them at that time.".to_owned()
        } else {
            tie::in_numbers(case, &tie, "their addresses") + " That is no more than chance."
        };
        return vec![draft(
            Strength::Possible,
            Claims::Nothing,
            format!("{told} {but}"),
        )];
    };
    // Failing checks are a symptom as well as a cause: what made them fail may have broken the rows.
    let strength = match cause {
        Cause::Crashed => strength,
        _ => strength.min(Strength::Likely),
    };
    let numbers = tie::in_numbers(case, &tie, "their addresses");
    if !tie.minutes.is_empty() {
        let claims = Claims::Minutes(tie.minutes.clone());
        return vec![draft(strength, claims, format!("{told} {numbers}"))];
    }
    let mut findings = Vec::new();
    if !tie.exact.is_empty() {
        let claims = Claims::Rows(tie.exact.clone());
        findings.push(draft(strength, claims, format!("{told} {numbers}")));
    }
    if !tie.weak.is_empty() {
        let because = format!(
            "{told} {numbers} The tasks have no address of their own; {} lie on the ports or addresses \
             that nothing else has.",
            words::count(case.requests(&tie.weak), "error", "errors")
        );
        findings.push(draft(
            Strength::Likely,
            Claims::Rows(tie.weak.clone()),
            because,
        ));
    }
    findings
}

fn out_of_memory(spans: &[Span<'_>]) -> usize {
    spans
        .iter()
        .filter(|span| {
            let mut notes = span.departure.notes.iter();
            notes.any(|(_, note)| note.contains("OutOfMemory") || note.contains("out of memory"))
        })
        .count()
}

fn title(cause: Cause, spans: &[Span<'_>]) -> String {
    let n = spans.len() as u64;
    if cause == Cause::FailedHealthChecks {
        return format!(
            "{} replaced by ECS after failing health checks",
            words::count(n, "task was", "tasks were")
        );
    }
    let why = if out_of_memory(spans) * 2 > spans.len() {
        "ran out of memory and was killed"
    } else {
        "stopped on its own"
    };
    match n {
        1 => format!("A container {why}"),
        n => format!("{} times a container {why}", words::thousands(n)),
    }
}

fn what_stopped(cause: Cause, spans: &[Span<'_>], tie: &Tie) -> String {
    // Those with errors first: they are what a person looks for.
    let (with, without): (Vec<_>, Vec<_>) = spans
        .iter()
        .enumerate()
        .partition(|(place, _)| tie.with_errors.contains(place));
    let named: Vec<String> = with
        .into_iter()
        .chain(without)
        .map(|(_, span)| format!("{} ({})", span.departure.name, span.departure.story()))
        .collect();
    let what = match cause {
        Cause::FailedHealthChecks => "ECS replaced",
        _ => "Ended on their own:",
    };
    format!("{what} {}.", words::list(&named, 3))
}

fn resources(spans: &[Span<'_>], tie: &Tie) -> Vec<String> {
    let all = spans.iter().enumerate();
    let own: Vec<String> = all
        .filter(|(place, _)| tie.with_errors.is_empty() || tie.with_errors.contains(place))
        .map(|(_, span)| span.departure.resource.clone())
        .collect();
    own.into_iter().take(10).collect()
}

fn how_to_fix(case: &Case<'_>, cause: Cause, spans: &[Span<'_>]) -> Fix {
    let region = &case.evidence.load_balancer.region;
    let mut parts = spans[0].departure.resource.rsplit('/');
    let id = parts.next().unwrap_or_default();
    let cluster = parts
        .next()
        .filter(|part| !part.contains(':'))
        .unwrap_or("default");
    let memory = out_of_memory(spans) > 0;
    let summary = if cause == Cause::FailedHealthChecks {
        "Find out why the health check failed before ECS replaced the tasks: read their logs from that \
         time, and give slow starters a longer health check grace period."
    } else if memory {
        "Give the task more memory, or keep the runtime's own limit (heap, workers) below the task's; \
         then look for what grows."
    } else {
        "Read the container's last log lines and its exit code, and fix what ended it."
    };
    let mut cli = vec![fix::aws(
        &format!(
            "ecs describe-tasks --cluster {} --tasks {}",
            fix::quote(cluster),
            fix::quote(id)
        ),
        region,
    )];
    let services = case
        .evidence
        .ecs
        .seen()
        .map_or(&[][..], |ecs| &ecs.services);
    cli.extend(
        services
            .first()
            .and_then(|service| service.task_definition.as_ref())
            .map(|arn| {
                fix::aws(
                    &format!(
                        "ecs describe-task-definition --task-definition {}",
                        fix::quote(arn)
                    ),
                    region,
                )
            }),
    );
    Fix {
        summary: summary.to_owned(),
        cli,
        console: fix::console(
            region,
            &format!(
                "ecs/v2/clusters/{}/tasks/{}",
                fix::encode(cluster),
                fix::encode(id)
            ),
        ),
        terraform: if memory {
            "resource \"aws_ecs_task_definition\" \"this\" {\n  # …\n  memory = 2048 # above what the container really needs\n}\n".to_owned()
        } else {
            String::new()
        },
    }
}

#[cfg(test)]
mod tests;
