//! The evidence as rules look at it, with what several of them derive from it worked out once.

mod counts;
mod numbers;
mod targets;

use std::collections::BTreeMap;

pub use numbers::{apart, bounded, minute_of, shifted, whole};
pub use targets::Target;

use crate::{
    evidence::{
        AccessLog, Evidence, LoadBalancerType, TargetGroup, TargetHealth, access_log::FaultRow,
        listeners::Listener, target_groups::TargetType,
    },
    need::Need,
    observed::Observed,
};

/// What rules look at: the evidence, and what is derived from it once for all of them.
#[derive(Debug)]
pub struct Case<'a> {
    pub evidence: &'a Evidence,
    targets: Vec<Target<'a>>,
    /// Places in `targets`, by each `ip:port` that an access log row may name.
    by_address: BTreeMap<String, Vec<usize>>,
}

impl<'a> Case<'a> {
    pub fn new(evidence: &'a Evidence) -> Self {
        let targets = targets::targets(evidence);
        let mut by_address: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, target) in targets.iter().enumerate() {
            for address in &target.addresses {
                by_address.entry(address.clone()).or_default().push(place);
            }
        }
        Self {
            evidence,
            targets,
            by_address,
        }
    }

    pub fn is_classic(&self) -> bool {
        self.evidence.load_balancer.kind == LoadBalancerType::Classic
    }

    /// What of these was not seen in full, in words, without repeats: the `missing` of an answer.
    /// Empty means that a rule that reads nothing else may say `clear`.
    pub fn missing(&self, needs: &[Need]) -> Vec<String> {
        let mut missing = Vec::new();
        for need in needs {
            for words in need.missing(self.evidence) {
                if !missing.contains(&words) {
                    missing.push(words);
                }
            }
        }
        missing
    }

    /// The observations behind these: the `cites` of a finding.
    pub fn sources(&self, needs: &[Need]) -> Vec<u32> {
        needs
            .iter()
            .flat_map(|need| need.source(self.evidence))
            .collect()
    }

    /// The access log, if any line of it was read or nothing was left unread. An empty log that is
    /// known to be incomplete is none: then the metrics have to do.
    pub fn access_log(&self) -> Option<&'a AccessLog> {
        let observed = &self.evidence.access_log;
        observed
            .seen()
            .filter(|log| log.requests > 0 || !log.rows.is_empty() || observed.whole().is_some())
    }

    /// The fault rows of the access log (502s and neighbours); none where no log was read.
    pub fn rows(&self) -> &'a [FaultRow] {
        self.access_log().map_or(&[], |log| log.rows.as_slice())
    }

    /// The places in [`Self::rows`] of the rows that `wanted` picks.
    pub fn places(&self, wanted: impl Fn(&FaultRow) -> bool) -> Vec<usize> {
        self.rows()
            .iter()
            .enumerate()
            .filter(|(_, row)| wanted(row))
            .map(|(place, _)| place)
            .collect()
    }

    /// How many requests the rows at these places stand for (past a cap, rows are merged).
    pub fn requests(&self, places: &[usize]) -> u64 {
        places
            .iter()
            .filter_map(|place| self.rows().get(*place))
            .map(|row| bounded(row.count))
            .sum()
    }

    /// The code under which a target that hangs up shows: 502, but 504 on Classic.
    /// [V] Classic guide, HTTP 504 cause 2.
    pub fn hung_up_code(&self) -> u16 {
        if self.is_classic() { 504 } else { 502 }
    }

    /// Every target group that was seen; those that no listener forwards to among them.
    pub fn target_groups(&self) -> &'a [TargetGroup] {
        self.evidence
            .target_groups
            .seen()
            .map_or(&[], Vec::as_slice)
    }

    pub fn target_group(&self, arn: &str) -> Option<&'a TargetGroup> {
        self.target_groups().iter().find(|group| group.arn == arn)
    }

    /// The target group that a row was sent to: Classic logs name none, it has only one.
    pub fn target_group_of(&self, row: &FaultRow) -> Option<&'a TargetGroup> {
        match &row.target_group_arn {
            Some(arn) => self.target_group(arn),
            None if self.is_classic() => self.target_groups().first(),
            None => None,
        }
    }

    /// Whether a Lambda function was to answer the row: its group says so, or its error reason does.
    /// A function has no connection, port or machine whose fault it could be.
    pub fn was_to_function(&self, row: &FaultRow) -> bool {
        let by_reason = |reason: &String| reason.starts_with("Lambda");
        row.error_reason.as_ref().is_some_and(by_reason)
            || self
                .target_group_of(row)
                .is_some_and(|group| group.target_type == TargetType::Lambda)
    }

    /// Whether every target group is known, and each has a Lambda function as its target.
    pub fn has_only_functions(&self) -> bool {
        self.evidence.target_groups.whole().is_some_and(|groups| {
            !groups.is_empty()
                && groups
                    .iter()
                    .all(|group| group.target_type == TargetType::Lambda)
        })
    }

    /// Whether requests can reach the group: a listener rule forwards to it with a weight above 0
    /// (Classic: always). `None` where the listeners were not seen in full and none that was seen
    /// forwards to it.
    pub fn in_use(&self, target_group: &TargetGroup) -> Option<bool> {
        if self.is_classic() {
            return Some(true);
        }
        let forwards = |listener: &Listener| {
            listener
                .rules
                .iter()
                .flat_map(|rule| &rule.forwards_to)
                .any(|forward| forward.target_group_arn == target_group.arn && forward.weight > 0)
        };
        let listeners = &self.evidence.listeners;
        if listeners.seen().is_some_and(|all| all.iter().any(forwards)) {
            return Some(true);
        }
        Need::Listeners
            .missing(self.evidence)
            .is_empty()
            .then_some(false)
    }

    /// The health of a group's targets, or why it was not seen.
    pub fn health(&self, target_group_arn: &str) -> Observed<&'a Vec<TargetHealth>> {
        match self.evidence.target_health.get(target_group_arn) {
            Some(Observed::Seen {
                value,
                source,
                at,
                incomplete,
            }) => Observed::Seen {
                value,
                source: source.clone(),
                at: *at,
                incomplete: incomplete.clone(),
            },
            Some(other) => other.clone().map(|_| &NO_TARGETS),
            None => Observed::NotAsked,
        }
    }

    /// Every registered target whose health was seen.
    pub fn targets(&self) -> &[Target<'a>] {
        &self.targets
    }

    /// The registered target that a row was sent to.
    pub fn target_of(&self, row: &FaultRow) -> Option<&Target<'a>> {
        let places = self.by_address.get(row.target.as_ref()?)?;
        let named = places.iter().find(|place| {
            Some(&self.targets[**place].target_group.arn) == row.target_group_arn.as_ref()
        });
        named.or(places.first()).map(|place| &self.targets[*place])
    }
}

static NO_TARGETS: Vec<TargetHealth> = Vec::new();
