//! Random worlds: small enough to ask every address, odd enough to meet every rule.

use super::super::{evidence, seen};
use crate::evidence::{
    Evidence, NetworkAcl, PrefixList, RouteTable, SecurityGroup,
    network::{NetworkAclEntry, Route, SecurityGroupRule},
};

/// An address: whether it is IPv6, and its bits.
pub(super) type Address = (bool, u128);

pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    /// One in `n`.
    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

pub(super) const CIDRS_V4: &[&str] = &[
    "0.0.0.0/0",
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.1.0/24",
    "10.0.0.0/28",
    "10.0.0.0/29",
    "10.0.0.8/29",
    "10.0.0.4/30",
    "10.0.0.5/32",
    "10.0.0.6/31",
    "10.0.1.10/32",
    "10.0.1.8/29",
    "192.168.0.0/16",
    "192.168.1.0/24",
];
pub(super) const CIDRS_V6: &[&str] = &[
    "::/0",
    "2001:db8::/56",
    "2001:db8:0:a::/64",
    "2001:db8:0:b::/64",
    "2001:db8:0:a::/124",
    "2001:db8:0:a::/125",
    "2001:db8:0:a::8/125",
    "2001:db8:0:a::4/126",
    "2001:db8:0:a::5/128",
    "2001:db8:0:b::10/128",
    "2001:db8:ff::/48",
];
pub(super) const PORTS: &[Option<(u16, u16)>] = &[
    None,
    Some((8080, 8080)),
    Some((443, 443)),
    Some((0, 65535)),
    Some((1024, 65535)),
    Some((1024, 32767)),
    Some((32768, 65535)),
    Some((8000, 9000)),
    Some((0, 1023)),
    Some((2000, 2000)),
    Some((1024, 1500)),
];
const PROTOCOLS: &[&str] = &["-1", "-1", "6", "6", "tcp", "17", "1"];

/// One world: the tables, and who talks to whom in it.
pub(super) struct Random {
    pub(super) evidence: Evidence,
    pub(super) port: u16,
    /// Where the nodes stand: `subnet-a`. Single addresses, or a block whose every address counts.
    pub(super) nodes: Vec<Address>,
    pub(super) block: Option<&'static str>,
    /// Of the other family: they never carry the connection.
    pub(super) strangers: Vec<Address>,
    pub(super) node_groups: Vec<String>,
    pub(super) target: Address,
    /// `None`: outside the VPC.
    pub(super) target_subnet: Option<&'static str>,
    pub(super) target_groups: Vec<String>,
}

fn address(text: &str) -> Address {
    match text.parse::<std::net::IpAddr>().unwrap() {
        std::net::IpAddr::V4(address) => (false, u128::from(address.to_bits())),
        std::net::IpAddr::V6(address) => (true, address.to_bits()),
    }
}

pub(super) fn random(dice: &mut Dice) -> Random {
    let v6 = dice.one_in(3);
    let (first, other, block) = if v6 {
        (
            address("2001:db8:0:a::"),
            address("10.0.0.0"),
            "2001:db8:0:a::/124",
        )
    } else {
        (
            address("10.0.0.0"),
            address("2001:db8:0:a::"),
            "10.0.0.0/28",
        )
    };
    let some = |dice: &mut Dice, first: Address, n: u64| -> Vec<Address> {
        (0..n)
            .map(|_| (first.0, first.1 + u128::from(dice.below(16))))
            .collect()
    };
    // Known nodes, any address of a small subnet, or (seldom) none of the target's family.
    let (nodes, block) = match dice.below(12) {
        0..4 => ((0..16).map(|n| (v6, first.1 + n)).collect(), Some(block)),
        4 if dice.one_in(4) => (Vec::new(), None),
        _ => {
            let n = 1 + dice.below(3);
            (some(dice, first, n), None)
        }
    };
    let strangers = if dice.one_in(3) {
        some(dice, other, 2)
    } else {
        Vec::new()
    };
    let (target_subnet, target) = match (dice.below(12), v6) {
        (0, false) => (None, "192.168.1.5"),
        (0, true) => (None, "2001:db8:ff::5"),
        (1, false) => (Some("subnet-a"), "10.0.0.5"),
        (1, true) => (Some("subnet-a"), "2001:db8:0:a::5"),
        (_, false) => (Some("subnet-t"), "10.0.1.10"),
        (_, true) => (Some("subnet-t"), "2001:db8:0:b::10"),
    };
    let groups = |dice: &mut Dice, own: [&str; 2]| -> Vec<String> {
        let mut groups = vec![own[0].to_owned()];
        if dice.one_in(3) {
            groups.push(own[1].to_owned());
        }
        if dice.one_in(4) {
            groups.push("sg-default".to_owned());
        }
        groups
    };
    Random {
        evidence: tables(dice),
        port: dice.pick(&[8080, 8080, 443, 2000]),
        nodes,
        block,
        strangers,
        node_groups: groups(dice, ["sg-lb", "sg-lb-2"]),
        target: address(target),
        target_subnet,
        target_groups: groups(dice, ["sg-app", "sg-app-2"]),
    }
}

fn cidr(dice: &mut Dice) -> &'static str {
    if dice.one_in(2) {
        dice.pick(CIDRS_V4)
    } else {
        dice.pick(CIDRS_V6)
    }
}

fn tables(dice: &mut Dice) -> Evidence {
    let mut evidence = evidence();
    evidence.prefix_lists = seen(
        ["pl-1", "pl-2"]
            .map(|id| PrefixList {
                id: id.into(),
                cidrs: prefixes(dice),
                ..PrefixList::default()
            })
            .to_vec(),
    );
    evidence.security_groups = seen(
        ["sg-lb", "sg-lb-2", "sg-app", "sg-app-2", "sg-default"]
            .map(|id| group(dice, id))
            .to_vec(),
    );
    // A subnet has an ACL and a table of its own, or the VPC's.
    let own = |dice: &mut Dice, subnet: &str| -> Vec<String> {
        if dice.one_in(4) {
            Vec::new()
        } else {
            vec![subnet.to_owned()]
        }
    };
    evidence.network_acls = seen(
        [
            ("acl-a", "subnet-a"),
            ("acl-t", "subnet-t"),
            ("acl-default", ""),
        ]
        .map(|(id, subnet)| NetworkAcl {
            id: id.into(),
            vpc_id: "vpc-1".into(),
            default: subnet.is_empty(),
            subnet_ids: own(dice, subnet),
            entries: (0..dice.below(9)).map(|n| entry(dice, n)).collect(),
        })
        .to_vec(),
    );
    evidence.route_tables = seen(
        [
            ("rtb-a", "subnet-a"),
            ("rtb-t", "subnet-t"),
            ("rtb-main", ""),
        ]
        .map(|(id, subnet)| RouteTable {
            id: id.into(),
            vpc_id: "vpc-1".into(),
            main: subnet.is_empty(),
            subnet_ids: own(dice, subnet),
            routes: (0..dice.below(6)).map(|_| route(dice)).collect(),
        })
        .to_vec(),
    );
    evidence
}

/// Of a prefix list: some blocks, or two halves that are the nodes' subnet together.
fn prefixes(dice: &mut Dice) -> Vec<String> {
    let halves = [
        "10.0.0.8/29",
        "10.0.0.0/29",
        "2001:db8:0:a::8/125",
        "2001:db8:0:a::/125",
    ];
    if dice.one_in(3) {
        halves.map(str::to_owned).to_vec()
    } else {
        (0..dice.below(4)).map(|_| cidr(dice).to_owned()).collect()
    }
}

fn group(dice: &mut Dice, id: &str) -> SecurityGroup {
    let rules = (0..dice.below(5)).map(|n| {
        let ports = dice.pick(PORTS);
        let mut rule = SecurityGroupRule {
            id: format!("sgr-{n}"),
            egress: dice.one_in(2),
            protocol: dice.pick(PROTOCOLS).into(),
            from_port: ports.map(|(from, _)| from),
            to_port: ports.map(|(_, to)| to),
            ..SecurityGroupRule::default()
        };
        match dice.below(6) {
            0 => {
                let of = dice.pick(&[
                    "sg-lb",
                    "sg-lb-2",
                    "sg-app",
                    "sg-app-2",
                    "sg-default",
                    "sg-x",
                ]);
                rule.referenced_group_id = Some(of.into());
            }
            1 => rule.prefix_list_id = Some(dice.pick(&["pl-1", "pl-2"]).into()),
            2 | 3 => rule.cidr_ipv6 = Some(dice.pick(CIDRS_V6).into()),
            _ => rule.cidr_ipv4 = Some(dice.pick(CIDRS_V4).into()),
        }
        rule
    });
    SecurityGroup {
        id: id.into(),
        rules: rules.collect(),
        ..SecurityGroup::default()
    }
}

fn entry(dice: &mut Dice, n: u64) -> NetworkAclEntry {
    let ports = dice.pick(PORTS);
    NetworkAclEntry {
        // Numbers are unique but in no order.
        rule_number: u32::try_from((n * 37) % 101).unwrap() + 1,
        egress: dice.one_in(2),
        protocol: dice.pick(PROTOCOLS).into(),
        allow: dice.below(3) > 0,
        cidr: cidr(dice).into(),
        from_port: ports.map(|(from, _)| from),
        to_port: ports.map(|(_, to)| to),
    }
}

fn route(dice: &mut Dice) -> Route {
    let destination = match dice.below(7) {
        0 => dice.pick(&["pl-1", "pl-2"]),
        _ => cidr(dice),
    };
    Route {
        destination: destination.into(),
        target: dice
            .pick(&["local", "igw-1", "nat-1", "pcx-1", "tgw-1", "eni-1"])
            .into(),
        state: dice
            .pick(&["active", "active", "active", "blackhole"])
            .into(),
    }
}
