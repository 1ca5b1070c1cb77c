//! Rules of the step `network`.

mod fixes;
#[cfg(test)]
pub(crate) mod fixture;
mod load_balancer_egress_blocked;
mod network_acl_blocks_request;
mod network_acl_blocks_return;
mod no_route_to_target;
mod security_group_blocks_health_check;
mod security_group_blocks_target;
mod shut;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    security_group_blocks_target::RULE,
    security_group_blocks_health_check::RULE,
    load_balancer_egress_blocked::RULE,
    network_acl_blocks_request::RULE,
    network_acl_blocks_return::RULE,
    no_route_to_target::RULE,
];
