//! Rules of the step `timeouts`.

mod deregistration_delay_too_short;
mod health_check_slower_than_shutdown;
mod idle_timeout_shorter_than_response;
mod keep_alive_shorter_than_idle_timeout;
mod lambda_timeout;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    keep_alive_shorter_than_idle_timeout::RULE,
    deregistration_delay_too_short::RULE,
    health_check_slower_than_shutdown::RULE,
    lambda_timeout::RULE,
    idle_timeout_shorter_than_response::RULE,
];
