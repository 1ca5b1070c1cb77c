//! Security groups: any rule that lets the other end in is enough.

use crate::reachability::{
    block::Block,
    gate::{Decider, Outcome},
    world::{MAX_RULES, Peer, World},
};

/// The security groups of the other end.
#[derive(Clone, Copy)]
pub(super) enum Peers<'p> {
    Of(&'p [String]),
    Unknown(&'p str),
}

pub(super) fn security_groups<'a>(
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
