//! Addresses behind ids: of targets that are registered, and of those that have left since.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    case::Case,
    evidence::{Evidence, access_log::FaultRow},
};

/// The address of an access log's `ip:port` or `[ip]:port`, without the port.
pub(crate) fn host_of(address: &str) -> &str {
    if address.starts_with("arn:") {
        return address;
    }
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

pub(crate) fn port_of(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok()
}

/// The addresses of an instance as far as EC2 told them; a terminated one has none any more.
pub(crate) fn of_instance(evidence: &Evidence, id: &str) -> BTreeSet<String> {
    let instances = evidence.instances.seen().into_iter().flatten();
    let of_instances = instances
        .filter(|one| one.id == id)
        .flat_map(|one| one.private_ips.iter().chain(&one.ipv6_addresses));
    let interfaces = evidence.network_interfaces.seen().into_iter().flatten();
    let of_interfaces = interfaces
        .filter(|one| one.instance_id.as_deref() == Some(id))
        .flat_map(|one| one.private_ips.iter().chain(&one.ipv6_addresses));
    of_instances.chain(of_interfaces).cloned().collect()
}

/// Fault rows by the address that they were sent to.
#[derive(Debug)]
pub(crate) struct RowsByHost<'a> {
    by_host: BTreeMap<&'a str, Vec<usize>>,
    /// Rows that name no target: on Classic all that no instance answered.
    unnamed: Vec<usize>,
    /// Addresses of rows that belong to nothing that is known.
    strangers: BTreeSet<&'a str>,
}

impl<'a> RowsByHost<'a> {
    /// `departed` are addresses of targets that went, of which it is known as well what they were.
    pub(crate) fn of<'b>(case: &Case<'a>, departed: impl Iterator<Item = &'b String>) -> Self {
        let mut by_host: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut unnamed = Vec::new();
        for (place, row) in case.rows().iter().enumerate() {
            match &row.target {
                Some(target) => by_host.entry(host_of(target)).or_default().push(place),
                None => unnamed.push(place),
            }
        }
        let mut known = known(case);
        let departed: Vec<&str> = departed.map(String::as_str).collect();
        known.extend(departed.iter().copied());
        let strangers = by_host
            .keys()
            .copied()
            .filter(|host| !known.contains(*host))
            .collect();
        Self {
            by_host,
            unnamed,
            strangers,
        }
    }

    pub(crate) fn at(&self, host: &str) -> &[usize] {
        self.by_host.get(host).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn unnamed(&self) -> &[usize] {
        &self.unnamed
    }

    pub(crate) fn strangers(&self) -> impl Iterator<Item = &'a str> {
        self.strangers.iter().copied()
    }

    pub(crate) fn all_named(&self) -> impl Iterator<Item = usize> {
        self.by_host.values().flatten().copied()
    }
}

/// Every address of which it is known what it is or was.
fn known<'b, 'a: 'b>(case: &Case<'a>) -> BTreeSet<&'b str> {
    let evidence = case.evidence;
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for health in evidence.target_health.values() {
        known.extend(
            health
                .seen()
                .into_iter()
                .flatten()
                .map(|one| one.id.as_str()),
        );
    }
    for one in evidence.instances.seen().into_iter().flatten() {
        known.extend(one.private_ips.iter().map(String::as_str));
        known.extend(one.ipv6_addresses.iter().map(String::as_str));
    }
    for task in evidence
        .ecs
        .seen()
        .into_iter()
        .flat_map(|ecs| &ecs.stopped_tasks)
    {
        known.extend(task.ip.as_deref());
        known.extend(task.ipv6.as_deref());
    }
    known
}

/// Where a row was sent, and the target it was sent to if that is still registered.
pub(crate) fn is_named(case: &Case<'_>, names: &BTreeSet<String>, row: &FaultRow) -> bool {
    let Some(address) = row.target.as_deref() else {
        return false;
    };
    names.contains(host_of(address))
        || names.contains(address)
        || case
            .target_of(row)
            .is_some_and(|target| names.contains(&target.health.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_port() {
        assert_eq!(host_of("10.0.1.9:8080"), "10.0.1.9");
        assert_eq!(host_of("[2001:db8::7]:8080"), "2001:db8::7");
        assert_eq!(host_of("10.0.1.9"), "10.0.1.9");
        assert_eq!(
            host_of("arn:aws:lambda:eu-west-1:1:function:f"),
            "arn:aws:lambda:eu-west-1:1:function:f"
        );
        assert_eq!(port_of("[2001:db8::7]:8080"), Some(8080));
        assert_eq!(port_of("10.0.1.9"), None);
    }
}
