//! The rule book, by step.

pub mod error_logs;
pub(crate) mod lambda;
pub mod load;
pub mod network;
pub mod target_health;
pub mod timeouts;
pub mod tls;

use crate::rule::Rule;

/// Every rule, in the order of the steps and of the rule book.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [
        target_health::RULES,
        error_logs::RULES,
        network::RULES,
        load::RULES,
        tls::RULES,
        timeouts::RULES,
    ]
    .into_iter()
    .flatten()
}

/// What AWS's word for a failed invocation means; `None` where it is none of these words.
pub(crate) fn lambda_reason(code: &str) -> Option<&'static str> {
    lambda::by_code(code).map(|reason| reason.means)
}

pub fn by_id(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
