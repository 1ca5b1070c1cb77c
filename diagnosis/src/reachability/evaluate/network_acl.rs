//! Network ACLs: the first entry that matches an address and a port decides for them.

use super::with_subnet;
use crate::reachability::{
    block::Block,
    gate::{Decider, LAST_ENTRY, Outcome},
    world::{Acl, AclEntry, World},
};

/// Where less than one in so many return ports is let through (one entry for a database's port, say),
/// the way back counts as shut: a node takes any port of the range.
const CHINK: u32 = 100;

pub(super) fn acl<'a>(
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
