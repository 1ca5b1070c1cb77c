//! What was changed in the window, and what the application wrote.

use diagnosis::{
    Evidence,
    evidence::{
        AppLog, Change, Ecs,
        app_log::AppLogLine,
        ecs::{EcsService, ServiceEvent, StoppedContainer, StoppedTask},
    },
    need::Need,
};

use super::{Seen, Told, arn};
use crate::traffic::clock;

pub(super) fn changes(evidence: &mut Evidence, told: &Told, seen: &Seen) {
    let changes = told.changes.iter().map(|line| {
        let (at, rest) = line.split_once(' ').expect("a time");
        let (name, rest) = rest.split_once(" by ").expect("who");
        let (who, resources) = rest.split_once(": ").expect("what");
        let refused = who.strip_suffix(" refused");
        Change {
            at: clock(at).unwrap(),
            name: name.to_owned(),
            who: refused.unwrap_or(who).to_owned(),
            resources: named(told, resources),
            summary: format!("{name} {resources}"),
            error: refused.map(|_| "AccessDenied".to_owned()),
        }
    });
    evidence.cloudtrail = seen.part(Need::CloudTrail, changes.collect());
    let activities = told.scaling.iter().map(|line| {
        let (at, text) = line.split_once(' ').expect("a time");
        Change {
            at: clock(at).unwrap(),
            name: text.split(':').next().unwrap().to_owned(),
            who: "Auto Scaling group shop-web".to_owned(),
            resources: text
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .filter(|word| word.starts_with("i-"))
                .map(str::to_owned)
                .collect(),
            summary: text.to_owned(),
            error: None,
        }
    });
    evidence.auto_scaling = seen.part(Need::AutoScaling, activities.collect());
    evidence.ecs = seen.part(Need::Ecs, ecs(told));
    if let Some(lines) = &told.app_log {
        let lines = lines.iter().map(|line| {
            let (at, rest) = line.split_once(' ').expect("a time");
            let named = rest.strip_prefix('@').and_then(|rest| rest.split_once(' '));
            let (stream, message) = named.unwrap_or(("1", rest));
            AppLogLine {
                at: clock(at).unwrap(),
                group: "/shop/web".to_owned(),
                stream: stream.to_owned(),
                message: message.to_owned(),
            }
        });
        evidence.app_log = seen.part(
            Need::AppLog,
            AppLog {
                groups: vec!["/shop/web".to_owned()],
                lines: lines.collect(),
            },
        );
    }
}

/// Ids; names of groups become their ARNs.
fn named(told: &Told, resources: &str) -> Vec<String> {
    let name = |word: &str| match told.group.contains_key(word) {
        true => arn(word, told.classic),
        false => word.to_owned(),
    };
    resources.split_whitespace().map(name).collect()
}

fn ecs(told: &Told) -> Ecs {
    let mut ecs = Ecs::default();
    for (name, service) in &told.ecs {
        ecs.services.push(EcsService {
            arn: format!("arn:aws:ecs:eu-west-1:111122223333:service/main/{name}"),
            cluster: "arn:aws:ecs:eu-west-1:111122223333:cluster/main".to_owned(),
            name: name.clone(),
            target_group_arns: vec![arn(&service.group, told.classic)],
            desired_count: 4,
            running_count: 4,
            stop_timeout: Some(30),
            events: service
                .events
                .iter()
                .map(|line| {
                    let (at, message) = line.split_once(' ').expect("a time");
                    ServiceEvent {
                        at: clock(at).unwrap(),
                        message: message.to_owned(),
                    }
                })
                .collect(),
            ..EcsService::default()
        });
        for (n, line) in service.stopped.iter().enumerate() {
            ecs.stopped_tasks.push(task(name, n, line));
        }
    }
    ecs
}

fn task(service: &str, n: usize, line: &str) -> StoppedTask {
    let (head, tail) = line.split_once(": ").expect("a reason");
    let [address, times, code] = head.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{head}: not \"ADDRESS FROM..TO CODE\"");
    };
    let (stopping, stopped) = times.split_once("..").expect("two times");
    let (reason, container) = match tail.split_once(" | ") {
        Some((reason, container)) => (reason, Some(container)),
        None => (tail, None),
    };
    let port = address.strip_prefix("port=");
    let v6 = address.contains(':').then(|| address.to_owned());
    StoppedTask {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{service}{n:020x}"),
        service: Some(service.to_owned()),
        ip: (port.is_none() && v6.is_none()).then(|| address.to_owned()),
        ipv6: v6,
        host_ports: port.map(|port| port.parse().unwrap()).into_iter().collect(),
        stopping_at: Some(clock(stopping).unwrap()),
        stopped_at: Some(clock(stopped).unwrap()),
        stop_code: Some(code.to_owned()),
        stopped_reason: Some(reason.to_owned()),
        containers: container
            .map(|text| {
                let (exit, reason) = text.split_once(' ').unwrap_or((text, ""));
                StoppedContainer {
                    name: "app".to_owned(),
                    exit_code: Some(exit.parse().unwrap()),
                    reason: (!reason.is_empty()).then(|| reason.to_owned()),
                }
            })
            .into_iter()
            .collect(),
        ..StoppedTask::default()
    }
}
