//! Rules of the step `tls`.

mod listener_certificate_expired;
mod listener_certificate_expiring;
mod listener_policy_outdated;
mod protocol_version_mismatch;
mod target_protocol_mismatch;
mod target_tls_handshake_failed;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    target_tls_handshake_failed::RULE,
    target_protocol_mismatch::RULE,
    protocol_version_mismatch::RULE,
    listener_certificate_expired::RULE,
    listener_certificate_expiring::RULE,
    listener_policy_outdated::RULE,
];
