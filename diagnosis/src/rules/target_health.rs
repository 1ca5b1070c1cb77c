//! Rules of the step `target-health`.

mod all_targets_unhealthy;
mod container_crashed;
mod deploy_stops_targets_before_draining;
mod health_check;
mod no_registered_targets;
mod target_in_disabled_zone;
mod target_instance_not_running;
mod targets_failing_health_checks;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    all_targets_unhealthy::RULE,
    no_registered_targets::RULE,
    targets_failing_health_checks::RULE,
    target_instance_not_running::RULE,
    target_in_disabled_zone::RULE,
    container_crashed::RULE,
    deploy_stops_targets_before_draining::RULE,
];
