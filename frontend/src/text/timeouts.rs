//! The chain of timeouts in words, and the scale of its bars.

use diagnosis::timeout_chain::{Hop, HopSource, Inequality, InequalityState, NotKnown};

use super::{Sign, count};

pub(crate) const fn state(state: InequalityState) -> (Sign, &'static str) {
    match state {
        InequalityState::Broken => (Sign::Bad, "Broken"),
        InequalityState::CannotTell => (Sign::Warn, "Cannot tell"),
        InequalityState::Holds => (Sign::Good, "Holds"),
    }
}

/// The worst that is said of a hop; `None` where nothing binds it.
pub(crate) fn worst(of_hop: &[Inequality]) -> Option<InequalityState> {
    of_hop
        .iter()
        .map(|one| one.state)
        .min_by_key(|state| urgency(*state))
}

/// Broken before open, open before what holds.
pub(crate) const fn urgency(state: InequalityState) -> u8 {
    match state {
        InequalityState::Broken => 0,
        InequalityState::CannotTell => 1,
        InequalityState::Holds => 2,
    }
}

/// `60 s`, `not known`
pub(crate) fn value(hop: &Hop) -> String {
    match (hop.seconds, hop.not_known) {
        (Some(seconds), _) => seconds_of(seconds),
        (None, Some(NotKnown::Several)) => "several".to_owned(),
        (None, _) => "not known".to_owned(),
    }
}

pub(crate) fn seconds_of(seconds: u64) -> String {
    format!("{} s", count(seconds))
}

/// Where the number comes from, or why there is none.
pub(crate) const fn source(hop: &Hop) -> &'static str {
    match (hop.source, hop.not_known) {
        (Some(HopSource::Attribute), _) => "set in AWS",
        (Some(HopSource::Default), _) => "AWS's default",
        (Some(HopSource::Estimate), _) => "estimated from the log",
        (Some(HopSource::Answer), _) => "a person's answer",
        (Some(HopSource::Fixed), _) => "fixed by AWS",
        (None, Some(NotKnown::Denied)) => "IAM denied it",
        (None, Some(NotKnown::Failed)) => "the call failed",
        (None, Some(NotKnown::NotAsked)) => "not asked yet",
        (None, Some(NotKnown::NotInAws)) => "not in AWS: a setting of the server",
        (None, _) => "not told",
    }
}

/// What the bars are drawn on: from 1 s to a power of ten, each power as wide as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    decades: u32,
}

impl Scale {
    /// Wide enough for all that is known and all that would be safe.
    pub(crate) fn of(hops: &[Hop]) -> Self {
        let longest = hops
            .iter()
            .flat_map(|hop| [hop.seconds, hop.safe_seconds])
            .flatten()
            .max()
            .unwrap_or(0);
        let mut decades = 2;
        while longest > 10_u64.saturating_pow(decades) && decades < 9 {
            decades += 1;
        }
        Self { decades }
    }

    /// How far along a number stands, in thousandths; 0 for a second and less.
    pub(crate) fn place(self, seconds: u64) -> u64 {
        if seconds <= 1 {
            return 0;
        }
        let share = (seconds as f64).log10() / f64::from(self.decades);
        (share.min(1.0) * 1_000.0) as u64
    }

    /// `1 s`, `10 s` … with their places.
    pub(crate) fn ticks(self) -> Vec<(String, u64)> {
        (0..=self.decades)
            .map(|power| {
                let seconds = 10_u64.saturating_pow(power);
                (seconds_of(seconds), u64::from(power * 1_000 / self.decades))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(seconds: Option<u64>, safe: Option<u64>) -> Hop {
        Hop {
            seconds,
            safe_seconds: safe,
            ..Hop::default()
        }
    }

    #[test]
    fn a_number_says_where_it_comes_from_and_a_missing_one_why() {
        let mut known = hop(Some(3_600), None);
        known.source = Some(HopSource::Default);
        assert_eq!(
            (value(&known).as_str(), source(&known)),
            ("3,600 s", "AWS's default")
        );
        let mut denied = hop(None, None);
        denied.not_known = Some(NotKnown::Denied);
        assert_eq!(
            (value(&denied).as_str(), source(&denied)),
            ("not known", "IAM denied it")
        );
        let mut several = hop(None, None);
        several.not_known = Some(NotKnown::Several);
        several.source = Some(HopSource::Estimate);
        assert_eq!(value(&several), "several");
    }

    #[test]
    fn bars_are_as_long_as_the_powers_of_ten_say() {
        let scale = Scale::of(&[hop(Some(5), Some(65)), hop(Some(3_600), None)]);
        assert_eq!(scale.place(0), 0);
        assert_eq!(scale.place(1), 0);
        assert_eq!(scale.place(10), 250);
        assert_eq!(scale.place(1_000), 750);
        assert_eq!(scale.place(u64::MAX), 1_000);
        let ticks: Vec<String> = scale.ticks().into_iter().map(|(words, _)| words).collect();
        assert_eq!(ticks, ["1 s", "10 s", "100 s", "1,000 s", "10,000 s"]);
        assert!(scale.place(5) < scale.place(60));
        // Never so short that a minute would fill it.
        assert_eq!(Scale::of(&[]).ticks().len(), 3);
    }
}
