//! Everything that happened, from all sources, with the part of the traffic that it can touch.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{ChangeSource, departures::target_ids, hosts, tasks::how_it_stopped};
use crate::{
    case::{Case, minute_of},
    evidence::Change,
    words,
};

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) at: DateTime<Utc>,
    pub(super) source: ChangeSource,
    pub(super) name: String,
    pub(super) who: String,
    pub(super) resources: Vec<String>,
    pub(super) in_words: String,
    pub(super) refused: Option<String>,
    pub(super) scope: Scope,
}

/// Whose errors a change can have made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    All,
    /// Of these target groups, by ARN.
    Groups(BTreeSet<String>),
    /// Of targets at these addresses.
    Hosts(BTreeSet<String>),
    /// Of targets whose address belongs to nothing that is known: the change names an instance whose
    /// address EC2 has forgotten.
    Strangers,
    /// Nobody's: it brings something back, or says that all is well.
    None,
}

pub(super) fn events(case: &Case<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for change in case.evidence.cloudtrail.seen().into_iter().flatten() {
        events.push(of_change(case, change, ChangeSource::CloudTrail));
    }
    for change in case.evidence.auto_scaling.seen().into_iter().flatten() {
        events.push(of_change(case, change, ChangeSource::AutoScaling));
    }
    ecs(case, &mut events);
    health(case, &mut events);
    events.sort_by(|a, b| {
        (a.at, a.source, &a.name, &a.in_words).cmp(&(b.at, b.source, &b.name, &b.in_words))
    });
    events
}

fn of_change(case: &Case<'_>, change: &Change, source: ChangeSource) -> Event {
    let what = match source {
        ChangeSource::CloudTrail => {
            format!("{}: {}", change.name, words::list(&change.resources, 4))
        }
        _ => change.summary.clone(),
    };
    Event {
        at: change.at,
        source,
        name: change.name.clone(),
        who: change.who.clone(),
        resources: change.resources.clone(),
        in_words: match &change.error {
            Some(error) => format!("{what} (refused: {error})"),
            None => what,
        },
        refused: change.error.clone(),
        scope: scope(case, change),
    }
}

/// Targets that it names, else groups, else everything.
fn scope(case: &Case<'_>, change: &Change) -> Scope {
    let ids: Vec<&str> = target_ids(change).collect();
    if !ids.is_empty() {
        let mut found = BTreeSet::new();
        for id in ids {
            if !id.starts_with("i-") {
                found.insert(id.to_owned());
            }
            found.extend(hosts::of_instance(case.evidence, id));
        }
        return if found.is_empty() {
            Scope::Strangers
        } else {
            Scope::Hosts(found)
        };
    }
    let named = |name: &str| change.resources.iter().any(|one| one == name);
    let services = case
        .evidence
        .ecs
        .seen()
        .map_or(&[][..], |ecs| &ecs.services);
    let of_services = services
        .iter()
        .filter(|service| named(&service.name) || named(&service.arn))
        .flat_map(|service| service.target_group_arns.iter().cloned());
    let own = case
        .target_groups()
        .iter()
        .map(|group| &group.arn)
        .filter(|arn| named(arn))
        .cloned();
    let groups: BTreeSet<String> = own.chain(of_services).collect();
    if !groups.is_empty() {
        return Scope::Groups(groups);
    }
    let load_balancer = &case.evidence.load_balancer;
    let of_load_balancer = load_balancer
        .security_groups
        .iter()
        .any(|group| named(group));
    let instances = case.evidence.instances.seen().into_iter().flatten();
    let behind: BTreeSet<String> = instances
        .filter(|one| one.security_groups.iter().any(|group| named(group)))
        .flat_map(|one| one.private_ips.iter().chain(&one.ipv6_addresses).cloned())
        .collect();
    if of_load_balancer || behind.is_empty() {
        Scope::All
    } else {
        Scope::Hosts(behind)
    }
}

fn ecs(case: &Case<'_>, events: &mut Vec<Event>) {
    let Some(ecs) = case.evidence.ecs.seen() else {
        return;
    };
    for service in &ecs.services {
        for event in &service.events {
            let well =
                event.message.contains("steady state") || event.message.contains("registered");
            let removes = event.message.contains("deregistered");
            events.push(Event {
                at: event.at,
                source: ChangeSource::Ecs,
                name: "ECS service event".to_owned(),
                who: format!("ECS service {}", service.name),
                resources: vec![service.arn.clone()],
                in_words: event.message.clone(),
                refused: None,
                scope: if well && !removes {
                    Scope::None
                } else {
                    Scope::Groups(service.target_group_arns.iter().cloned().collect())
                },
            });
        }
    }
    for task in &ecs.stopped_tasks {
        let moments = [task.execution_stopped_at, task.stopping_at, task.stopped_at];
        let Some(at) = moments.into_iter().flatten().min() else {
            continue;
        };
        let addresses: BTreeSet<String> = task.ip.iter().chain(&task.ipv6).cloned().collect();
        events.push(Event {
            at,
            source: ChangeSource::Ecs,
            name: match task.stop_code.as_deref() {
                Some(code) => format!("ECS task stopped ({code})"),
                None => "ECS task stopped".to_owned(),
            },
            who: match &task.service {
                Some(service) => format!("ECS service {service}"),
                None => "ECS".to_owned(),
            },
            resources: [task.arn.clone()]
                .into_iter()
                .chain(addresses.iter().cloned())
                .collect(),
            in_words: how_it_stopped(task),
            refused: None,
            scope: if addresses.is_empty() {
                Scope::All
            } else {
                Scope::Hosts(addresses)
            },
        });
    }
}

/// Minutes in which the number of healthy targets of a group is another than before.
fn health(case: &Case<'_>, events: &mut Vec<Event>) {
    let window = case.evidence.window;
    for group in case.target_groups() {
        let stats = ["Minimum", "Average", "Maximum"];
        let series = stats
            .iter()
            .find_map(|stat| case.target_group_series(&group.arn, "HealthyHostCount", stat));
        let mut before: Option<u64> = None;
        for point in series
            .into_iter()
            .flat_map(|one| one.between(minute_of(window.from), window.to))
        {
            let now = crate::case::whole(point.value);
            if let Some(before) = before.filter(|before| *before != now) {
                let fell = now < before;
                events.push(Event {
                    at: point.at,
                    source: ChangeSource::TargetHealth,
                    name: if fell {
                        "fewer healthy targets"
                    } else {
                        "more healthy targets"
                    }
                    .to_owned(),
                    who: "health checks".to_owned(),
                    resources: vec![group.arn.clone()],
                    in_words: format!(
                        "healthy targets of {} went from {} to {}",
                        group.name,
                        words::thousands(before),
                        words::thousands(now)
                    ),
                    refused: None,
                    scope: if fell {
                        Scope::Groups(BTreeSet::from([group.arn.clone()]))
                    } else {
                        Scope::None
                    },
                });
            }
            before = Some(now);
        }
    }
}
