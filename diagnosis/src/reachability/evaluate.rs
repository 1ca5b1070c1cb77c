//! One node, one target, one port: what each gate answers.

use super::{
    block::Block,
    gate::{Decider, Gate, LAST_ENTRY, Outcome, Reach},
    world::{Acl, AclEntry, MAX_RULES, Peer, SubnetTables, Table, World},
};

/// The ports of a node's own end of its connections to targets.
/// [V] Application Load Balancer guide, security groups and network ACLs.
pub const RETURN_PORTS: (u16, u16) = (1_024, 65_535);

/// Where less than one in so many return ports is let through (one entry for a database's port, say),
/// the way back counts as shut: a node takes any port of the range.
const CHINK: u32 = 100;

/// The load balancer's end: its nodes in one subnet.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    pub subnet: &'a str,
    /// The nodes' addresses, where their network interfaces were seen; else the subnet's blocks,
    /// because a node may have any address of its subnet.
    pub blocks: Vec<Block>,
    pub groups: &'a [String],
}

/// The target's end.
#[derive(Clone, Debug)]
pub struct Endpoint<'a> {
    pub address: Block,
    /// `None` where the address lies outside the VPC.
    pub inside: Option<Inside<'a>>,
}

#[derive(Clone, Debug)]
pub struct Inside<'a> {
    pub subnet: &'a str,
    /// Security groups, or why they are not known.
    pub groups: Result<&'a [String], String>,
}

/// What the gates between `node` and `target` answer for TCP to `port`.
pub fn reach<'a>(
    world: &World<'a>,
    node: &Node<'a>,
    target: &Endpoint<'a>,
    port: u16,
) -> Reach<'a> {
    let gates = Gate::ALL
        .into_iter()
        .map(|gate| (gate, outcome(world, node, target, port, gate)))
        .collect();
    Reach { gates }
}

fn outcome<'a>(
    world: &World<'a>,
    node: &Node<'a>,
    target: &Endpoint<'a>,
    port: u16,
    gate: Gate,
) -> Outcome<'a> {
    let ports = (port, port);
    let same_subnet = target
        .inside
        .as_ref()
        .is_some_and(|inside| inside.subnet == node.subnet);
    // Of a node's addresses, those of the target's family carry the connection.
    let node_blocks = || {
        node.blocks
            .iter()
            .copied()
            .filter(|block| block.is_v6() == target.address.is_v6())
    };
    match gate {
        Gate::LoadBalancerOutbound => {
            let peer_groups = match &target.inside {
                Some(inside) => inside.groups.as_ref().map_or_else(
                    |missing| Peers::Unknown(missing),
                    |groups| Peers::Of(groups),
                ),
                None => Peers::Of(&[]),
            };
            security_groups(world, node.groups, true, target.address, peer_groups, port)
        }
        Gate::RequestRoute => with_subnet(world, node.subnet, |subnet| {
            route(world, subnet, target.address)
        }),
        Gate::RequestAclOut | Gate::RequestAclIn | Gate::ReturnAclOut | Gate::ReturnAclIn
            if same_subnet =>
        {
            Outcome::Open(Decider::SameSubnet)
        }
        Gate::RequestAclOut => acl(world, node.subnet, true, target.address, ports),
        Gate::ReturnAclIn => acl(world, node.subnet, false, target.address, RETURN_PORTS),
        Gate::RequestAclIn | Gate::TargetInbound | Gate::ReturnRoute | Gate::ReturnAclOut => {
            let Some(Inside { subnet, groups }) = &target.inside else {
                return beyond(world, node, target);
            };
            let subnet = *subnet;
            over_nodes(node, node_blocks(), |block| match gate {
                Gate::RequestAclIn => acl(world, subnet, false, block, ports),
                Gate::ReturnAclOut => acl(world, subnet, true, block, RETURN_PORTS),
                Gate::ReturnRoute => {
                    with_subnet(world, subnet, |subnet| route(world, subnet, block))
                }
                _ => match groups {
                    Ok(groups) => {
                        let peers = Peers::Of(node.groups);
                        security_groups(world, groups, false, block, peers, port)
                    }
                    Err(missing) => Outcome::Unknown(missing.clone()),
                },
            })
        }
    }
}

/// What a target outside the VPC asks of the way cannot be seen.
fn beyond<'a>(world: &World<'a>, node: &Node<'a>, target: &Endpoint<'a>) -> Outcome<'a> {
    let via = match with_subnet(world, node.subnet, |subnet| {
        route(world, subnet, target.address)
    }) {
        Outcome::Open(Decider::Route { target, .. }) => target,
        _ => "unknown route",
    };
    Outcome::Open(Decider::Beyond { via })
}

/// All nodes of the subnet: shut for one is shut (partly), unknown for one is unknown.
fn over_nodes<'a>(
    node: &Node<'a>,
    blocks: impl Iterator<Item = Block>,
    mut judge: impl FnMut(Block) -> Outcome<'a>,
) -> Outcome<'a> {
    let mut open = None;
    let mut blocked = None;
    let mut unknown = None;
    for block in blocks {
        match judge(block) {
            outcome @ Outcome::Open(_) => open = open.or(Some(outcome)),
            Outcome::Blocked { by, partly } => {
                let (by, partly_before) = blocked.unwrap_or((by, partly));
                blocked = Some((by, partly || partly_before));
            }
            outcome @ Outcome::Unknown(_) => unknown = unknown.or(Some(outcome)),
        }
    }
    match (blocked, unknown, open) {
        (Some((by, partly)), unknown, open) => Outcome::Blocked {
            by,
            partly: partly || unknown.is_some() || open.is_some(),
        },
        (None, Some(unknown), _) => unknown,
        (None, None, Some(open)) => open,
        (None, None, None) => Outcome::Unknown(format!(
            "{}: no address of the target's family is known for its nodes",
            node.subnet
        )),
    }
}

fn with_subnet<'a>(
    world: &World<'a>,
    id: &str,
    judge: impl FnOnce(&SubnetTables<'a>) -> Outcome<'a>,
) -> Outcome<'a> {
    match world.subnets.get(id) {
        Some(subnet) => judge(subnet),
        None => Outcome::Unknown(
            world
                .subnets_missing
                .clone()
                .unwrap_or_else(|| format!("subnet {id}: not among those seen")),
        ),
    }
}

/// What part of a block and of its ports is let through.
#[derive(Default)]
struct Parts {
    allowed: Option<u32>,
    /// The first that denies.
    denied: Option<u32>,
    unread: Option<u32>,
    /// The block had to be split: its addresses are not treated alike.
    split: bool,
    /// How many ports are let through, where the block was not split.
    open_ports: u32,
}

fn acl<'a>(
    world: &World<'a>,
    subnet: &str,
    egress: bool,
    block: Block,
    ports: (u16, u16),
) -> Outcome<'a> {
    if let Some(missing) = &world.acls_missing {
        return Outcome::Unknown(missing.clone());
    }
    with_subnet(world, subnet, |tables| {
        let Some(acl) = world.acl(tables) else {
            return Outcome::Unknown(format!("network ACL of {subnet}: not among those seen"));
        };
        if acl.too_long {
            return Outcome::Unknown(format!("{}: too many entries to judge", acl.id));
        }
        let entries = if egress { &acl.outbound } else { &acl.inbound };
        let mut parts = Parts::default();
        walk(entries, block, ports, &mut parts);
        summary(acl, block, ports, &parts)
    })
}

/// Entries in order: the first that matches an address and a port decides for them.
fn walk(entries: &[AclEntry], block: Block, ports: (u16, u16), parts: &mut Parts) {
    for (place, entry) in entries.iter().enumerate() {
        let inner = (entry.ports.0.max(ports.0), entry.ports.1.min(ports.1));
        if inner.0 > inner.1 {
            continue;
        }
        let Some(of) = entry.block else {
            // It may decide for any address; what it decides is not known.
            parts.unread = parts.unread.or(Some(entry.number));
            return;
        };
        if of.covers(block) {
            let decided = if entry.allow {
                parts.open_ports = parts.open_ports.saturating_add(width(inner));
                &mut parts.allowed
            } else {
                &mut parts.denied
            };
            *decided = decided.or(Some(entry.number));
            let later = &entries[place + 1..];
            if ports.0 < inner.0 {
                walk(later, block, (ports.0, inner.0 - 1), parts);
            }
            if inner.1 < ports.1 {
                walk(later, block, (inner.1 + 1, ports.1), parts);
            }
            return;
        }
        if block.covers(of) {
            let (low, high) = block.halves();
            parts.split = true;
            walk(&entries[place..], low, ports, parts);
            walk(&entries[place..], high, ports, parts);
            return;
        }
    }
    parts.denied = parts.denied.or(Some(LAST_ENTRY));
}

fn width(ports: (u16, u16)) -> u32 {
    u32::from(ports.1 - ports.0) + 1
}

fn summary<'a>(acl: &Acl<'a>, block: Block, ports: (u16, u16), parts: &Parts) -> Outcome<'a> {
    let by = |number| Decider::NetworkAclEntry {
        acl: acl.id,
        number,
    };
    match (parts.allowed, parts.denied, parts.unread) {
        (_, None, Some(number)) | (None, Some(_), Some(number)) => {
            Outcome::Unknown(format!("rule {number} of {}: cannot be read", acl.id))
        }
        (Some(_), Some(number), _) if parts.split => Outcome::Unknown(format!(
            "rule {number} of {} denies part of {block}, and which addresses the nodes have there was not seen",
            acl.id
        )),
        (_, Some(number), unread) => Outcome::Blocked {
            by: by(number),
            partly: unread.is_some() || parts.open_ports.saturating_mul(CHINK) > width(ports),
        },
        (Some(number), None, None) => Outcome::Open(by(number)),
        (None, None, None) => Outcome::Open(by(LAST_ENTRY)),
    }
}

/// The security groups of the other end.
#[derive(Clone, Copy)]
enum Peers<'p> {
    Of(&'p [String]),
    Unknown(&'p str),
}

fn security_groups<'a>(
    world: &World<'a>,
    groups: &'a [String],
    egress: bool,
    peer: Block,
    peer_groups: Peers<'_>,
    port: u16,
) -> Outcome<'a> {
    if groups.is_empty() {
        return Outcome::Unknown("security groups: none are named".to_owned());
    }
    let mut unknown = None;
    let mut blocks: Vec<Block> = Vec::new();
    for id in groups {
        let Some(group) = world.groups.get(id.as_str()) else {
            unknown.get_or_insert_with(|| {
                world
                    .groups_missing
                    .clone()
                    .unwrap_or_else(|| format!("security group {id}: not among those seen"))
            });
            continue;
        };
        let rules = if egress {
            &group.outbound
        } else {
            &group.inbound
        };
        for rule in rules {
            if !(rule.ports.0..=rule.ports.1).contains(&port) {
                continue;
            }
            let lets_in = match &rule.peer {
                Peer::Blocks(of) => {
                    blocks.extend(of.iter().copied().filter(|of| peer.covers(*of)));
                    of.iter().any(|of| of.covers(peer))
                }
                Peer::Group(id) => match peer_groups {
                    Peers::Of(groups) => groups.iter().any(|group| group == id),
                    Peers::Unknown(missing) => {
                        unknown.get_or_insert_with(|| missing.to_owned());
                        false
                    }
                },
                Peer::Unknown(missing) => {
                    unknown.get_or_insert_with(|| missing.clone());
                    false
                }
            };
            if lets_in {
                return Outcome::Open(Decider::SecurityGroupRule {
                    group: id,
                    rule: rule.id,
                });
            }
        }
    }
    let unknown = unknown.or_else(|| world.groups_missing.clone());
    let nobody = Decider::NoSecurityGroupRule { groups };
    if blocks.is_empty() {
        return match unknown {
            Some(missing) => Outcome::Unknown(missing),
            None => Outcome::Blocked {
                by: nobody,
                partly: false,
            },
        };
    }
    blocks.sort_unstable();
    blocks.dedup();
    if blocks.len() > MAX_RULES {
        return Outcome::Unknown(format!("{}: too many rules to judge", groups.join(", ")));
    }
    // Several rules may cover the subnet together.
    if covered(peer, &blocks) {
        return match groups.first() {
            Some(group) => Outcome::Open(Decider::SecurityGroupRule { group, rule: "" }),
            None => Outcome::Unknown("security groups: none are named".to_owned()),
        };
    }
    Outcome::Unknown(unknown.unwrap_or_else(|| {
        format!(
            "{} let in part of {peer}, and which addresses the nodes have there was not seen",
            groups.join(", ")
        )
    }))
}

/// Whether the blocks together cover all of `whole`.
fn covered(whole: Block, blocks: &[Block]) -> bool {
    if blocks.iter().any(|block| block.covers(whole)) {
        return true;
    }
    if !blocks.iter().any(|block| whole.covers(*block)) {
        return false;
    }
    let (low, high) = whole.halves();
    covered(low, blocks) && covered(high, blocks)
}

fn route<'a>(world: &World<'a>, subnet: &SubnetTables<'a>, to: Block) -> Outcome<'a> {
    if let Some(missing) = &world.routes_missing {
        return Outcome::Unknown(missing.clone());
    }
    let Some(table) = world.table(subnet) else {
        return Outcome::Unknown("route tables: none serves the subnet".to_owned());
    };
    if let Some(gap) = &table.gap {
        return Outcome::Unknown(gap.clone());
    }
    longest(table, to)
}

fn longest<'a>(table: &Table<'a>, to: Block) -> Outcome<'a> {
    for route in &table.routes {
        if route.block.covers(to) {
            let by = Decider::Route {
                table: table.id,
                destination: route.destination,
                target: route.target,
            };
            return if route.blackhole {
                Outcome::Blocked { by, partly: false }
            } else {
                Outcome::Open(by)
            };
        }
        if to.covers(route.block) {
            // A narrower route takes part of it.
            let (low, high) = to.halves();
            return match (longest(table, low), longest(table, high)) {
                (Outcome::Open(by), Outcome::Open(_)) => Outcome::Open(by),
                (Outcome::Blocked { by, partly: one }, Outcome::Blocked { partly: two, .. }) => {
                    Outcome::Blocked {
                        by,
                        partly: one || two,
                    }
                }
                (unknown @ Outcome::Unknown(_), _) | (_, unknown @ Outcome::Unknown(_)) => unknown,
                _ => Outcome::Unknown(format!(
                    "{} has no route to part of {to}, and which addresses the nodes have there was not seen",
                    table.id
                )),
            };
        }
    }
    Outcome::Blocked {
        by: Decider::NoRoute { table: table.id },
        partly: false,
    }
}
