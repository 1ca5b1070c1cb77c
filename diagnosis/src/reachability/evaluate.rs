//! One node, one target, one port: what each gate answers.

mod network_acl;
mod route;
mod security_group;

use self::{
    network_acl::acl,
    route::route,
    security_group::{Peers, security_groups},
};
use super::{
    block::Block,
    gate::{Decider, Gate, Outcome, Reach},
    world::{SubnetTables, World},
};

/// The ports of a node's own end of its connections to targets.
/// [V] Application Load Balancer guide, security groups and network ACLs.
pub const RETURN_PORTS: (u16, u16) = (1_024, 65_535);

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
