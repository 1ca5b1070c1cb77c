//! ECS's stopped tasks.

use chrono::TimeDelta;

use super::departures::{Cause, Departure, REMOVED_WITHIN};
use crate::{
    case::{Case, apart, shifted},
    evidence::ecs::StoppedTask,
};

/// What a stopped task tells of its target; `None` where it never took a request.
pub(super) fn departure(case: &Case<'_>, task: &StoppedTask) -> Option<Departure> {
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    let lower = reason.to_lowercase();
    let cause = match task.stop_code.as_deref() {
        Some("TaskFailedToStart") => return None,
        Some("EssentialContainerExited") => Cause::Crashed,
        Some("SpotInterruption" | "TerminationNotice") => Cause::Reclaimed,
        None if lower.starts_with("essential container") => Cause::Crashed,
        _ if lower.contains("health check") => Cause::FailedHealthChecks,
        _ => Cause::Stopped,
    };
    let moments = [task.execution_stopped_at, task.stopping_at, task.stopped_at];
    let stopping_at = moments.into_iter().flatten().min()?;
    let id = task.arn.rsplit('/').next().unwrap_or_default();
    let services = case
        .evidence
        .ecs
        .seen()
        .map_or(&[][..], |ecs| &ecs.services);
    let service = services
        .iter()
        .find(|one| Some(&one.name) == task.service.as_ref());
    let mut departure = Departure {
        resource: task.arn.clone(),
        name: format!("task {}", id.chars().take(12).collect::<String>()),
        hosts: task.ip.iter().chain(&task.ipv6).cloned().collect(),
        host_ports: task.host_ports.clone(),
        target_groups: service.map_or_else(Vec::new, |one| one.target_group_arns.clone()),
        started_at: task.started_at,
        cause,
        deregistered: None,
        stopping_at: Some(stopping_at),
        stopped_at: task.stopped_at.or(task.execution_stopped_at),
        notes: Vec::new(),
    };
    departure.note(stopping_at, format!("ECS: {}", how_it_stopped(task)));
    let removed = service
        .into_iter()
        .flat_map(|service| &service.events)
        .filter(|event| {
            event.message.contains("deregistered") || event.message.contains("draining connections")
        });
    let within = shifted(departure.stopped_at.unwrap_or(stopping_at), REMOVED_WITHIN);
    let from = shifted(stopping_at, -DRAINED_WITHIN);
    let nearest = removed
        .filter(|event| from <= event.at && event.at <= within)
        .min_by_key(|event| (apart(event.at, stopping_at), event.at));
    if let Some(event) = nearest {
        departure.leaves(event.at, false);
        departure.note(
            event.at,
            "ECS deregistered a target of its service".to_owned(),
        );
    }
    Some(departure)
}

/// No deregistration delay is longer.
const DRAINED_WITHIN: TimeDelta = TimeDelta::seconds(3_600);

/// `essential container in task exited; app exited with 137, OutOfMemoryError: …`
pub(super) fn how_it_stopped(task: &StoppedTask) -> String {
    let mut parts: Vec<String> = Vec::new();
    match (&task.stopped_reason, &task.stop_code) {
        (Some(reason), _) => parts.push(reason.clone()),
        (None, Some(code)) => parts.push(code.clone()),
        (None, None) => parts.push("stopped, no reason given".to_owned()),
    }
    for container in task.containers.iter().take(3) {
        let exit = container.exit_code.map(|code| format!("exit code {code}"));
        let said: Vec<String> = exit.into_iter().chain(container.reason.clone()).collect();
        if !said.is_empty() {
            parts.push(format!("container {}: {}", container.name, said.join(", ")));
        }
    }
    parts.join("; ")
}
