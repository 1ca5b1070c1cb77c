//! The collectors against the lab: what AWS says becomes evidence, what it will not say too.

#[path = "support/lab.rs"]
mod lab;

mod collect {
    pub(crate) mod asking;
    pub(crate) mod faults;
    pub(crate) mod finding;
    pub(crate) mod incidents;
    pub(crate) mod order;
}
