//! Moments at which targets were stopped, removed or restarted: each may explain that a connection
//! ended, whatever else is wrong.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    departures::{Departure, departures, target_ids},
    hosts,
    tasks::how_it_stopped,
};
use crate::{
    case::Case,
    evidence::{Change, access_log::FaultRow},
};

/// A moment at which somebody or something stopped, removed or restarted targets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disturbance {
    pub at: DateTime<Utc>,
    /// Target ids or addresses that it names; empty where it names none of ours.
    pub touches: BTreeSet<String>,
    /// One line for people.
    pub words: String,
}

/// CloudTrail event names that take targets away or restart them.
const REMOVING_EVENTS: &[&str] = &[
    "DeregisterTargets",
    "DeregisterInstancesFromLoadBalancer",
    "StopInstances",
    "RebootInstances",
    "TerminateInstances",
    "TerminateInstanceInAutoScalingGroup",
    "BidEvictedEvent",
    "StopTask",
    "UpdateService",
    "SendCommand",
];

impl Case<'_> {
    /// What was done to targets in or near the window, in order of time.
    pub fn disturbances(&self) -> Vec<Disturbance> {
        let evidence = self.evidence;
        let mut found = Vec::new();
        let gone = departures(self);
        let ecs = evidence.ecs.seen();
        for task in ecs.into_iter().flat_map(|ecs| &ecs.stopped_tasks) {
            let moments = [task.stopping_at, task.execution_stopped_at, task.stopped_at];
            for at in moments.into_iter().flatten() {
                found.push(Disturbance {
                    at,
                    touches: task.ip.iter().chain(&task.ipv6).cloned().collect(),
                    words: format!(
                        "ECS stopped task {} ({})",
                        task.arn.rsplit('/').next().unwrap_or_default(),
                        how_it_stopped(task)
                    ),
                });
            }
        }
        for change in evidence.cloudtrail.seen().into_iter().flatten() {
            if change.error.is_none() && REMOVING_EVENTS.contains(&change.name.as_str()) {
                found.push(Disturbance {
                    at: change.at,
                    touches: self.touched(change, &gone),
                    words: format!("{} by {}", change.name, change.who),
                });
            }
        }
        for change in evidence.auto_scaling.seen().into_iter().flatten() {
            let words = format!("{} {}", change.name, change.summary).to_lowercase();
            if words.contains("terminat") || words.contains("refresh") {
                found.push(Disturbance {
                    at: change.at,
                    touches: self.touched(change, &gone),
                    words: format!("Auto Scaling: {}", change.summary),
                });
            }
        }
        found.sort();
        found
    }

    /// Whether a disturbance names the target that a row was sent to: by id, address or both.
    pub fn names(&self, disturbance: &Disturbance, row: &FaultRow) -> bool {
        hosts::is_named(self, &disturbance.touches, row)
    }

    /// The names of an event, and the addresses of the instances and tasks among them.
    fn touched(&self, change: &Change, gone: &[Departure]) -> BTreeSet<String> {
        let mut touches: BTreeSet<String> = change.resources.iter().cloned().collect();
        for id in target_ids(change) {
            touches.extend(hosts::of_instance(self.evidence, id));
        }
        if change.name == "StopTask" {
            let named = gone.iter().filter(|one| {
                let id = one.resource.rsplit('/').next().unwrap_or_default();
                touches.contains(&one.resource) || touches.contains(id)
            });
            let hosts: Vec<String> = named.flat_map(|one| one.hosts.iter().cloned()).collect();
            touches.extend(hosts);
        }
        touches
    }
}
