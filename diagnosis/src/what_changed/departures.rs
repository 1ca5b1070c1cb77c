//! Targets that were stopped, restarted or taken out near the window, each with what is known of
//! when and why: from ECS's stopped tasks, CloudTrail and Auto Scaling. Most of them have left their
//! target group since, so that DescribeTargetHealth no longer knows them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{hosts, tasks};
use crate::{
    case::{Case, apart, shifted},
    evidence::Change,
    words,
};

/// One target that went.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    /// The task's ARN, the instance's id or the address: what a person looks up.
    pub(crate) resource: String,
    /// `task 1a2b3c4d`, `i-0abc`, `10.0.1.9`.
    pub(crate) name: String,
    /// Its addresses; empty where nobody knows them any more.
    pub(crate) hosts: BTreeSet<String>,
    /// The ports of its host under which it was registered, where it has no address of its own.
    pub(crate) host_ports: Vec<u16>,
    /// The target groups that it served, by ARN, where that is known.
    pub(crate) target_groups: Vec<String>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) cause: Cause,
    pub(crate) deregistered: Option<Deregistered>,
    /// When it was told to stop, or ended on its own.
    pub(crate) stopping_at: Option<DateTime<Utc>>,
    /// When it was gone.
    pub(crate) stopped_at: Option<DateTime<Utc>>,
    /// What says so, in order of time.
    pub(crate) notes: Vec<(DateTime<Utc>, String)>,
}

/// Why it went, as far as the events tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Only taken out of its group.
    Deregistered,
    /// A person or a service rebooted it.
    Restarted,
    /// A person, a deployment or scaling stopped it.
    Stopped,
    /// AWS took the capacity back.
    Reclaimed,
    /// Auto Scaling found it dead or failing, and replaced it.
    FoundDead,
    /// ECS found it failing its health checks, and replaced it.
    FailedHealthChecks,
    /// It ended on its own.
    Crashed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deregistered {
    pub(crate) at: DateTime<Utc>,
    /// An event names this target; else the moment is that of an event of its service or group.
    pub(crate) sure: bool,
}

impl Departure {
    /// The first and the last moment of it.
    pub(crate) fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let moments = [
            self.deregistered.map(|one| one.at),
            self.stopping_at,
            self.stopped_at,
        ];
        let moments = moments.into_iter().flatten();
        Some((moments.clone().min()?, moments.max()?))
    }

    /// It was out of its group before it was told to stop.
    pub(crate) fn deregistered_first(&self) -> bool {
        match (self.deregistered, self.stopping_at) {
            (Some(out), Some(stopping)) => out.at <= stopping,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// What was done to it, in words, in order of time.
    pub(crate) fn story(&self) -> String {
        let notes: Vec<String> = self
            .notes
            .iter()
            .map(|(at, note)| format!("{} {note}", words::clock(*at)))
            .collect();
        words::list(&notes, 3)
    }

    pub(super) fn note(&mut self, at: DateTime<Utc>, note: String) {
        if !self
            .notes
            .iter()
            .any(|known| known.0 == at && known.1 == note)
        {
            self.notes.push((at, note));
            self.notes.sort();
        }
    }

    fn stops(&mut self, at: DateTime<Utc>, cause: Cause) {
        self.stopping_at = Some(self.stopping_at.map_or(at, |known| known.min(at)));
        self.cause = self.cause.max(cause);
    }

    pub(super) fn leaves(&mut self, at: DateTime<Utc>, sure: bool) {
        let better = self
            .deregistered
            .is_none_or(|known| (!known.sure && sure) || (known.sure == sure && at < known.at));
        if better {
            self.deregistered = Some(Deregistered { at, sure });
        }
    }

    /// An event at `at` that names an address may mean this task, or one that had it before or after.
    fn lived_at(&self, at: DateTime<Utc>) -> bool {
        self.started_at.is_none_or(|started| started <= at)
            && self
                .stopped_at
                .is_none_or(|stopped| at <= shifted(stopped, REMOVED_WITHIN))
    }
}

/// ECS takes a task that ended out of its group within this time. [I]
pub(super) const REMOVED_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// Every target that went, in order of their first moment.
pub(crate) fn departures(case: &Case<'_>) -> Vec<Departure> {
    let mut found = Found {
        case,
        all: tasks::departures(case),
    };
    for change in case.evidence.cloudtrail.seen().into_iter().flatten() {
        if change.error.is_none() {
            found.cloudtrail(change);
        }
    }
    for change in case.evidence.auto_scaling.seen().into_iter().flatten() {
        if change.error.is_none() {
            found.auto_scaling(change);
        }
    }
    found.all.retain(|one| one.span().is_some());
    found
        .all
        .sort_by(|a, b| (a.span(), &a.resource).cmp(&(b.span(), &b.resource)));
    found.all
}

struct Found<'a> {
    case: &'a Case<'a>,
    all: Vec<Departure>,
}

impl Found<'_> {
    fn cloudtrail(&mut self, change: &Change) {
        let note = format!("{} by {}", change.name, change.who);
        let by_auto_scaling = change.who.contains("autoscaling");
        match change.name.as_str() {
            "DeregisterTargets" | "DeregisterInstancesFromLoadBalancer" => {
                if !self.names_a_group_of_ours(change) {
                    return;
                }
                for id in target_ids(change) {
                    let one = self.entry(id, change.at);
                    one.leaves(change.at, true);
                    one.note(change.at, note.clone());
                }
            }
            "StopInstances" | "TerminateInstances" | "TerminateInstanceInAutoScalingGroup" => {
                for id in target_ids(change).filter(|id| id.starts_with("i-")) {
                    let one = self.entry(id, change.at);
                    let cause = if by_auto_scaling {
                        Cause::Deregistered
                    } else {
                        Cause::Stopped
                    };
                    one.stops(change.at, cause);
                    one.note(change.at, note.clone());
                }
            }
            "RebootInstances" => {
                for id in target_ids(change) {
                    let one = self.entry(id, change.at);
                    one.stops(change.at, Cause::Restarted);
                    one.note(change.at, note.clone());
                }
            }
            "BidEvictedEvent" => {
                for id in target_ids(change) {
                    let one = self.entry(id, change.at);
                    one.stops(change.at, Cause::Reclaimed);
                    one.note(change.at, "EC2 reclaimed the Spot instance".to_owned());
                }
            }
            "StopTask" => {
                let named = |one: &&mut Departure| {
                    let id = one.resource.rsplit('/').next().unwrap_or_default();
                    change
                        .resources
                        .iter()
                        .any(|name| *name == one.resource || (!id.is_empty() && name == id))
                };
                if let Some(one) = self.all.iter_mut().find(named) {
                    // Whatever ECS calls it: somebody asked for it.
                    one.cause = Cause::Stopped;
                    one.stops(change.at, Cause::Stopped);
                    one.note(change.at, note);
                }
            }
            _ => {}
        }
    }

    fn auto_scaling(&mut self, change: &Change) {
        let text = format!("{} {}", change.name, change.summary).to_lowercase();
        let takes = ["terminating", "detaching", "to standby"];
        if !takes.iter().any(|word| text.contains(word)) {
            return;
        }
        let cause =
            if text.contains("spot") || text.contains("rebalance") || text.contains("interruption")
            {
                Cause::Reclaimed
            } else if text.contains("health check") || text.contains("unhealthy") {
                Cause::FoundDead
            } else {
                Cause::Stopped
            };
        for id in target_ids(change) {
            let one = self.entry(id, change.at);
            // Who stopped it before Auto Scaling found it so is the cause.
            let asked_before = matches!(one.cause, Cause::Stopped | Cause::Reclaimed)
                && one.stopping_at.is_some_and(|stopping| stopping < change.at);
            if !(asked_before && cause == Cause::FoundDead) {
                one.cause = one.cause.max(cause);
            }
            // Auto Scaling takes an instance out of its groups first, and waits for the drain.
            one.leaves(change.at, false);
            one.note(
                change.at,
                format!("Auto Scaling: {}", first_sentence(&change.summary)),
            );
        }
    }

    fn names_a_group_of_ours(&self, change: &Change) -> bool {
        let ours = |name: &String| {
            self.case.target_group(name).is_some()
                || (self.case.is_classic() && *name == self.case.evidence.load_balancer.name)
        };
        let names_groups = change
            .resources
            .iter()
            .any(|name| name.contains(":targetgroup/"));
        change.resources.iter().any(ours) || !(names_groups || self.case.is_classic())
    }

    /// The departure of this id that fits the time, or a new one.
    fn entry(&mut self, id: &str, at: DateTime<Utc>) -> &mut Departure {
        let fits =
            |one: &Departure| (one.resource == id || one.hosts.contains(id)) && one.lived_at(at);
        let distance = |one: &Departure| {
            one.stopping_at
                .map_or(TimeDelta::zero(), |stop| apart(stop, at))
        };
        let place = (0..self.all.len())
            .filter(|place| fits(&self.all[*place]))
            .min_by_key(|place| distance(&self.all[*place]));
        let place = place.unwrap_or_else(|| {
            let is_instance = id.starts_with("i-");
            self.all.push(Departure {
                resource: id.to_owned(),
                name: id.to_owned(),
                hosts: if is_instance {
                    hosts::of_instance(self.case.evidence, id)
                } else {
                    BTreeSet::from([id.to_owned()])
                },
                host_ports: Vec::new(),
                target_groups: Vec::new(),
                started_at: None,
                cause: Cause::Deregistered,
                deregistered: None,
                stopping_at: None,
                stopped_at: None,
                notes: Vec::new(),
            });
            self.all.len() - 1
        });
        &mut self.all[place]
    }
}

/// What an event names that can be a target: instance ids and addresses, each once.
pub(super) fn target_ids(change: &Change) -> impl Iterator<Item = &str> {
    let ids: BTreeSet<&str> = change
        .resources
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with("i-") || name.parse::<std::net::IpAddr>().is_ok())
        .collect();
    ids.into_iter()
}

fn first_sentence(text: &str) -> &str {
    text.split(" (").next().unwrap_or(text)
}
