//! A target group as the chain names it; or those that were not seen.

use super::{Hop, NotKnown};
use crate::{
    case::{Case, shifted},
    evidence::TargetGroup,
    need::Need,
    observed::Observed,
    what_changed::{
        departures::{Cause, Departure},
        known,
    },
};

/// What is said of groups that were not seen.
const UNSEEN: &str = "target groups that were not seen";

pub(super) fn name(group: Option<&TargetGroup>) -> &str {
    group.map_or("not-seen", |group| &group.name)
}

pub(super) fn place(case: &Case<'_>, group: Option<&TargetGroup>) -> String {
    match group {
        Some(_) if case.is_classic() => "instances".to_owned(),
        Some(group) => format!("target group {}", group.name),
        None => UNSEEN.to_owned(),
    }
}

/// A hop of this group that is read from its target group, without its number as yet.
pub(super) fn hop(case: &Case<'_>, group: Option<&TargetGroup>, kind: &str) -> Hop {
    let mut hop = Hop {
        id: format!("{kind}:{}", name(group)),
        place: place(case, group),
        ..Hop::of(Need::TargetGroups.name(), &case.evidence.target_groups)
    };
    if group.is_none() && matches!(case.evidence.target_groups, Observed::Seen { .. }) {
        hop.not_known = Some(NotKnown::Failed);
    }
    hop
}

/// The departures near the window that are known to be of this group's targets.
pub(super) fn departed<'a>(
    case: &Case<'_>,
    all: &'a [Departure],
    group: Option<&TargetGroup>,
) -> Vec<&'a Departure> {
    let only = super::groups(case, false).count() == 1;
    all.iter()
        .filter(|one| one.cause < Cause::FailedHealthChecks)
        .filter(|one| {
            group.is_some_and(|group| {
                one.target_groups.contains(&group.arn) || (one.target_groups.is_empty() && only)
            })
        })
        .filter(|one| {
            one.span()
                .is_some_and(|(from, to)| known::near_window(case, from, shifted(to, NEAR)))
        })
        .collect()
}

/// What a departure breaks, it breaks within this time. The rule book's minute.
const NEAR: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
