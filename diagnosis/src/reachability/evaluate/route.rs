//! Route tables: the narrowest route to an address decides.

use crate::reachability::{
    block::Block,
    gate::{Decider, Outcome},
    world::{SubnetTables, Table, World},
};

pub(super) fn route<'a>(world: &World<'a>, subnet: &SubnetTables<'a>, to: Block) -> Outcome<'a> {
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
