//! Which zone a node's or a target's address stands in.

use std::{collections::BTreeMap, net::IpAddr};

use crate::{case::Case, evidence::Subnet, reachability::Block};

pub(super) struct Zones<'a> {
    /// By address, with and without port.
    known: BTreeMap<&'a str, &'a str>,
    subnets: Vec<(Block, &'a str)>,
}

impl<'a> Zones<'a> {
    pub(super) fn new(case: &'a Case<'a>) -> Self {
        let evidence = case.evidence;
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        for interface in evidence.network_interfaces.seen().into_iter().flatten() {
            if let Some(zone) = &interface.zone {
                let addresses = interface
                    .private_ips
                    .iter()
                    .chain(&interface.ipv6_addresses);
                known.extend(addresses.map(|address| (address.as_str(), zone.as_str())));
            }
        }
        for target in case.targets() {
            let of_instance = target
                .instance
                .and_then(|instance| instance.zone.as_deref());
            let of_health = target.health.zone.as_deref().filter(|zone| *zone != "all");
            if let Some(zone) = of_instance.or(of_health) {
                let addresses = target.addresses.iter();
                known.extend(addresses.map(|address| (address.as_str(), zone)));
            }
        }
        let vpc = &evidence.load_balancer.vpc_id;
        let in_vpc = |subnet: &&Subnet| vpc.is_empty() || subnet.vpc_id == *vpc;
        let mut subnets = Vec::new();
        for subnet in evidence.subnets.seen().into_iter().flatten().filter(in_vpc) {
            let blocks = std::iter::once(&subnet.cidr).chain(&subnet.ipv6_cidrs);
            subnets.extend(
                blocks
                    .filter_map(|text| Block::parse(text))
                    .filter(|_| !subnet.zone.is_empty())
                    .map(|block| (block, subnet.zone.as_str())),
            );
        }
        Self { known, subnets }
    }

    /// `address` as logged: with a port or without.
    pub(super) fn of(&self, address: &str) -> Option<&'a str> {
        if let Some(zone) = self.known.get(address) {
            return Some(zone);
        }
        let host = match address.rsplit_once(':') {
            // An IPv6 address without a port has more of them and no brackets.
            Some((host, _)) if !host.contains(':') || host.ends_with(']') => host,
            _ => address,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if let Some(zone) = self.known.get(host) {
            return Some(zone);
        }
        let host = Block::address(host.parse::<IpAddr>().ok()?);
        let holds = |(block, _): &&(Block, &str)| block.covers(host);
        let (_, zone) = self.subnets.iter().find(holds)?;
        Some(zone)
    }
}
