//! A second opinion, written another way: for each single address and port, which rules match, and
//! which of them counts. No blocks are split, no ports are cut: everything is asked one by one.

use std::net::IpAddr;

use super::{
    super::{Block, Endpoint, Gate, Inside, Node, Outcome, World, reach},
    evidence, seen,
};
use crate::evidence::{
    Evidence, NetworkAcl, PrefixList, RouteTable, SecurityGroup,
    network::{NetworkAclEntry, Route, SecurityGroupRule},
};

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const CIDRS: &[&str] = &[
    "0.0.0.0/0",
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.1.0/24",
    "10.0.0.0/29",
    "10.0.0.4/30",
    "10.0.0.5/32",
    "10.0.1.10/32",
    "10.0.1.8/29",
    "192.168.0.0/16",
    "::/0",
    "10.0.0.6/31",
];
const PORTS: &[Option<(u16, u16)>] = &[
    None,
    Some((8080, 8080)),
    Some((80, 80)),
    Some((0, 65535)),
    Some((1024, 65535)),
    Some((1024, 32767)),
    Some((32768, 65535)),
    Some((8000, 9000)),
    Some((0, 1023)),
    Some((2000, 2000)),
];
const PROTOCOLS: &[&str] = &["-1", "6", "17", "1"];

/// Mask and compare, on the text of the block.
fn matches(cidr: &str, address: u32) -> bool {
    let (network, prefix) = cidr.split_once('/').unwrap();
    let Ok(IpAddr::V4(network)) = network.parse::<IpAddr>() else {
        return false;
    };
    let prefix: u32 = prefix.parse().unwrap();
    (0..prefix).all(|bit| {
        let place = 31 - bit;
        (network.to_bits() >> place) & 1 == (address >> place) & 1
    })
}

fn in_ports(protocol: &str, from: Option<u16>, to: Option<u16>, port: u16) -> bool {
    protocol == "-1"
        || (protocol == "6" || protocol == "tcp")
            && from.is_none_or(|from| from <= port)
            && to.is_none_or(|to| port <= to)
}

fn acl_allows(acl: &NetworkAcl, egress: bool, address: u32, port: u16) -> bool {
    acl.entries
        .iter()
        .filter(|entry| entry.egress == egress)
        .filter(|entry| in_ports(&entry.protocol, entry.from_port, entry.to_port, port))
        .filter(|entry| matches(&entry.cidr, address))
        .min_by_key(|entry| entry.rule_number)
        .is_some_and(|entry| entry.allow)
}

fn group_allows(
    group: &SecurityGroup,
    lists: &[PrefixList],
    egress: bool,
    address: u32,
    peer_group: &str,
    port: u16,
) -> bool {
    group.rules.iter().any(|rule| {
        let list = |id: &String| {
            lists
                .iter()
                .filter(|list| list.id == *id)
                .any(|list| list.cidrs.iter().any(|cidr| matches(cidr, address)))
        };
        rule.egress == egress
            && in_ports(&rule.protocol, rule.from_port, rule.to_port, port)
            && (rule
                .cidr_ipv4
                .as_ref()
                .is_some_and(|cidr| matches(cidr, address))
                || rule.prefix_list_id.as_ref().is_some_and(list)
                || rule.referenced_group_id.as_deref() == Some(peer_group))
    })
}

fn routed(table: &RouteTable, address: u32) -> bool {
    let prefix = |route: &Route| {
        route
            .destination
            .split_once('/')
            .unwrap()
            .1
            .parse::<u8>()
            .unwrap()
    };
    let fitting = table
        .routes
        .iter()
        .filter(|route| matches(&route.destination, address));
    let Some(longest) = fitting.clone().map(prefix).max() else {
        return false;
    };
    fitting
        .filter(|route| prefix(route) == longest)
        .any(|route| route.state == "active")
}

fn world(dice: &mut Dice) -> Evidence {
    let mut evidence = evidence();
    let mut group = |id: &str| SecurityGroup {
        id: id.into(),
        rules: (0..dice.below(4))
            .map(|n| {
                let ports = dice.pick(PORTS);
                let mut rule = SecurityGroupRule {
                    id: format!("sgr-{n}"),
                    egress: dice.below(2) == 0,
                    protocol: dice.pick(PROTOCOLS).into(),
                    from_port: ports.map(|(from, _)| from),
                    to_port: ports.map(|(_, to)| to),
                    ..SecurityGroupRule::default()
                };
                match dice.below(5) {
                    0 => {
                        rule.referenced_group_id =
                            Some(dice.pick(&["sg-lb", "sg-app", "sg-x"]).into())
                    }
                    1 => rule.prefix_list_id = Some("pl-1".into()),
                    _ => {
                        let cidr = dice.pick(CIDRS);
                        if cidr.contains(':') {
                            rule.cidr_ipv6 = Some(cidr.into());
                        } else {
                            rule.cidr_ipv4 = Some(cidr.into());
                        }
                    }
                }
                rule
            })
            .collect(),
        ..SecurityGroup::default()
    };
    evidence.security_groups = seen(vec![group("sg-lb"), group("sg-app")]);
    let mut acl = |id: &str, subnet: &str| NetworkAcl {
        id: id.into(),
        vpc_id: "vpc-1".into(),
        subnet_ids: vec![subnet.into()],
        entries: (0..dice.below(7))
            .map(|n| {
                let ports = dice.pick(PORTS);
                NetworkAclEntry {
                    // Numbers are unique but in no order.
                    rule_number: u32::try_from((n * 37) % 101).unwrap() + 1,
                    egress: dice.below(2) == 0,
                    protocol: dice.pick(PROTOCOLS).into(),
                    allow: dice.below(3) > 0,
                    cidr: dice.pick(CIDRS).into(),
                    from_port: ports.map(|(from, _)| from),
                    to_port: ports.map(|(_, to)| to),
                }
            })
            .collect(),
        ..NetworkAcl::default()
    };
    evidence.network_acls = seen(vec![acl("acl-a", "subnet-a"), acl("acl-t", "subnet-t")]);
    let mut table = |id: &str, subnet: &str| RouteTable {
        id: id.into(),
        vpc_id: "vpc-1".into(),
        subnet_ids: vec![subnet.into()],
        routes: (0..dice.below(4))
            .map(|_| Route {
                destination: dice.pick(CIDRS).into(),
                target: "x".into(),
                state: dice.pick(&["active", "active", "blackhole"]).into(),
            })
            .collect(),
        ..RouteTable::default()
    };
    evidence.route_tables = seen(vec![table("rtb-a", "subnet-a"), table("rtb-t", "subnet-t")]);
    evidence
}

/// What a gate should say of every (address, port) that may come.
fn opinion(evidence: &Evidence, gate: Gate, nodes: &[u32], target: u32) -> Vec<Vec<bool>> {
    let acls = evidence.network_acls.seen().unwrap();
    let groups = evidence.security_groups.seen().unwrap();
    let tables = evidence.route_tables.seen().unwrap();
    let lists = evidence.prefix_lists.seen().unwrap();
    // Where any rule's port range begins or ends, and a port of each range between.
    let back = [
        1024, 1025, 1999, 2000, 2001, 7999, 8000, 8079, 8080, 8081, 9000, 9001, 32767, 32768, 65535,
    ];
    let of_node =
        |judge: &dyn Fn(u32) -> Vec<bool>| nodes.iter().map(|node| judge(*node)).collect();
    match gate {
        Gate::LoadBalancerOutbound => {
            vec![vec![group_allows(
                &groups[0], lists, true, target, "sg-app", 8080,
            )]]
        }
        Gate::RequestRoute => vec![vec![routed(&tables[0], target)]],
        Gate::RequestAclOut => vec![vec![acl_allows(&acls[0], true, target, 8080)]],
        Gate::ReturnAclIn => vec![
            back.iter()
                .map(|port| acl_allows(&acls[0], false, target, *port))
                .collect(),
        ],
        Gate::RequestAclIn => of_node(&|node| vec![acl_allows(&acls[1], false, node, 8080)]),
        Gate::TargetInbound => {
            of_node(&|node| vec![group_allows(&groups[1], lists, false, node, "sg-lb", 8080)])
        }
        Gate::ReturnRoute => of_node(&|node| vec![routed(&tables[1], node)]),
        Gate::ReturnAclOut => of_node(&|node| {
            back.iter()
                .map(|port| acl_allows(&acls[1], true, node, *port))
                .collect()
        }),
    }
}

/// The most return ports that any node gets answers on.
fn open_return_ports(evidence: &Evidence, gate: Gate, nodes: &[u32], target: u32) -> usize {
    let acls = evidence.network_acls.seen().unwrap();
    let open = |allows: &dyn Fn(u16) -> bool| (1024..=65535).filter(|port| allows(*port)).count();
    if gate == Gate::ReturnAclIn {
        return open(&|port| acl_allows(&acls[0], false, target, port));
    }
    nodes
        .iter()
        .map(|node| open(&|port| acl_allows(&acls[1], true, *node, port)))
        .max()
        .unwrap_or_default()
}

#[test]
fn the_evaluator_agrees_with_asking_every_address_and_port() {
    let mut dice = Dice(0x5eed_0502);
    let target: u32 = "10.0.1.10".parse::<std::net::Ipv4Addr>().unwrap().to_bits();
    let first_node: u32 = "10.0.0.0".parse::<std::net::Ipv4Addr>().unwrap().to_bits();
    let (mut open, mut blocked, mut partly, mut unknown) = (0, 0, 0, 0);
    for round in 0..20_000 {
        let evidence = world(&mut dice);
        let tables = World::new(&evidence);
        // Known nodes, or any address of a small subnet.
        let (blocks, nodes): (Vec<Block>, Vec<u32>) = if dice.below(3) == 0 {
            (
                vec![Block::parse("10.0.0.0/28").unwrap()],
                (first_node..first_node + 16).collect(),
            )
        } else {
            let nodes: Vec<u32> = (0..=dice.below(2))
                .map(|_| first_node + u32::try_from(dice.below(16)).unwrap())
                .collect();
            let blocks = nodes
                .iter()
                .map(|node| Block::address(IpAddr::V4((*node).into())))
                .collect();
            (blocks, nodes)
        };
        let exact = blocks[0].is_address();
        let (of_node, of_target) = (["sg-lb".to_owned()], ["sg-app".to_owned()]);
        let reach = reach(
            &tables,
            &Node {
                subnet: "subnet-a",
                blocks,
                groups: &of_node,
            },
            &Endpoint {
                address: Block::parse("10.0.1.10").unwrap(),
                inside: Some(Inside {
                    subnet: "subnet-t",
                    groups: Ok(&of_target),
                }),
            },
            8080,
        );
        for gate in Gate::ALL {
            let opinion = opinion(&evidence, gate, &nodes, target);
            let all = opinion.iter().flatten().all(|allowed| *allowed);
            let none = opinion.iter().flatten().all(|allowed| !*allowed);
            match reach.at(gate) {
                Outcome::Open(_) => {
                    open += 1;
                    assert!(all, "round {round}, {gate:?}: open, but not for all");
                }
                Outcome::Blocked { partly: false, .. } => {
                    blocked += 1;
                    let back = matches!(gate, Gate::ReturnAclOut | Gate::ReturnAclIn);
                    let chink = || open_return_ports(&evidence, gate, &nodes, target);
                    assert!(
                        none || back && chink() <= 64_512 / 100,
                        "round {round}, {gate:?}: shut, but not for all"
                    );
                }
                Outcome::Blocked { partly: true, .. } => {
                    partly += 1;
                    assert!(!all && !none, "round {round}, {gate:?}: not partly");
                    // Every address of a subnet, or at least one node, meets a shut port.
                    let shut = |ports: &Vec<bool>| ports.iter().any(|allowed| !*allowed);
                    let enough = if exact {
                        opinion.iter().any(shut)
                    } else {
                        opinion.iter().all(shut)
                    };
                    assert!(enough, "round {round}, {gate:?}");
                }
                Outcome::Unknown(_) => {
                    unknown += 1;
                    assert!(
                        !exact && !all && !none,
                        "round {round}, {gate:?}: could be told"
                    );
                }
            }
        }
    }
    // The dice reach every answer often enough to mean something.
    for count in [open, blocked, partly, unknown] {
        assert!(count > 1_000, "{open} {blocked} {partly} {unknown}");
    }
}
