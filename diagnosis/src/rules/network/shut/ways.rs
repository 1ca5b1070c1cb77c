//! Which ways are shut, grouped by the rule that decides: one group is one thing to mend.

use std::collections::{BTreeMap, BTreeSet};

use super::Question;
use crate::{
    case::Case,
    reachability::{Decider, Gate, Outcome, Paths, Purpose},
    rule::Target,
    words,
};

/// All ways that one deciding rule shuts.
pub(in super::super) struct Shut<'c, 'a> {
    pub(in super::super) case: &'c Case<'a>,
    pub(in super::super) gate: Gate,
    pub(in super::super) by: Decider<'a>,
    pub(in super::super) purpose: Purpose,
    pub(in super::super) port: u16,
    /// Some ports or nodes get through.
    pub(in super::super) partly: bool,
    pub(super) targets: Vec<ShutTarget<'c, 'a>>,
}

pub(super) struct ShutTarget<'c, 'a> {
    pub(super) target: &'c Target<'a>,
    /// The load balancer's subnets that cannot reach it, of how many.
    pub(super) subnets: BTreeSet<&'a str>,
    of: usize,
    pub(super) partly: bool,
}

pub(super) fn shuts<'c, 'a>(
    case: &'c Case<'a>,
    question: &Question,
    paths: &Paths<'c, 'a>,
) -> Vec<Shut<'c, 'a>> {
    let mut found: BTreeMap<(Gate, Decider<'a>, Purpose, u16), Shut<'c, 'a>> = BTreeMap::new();
    // How many subnets send to each target on each port.
    let mut ways: BTreeMap<(usize, u16), usize> = BTreeMap::new();
    for path in &paths.all {
        *ways.entry((key(path.target), path.port)).or_default() += 1;
    }
    for path in &paths.all {
        if !question.purposes.contains(&path.purpose) {
            continue;
        }
        let Some((gate, by, partly)) =
            question
                .gates
                .iter()
                .find_map(|gate| match path.reach.at(*gate) {
                    Outcome::Blocked { by, partly } => Some((*gate, *by, *partly)),
                    _ => None,
                })
        else {
            continue;
        };
        let shut = found
            .entry((gate, by, path.purpose, path.port))
            .or_insert_with(|| Shut {
                case,
                gate,
                by,
                purpose: path.purpose,
                port: path.port,
                partly: false,
                targets: Vec::new(),
            });
        shut.partly |= partly;
        let of = ways
            .get(&(key(path.target), path.port))
            .copied()
            .unwrap_or_default();
        // Paths come target by target, so the same one can only be the last.
        match shut
            .targets
            .last_mut()
            .filter(|known| std::ptr::eq(known.target, path.target))
        {
            Some(known) => {
                known.subnets.insert(path.subnet);
                known.partly |= partly;
            }
            None => shut.targets.push(ShutTarget {
                target: path.target,
                subnets: BTreeSet::from([path.subnet]),
                of,
                partly,
            }),
        }
    }
    found.into_values().collect()
}

/// A target's place in memory: one for each registration.
fn key(target: &Target<'_>) -> usize {
    std::ptr::from_ref(target).addr()
}

impl ShutTarget<'_, '_> {
    /// No node gets through.
    pub(super) fn wholly(&self) -> bool {
        !self.partly && self.subnets.len() == self.of
    }

    pub(super) fn timed_out(&self) -> bool {
        let health = self.target.health;
        health.state.starts_with("unhealthy")
            && matches!(
                health.reason.as_deref(),
                Some("Target.Timeout" | "Instance")
            )
    }

    pub(super) fn name(&self) -> String {
        match self.target.addresses.first() {
            Some(address) if !address.starts_with(&self.target.health.id) => {
                format!("{} ({address})", self.target.health.id)
            }
            Some(address) => address.clone(),
            None => self.target.health.id.clone(),
        }
    }
}

impl Shut<'_, '_> {
    pub(in super::super) fn region(&self) -> &str {
        &self.case.evidence.load_balancer.region
    }

    /// "3 targets of web"
    pub(in super::super) fn targets_in_words(&self) -> String {
        let groups: BTreeSet<&str> = self
            .targets
            .iter()
            .map(|shut| shut.target.target_group.name.as_str())
            .collect();
        let groups: Vec<&str> = groups.into_iter().collect();
        format!(
            "{} of {}",
            words::count(self.targets.len() as u64, "target", "targets"),
            words::list(&groups, 3)
        )
    }

    /// The load balancer's subnets behind the gate.
    pub(in super::super) fn subnets(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self
            .targets
            .iter()
            .flat_map(|shut| shut.subnets.iter().copied())
            .collect();
        all.into_iter().collect()
    }

    /// The subnets that the targets stand in, where known.
    pub(in super::super) fn target_subnets(&self) -> Vec<String> {
        let evidence = self.case.evidence;
        let all: BTreeSet<String> = self
            .targets
            .iter()
            .filter_map(|shut| match shut.target.instance {
                Some(instance) => instance.subnet_id.clone(),
                None => evidence
                    .network_interfaces
                    .seen()
                    .into_iter()
                    .flatten()
                    .find(|interface| interface.private_ips.contains(&shut.target.health.id))
                    .and_then(|interface| interface.subnet_id.clone()),
            })
            .collect();
        all.into_iter().collect()
    }

    /// The IPv4 block of a subnet, for a command that names it.
    pub(in super::super) fn cidr(&self, subnet: &str) -> Option<&str> {
        self.case
            .evidence
            .subnets
            .seen()?
            .iter()
            .find(|of| of.id == subnet)
            .map(|of| of.cidr.as_str())
    }

    /// Which port, in words.
    pub(in super::super) fn port_in_words(&self) -> String {
        match self.purpose {
            Purpose::Traffic => format!("port {}", self.port),
            Purpose::HealthCheck => format!("health check port {}", self.port),
        }
    }
}
