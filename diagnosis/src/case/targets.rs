//! Registered targets, and the addresses under which rows name them.

use std::collections::BTreeMap;

use crate::{
    evidence::{Evidence, Instance, TargetGroup, TargetHealth},
    observed::Observed,
};

/// One registered target, with what EC2 knows of it.
#[derive(Debug)]
pub struct Target<'a> {
    pub target_group: &'a TargetGroup,
    pub health: &'a TargetHealth,
    /// `None` where the target is no instance or EC2 was not asked or refused.
    pub instance: Option<&'a Instance>,
    /// Every `ip:port` under which access log rows name it; empty where its address is unknown.
    pub addresses: Vec<String>,
}

pub(super) fn targets(evidence: &Evidence) -> Vec<Target<'_>> {
    let groups = evidence.target_groups.seen().map_or(&[][..], Vec::as_slice);
    let instances: BTreeMap<&str, &Instance> = evidence
        .instances
        .seen()
        .into_iter()
        .flatten()
        .map(|instance| (instance.id.as_str(), instance))
        .collect();
    let mut targets = Vec::new();
    for target_group in groups {
        let health = evidence
            .target_health
            .get(&target_group.arn)
            .and_then(Observed::seen);
        for health in health.into_iter().flatten() {
            let instance = instances.get(health.id.as_str()).copied();
            targets.push(Target {
                target_group,
                health,
                instance,
                addresses: addresses(target_group, health, instance),
            });
        }
    }
    targets
}

fn addresses(
    target_group: &TargetGroup,
    health: &TargetHealth,
    instance: Option<&Instance>,
) -> Vec<String> {
    let Some(port) = health.port.or(target_group.port) else {
        return vec![health.id.clone()];
    };
    let hosts: Vec<&str> = match instance {
        Some(instance) => instance
            .private_ips
            .iter()
            .chain(&instance.ipv6_addresses)
            .map(String::as_str)
            .collect(),
        None if health.id.starts_with("i-") => Vec::new(),
        None => vec![health.id.as_str()],
    };
    let mut addresses = Vec::new();
    for host in hosts {
        addresses.push(format!("{host}:{port}"));
        if host.contains(':') {
            addresses.push(format!("[{host}]:{port}"));
        }
    }
    addresses
}
