//! 503: there was nothing to choose from, or what was there turned requests away.

use std::collections::BTreeMap;

use super::{by_group, sign};
use crate::{
    case::{Case, minute_of, whole},
    evidence::{TargetGroup, TargetHealth, access_log::FaultRow},
    neighbours::Sign,
    words,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    GroupEmpty,
    GroupHasTargets,
    GroupUnknown,
    NamesTarget,
    OnClassic,
}

pub(super) fn signs(case: &Case<'_>, places: &[usize]) -> Vec<Sign> {
    let mut sorted: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    for place in places {
        let kind = Kind::of(case, &case.rows()[*place]);
        sorted.entry(kind).or_default().push(*place);
    }
    let mut signs = Vec::new();
    for (kind, places) in sorted {
        if kind == Kind::OnClassic {
            signs.push(on_classic(case, &places));
            continue;
        }
        let (id, shows, tells) = kind.words();
        signs.push(sign(
            id,
            case.requests(&places),
            format!("{shows}: {}", by_group(case, &places)),
            tells,
        ));
    }
    signs
}

impl Kind {
    fn of(case: &Case<'_>, row: &FaultRow) -> Self {
        if case.is_classic() {
            return Self::OnClassic;
        }
        if row.target.is_some() {
            return Self::NamesTarget;
        }
        match case
            .target_group_of(row)
            .and_then(|group| is_empty(case, group))
        {
            Some(true) => Self::GroupEmpty,
            Some(false) => Self::GroupHasTargets,
            None => Self::GroupUnknown,
        }
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::GroupEmpty => (
                "group-empty",
                "no target was chosen, and the group has none that can be",
                "nothing is registered, or every target is unused or on its way out",
            ),
            Self::GroupHasTargets => (
                "group-has-targets",
                "no target was chosen, though the group has targets now",
                "it had none at the time, none in the zone of the node, or a target optimizer turned the \
                 requests away [S]",
            ),
            // The words of Classic are made with its metrics.
            Self::GroupUnknown | Self::OnClassic => (
                "no-target-chosen",
                "no target was chosen, and the group's targets were not seen",
                "the group had no target that could be chosen, or a target optimizer turned the requests \
                 away [S]",
            ),
            Self::NamesTarget => (
                "names-a-target",
                "a target was chosen, and the load balancer answered itself",
                "AWS documents no cause; a target optimizer that turns requests away may show so [S]",
            ),
        }
    }
}

/// Whether the group has nothing to choose now; `None` where that was not seen in full.
fn is_empty(case: &Case<'_>, group: &TargetGroup) -> Option<bool> {
    let health = case.evidence.target_health.get(&group.arn)?;
    let out_of_use = |target: &TargetHealth| matches!(target.state.as_str(), "unused" | "draining");
    let none_in_use = health.seen()?.iter().all(out_of_use);
    // One target in use is enough to know; that there is none takes the whole list.
    (!none_in_use || health.whole().is_some()).then_some(none_in_use)
}

/// A Classic load balancer says no more than the code: its metrics tell.
fn on_classic(case: &Case<'_>, places: &[usize]) -> Sign {
    let n = case.requests(places);
    let spilled = case.total(case.load_balancer_series("SpilloverCount", "Sum"));
    if let Some(spilled) = spilled.filter(|n| *n > 0) {
        return sign(
            "surge-queue-full",
            n,
            format!(
                "SpilloverCount counts {} in the window",
                words::count(spilled, "request", "requests")
            ),
            "the surge queue was full: the instances take too few requests at once",
        );
    }
    match fewest_healthy(case) {
        Some(0) => sign(
            "no-healthy-instance",
            n,
            "HealthyHostCount fell to 0 in the window".to_owned(),
            "no instance passed its health checks, or none was registered",
        ),
        _ => sign(
            "not-told",
            n,
            match spilled {
                Some(_) => "SpilloverCount is silent".to_owned(),
                None => "SpilloverCount was not seen".to_owned(),
            },
            "no registered or healthy instance in the node's zone, or too little capacity in the load \
             balancer",
        ),
    }
}

fn fewest_healthy(case: &Case<'_>) -> Option<u64> {
    let window = case.evidence.window;
    let series = case.load_balancer_series("HealthyHostCount", "Minimum")?;
    series
        .between(minute_of(window.from), window.to)
        .map(|point| whole(point.value))
        .min()
}
