//! How long the load balancer had waited when it gave a request up.

use crate::{case::whole, evidence::access_log::FaultRow};

/// A connect to a target, or its TLS handshake, is given up after this long, milliseconds.
/// [V] DOC-TS, HTTP 504
pub(crate) const CONNECT_TIMEOUT: u64 = 10_000;

/// The load balancer's timer may be this much early or late, milliseconds: nodes note times of their
/// own. [I]
const EARLY: u64 = 500;
const LATE: u64 = 2_000;

/// How long it had waited for the target, milliseconds; `None` where the row does not tell.
pub(crate) fn waited(row: &FaultRow) -> Option<u64> {
    if let Some(seconds) = row.target_processing_time {
        return Some(whole(seconds * 1_000.0));
    }
    let before = row
        .request_processing_time
        .map_or(0, |seconds| whole(seconds * 1_000.0));
    lasted(row)?.checked_sub(before)
}

/// From the request's arrival to the end of the exchange, milliseconds. Classic notes no such time,
/// and a merged row speaks for several requests.
pub(crate) fn lasted(row: &FaultRow) -> Option<u64> {
    let created = row.request_creation_time?;
    let took = row.time.signed_duration_since(created).num_milliseconds();
    u64::try_from(took).ok()
}

/// Whether a wait came to its end with this limit.
pub(crate) fn is_at(waited: u64, limit: u64) -> bool {
    limit.saturating_sub(EARLY) <= waited && waited <= limit.saturating_add(LATE)
}
