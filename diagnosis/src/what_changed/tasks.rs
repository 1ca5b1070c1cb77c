//! ECS's stopped tasks.

use chrono::TimeDelta;

use super::departures::{Cause, Departure, REMOVED_WITHIN};
use crate::{
    case::{Case, apart, shifted},
    evidence::ecs::{EcsService, ServiceEvent, StoppedTask},
};

/// What the stopped tasks tell of their targets; nothing of those that never took a request.
pub(super) fn departures(case: &Case<'_>) -> Vec<Departure> {
    let Some(ecs) = case.evidence.ecs.seen() else {
        return Vec::new();
    };
    let mut of_services: Vec<(Option<&EcsService>, Departure)> = Vec::new();
    for task in &ecs.stopped_tasks {
        let service = ecs
            .services
            .iter()
            .find(|one| Some(&one.name) == task.service.as_ref());
        if let Some(departure) = departure(task, service) {
            of_services.push((service, departure));
        }
    }
    for service in &ecs.services {
        let own = of_services
            .iter_mut()
            .filter(|(of, _)| of.is_some_and(|of| std::ptr::eq(of, service)))
            .map(|(_, departure)| departure);
        leave(service, own.collect());
    }
    of_services
        .into_iter()
        .map(|(_, departure)| departure)
        .collect()
}

/// Gives each removal that the service tells of to the tasks nearest to it, to no more of them than it
/// says that it removed: ECS does not say which.
fn leave(service: &EcsService, mut tasks: Vec<&mut Departure>) {
    let mut removals: Vec<(&ServiceEvent, usize)> = service
        .events
        .iter()
        .filter_map(|event| Some((event, removed(&event.message)?)))
        .collect();
    let mut pairs = Vec::new();
    for (task, departure) in tasks.iter().enumerate() {
        let Some(stopping_at) = departure.stopping_at else {
            continue;
        };
        let from = shifted(stopping_at, -DRAINED_WITHIN);
        let within = shifted(departure.stopped_at.unwrap_or(stopping_at), REMOVED_WITHIN);
        for (removal, (event, _)) in removals.iter().enumerate() {
            if from <= event.at && event.at <= within {
                pairs.push((apart(event.at, stopping_at), event.at, task, removal));
            }
        }
    }
    pairs.sort_unstable();
    for (_, at, task, removal) in pairs {
        let (Some(departure), Some((_, left))) = (tasks.get_mut(task), removals.get_mut(removal))
        else {
            continue;
        };
        if *left > 0 && departure.deregistered.is_none() {
            *left -= 1;
            departure.leaves(at, false);
            departure.note(at, "ECS deregistered a target of its service".to_owned());
        }
    }
}

/// How many tasks the event says were taken out: "(service web) deregistered 2 targets in (target-group
/// …)", "(service web) has begun draining connections on 2 tasks." `None` for other events; all where
/// the number is not to be read.
fn removed(message: &str) -> Option<usize> {
    let rest = ["deregistered ", "draining connections on "]
        .into_iter()
        .find_map(|words| message.split_once(words))?
        .1;
    let number = rest.split(' ').next().and_then(|word| word.parse().ok());
    Some(number.unwrap_or(usize::MAX))
}

fn departure(task: &StoppedTask, service: Option<&EcsService>) -> Option<Departure> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::Ecs, fixture::*};

    /// Tasks of one service that were stopped at these times, and what its events say.
    fn stopped(stops: &[&str], events: &[(&str, &str)]) -> Vec<Option<String>> {
        let mut evidence = healthy();
        evidence.ecs = seen(Ecs {
            services: vec![EcsService {
                name: "web".to_owned(),
                events: events
                    .iter()
                    .map(|(clock, message)| ServiceEvent {
                        at: at(clock),
                        message: (*message).to_owned(),
                    })
                    .collect(),
                ..EcsService::default()
            }],
            stopped_tasks: stops
                .iter()
                .map(|clock| StoppedTask {
                    arn: format!("task/main/{clock}"),
                    service: Some("web".to_owned()),
                    stopping_at: Some(at(clock)),
                    ..StoppedTask::default()
                })
                .collect(),
        });
        departures(&Case::new(&evidence))
            .into_iter()
            .map(|one| one.deregistered.map(|out| out.at.format("%T").to_string()))
            .collect()
    }

    #[test]
    fn one_removal_is_that_of_one_task() {
        let one = "(service web) deregistered 1 targets in (target-group web)";
        assert_eq!(
            stopped(&["10:20:00", "10:27:00"], &[("10:20:12", one)]),
            [Some("10:20:12".to_owned()), None]
        );
        assert_eq!(
            stopped(
                &["10:20:00", "10:27:00"],
                &[("10:20:12", one), ("10:27:03", one)]
            ),
            [Some("10:20:12".to_owned()), Some("10:27:03".to_owned())]
        );
    }

    #[test]
    fn one_event_may_remove_several() {
        for words in [
            "(service web) deregistered 2 targets in (target-group web)",
            "(service web) has begun draining connections on 2 tasks.",
        ] {
            assert_eq!(
                stopped(
                    &["10:20:00", "10:20:05", "10:27:00"],
                    &[("10:20:02", words)]
                ),
                [
                    Some("10:20:02".to_owned()),
                    Some("10:20:02".to_owned()),
                    None
                ]
            );
        }
        assert_eq!(removed("(service web) has reached a steady state."), None);
    }
}
