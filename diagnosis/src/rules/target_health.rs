//! Rules of the step `target-health`.

mod all_targets_unhealthy;
mod health_check;
mod target_instance_not_running;
mod targets_failing_health_checks;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    all_targets_unhealthy::RULE,
    targets_failing_health_checks::RULE,
    target_instance_not_running::RULE,
];
