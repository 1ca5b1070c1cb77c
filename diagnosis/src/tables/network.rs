//! Step `network`: every way from the nodes to the targets, and the tables that decide it.

use std::collections::BTreeSet;

use super::{
    Table, Tone,
    build::{Builder, cell, or_dash, toned, was_asked},
};
use crate::{
    case::Case,
    evidence::network::SecurityGroupRule,
    need::Need,
    reachability::{Purpose, paths},
    words,
};

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let asked = was_asked(&evidence.security_groups)
        || was_asked(&evidence.network_acls)
        || was_asked(&evidence.route_tables)
        || was_asked(&evidence.subnets);
    if !asked {
        return Vec::new();
    }
    let relevant = Relevant::of(case);
    vec![
        ways(case),
        security_groups(case, &relevant),
        network_acls(case, &relevant),
        routes(case, &relevant),
    ]
}

/// The subnets and groups that the load balancer and its targets stand in.
struct Relevant {
    subnets: BTreeSet<String>,
    of_load_balancer: BTreeSet<String>,
    of_targets: BTreeSet<String>,
}

impl Relevant {
    fn of(case: &Case<'_>) -> Self {
        let evidence = case.evidence;
        let load_balancer = &evidence.load_balancer;
        let mut subnets: BTreeSet<String> = load_balancer
            .zones
            .iter()
            .map(|zone| zone.subnet_id.clone())
            .collect();
        let mut of_targets = BTreeSet::new();
        let ids: BTreeSet<&str> = case
            .targets()
            .iter()
            .map(|target| target.health.id.as_str())
            .collect();
        for instance in case.targets().iter().filter_map(|target| target.instance) {
            subnets.extend(instance.subnet_id.clone());
            of_targets.extend(instance.security_groups.iter().cloned());
        }
        for interface in evidence.network_interfaces.seen().into_iter().flatten() {
            let addresses = interface
                .private_ips
                .iter()
                .chain(&interface.ipv6_addresses);
            if addresses
                .into_iter()
                .any(|address| ids.contains(address.as_str()))
            {
                subnets.extend(interface.subnet_id.clone());
                of_targets.extend(interface.security_groups.iter().cloned());
            }
        }
        Self {
            subnets,
            of_load_balancer: load_balancer.security_groups.iter().cloned().collect(),
            of_targets,
        }
    }
}

fn ways(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "paths",
        "From the load balancer to each target and back",
        &[
            "Answer",
            "From",
            "To",
            "Port#",
            "For",
            "Target group",
            "Zone",
        ],
    );
    let paths = paths(case);
    for path in &paths.all {
        let answer = match (path.reach.blocked(), path.reach.unknown()) {
            (Some((gate, by)), _) => {
                toned(format!("blocked by {by} ({})", gate.in_words()), Tone::Bad)
            }
            (None, Some(missing)) => toned(format!("cannot tell: {missing}"), Tone::Warn),
            (None, None) => toned("open", Tone::Good),
        };
        table.row(vec![
            answer,
            cell(path.subnet),
            cell(&path.target.health.id),
            cell(path.port.to_string()),
            cell(match path.purpose {
                Purpose::Traffic => "requests",
                Purpose::HealthCheck => "health checks",
            }),
            cell(&path.target.target_group.name),
            cell(path.zone),
        ]);
    }
    table.note("Judged by the tables below, which are those of now.");
    if !paths.skipped.is_empty() {
        table.note(format!("Left out: {}.", words::list(&paths.skipped, 5)));
    }
    table.from(
        case,
        &[
            Need::TargetHealth,
            Need::Instances,
            Need::Subnets,
            Need::NetworkInterfaces,
            Need::SecurityGroups,
            Need::NetworkAcls,
            Need::RouteTables,
            Need::PrefixLists,
        ],
    );
    table.worst_first()
}

fn security_groups(case: &Case<'_>, relevant: &Relevant) -> Table {
    let mut table = Builder::new(
        "security-groups",
        "Security group rules",
        &[
            "Security group",
            "Direction",
            "Ports",
            "Peer",
            "Protocol",
            "Of",
            "Rule",
        ],
    );
    for group in case.evidence.security_groups.seen().into_iter().flatten() {
        let of = match (
            relevant.of_load_balancer.contains(&group.id),
            relevant.of_targets.contains(&group.id),
        ) {
            (true, true) => "load balancer and targets",
            (true, false) => "load balancer",
            (false, true) => "targets",
            (false, false) => continue,
        };
        let name = format!("{} ({})", group.id, group.name);
        if group.rules.is_empty() {
            table.row(vec![
                cell(&name),
                cell("–"),
                cell("–"),
                toned("no rules: nothing gets in or out", Tone::Warn),
                cell("–"),
                cell(of),
                cell("–"),
            ]);
        }
        for rule in &group.rules {
            table.row(vec![
                cell(&name),
                cell(if rule.egress { "out" } else { "in" }),
                cell(ports(&rule.protocol, rule.from_port, rule.to_port)),
                cell(peer(rule)),
                cell(protocol(&rule.protocol)),
                cell(of),
                cell(&rule.id),
            ]);
        }
    }
    table.from(case, &[Need::SecurityGroups]);
    table.in_order()
}

fn peer(rule: &SecurityGroupRule) -> String {
    [
        &rule.referenced_group_id,
        &rule.prefix_list_id,
        &rule.cidr_ipv4,
        &rule.cidr_ipv6,
    ]
    .into_iter()
    .flatten()
    .next()
    .cloned()
    .unwrap_or_else(|| "–".to_owned())
}

fn protocol(protocol: &str) -> &str {
    match protocol {
        "-1" => "all",
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        other => other,
    }
}

fn ports(protocol: &str, from: Option<u16>, to: Option<u16>) -> String {
    match (from, to) {
        _ if protocol == "-1" => "all".to_owned(),
        (Some(from), Some(to)) if from == to => from.to_string(),
        (Some(from), Some(to)) => format!("{from}–{to}"),
        _ => "all".to_owned(),
    }
}

fn network_acls(case: &Case<'_>, relevant: &Relevant) -> Table {
    let mut table = Builder::new(
        "network-acls",
        "Network ACL rules",
        &[
            "Network ACL",
            "Direction",
            "Number#",
            "Answer",
            "Ports",
            "Peer",
            "Protocol",
            "Subnets",
        ],
    );
    for acl in case.evidence.network_acls.seen().into_iter().flatten() {
        let subnets: Vec<&String> = acl
            .subnet_ids
            .iter()
            .filter(|subnet| relevant.subnets.contains(*subnet))
            .collect();
        if subnets.is_empty() {
            continue;
        }
        let subnets = words::list(&subnets, 3);
        let mut entries: Vec<_> = acl.entries.iter().collect();
        entries.sort_by_key(|entry| (entry.egress, entry.rule_number));
        for entry in entries {
            table.row(vec![
                cell(&acl.id),
                cell(if entry.egress { "out" } else { "in" }),
                cell(if entry.rule_number >= 32_767 {
                    "*".to_owned()
                } else {
                    entry.rule_number.to_string()
                }),
                cell(if entry.allow { "allow" } else { "deny" }),
                cell(ports(&entry.protocol, entry.from_port, entry.to_port)),
                cell(&entry.cidr),
                cell(protocol(&entry.protocol)),
                cell(&subnets),
            ]);
        }
    }
    table.note("In order of number: the first that fits decides.");
    table.from(case, &[Need::NetworkAcls]);
    table.in_order()
}

fn routes(case: &Case<'_>, relevant: &Relevant) -> Table {
    let mut table = Builder::new(
        "routes",
        "Routes",
        &["Route table", "Destination", "Target", "State", "Subnets"],
    );
    let tables = case
        .evidence
        .route_tables
        .seen()
        .map_or(&[][..], Vec::as_slice);
    let with_own: BTreeSet<&String> = tables.iter().flat_map(|of| &of.subnet_ids).collect();
    for of in tables {
        let mut subnets: Vec<String> = of
            .subnet_ids
            .iter()
            .filter(|subnet| relevant.subnets.contains(*subnet))
            .cloned()
            .collect();
        if of.main && of.vpc_id == case.evidence.load_balancer.vpc_id {
            subnets.extend(
                relevant
                    .subnets
                    .iter()
                    .filter(|subnet| !with_own.contains(subnet))
                    .cloned(),
            );
        }
        if subnets.is_empty() {
            continue;
        }
        let subnets = words::list(&subnets, 3);
        for route in &of.routes {
            table.row(vec![
                cell(&of.id),
                cell(&route.destination),
                or_dash(Some(&route.target)),
                toned(
                    &route.state,
                    if route.state == "blackhole" {
                        Tone::Bad
                    } else {
                        Tone::Plain
                    },
                ),
                cell(&subnets),
            ]);
        }
    }
    table.from(case, &[Need::RouteTables]);
    table.worst_first()
}
