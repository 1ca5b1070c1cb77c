//! Rules of the step `error-logs`.

mod target_closed_connection;
mod target_refused_connection;
mod target_returned_502;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    target_returned_502::RULE,
    target_refused_connection::RULE,
    target_closed_connection::RULE,
];
