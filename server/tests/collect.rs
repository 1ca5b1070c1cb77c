//! The collectors against the lab: what AWS says becomes evidence, what it will not say too.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

#[expect(dead_code, reason = "the API's tests use the rest of it")]
#[path = "support/lab.rs"]
mod lab;

mod collect {
    pub(crate) mod asking;
    pub(crate) mod faults;
    pub(crate) mod finding;
    pub(crate) mod incidents;
    pub(crate) mod order;
}
