//! The network's tables, parsed once and found by id.

use std::collections::HashMap;

use super::{block::Block, gate::LAST_ENTRY};
use crate::{
    evidence::{Evidence, NetworkAcl, RouteTable, SecurityGroup},
    observed::Observed,
};

/// Rules of one security group, entries of one network ACL, routes of one table that are read: twice
/// what AWS allows at most. What is longer did not come from AWS, and judging it could take for ever.
pub(super) const MAX_RULES: usize = 2_000;

/// Subnets, security groups, network ACLs, route tables and prefix lists of the evidence.
#[derive(Debug)]
pub struct World<'a> {
    pub(super) subnets: HashMap<&'a str, SubnetTables<'a>>,
    pub(super) groups: HashMap<&'a str, Group<'a>>,
    acls: Vec<Acl<'a>>,
    tables: Vec<Table<'a>>,
    /// Why each kind of table is not known in full.
    pub(super) groups_missing: Option<String>,
    pub(super) acls_missing: Option<String>,
    pub(super) routes_missing: Option<String>,
    pub(super) subnets_missing: Option<String>,
}

#[derive(Debug)]
pub(super) struct SubnetTables<'a> {
    pub(super) vpc: &'a str,
    pub(super) blocks: Vec<Block>,
    /// Places in the world's ACLs and route tables.
    acl: Option<usize>,
    table: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) inbound: Vec<GroupRule<'a>>,
    pub(super) outbound: Vec<GroupRule<'a>>,
}

#[derive(Debug)]
pub(super) struct GroupRule<'a> {
    pub(super) id: &'a str,
    pub(super) ports: (u16, u16),
    pub(super) peer: Peer<'a>,
}

/// Whom a security group rule names.
#[derive(Debug)]
pub(super) enum Peer<'a> {
    Blocks(Vec<Block>),
    Group(&'a str),
    Unknown(String),
}

#[derive(Debug)]
pub(super) struct Acl<'a> {
    pub(super) id: &'a str,
    pub(super) too_long: bool,
    /// In order of rule number.
    pub(super) inbound: Vec<AclEntry>,
    pub(super) outbound: Vec<AclEntry>,
}

#[derive(Debug)]
pub(super) struct AclEntry {
    pub(super) number: u32,
    pub(super) ports: (u16, u16),
    pub(super) allow: bool,
    /// `None` where it could not be read.
    pub(super) block: Option<Block>,
}

#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) id: &'a str,
    /// Longest prefix first; of equal ones, active before blackhole.
    pub(super) routes: Vec<ParsedRoute<'a>>,
    /// A destination that could not be read.
    pub(super) gap: Option<String>,
}

#[derive(Debug)]
pub(super) struct ParsedRoute<'a> {
    pub(super) block: Block,
    pub(super) destination: &'a str,
    pub(super) target: &'a str,
    pub(super) blackhole: bool,
}

impl<'a> World<'a> {
    pub fn new(evidence: &'a Evidence) -> Self {
        let lists = PrefixLists::new(evidence);
        let acl_list = seen(&evidence.network_acls);
        let table_list = seen(&evidence.route_tables);
        let subnets = seen(&evidence.subnets)
            .iter()
            .map(|subnet| {
                let blocks = std::iter::once(&subnet.cidr)
                    .chain(&subnet.ipv6_cidrs)
                    .filter_map(|cidr| Block::parse(cidr))
                    .collect();
                // AWS names an ACL for every subnet; a subnet without a table of its own has the
                // VPC's main one.
                let acl = acl_list
                    .iter()
                    .position(|acl| acl.subnet_ids.contains(&subnet.id))
                    .or_else(|| {
                        acl_list
                            .iter()
                            .position(|acl| acl.default && acl.vpc_id == subnet.vpc_id)
                    });
                let table = table_list
                    .iter()
                    .position(|table| table.subnet_ids.contains(&subnet.id))
                    .or_else(|| {
                        table_list
                            .iter()
                            .position(|table| table.main && table.vpc_id == subnet.vpc_id)
                    });
                let tables = SubnetTables {
                    vpc: &subnet.vpc_id,
                    blocks,
                    acl,
                    table,
                };
                (subnet.id.as_str(), tables)
            })
            .collect();
        Self {
            subnets,
            groups: seen(&evidence.security_groups)
                .iter()
                .map(|group| (group.id.as_str(), security_group(group, &lists)))
                .collect(),
            acls: acl_list.iter().map(acl).collect(),
            tables: table_list
                .iter()
                .map(|table| route_table(table, &lists))
                .collect(),
            groups_missing: evidence.security_groups.missing("security groups"),
            acls_missing: evidence.network_acls.missing("network ACLs"),
            routes_missing: evidence.route_tables.missing("route tables"),
            subnets_missing: evidence.subnets.missing("subnets"),
        }
    }

    pub(super) fn acl(&self, subnet: &SubnetTables<'a>) -> Option<&Acl<'a>> {
        self.acls.get(subnet.acl?)
    }

    pub(super) fn table(&self, subnet: &SubnetTables<'a>) -> Option<&Table<'a>> {
        self.tables.get(subnet.table?)
    }

    /// The blocks of a subnet, IPv4 and IPv6; empty where it was not seen.
    pub fn blocks_of(&self, subnet: &str) -> &[Block] {
        self.subnets
            .get(subnet)
            .map_or(&[], |subnet| subnet.blocks.as_slice())
    }

    /// The subnet of this VPC that an address belongs to.
    pub fn subnet_of(&self, vpc: &str, address: Block) -> Option<&'a str> {
        self.subnets
            .iter()
            .filter(|(_, subnet)| subnet.vpc == vpc)
            .filter(|(_, subnet)| subnet.blocks.iter().any(|block| block.covers(address)))
            .map(|(id, _)| *id)
            .min()
    }
}

fn seen<T>(observed: &Observed<Vec<T>>) -> &[T] {
    observed.seen().map_or(&[], Vec::as_slice)
}

/// Prefix lists by id.
struct PrefixLists<'a> {
    by_id: HashMap<&'a str, &'a crate::evidence::PrefixList>,
    missing: Option<String>,
}

impl<'a> PrefixLists<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        Self {
            by_id: seen(&evidence.prefix_lists)
                .iter()
                .map(|list| (list.id.as_str(), list))
                .collect(),
            missing: evidence.prefix_lists.missing("prefix lists"),
        }
    }

    fn blocks(&self, id: &str) -> Result<Vec<Block>, String> {
        let Some(list) = self.by_id.get(id) else {
            return Err(self
                .missing
                .clone()
                .unwrap_or_else(|| format!("prefix list {id}: not among those seen")));
        };
        if let Some(gap) = &list.gap {
            return Err(format!("prefix list {id}: {gap}"));
        }
        list.cidrs
            .iter()
            .map(|cidr| {
                Block::parse(cidr).ok_or_else(|| format!("prefix list {id}: {cidr} is no block"))
            })
            .collect()
    }
}

fn is_tcp(protocol: &str) -> bool {
    matches!(protocol, "-1" | "all" | "6" | "tcp")
}

/// No bounds is every port; so is "all protocols", whatever stands in the port fields.
fn ports(protocol: &str, from: Option<u16>, to: Option<u16>) -> (u16, u16) {
    match (protocol, from, to) {
        ("-1" | "all", ..) | (_, None, _) | (_, _, None) => (0, u16::MAX),
        (_, Some(from), Some(to)) => (from, to),
    }
}

fn security_group<'a>(group: &'a SecurityGroup, lists: &PrefixLists<'a>) -> Group<'a> {
    let of = |egress: bool| {
        group
            .rules
            .iter()
            .filter(|rule| rule.egress == egress && is_tcp(&rule.protocol))
            .map(|rule| GroupRule {
                id: &rule.id,
                ports: ports(&rule.protocol, rule.from_port, rule.to_port),
                peer: if let Some(id) = &rule.referenced_group_id {
                    Peer::Group(id)
                } else if let Some(id) = &rule.prefix_list_id {
                    lists.blocks(id).map_or_else(Peer::Unknown, Peer::Blocks)
                } else {
                    let cidr = rule.cidr_ipv4.as_ref().or(rule.cidr_ipv6.as_ref());
                    cidr.and_then(|cidr| Block::parse(cidr)).map_or_else(
                        || {
                            Peer::Unknown(format!(
                                "rule {} of {}: its source cannot be read",
                                rule.id, group.id
                            ))
                        },
                        |block| Peer::Blocks(vec![block]),
                    )
                },
            })
            .collect()
    };
    Group {
        inbound: of(false),
        outbound: of(true),
    }
}

fn acl(acl: &NetworkAcl) -> Acl<'_> {
    let of = |egress: bool| {
        let mut entries: Vec<AclEntry> = acl
            .entries
            .iter()
            .filter(|entry| entry.egress == egress && is_tcp(&entry.protocol))
            // The implicit end is added by the evaluation.
            .filter(|entry| entry.rule_number < LAST_ENTRY)
            .map(|entry| AclEntry {
                number: entry.rule_number,
                ports: ports(&entry.protocol, entry.from_port, entry.to_port),
                allow: entry.allow,
                block: Block::parse(&entry.cidr),
            })
            .collect();
        entries.sort_by_key(|entry| entry.number);
        entries
    };
    Acl {
        id: &acl.id,
        too_long: acl.entries.len() > MAX_RULES,
        inbound: of(false),
        outbound: of(true),
    }
}

fn route_table<'a>(table: &'a RouteTable, lists: &PrefixLists<'a>) -> Table<'a> {
    let mut routes = Vec::new();
    let mut gap = None;
    for route in &table.routes {
        let blocks = if route.destination.starts_with("pl-") {
            lists.blocks(&route.destination)
        } else {
            Block::parse(&route.destination)
                .map(|block| vec![block])
                .ok_or_else(|| {
                    format!(
                        "{}: destination {} cannot be read",
                        table.id, route.destination
                    )
                })
        };
        match blocks {
            Ok(blocks) => routes.extend(blocks.into_iter().map(|block| ParsedRoute {
                block,
                destination: &route.destination,
                target: &route.target,
                blackhole: route.state == "blackhole",
            })),
            Err(missing) => gap = Some(missing),
        }
    }
    if routes.len() > MAX_RULES {
        gap = Some(format!("{}: too many routes to judge", table.id));
    }
    routes.sort_by_key(|route| (std::cmp::Reverse(route.block.prefix()), route.blackhole));
    Table {
        id: &table.id,
        routes,
        gap,
    }
}
