//! Error codes that leave no row of their own: how many there were, and what the log says of why.

use serde::{Deserialize, Serialize};

/// Codes that the load balancer answers for the request's own sake; targets answer most of them as
/// well, so only the maker tells what they mean.
pub const CODES: [u16; 6] = [400, 408, 413, 501, 505, 507];

/// Different reasons of one code that are kept.
pub const REASONS_KEPT: usize = 64;

/// One of [`CODES`] in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherCode {
    /// `elb_status_code`.
    pub status: u16,
    pub made_by_load_balancer: u64,
    /// The target's own answer, passed on.
    pub made_by_target: u64,
    /// Of those that the load balancer made and that say why: most first, then by name; at most
    /// [`REASONS_KEPT`].
    pub reasons: Vec<CodeReason>,
}

/// AWS's words for why, as the log has them: letters and digits alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CodeReason {
    /// `error_reason`, or `classification_reason` where there is none.
    pub reason: String,
    /// `Ambiguous`, `Severe`, …; with a `classification_reason` only.
    pub classification: Option<String>,
    pub count: u64,
}
