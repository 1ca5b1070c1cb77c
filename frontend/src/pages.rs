//! One file an address.

pub(crate) mod handoff;
pub(crate) mod home;
pub(crate) mod investigation;
pub(crate) mod not_found;
pub(crate) mod rule;
pub(crate) mod shared;
