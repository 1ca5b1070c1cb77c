//! Rules of the step `load`.

mod load_balancer_impaired;
mod overload;
mod pace;
mod surge_queue_overflow;
mod target_connections_exhausted;
mod target_cpu_saturated;
mod traffic_spike;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    target_cpu_saturated::RULE,
    target_connections_exhausted::RULE,
    traffic_spike::RULE,
    load_balancer_impaired::RULE,
    surge_queue_overflow::RULE,
];
