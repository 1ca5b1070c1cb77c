//! What happened to targets near the window, and whether the errors are tied to it.

pub(crate) mod chance;
pub(crate) mod departures;
pub(crate) mod disturbances;
pub(crate) mod hosts;
pub(crate) mod known;
pub(crate) mod tie;
