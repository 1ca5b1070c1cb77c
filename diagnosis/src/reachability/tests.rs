//! Single cases with their deciding rule, and many worlds against a slow second opinion.

mod brute;

use super::*;
use crate::{
    evidence::{
        Evidence, LoadBalancer, NetworkAcl, PrefixList, RouteTable, SecurityGroup, Subnet, Window,
        network::{NetworkAclEntry, Route, SecurityGroupRule},
    },
    observed::Observed,
};

pub(super) fn seen<T>(value: T) -> Observed<T> {
    Observed::Seen {
        value,
        source: vec![1],
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
        incomplete: None,
    }
}

pub(super) fn evidence() -> Evidence {
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    let mut evidence = Evidence::new(LoadBalancer::default(), Window { from: at, to: at }, at);
    let subnet = |id: &str, cidr: &str, v6: &str| Subnet {
        id: id.into(),
        vpc_id: "vpc-1".into(),
        cidr: cidr.into(),
        ipv6_cidrs: vec![v6.into()],
        ..Subnet::default()
    };
    evidence.subnets = seen(vec![
        subnet("subnet-a", "10.0.0.0/24", "2001:db8:0:a::/64"),
        subnet("subnet-t", "10.0.1.0/24", "2001:db8:0:b::/64"),
    ]);
    evidence.route_tables = seen(vec![RouteTable {
        id: "rtb-main".into(),
        vpc_id: "vpc-1".into(),
        main: true,
        routes: vec![
            route("10.0.0.0/16", "local"),
            route("2001:db8::/56", "local"),
        ],
        ..RouteTable::default()
    }]);
    evidence.network_acls = seen(vec![NetworkAcl {
        id: "acl-1".into(),
        vpc_id: "vpc-1".into(),
        default: true,
        entries: [false, true]
            .into_iter()
            .flat_map(|egress| {
                [
                    entry(100, egress, "0.0.0.0/0", true),
                    entry(101, egress, "::/0", true),
                ]
            })
            .collect(),
        ..NetworkAcl::default()
    }]);
    evidence.security_groups = seen(vec![
        SecurityGroup {
            id: "sg-lb".into(),
            rules: vec![rule("sgr-out", true, "-1", None, |rule| {
                rule.cidr_ipv4 = Some("0.0.0.0/0".into());
            })],
            ..SecurityGroup::default()
        },
        SecurityGroup {
            id: "sg-app".into(),
            rules: vec![rule("sgr-in", false, "tcp", Some((8080, 8080)), |rule| {
                rule.referenced_group_id = Some("sg-lb".into());
            })],
            ..SecurityGroup::default()
        },
    ]);
    evidence.prefix_lists = seen(vec![PrefixList {
        id: "pl-1".into(),
        cidrs: vec!["10.0.0.0/25".into(), "10.0.0.128/25".into()],
        ..PrefixList::default()
    }]);
    evidence.network_interfaces = seen(Vec::new());
    evidence
}

fn route(destination: &str, target: &str) -> Route {
    Route {
        destination: destination.into(),
        target: target.into(),
        state: "active".into(),
    }
}

fn entry(rule_number: u32, egress: bool, cidr: &str, allow: bool) -> NetworkAclEntry {
    NetworkAclEntry {
        rule_number,
        egress,
        protocol: "-1".into(),
        allow,
        cidr: cidr.into(),
        ..NetworkAclEntry::default()
    }
}

fn rule(
    id: &str,
    egress: bool,
    protocol: &str,
    ports: Option<(u16, u16)>,
    peer: impl FnOnce(&mut SecurityGroupRule),
) -> SecurityGroupRule {
    let mut rule = SecurityGroupRule {
        id: id.into(),
        egress,
        protocol: protocol.into(),
        from_port: ports.map(|(from, _)| from),
        to_port: ports.map(|(_, to)| to),
        ..SecurityGroupRule::default()
    };
    peer(&mut rule);
    rule
}

fn edit<T>(observed: &mut Observed<Vec<T>>) -> &mut Vec<T> {
    match observed {
        Observed::Seen { value, .. } => value,
        _ => panic!("seen"),
    }
}

/// What one gate answers from the nodes of subnet-a to 10.0.1.10 (or another address), port 8080.
fn at(evidence: &Evidence, gate: Gate, address: &str, nodes: &[&str]) -> String {
    let world = World::new(evidence);
    let groups = ["sg-lb".to_owned()];
    let of_target = ["sg-app".to_owned()];
    let blocks = nodes
        .iter()
        .map(|node| Block::parse(node).unwrap())
        .collect();
    let node = Node {
        subnet: "subnet-a",
        blocks,
        groups: &groups,
    };
    let target = Endpoint {
        address: Block::parse(address).unwrap(),
        inside: address.starts_with("10.0.").then_some(Inside {
            subnet: "subnet-t",
            groups: Ok(&of_target),
        }),
    };
    match reach(&world, &node, &target, 8080).at(gate) {
        Outcome::Open(by) => format!("open: {by}"),
        Outcome::Blocked { by, partly: false } => format!("blocked: {by}"),
        Outcome::Blocked { by, partly: true } => format!("partly: {by}"),
        Outcome::Unknown(missing) => format!("unknown: {missing}"),
    }
}

const RANGE: &[&str] = &["10.0.0.0/24"];

#[test]
fn a_usual_world_is_open_and_names_its_rules() {
    let evidence = evidence();
    for (gate, by) in [
        (Gate::LoadBalancerOutbound, "open: rule sgr-out of sg-lb"),
        (
            Gate::RequestRoute,
            "open: route 10.0.0.0/16 → local of rtb-main",
        ),
        (Gate::RequestAclOut, "open: rule 100 of acl-1"),
        (Gate::RequestAclIn, "open: rule 100 of acl-1"),
        (Gate::TargetInbound, "open: rule sgr-in of sg-app"),
        (
            Gate::ReturnRoute,
            "open: route 10.0.0.0/16 → local of rtb-main",
        ),
        (Gate::ReturnAclOut, "open: rule 100 of acl-1"),
        (Gate::ReturnAclIn, "open: rule 100 of acl-1"),
    ] {
        assert_eq!(at(&evidence, gate, "10.0.1.10", RANGE), by);
    }
}

#[test]
fn security_groups_are_the_union_of_their_rules() {
    let mut evidence = evidence();
    edit(&mut evidence.security_groups)[1].rules[0].referenced_group_id = Some("sg-x".into());
    let inbound =
        |evidence: &Evidence, nodes: &[&str]| at(evidence, Gate::TargetInbound, "10.0.1.10", nodes);
    assert_eq!(inbound(&evidence, RANGE), "blocked: no rule of sg-app");

    let add = |protocol: &str, ports, cidr: &str| {
        let mut evidence = evidence.clone();
        edit(&mut evidence.security_groups)[1].rules.push(rule(
            "sgr-new",
            false,
            protocol,
            ports,
            |rule| match cidr {
                list if list.starts_with("pl-") => rule.prefix_list_id = Some(list.into()),
                v6 if v6.contains(':') => rule.cidr_ipv6 = Some(v6.into()),
                v4 => rule.cidr_ipv4 = Some(v4.into()),
            },
        ));
        evidence
    };
    let open = "open: rule sgr-new of sg-app";
    assert_eq!(
        inbound(&add("tcp", Some((8000, 9000)), "10.0.0.0/24"), RANGE),
        open
    );
    assert_eq!(inbound(&add("6", None, "10.0.0.0/8"), RANGE), open);
    assert_eq!(inbound(&add("-1", Some((1, 1)), "0.0.0.0/0"), RANGE), open);
    assert_eq!(
        inbound(&add("udp", None, "0.0.0.0/0"), RANGE),
        "blocked: no rule of sg-app"
    );
    assert_eq!(
        inbound(&add("tcp", Some((80, 80)), "0.0.0.0/0"), RANGE),
        "blocked: no rule of sg-app"
    );
    assert_eq!(
        inbound(&add("tcp", None, "::/0"), RANGE),
        "blocked: no rule of sg-app"
    );
    // Two halves in one prefix list are the whole.
    assert_eq!(
        inbound(&add("tcp", None, "pl-1"), RANGE),
        "open: a rule of sg-app"
    );
    assert_eq!(inbound(&add("tcp", None, "pl-1"), &["10.0.0.9"]), open);
    assert!(inbound(&add("tcp", None, "pl-2"), RANGE).starts_with("unknown: prefix list pl-2"));
    // Part of the subnet: it depends on the nodes' addresses.
    let part = add("tcp", None, "10.0.0.0/28");
    assert!(inbound(&part, RANGE).starts_with("unknown: sg-app let in part of 10.0.0.0/24"));
    assert_eq!(inbound(&part, &["10.0.0.9"]), open);
    assert_eq!(inbound(&part, &["10.0.0.99"]), "blocked: no rule of sg-app");
    assert_eq!(
        inbound(&part, &["10.0.0.9", "10.0.0.99"]),
        "partly: no rule of sg-app"
    );
}

#[test]
fn what_was_not_seen_is_unknown_and_never_open_or_shut() {
    let mut denied = evidence();
    denied.security_groups = Observed::Denied {
        action: "ec2:DescribeSecurityGroups".into(),
        source: vec![],
    };
    denied.network_acls = Observed::NotAsked;
    denied.route_tables = Observed::Failed {
        reason: "timed out".into(),
        source: vec![],
    };
    for gate in Gate::ALL {
        let answer = at(&denied, gate, "10.0.1.10", RANGE);
        assert!(answer.starts_with("unknown: "), "{gate:?}: {answer}");
    }
    assert_eq!(
        at(&denied, Gate::TargetInbound, "10.0.1.10", RANGE),
        "unknown: security groups: IAM denies ec2:DescribeSecurityGroups"
    );

    // An incomplete list can show an allow rule, but not that there is none.
    let mut incomplete = evidence();
    if let Observed::Seen { incomplete, .. } = &mut incomplete.security_groups {
        *incomplete = Some("page 2 failed".into());
    }
    assert!(at(&incomplete, Gate::TargetInbound, "10.0.1.10", RANGE).starts_with("open"));
    edit(&mut incomplete.security_groups)[1].rules.clear();
    assert!(at(&incomplete, Gate::TargetInbound, "10.0.1.10", RANGE).starts_with("unknown"));

    let mut garbled = evidence();
    edit(&mut garbled.network_acls)[0].entries[2].cidr = "everything".into();
    assert_eq!(
        at(&garbled, Gate::ReturnAclOut, "10.0.1.10", RANGE),
        "unknown: rule 100 of acl-1: cannot be read"
    );
}

#[test]
fn network_acls_go_by_rule_number() {
    let with = |number, egress, cidr: &str, allow, ports: Option<(u16, u16)>| {
        let mut evidence = evidence();
        edit(&mut evidence.network_acls)[0]
            .entries
            .push(NetworkAclEntry {
                protocol: "6".into(),
                from_port: ports.map(|(from, _)| from),
                to_port: ports.map(|(_, to)| to),
                ..entry(number, egress, cidr, allow)
            });
        evidence
    };
    let back =
        |evidence: &Evidence, nodes: &[&str]| at(evidence, Gate::ReturnAclOut, "10.0.1.10", nodes);
    assert_eq!(
        back(&with(50, true, "10.0.0.0/24", false, None), RANGE),
        "blocked: rule 50 of acl-1"
    );
    assert_eq!(
        back(&with(150, true, "10.0.0.0/24", false, None), RANGE),
        "open: rule 100 of acl-1"
    );
    assert_eq!(
        back(
            &with(50, true, "0.0.0.0/0", false, Some((1024, 32767))),
            RANGE
        ),
        "partly: rule 50 of acl-1"
    );
    assert_eq!(
        back(&with(50, true, "0.0.0.0/0", false, Some((0, 1023))), RANGE),
        "open: rule 100 of acl-1"
    );
    // One port among tens of thousands is no way back.
    let mut chink = with(50, true, "0.0.0.0/0", true, Some((5432, 5432)));
    edit(&mut chink.network_acls)[0]
        .entries
        .push(entry(60, true, "0.0.0.0/0", false));
    assert_eq!(back(&chink, RANGE), "blocked: rule 60 of acl-1");
    // Part of the subnet.
    let part = with(50, true, "10.0.0.0/25", false, None);
    assert!(back(&part, RANGE).starts_with("unknown: rule 50 of acl-1 denies part of 10.0.0.0/24"));
    assert_eq!(back(&part, &["10.0.0.7"]), "blocked: rule 50 of acl-1");
    assert_eq!(back(&part, &["10.0.0.200"]), "open: rule 100 of acl-1");
    assert_eq!(
        back(&part, &["10.0.0.7", "10.0.0.200"]),
        "partly: rule 50 of acl-1"
    );

    let mut nothing = evidence();
    edit(&mut nothing.network_acls)[0].entries.clear();
    assert_eq!(back(&nothing, RANGE), "blocked: the last rule (*) of acl-1");
}

#[test]
fn routes_go_by_the_longest_prefix() {
    let with = |destination: &str, target: &str, state: &str| {
        let mut evidence = evidence();
        edit(&mut evidence.route_tables)[0].routes.push(Route {
            state: state.into(),
            ..route(destination, target)
        });
        evidence
    };
    let to = |evidence: &Evidence, address: &str| at(evidence, Gate::RequestRoute, address, RANGE);
    let plain = evidence();
    assert_eq!(to(&plain, "192.168.1.5"), "blocked: no route in rtb-main");
    let peering = with("192.168.0.0/16", "pcx-1", "active");
    assert_eq!(
        to(&peering, "192.168.1.5"),
        "open: route 192.168.0.0/16 → pcx-1 of rtb-main"
    );
    assert_eq!(
        at(&peering, Gate::TargetInbound, "192.168.1.5", RANGE),
        "open: outside the VPC, by pcx-1: not visible"
    );
    assert_eq!(
        to(&with("192.168.0.0/16", "pcx-1", "blackhole"), "192.168.1.5"),
        "blocked: route 192.168.0.0/16 → pcx-1 of rtb-main"
    );
    assert_eq!(
        to(&with("10.0.1.0/24", "eni-1", "blackhole"), "10.0.1.10"),
        "blocked: route 10.0.1.0/24 → eni-1 of rtb-main"
    );
    assert_eq!(
        to(&with("0.0.0.0/0", "igw-1", "blackhole"), "10.0.1.10"),
        "open: route 10.0.0.0/16 → local of rtb-main"
    );
    let back = with("10.0.0.0/25", "eni-1", "blackhole");
    assert!(at(&back, Gate::ReturnRoute, "10.0.1.10", RANGE).starts_with("unknown: rtb-main"));
    assert_eq!(
        at(
            &with("pl-1", "eni-1", "blackhole"),
            Gate::ReturnRoute,
            "10.0.1.10",
            RANGE
        ),
        "blocked: route pl-1 → eni-1 of rtb-main"
    );
    // A table of its own instead of the main one.
    let mut own = evidence();
    edit(&mut own.route_tables).push(RouteTable {
        id: "rtb-own".into(),
        vpc_id: "vpc-1".into(),
        subnet_ids: vec!["subnet-a".into()],
        ..RouteTable::default()
    });
    assert_eq!(to(&own, "10.0.1.10"), "blocked: no route in rtb-own");
}

#[test]
fn ipv6_targets_are_reached_from_ipv6_addresses() {
    let evidence = evidence();
    let world = World::new(&evidence);
    let groups = ["sg-lb".to_owned()];
    let of_target = ["sg-app".to_owned()];
    let blocks = world.blocks_of("subnet-a").to_vec();
    let reach = reach(
        &world,
        &Node {
            subnet: "subnet-a",
            blocks,
            groups: &groups,
        },
        &Endpoint {
            address: Block::parse("2001:db8:0:b::7").unwrap(),
            inside: Some(Inside {
                subnet: "subnet-t",
                groups: Ok(&of_target),
            }),
        },
        8080,
    );
    // The one outbound rule is for IPv4.
    assert_eq!(
        reach.blocked().map(|(gate, by)| (gate, by.to_string())),
        Some((Gate::LoadBalancerOutbound, "no rule of sg-lb".into()))
    );
    assert_eq!(
        *reach.at(Gate::ReturnAclOut),
        Outcome::Open(Decider::NetworkAclEntry {
            acl: "acl-1",
            number: 101
        })
    );
}

#[test]
fn one_subnet_asks_no_network_acl() {
    let mut evidence = evidence();
    edit(&mut evidence.network_acls)[0].entries.clear();
    let world = World::new(&evidence);
    let groups = ["sg-lb".to_owned()];
    let of_target = ["sg-app".to_owned()];
    let node = Node {
        subnet: "subnet-t",
        blocks: world.blocks_of("subnet-t").to_vec(),
        groups: &groups,
    };
    let target = Endpoint {
        address: Block::parse("10.0.1.10").unwrap(),
        inside: Some(Inside {
            subnet: "subnet-t",
            groups: Ok(&of_target),
        }),
    };
    assert!(reach(&world, &node, &target, 8080).is_open());
}

#[test]
fn every_subnet_is_held_against_every_target_and_port() {
    let mut evidence = crate::rules::network::fixture::networked();
    edit(&mut evidence.target_groups)[0].health_check.port = Some("9000".into());
    let case = crate::case::Case::new(&evidence);
    let found = paths(&case);
    let mut ways: Vec<(&str, &str, Purpose, u16)> = found
        .all
        .iter()
        .map(|path| {
            assert_eq!(path.reach.gates.len(), Gate::ALL.len());
            let id = path.target.health.id.as_str();
            (path.subnet, id, path.purpose, path.port)
        })
        .collect();
    ways.sort();
    ways.dedup();
    assert_eq!(ways.len(), 2 * 3 * 2);
    assert!(ways.contains(&("subnet-b", "i-3", Purpose::Traffic, 8080)));
    assert!(ways.contains(&("subnet-a", "i-1", Purpose::HealthCheck, 9000)));
}

#[test]
fn a_dual_stack_instance_is_reached_by_its_group_s_family() {
    let mut evidence = crate::rules::network::fixture::networked();
    edit(&mut evidence.instances)[0].ipv6_addresses = vec!["2001:db8:0:b::7".into()];
    for subnet in edit(&mut evidence.subnets) {
        subnet.ipv6_cidrs = vec![format!(
            "2001:db8:0:{}::/64",
            &subnet.id[7..].replace('t', "d")
        )];
    }
    let route = |evidence: &Evidence, is_meant: fn(&Outcome<'_>) -> bool| {
        let case = crate::case::Case::new(evidence);
        let found = paths(&case);
        let first = found.all.iter().find(|path| path.target.health.id == "i-1");
        is_meant(first.unwrap().reach.at(Gate::RequestRoute))
    };
    assert!(route(&evidence, |outcome| matches!(
        outcome,
        Outcome::Open(_)
    )));
    // The only route is for IPv4.
    edit(&mut evidence.target_groups)[0].ip_address_type = Some("ipv6".into());
    assert!(route(&evidence, |outcome| matches!(
        outcome,
        Outcome::Blocked {
            by: Decider::NoRoute { .. },
            ..
        }
    )));
}
