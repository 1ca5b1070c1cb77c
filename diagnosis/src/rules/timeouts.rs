//! Rules of the step `timeouts`.

mod keep_alive_shorter_than_idle_timeout;
mod servers;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[keep_alive_shorter_than_idle_timeout::RULE];
