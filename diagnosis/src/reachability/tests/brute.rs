//! A second opinion, written another way: for each single address and port, which rules match, and
//! which of them counts. No blocks are split, no ports are cut: everything is asked one by one.
//!
//! `LB502_WORLDS` says how many worlds; `make reachability` asks for a million and prints how often
//! each gate gave each answer, so that agreement about nothing would be seen.

mod opinion;
mod worlds;

use std::{collections::BTreeMap, fmt::Write as _, net::IpAddr};

use super::super::{Block, Decider, Endpoint, Gate, Inside, Node, Outcome, World, reach};
use opinion::{Tables, acl_allows, entry};
use worlds::{Address, Dice, Random, random};

/// In a usual test run.
const WORLDS: u32 = 10_000;

/// Where any rule's port range begins or ends, and a port of each range between.
const BACK: &[u16] = &[
    1024, 1025, 1500, 1501, 1999, 2000, 2001, 7999, 8000, 8079, 8080, 8081, 9000, 9001, 32767,
    32768, 65535,
];

/// What one gate asks: of which addresses, on which ports.
struct Asked<'w> {
    world: &'w Random,
    tables: Tables<'w>,
    gate: Gate,
    addresses: Vec<Address>,
    ports: &'w [u16],
}

impl<'w> Asked<'w> {
    fn new(world: &'w Random, gate: Gate) -> Self {
        let of_nodes = matches!(
            gate,
            Gate::RequestAclIn | Gate::TargetInbound | Gate::ReturnRoute | Gate::ReturnAclOut
        );
        let back = matches!(gate, Gate::ReturnAclOut | Gate::ReturnAclIn);
        Self {
            world,
            tables: Tables(&world.evidence),
            gate,
            addresses: if of_nodes {
                world.nodes.clone()
            } else {
                vec![world.target]
            },
            ports: if back {
                BACK
            } else {
                std::slice::from_ref(&world.port)
            },
        }
    }

    fn target_subnet(&self) -> &'static str {
        self.world.target_subnet.unwrap()
    }

    fn allows(&self, address: Address, port: u16) -> bool {
        let world = self.world;
        let tables = &self.tables;
        match self.gate {
            Gate::LoadBalancerOutbound => {
                // A group names only what stands in the VPC.
                let of_target: &[String] = if world.target_subnet.is_some() {
                    &world.target_groups
                } else {
                    &[]
                };
                tables.groups_allow(&world.node_groups, true, address, of_target, port)
            }
            Gate::TargetInbound => tables.groups_allow(
                &world.target_groups,
                false,
                address,
                &world.node_groups,
                port,
            ),
            Gate::RequestRoute => tables.routed("subnet-a", address),
            Gate::ReturnRoute => tables.routed(self.target_subnet(), address),
            Gate::RequestAclOut | Gate::ReturnAclIn | Gate::RequestAclIn | Gate::ReturnAclOut => {
                let (subnet, egress) = self.acl();
                acl_allows(tables.acl(subnet), egress, address, port)
            }
        }
    }

    fn routing_subnet(&self) -> &'static str {
        if self.gate == Gate::RequestRoute {
            "subnet-a"
        } else {
            self.target_subnet()
        }
    }

    fn acl(&self) -> (&'static str, bool) {
        match self.gate {
            Gate::RequestAclOut => ("subnet-a", true),
            Gate::ReturnAclIn => ("subnet-a", false),
            Gate::RequestAclIn => (self.target_subnet(), false),
            _ => (self.target_subnet(), true),
        }
    }

    /// Of every address, of every port.
    fn opinion(&self) -> Vec<Vec<bool>> {
        let of = |address: &Address| {
            self.ports
                .iter()
                .map(|port| self.allows(*address, *port))
                .collect()
        };
        self.addresses.iter().map(of).collect()
    }

    /// The most return ports that any address gets answers on.
    fn open_return_ports(&self) -> usize {
        let open = |address: &Address| {
            (1024..=65535)
                .filter(|port| self.allows(*address, *port))
                .count()
        };
        self.addresses.iter().map(open).max().unwrap_or_default()
    }

    /// Whether for some address and port the named rule is the one that decides, and that way.
    fn decides(&self, by: &Decider<'_>, allows: bool) -> bool {
        let mut asked = self
            .addresses
            .iter()
            .flat_map(|address| self.ports.iter().map(move |port| (*address, *port)));
        match by {
            Decider::SecurityGroupRule { rule: "", .. } => {
                // Several together: none alone lets every address through.
                allows && asked.all(|(address, port)| self.allows(address, port))
            }
            Decider::SecurityGroupRule { group, rule } => {
                let egress = self.gate == Gate::LoadBalancerOutbound;
                let (own, peers): (_, &[String]) = match (egress, self.world.target_subnet) {
                    (true, None) => (&self.world.node_groups, &[]),
                    (true, Some(_)) => (&self.world.node_groups, &self.world.target_groups),
                    (false, _) => (&self.world.target_groups, &self.world.node_groups),
                };
                let rules = &self.tables.group(group).rules;
                let named = rules.iter().find(|known| known.id == *rule).unwrap();
                allows
                    && own.iter().any(|id| id == group)
                    && asked.any(|(address, port)| {
                        self.tables.rule_allows(named, egress, address, peers, port)
                    })
            }
            Decider::NoSecurityGroupRule { groups } => {
                let own = if self.gate == Gate::LoadBalancerOutbound {
                    &self.world.node_groups
                } else {
                    &self.world.target_groups
                };
                !allows && *groups == own.as_slice()
            }
            Decider::NetworkAclEntry { acl, number } => {
                let (subnet, egress) = self.acl();
                let known = self.tables.acl(subnet);
                // Of return ports every one counts: the entry may decide for a few of them only.
                known.id == *acl
                    && asked.any(|(address, port)| {
                        let decided = entry(known, egress, address, port);
                        decided.map_or(32_767, |entry| entry.rule_number) == *number
                            && decided.is_some_and(|entry| entry.allow) == allows
                    })
            }
            Decider::Route {
                table,
                destination,
                target,
            } => {
                let subnet = self.routing_subnet();
                self.tables.routes(subnet).id == *table
                    && asked.any(|(address, _)| {
                        let longest = self.tables.longest(subnet, address);
                        longest.iter().any(|route| route.state == "active") == allows
                            && longest.iter().any(|route| {
                                route.destination == *destination
                                    && route.target == *target
                                    && (route.state == "active") == allows
                            })
                    })
            }
            Decider::NoRoute { table } => {
                let subnet = self.routing_subnet();
                !allows
                    && self.tables.routes(subnet).id == *table
                    && asked.any(|(address, _)| self.tables.longest(subnet, address).is_empty())
            }
            Decider::SameSubnet => {
                let on_acl = matches!(
                    self.gate,
                    Gate::RequestAclOut
                        | Gate::RequestAclIn
                        | Gate::ReturnAclOut
                        | Gate::ReturnAclIn
                );
                allows && on_acl && self.world.target_subnet == Some("subnet-a")
            }
            Decider::Beyond { via } => {
                let longest = self.tables.longest("subnet-a", self.world.target);
                let mut active = longest
                    .iter()
                    .filter(|route| route.state == "active")
                    .peekable();
                let via_known = match active.peek() {
                    Some(_) => active.any(|route| route.target == *via),
                    None => *via == "unknown route",
                };
                allows && self.world.target_subnet.is_none() && via_known
            }
        }
    }
}

/// How often each gate gave each answer.
#[derive(Default)]
struct Tally(BTreeMap<(Gate, &'static str), u64>);

impl Tally {
    fn count(&mut self, gate: Gate, outcome: &Outcome<'_>) {
        let by = |by: &Decider<'_>| match by {
            Decider::SecurityGroupRule { rule: "", .. } => "several rules",
            Decider::SecurityGroupRule { .. } => "a rule",
            Decider::NoSecurityGroupRule { .. } => "no rule",
            Decider::NetworkAclEntry { number: 32_767, .. } => "last entry",
            Decider::NetworkAclEntry { .. } => "an entry",
            Decider::Route { destination, .. } if destination.starts_with("pl-") => {
                "a list's route"
            }
            Decider::Route { .. } => "a route",
            Decider::NoRoute { .. } => "no route",
            Decider::SameSubnet => "same subnet",
            Decider::Beyond { .. } => "beyond the VPC",
        };
        let kind = match outcome {
            Outcome::Open(decider) => ["open: ", by(decider)],
            Outcome::Blocked {
                by: decider,
                partly: false,
            } => ["shut: ", by(decider)],
            Outcome::Blocked {
                by: decider,
                partly: true,
            } => ["partly: ", by(decider)],
            Outcome::Unknown(_) => ["unknown", ""],
        };
        let name = KINDS.iter().find(|known| **known == kind.concat());
        *self
            .0
            .entry((gate, name.unwrap_or(&"another kind")))
            .or_default() += 1;
    }

    fn of(&self, kind: &str) -> u64 {
        self.0
            .iter()
            .filter(|((_, known), _)| *known == kind)
            .map(|(_, n)| n)
            .sum()
    }

    fn table(&self, worlds: u32) -> String {
        let mut out =
            format!("{worlds} random worlds, 8 gates each: evaluator and brute force agree\n");
        for kind in KINDS {
            let _ = write!(out, "{kind:<24}{:>10} ", self.of(kind));
            for gate in Gate::ALL {
                let n = self.0.get(&(gate, *kind)).copied().unwrap_or(0);
                let _ = write!(out, "{n:>10}");
            }
            out.push('\n');
        }
        let gates: Vec<String> = Gate::ALL.iter().map(|gate| format!("{gate:?}")).collect();
        out + "columns: all gates, then " + &gates.join(", ")
    }
}

/// Every kind of answer that there is: each has to come up.
const KINDS: &[&str] = &[
    "open: a rule",
    "open: several rules",
    "open: an entry",
    "open: a route",
    "open: a list's route",
    "open: same subnet",
    "open: beyond the VPC",
    "shut: no rule",
    "shut: an entry",
    "shut: last entry",
    "shut: a route",
    "shut: a list's route",
    "shut: no route",
    "partly: no rule",
    "partly: an entry",
    "partly: last entry",
    "partly: a route",
    "partly: a list's route",
    "partly: no route",
    "unknown",
];

#[test]
#[expect(
    clippy::print_stdout,
    reason = "`make reachability` shows it to a person"
)]
fn the_evaluator_agrees_with_asking_every_address_and_port() {
    let worlds = std::env::var("LB502_WORLDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(WORLDS);
    let mut dice = Dice(0x5eed_0502);
    let mut tally = Tally::default();
    for round in 0..worlds {
        let world = random(&mut dice);
        judge(&world, round, &mut tally);
    }
    println!("{}", tally.table(worlds));
    // The dice reach every answer often enough to mean something.
    for kind in KINDS {
        assert!(
            tally.of(kind) >= u64::from(worlds / 10_000),
            "{kind}: {}",
            tally.of(kind)
        );
    }
    assert_eq!(tally.of("another kind"), 0);
}

fn judge(world: &Random, round: u32, tally: &mut Tally) {
    let tables = World::new(&world.evidence);
    let own: Vec<Block> = match world.block {
        Some(block) => vec![Block::parse(block).unwrap()],
        None => world.nodes.iter().copied().map(block).collect(),
    };
    let blocks = own
        .into_iter()
        .chain(world.strangers.iter().copied().map(block))
        .collect();
    let node = Node {
        subnet: "subnet-a",
        blocks,
        groups: &world.node_groups,
    };
    let target = Endpoint {
        address: block(world.target),
        inside: world.target_subnet.map(|subnet| Inside {
            subnet,
            groups: Ok(&world.target_groups),
        }),
    };
    let reach = reach(&tables, &node, &target, world.port);
    for gate in Gate::ALL {
        let outcome = reach.at(gate);
        tally.count(gate, outcome);
        agree(
            world,
            gate,
            outcome,
            &format!("round {round}, {gate:?}: {outcome:?}"),
        );
    }
}

fn block((v6, bits): Address) -> Block {
    Block::address(match u32::try_from(bits) {
        Ok(bits) if !v6 => IpAddr::V4(bits.into()),
        _ => IpAddr::V6(bits.into()),
    })
}

fn agree(world: &Random, gate: Gate, outcome: &Outcome<'_>, place: &str) {
    let asked = Asked::new(world, gate);
    if let Outcome::Open(by @ (Decider::SameSubnet | Decider::Beyond { .. })) = outcome {
        assert!(asked.decides(by, true), "{place}");
        return;
    }
    assert!(
        world.target_subnet.is_some()
            || matches!(
                gate,
                Gate::LoadBalancerOutbound
                    | Gate::RequestRoute
                    | Gate::RequestAclOut
                    | Gate::ReturnAclIn
            ),
        "{place}: judged, but outside the VPC"
    );
    let exact = world.block.is_none();
    let opinion = asked.opinion();
    let all = opinion.iter().flatten().all(|allowed| *allowed);
    let none = opinion.iter().flatten().all(|allowed| !*allowed);
    match outcome {
        Outcome::Open(by) => {
            assert!(!opinion.is_empty() && all, "{place}, but not for all");
            assert!(asked.decides(by, true), "{place}: not by that");
        }
        Outcome::Blocked { by, partly: false } => {
            let back = matches!(gate, Gate::ReturnAclOut | Gate::ReturnAclIn);
            assert!(
                !opinion.is_empty() && (none || back && asked.open_return_ports() <= 64_512 / 100),
                "{place}, but not for all"
            );
            assert!(asked.decides(by, false), "{place}: not by that");
        }
        Outcome::Blocked { by, partly: true } => {
            assert!(!all && !none, "{place}: not partly");
            // Every address of a subnet, or at least one node, meets a shut port.
            let shut = |ports: &Vec<bool>| ports.iter().any(|allowed| !*allowed);
            let enough = if exact {
                opinion.iter().any(shut)
            } else {
                opinion.iter().all(shut)
            };
            assert!(enough, "{place}");
            assert!(asked.decides(by, false), "{place}: not by that");
        }
        Outcome::Unknown(_) => {
            let unheard_of = opinion.is_empty();
            assert!(
                unheard_of || !exact && !all && !none,
                "{place}: could be told"
            );
        }
    }
}
