//! How much is known of what happened to targets, and how long their health checks take.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::departures::Departure;
use crate::{
    case::{Case, shifted},
    evidence::{TargetGroup, ecs::EcsService},
    need::Need,
    observed::Observed,
};

/// ECS forgets stopped tasks after about this time. [V] "Viewing stopped tasks": "at least one hour".
const STOPPED_TASKS_KEPT: TimeDelta = TimeDelta::hours(1);
/// ECS keeps this many events of a service. [V] DescribeServices.
const EVENTS_KEPT: usize = 100;

/// What keeps the list of stopped tasks from being all of the window's.
pub(crate) fn missing_tasks(case: &Case<'_>) -> Vec<String> {
    let mut missing = case.missing(&[Need::Ecs]);
    let Observed::Seen { value: ecs, at, .. } = &case.evidence.ecs else {
        return missing;
    };
    let from = case.evidence.window.from;
    let kept_from = shifted(*at, -STOPPED_TASKS_KEPT);
    let lost = |service: &EcsService| {
        // A service that lists no change of its tasks in the forgotten time lost none.
        let changed = service.events.iter().any(|event| {
            shifted(from, -TimeDelta::minutes(2)) <= event.at
                && event.at < kept_from
                && [
                    "deregistered",
                    "draining",
                    "has stopped",
                    "unhealthy",
                    "has started",
                ]
                .iter()
                .any(|word| event.message.contains(word))
        });
        changed || service.events.len() >= EVENTS_KEPT
    };
    if from < kept_from && ecs.services.iter().any(lost) {
        missing.push(format!(
            "stopped ECS tasks: ECS keeps them for about an hour, those before {} are forgotten; \
             look into the service's events and the application's log",
            crate::words::clock(kept_from)
        ));
    }
    missing
}

/// Everything that could tell of a target that was stopped or removed.
pub(crate) fn missing_departures(case: &Case<'_>) -> Vec<String> {
    let mut missing = missing_tasks(case);
    missing.extend(case.missing(&[Need::TargetGroups, Need::CloudTrail, Need::AutoScaling]));
    missing
}

/// The groups that a departed target served, or all that there are.
pub(crate) fn groups_of<'a>(case: &Case<'a>, departure: &Departure) -> Vec<&'a TargetGroup> {
    let own: Vec<&TargetGroup> = case
        .target_groups()
        .iter()
        .filter(|group| departure.target_groups.contains(&group.arn))
        .collect();
    if own.is_empty() {
        case.target_groups().iter().collect()
    } else {
        own
    }
}

/// How long health checks take at most until they call a dead target unhealthy.
pub(crate) fn detection(case: &Case<'_>, departure: &Departure) -> Option<TimeDelta> {
    groups_of(case, departure)
        .into_iter()
        .filter(|group| group.health_check.enabled)
        .map(|group| {
            let seconds = i64::try_from(group.health_check.detection()).ok();
            seconds
                .and_then(TimeDelta::try_seconds)
                .unwrap_or(TimeDelta::MAX)
        })
        .max()
}

/// Where the deregistration delay is read from.
pub(crate) fn delay_need(case: &Case<'_>) -> Need {
    if case.is_classic() {
        Need::Attributes
    } else {
        Need::TargetGroupAttributes
    }
}

/// The deregistration delays of its groups, as far as they were seen, each once. Classic has one, 0
/// where connection draining is off.
pub(crate) fn delays(case: &Case<'_>, departure: &Departure) -> BTreeSet<TimeDelta> {
    if case.is_classic() {
        let attributes = case.evidence.attributes.seen().into_iter();
        let seconds = attributes.map(|one| one.connection_draining.unwrap_or(0));
        return seconds
            .map(|one| TimeDelta::seconds(i64::from(one)))
            .collect();
    }
    let attributes = &case.evidence.target_group_attributes;
    groups_of(case, departure)
        .into_iter()
        .filter_map(|group| attributes.get(&group.arn).and_then(Observed::seen))
        .map(|seen| TimeDelta::seconds(i64::from(seen.deregistration_delay)))
        .collect()
}

/// The longest of [`delays`].
pub(crate) fn delay(case: &Case<'_>, departure: &Departure) -> Option<TimeDelta> {
    delays(case, departure).last().copied()
}

/// Departures that lie in the window, some seconds before it or after.
pub(crate) fn near_window(case: &Case<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    let window = case.evidence.window;
    from < window.to && window.from <= to
}
