//! What lb502 knows about 502s, as pure functions.
//!
//! [`diagnose`] takes one plain [`Evidence`] value (what AWS said, and what it would not say) and
//! returns one [`Diagnosis`] (who made each 502, which cause is proven, which is ruled out, which
//! cannot be judged). Nothing here does I/O, knows an AWS type or reads a clock: "now" is
//! [`Evidence::observed_at`]. The server, the command line and the browser share this crate.

pub mod access_log;
pub mod api;
pub mod bundle;
pub mod case;
pub mod compare;
pub mod coverage;
pub mod document;
pub mod evidence;
pub mod fix;
#[cfg(test)]
pub(crate) mod fixture;
pub mod handoff;
mod in_flight;
pub mod keep_alive;
pub mod ledger;
pub mod masking;
pub mod need;
pub mod neighbours;
pub mod observation;
pub mod observed;
pub mod question;
mod raw_rows;
pub mod reachability;
pub mod restart_signs;
mod routes;
pub mod rule;
pub mod rules;
mod safe_timeouts;
pub mod skew;
pub mod step;
pub mod steps;
pub mod tables;
pub mod timeout_chain;
pub mod verdict;
mod waits;
pub mod watch;
pub mod what_changed;
pub mod words;

pub use document::Diagnosis;
pub use evidence::Evidence;
pub use observation::Observation;
pub use observed::Observed;
pub use step::Step;

/// Judges the evidence by the whole rule book.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    verdict::judge(evidence)
}
