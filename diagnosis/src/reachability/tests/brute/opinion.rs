//! The second opinion: for one address and one port, which rules match and which of them counts.

use std::{collections::HashMap, net::IpAddr, sync::LazyLock};

use super::worlds::{Address, CIDRS_V4, CIDRS_V6};
use crate::evidence::{
    Evidence, NetworkAcl, RouteTable, SecurityGroup,
    network::{NetworkAclEntry, Route, SecurityGroupRule},
};

/// Network and prefix of every block that the worlds are made of.
static BLOCKS: LazyLock<HashMap<&str, (Address, u32)>> = LazyLock::new(|| {
    CIDRS_V4
        .iter()
        .chain(CIDRS_V6)
        .map(|cidr| {
            let (network, prefix) = cidr.split_once('/').unwrap();
            let network = match network.parse::<IpAddr>().unwrap() {
                IpAddr::V4(network) => (false, u128::from(network.to_bits())),
                IpAddr::V6(network) => (true, network.to_bits()),
            };
            (*cidr, (network, prefix.parse().unwrap()))
        })
        .collect()
});

/// Whether the address has the network's first bits.
pub(super) fn matches(cidr: &str, address: Address) -> bool {
    let ((v6, network), prefix) = BLOCKS[cidr];
    let width = if v6 { 128 } else { 32 };
    v6 == address.0 && (prefix == 0 || (network ^ address.1) >> (width - prefix) == 0)
}

fn in_ports(protocol: &str, from: Option<u16>, to: Option<u16>, port: u16) -> bool {
    protocol == "-1"
        || (protocol == "6" || protocol == "tcp")
            && from.is_none_or(|from| from <= port)
            && to.is_none_or(|to| port <= to)
}

/// The tables of one world, by subnet and id.
pub(super) struct Tables<'a>(pub(super) &'a Evidence);

impl<'a> Tables<'a> {
    fn lists(&self, id: &str) -> impl Iterator<Item = &'a String> {
        let lists = self.0.prefix_lists.seen().unwrap();
        lists
            .iter()
            .filter(move |list| list.id == id)
            .flat_map(|list| &list.cidrs)
    }

    pub(super) fn acl(&self, subnet: &str) -> &'a NetworkAcl {
        let acls = self.0.network_acls.seen().unwrap();
        acls.iter()
            .find(|acl| acl.subnet_ids.iter().any(|id| id == subnet))
            .unwrap_or_else(|| acls.iter().find(|acl| acl.default).unwrap())
    }

    pub(super) fn routes(&self, subnet: &str) -> &'a RouteTable {
        let tables = self.0.route_tables.seen().unwrap();
        tables
            .iter()
            .find(|table| table.subnet_ids.iter().any(|id| id == subnet))
            .unwrap_or_else(|| tables.iter().find(|table| table.main).unwrap())
    }

    pub(super) fn group(&self, id: &str) -> &'a SecurityGroup {
        let groups = self.0.security_groups.seen().unwrap();
        groups.iter().find(|group| group.id == id).unwrap()
    }

    /// Whether one rule lets `address`, which is in `groups`, through.
    pub(super) fn rule_allows(
        &self,
        rule: &SecurityGroupRule,
        egress: bool,
        address: Address,
        groups: &[String],
        port: u16,
    ) -> bool {
        rule.egress == egress
            && in_ports(&rule.protocol, rule.from_port, rule.to_port, port)
            && (rule
                .cidr_ipv4
                .as_ref()
                .is_some_and(|cidr| matches(cidr, address))
                || rule
                    .cidr_ipv6
                    .as_ref()
                    .is_some_and(|cidr| matches(cidr, address))
                || rule
                    .prefix_list_id
                    .as_ref()
                    .is_some_and(|id| self.lists(id).any(|cidr| matches(cidr, address)))
                || rule
                    .referenced_group_id
                    .as_ref()
                    .is_some_and(|id| groups.contains(id)))
    }

    pub(super) fn groups_allow(
        &self,
        own: &[String],
        egress: bool,
        address: Address,
        groups: &[String],
        port: u16,
    ) -> bool {
        own.iter().any(|id| {
            let mut rules = self.group(id).rules.iter();
            rules.any(|rule| self.rule_allows(rule, egress, address, groups, port))
        })
    }

    /// The routes that count: of those that match, the longest. There may be several of one length;
    /// one that is active wins, and which of two active ones AWS takes is its own choice.
    pub(super) fn longest(&self, subnet: &str, address: Address) -> Vec<&'a Route> {
        let fitting: Vec<(u32, &Route)> = self
            .routes(subnet)
            .routes
            .iter()
            .flat_map(|route| {
                let own =
                    std::iter::once(&route.destination).filter(|cidr| !cidr.starts_with("pl-"));
                own.chain(self.lists(&route.destination))
                    .map(move |cidr| (cidr, route))
            })
            .filter(|(cidr, _)| matches(cidr, address))
            .map(|(cidr, route)| (BLOCKS[cidr.as_str()].1, route))
            .collect();
        let longest = fitting.iter().map(|(prefix, _)| *prefix).max();
        fitting
            .into_iter()
            .filter(|(prefix, _)| Some(*prefix) == longest)
            .map(|(_, route)| route)
            .collect()
    }

    pub(super) fn routed(&self, subnet: &str, address: Address) -> bool {
        self.longest(subnet, address)
            .iter()
            .any(|route| route.state == "active")
    }
}

/// The entry that decides for an address and a port; `None`: the last one, which denies.
pub(super) fn entry(
    acl: &NetworkAcl,
    egress: bool,
    address: Address,
    port: u16,
) -> Option<&NetworkAclEntry> {
    acl.entries
        .iter()
        .filter(|entry| entry.egress == egress)
        .filter(|entry| in_ports(&entry.protocol, entry.from_port, entry.to_port, port))
        .filter(|entry| matches(&entry.cidr, address))
        .min_by_key(|entry| entry.rule_number)
}

pub(super) fn acl_allows(acl: &NetworkAcl, egress: bool, address: Address, port: u16) -> bool {
    entry(acl, egress, address, port).is_some_and(|entry| entry.allow)
}
