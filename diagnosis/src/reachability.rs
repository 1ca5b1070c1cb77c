//! Can A reach B, and which rule says so: security groups, network ACLs, routes.
//!
//! The way from a load balancer's node to a target and back passes eight [`Gate`]s. Each is judged
//! on its own by [`reach`], with the rule that decides; what was not seen makes a gate unknown,
//! never open. [`paths`] does it for every node and every target of the evidence.
//!
//! Facts: security groups are stateful and the union of their rules, network ACLs are stateless,
//! judged in order of rule number and only where traffic crosses a subnet's border, routes go by
//! the longest prefix (VPC user guide, [V]).

mod block;
mod evaluate;
mod gate;
mod paths;
mod world;

pub use block::Block;
pub use evaluate::{Endpoint, Inside, Node, RETURN_PORTS, reach};
pub use gate::{Decider, Gate, Outcome, Reach};
pub use paths::{Path, Paths, Purpose, nodes, paths};
pub use world::World;

#[cfg(test)]
mod tests;
