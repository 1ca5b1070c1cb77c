//! A hop as it is put together: its number, or the reason why there is none.

use super::{Hop, HopSource, NotKnown};
use crate::observed::Observed;

/// Why a number stays, where nothing is against it.
pub(super) const NOTHING_ASKS: &str = "nothing that was seen asks for another.";

impl Hop {
    /// A hop that is read from `observed`, without its number as yet. `what` names the evidence.
    pub(super) fn of<T>(what: &str, observed: &Observed<T>) -> Self {
        Self {
            not_known: Some(match observed {
                Observed::Denied { .. } => NotKnown::Denied,
                Observed::Failed { .. } => NotKnown::Failed,
                Observed::NotAsked => NotKnown::NotAsked,
                Observed::Seen { .. } => NotKnown::NotTold,
            }),
            because: match observed.missing(what) {
                Some(missing) => format!("Not known: {missing}."),
                None => format!("Not known: {what} were read and do not tell it."),
            },
            cites: observed.source().to_vec(),
            ..Self::default()
        }
    }

    /// Gives it its number, if there is one.
    pub(super) fn know(&mut self, seconds: Option<u64>, source: HopSource, because: &str) {
        if seconds.is_some() {
            self.seconds = seconds;
            self.not_known = None;
            self.source = Some(source);
            because.clone_into(&mut self.because);
        }
    }

    pub(super) fn milliseconds(&self) -> Option<u64> {
        self.seconds.map(|seconds| seconds.saturating_mul(1_000))
    }

    /// What it is set to may stay.
    pub(super) fn stays(&mut self, because: &str) {
        self.safe_seconds = self.seconds;
        self.safe_because = if self.seconds.is_some() {
            format!("Stays: {because}")
        } else {
            "Not to be named while the present one is not known.".to_owned()
        };
    }

    /// It should be set to this.
    pub(super) fn becomes(&mut self, seconds: u64, because: impl Into<String>) {
        self.safe_seconds = Some(seconds);
        self.safe_because = because.into();
    }
}
