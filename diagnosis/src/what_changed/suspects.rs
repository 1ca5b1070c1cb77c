//! Which changes the errors follow.
//!
//! For each change that was not refused, over the errors that it can have made (those on the targets or
//! groups that it names, else all):
//!
//! 1. **A step up.** Errors from the change on (2 minutes, and 10 minutes) against up to 30 minutes
//!    before it: the exact test of two Poisson rates. Given all errors of both stretches, those after
//!    the change are binomial if the rate stayed the same. Below 1 in 100, after Bonferroni's correction
//!    for the number of changes and the two stretches, and the rate at least three times what it was.
//! 2. **After the change, not before.** The most likely moment of the step (the change point with the
//!    largest Poisson likelihood) lies after the change and within five minutes of it. So the change
//!    that somebody makes in the middle of an incident, to end it, is not blamed for it.
//! 3. **Not while it was going on.** In the five minutes before the change, and in the last one, the
//!    rate was below a quarter of that after it: a slow rise is not blamed on what happened during it.
//!
//! A stretch of less than a minute before the change says nothing: then nobody is suspected.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Suspect, chance,
    errors::{Codes, Errors},
    events::{Event, Scope},
    tie::tenths,
};
use crate::{case::Case, words};

/// The first error comes within this time of the change. [I], the rule book's "within minutes".
const FOLLOWS_WITHIN: i64 = 5 * MINUTE;
/// How far back the rate before is taken from.
const BEFORE: i64 = 30 * MINUTE;
/// Stretches over which the rate after is taken.
const AFTER: [i64; 2] = [2 * MINUTE, 10 * MINUTE];
/// How far the change point is looked for before the change.
const LOOK_BACK: i64 = 10 * MINUTE;
/// The step is by chance at most so often, over all changes together. [I]
const CHANCE: f64 = 0.01;
/// Fewer errors are no run of them. [I]
const FEWEST: u64 = 3;
/// The rate grows at least so many times. [I]
const TIMES: f64 = 3.0;
/// A rate before the change of this part of the rate after it: it was going on already. [I]
const GOING_ON: f64 = 0.25;
/// Clocks of events and of the log differ. [I]
const CLOCKS: i64 = 2_000;
const MINUTE: i64 = 60_000;

/// For each event the step that follows it, if one does.
pub(super) fn suspects(case: &Case<'_>, events: &[Event]) -> Vec<Option<Suspect>> {
    let codes = Codes::of(case);
    let mut by_scope: BTreeMap<&Scope, Errors> = BTreeMap::new();
    let can_be = |event: &Event| event.refused.is_none() && event.scope != Scope::None;
    let tests = events.iter().filter(|event| can_be(event)).count().max(1);
    events
        .iter()
        .map(|event| {
            if !can_be(event) {
                return None;
            }
            let errors = by_scope
                .entry(&event.scope)
                .or_insert_with(|| Errors::of(case, codes, &event.scope));
            let step = Step::after(errors, event.at.timestamp_millis(), tests)?;
            suspect(codes, event.at, &step)
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// When the rate went up.
    at: i64,
    /// Errors a minute.
    before: f64,
    after: f64,
    minutes_before: u64,
    minutes_after: u64,
}

impl Step {
    fn after(errors: &Errors, change: i64, tests: usize) -> Option<Self> {
        // Where errors are counted by the minute, those of the change's own minute may be its.
        let at = if errors.period > 1_000 {
            change.saturating_sub(change.rem_euclid(errors.period))
        } else {
            change.saturating_sub(CLOCKS)
        };
        if at < errors.from || at >= errors.to {
            return None;
        }
        let start = at.saturating_sub(BEFORE).max(errors.from);
        let before = Stretch::of(errors, start, at);
        errors
            .moments(at, at.saturating_add(FOLLOWS_WITHIN))
            .next()?;
        if before.length < MINUTE {
            return None;
        }
        let corrected = CHANCE / (tests as f64 * AFTER.len() as f64);
        let (after, chance) = AFTER
            .into_iter()
            .map(|length| {
                let after = Stretch::of(errors, at, at.saturating_add(length).min(errors.to));
                let share = after.length as f64 / (after.length as f64 + before.length as f64);
                let chance = chance::at_least_of(after.n, after.n.saturating_add(before.n), share);
                (after, chance)
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        let steps_up =
            after.n >= FEWEST && chance <= corrected && after.rate() >= before.rate() * TIMES;
        let went_on = [5 * MINUTE, MINUTE].into_iter().any(|length| {
            let last = Stretch::of(errors, at.saturating_sub(length).max(start), at);
            last.rate() > after.rate() * GOING_ON
        });
        if !steps_up || went_on {
            return None;
        }
        let end = at.saturating_add(AFTER[1]).min(errors.to);
        let step = change_point(errors, start, at, end)?;
        if step < at || step > at.saturating_add(FOLLOWS_WITHIN) {
            return None;
        }
        let from_step = Stretch::of(
            errors,
            step,
            step.saturating_add(after.length).min(errors.to),
        );
        Some(Self {
            at: step,
            before: before.rate(),
            after: from_step.rate(),
            minutes_before: minutes(before.length),
            minutes_after: minutes(from_step.length),
        })
    }
}

/// The moment at which a step up of the rate is most likely, from some minutes before the change on.
fn change_point(errors: &Errors, start: i64, change: i64, end: i64) -> Option<i64> {
    let from = change.saturating_sub(LOOK_BACK).max(start);
    let mut best: Option<(f64, i64)> = None;
    for moment in errors.moments(from, end) {
        let (before, after) = (
            Stretch::of(errors, start, moment),
            Stretch::of(errors, moment, end),
        );
        if after.rate() <= before.rate() {
            continue;
        }
        let likelihood = before.likelihood() + after.likelihood();
        if best.is_none_or(|(known, _)| likelihood > known) {
            best = Some((likelihood, moment));
        }
    }
    best.map(|(_, moment)| moment)
}

/// A stretch of time and its errors.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    n: u64,
    length: i64,
}

impl Stretch {
    fn of(errors: &Errors, from: i64, to: i64) -> Self {
        Self {
            n: errors.count(from, to),
            length: to.saturating_sub(from).max(1_000),
        }
    }

    /// Errors a minute; a stretch below a minute counts as one.
    fn rate(self) -> f64 {
        self.n as f64 * MINUTE as f64 / self.length.max(MINUTE) as f64
    }

    /// The largest log-likelihood of a Poisson process, but for what all stretches have in common.
    fn likelihood(self) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let n = self.n as f64;
        n * (n / self.length as f64).ln()
    }
}

fn minutes(length: i64) -> u64 {
    u64::try_from((length + MINUTE / 2) / MINUTE)
        .unwrap_or(0)
        .max(1)
}

fn suspect(codes: Codes, change: DateTime<Utc>, step: &Step) -> Option<Suspect> {
    let apart = step.at.saturating_sub(change.timestamp_millis()).max(0);
    let first_error_at = change.checked_add_signed(TimeDelta::milliseconds(apart))?;
    let seconds = u64::try_from(apart / 1_000).unwrap_or(0);
    let when = match seconds {
        0 => "at that moment".to_owned(),
        1..120 => format!("{seconds} s after it"),
        _ => format!("{} min {} s after it", seconds / 60, seconds % 60),
    };
    Some(Suspect {
        seconds_to_first_error: seconds,
        first_error_at,
        errors_per_minute_before: hundredths(step.before),
        errors_per_minute_after: hundredths(step.after),
        minutes_after: step.minutes_after,
        in_words: format!(
            "the {} began {when}: {} a minute in the {} before, {} in the {} after.",
            codes.words,
            tenths(step.before),
            words::count(step.minutes_before, "minute", "minutes"),
            tenths(step.after),
            words::count(step.minutes_after, "minute", "minutes"),
        ),
    })
}

fn hundredths(rate: f64) -> f64 {
    (rate * 100.0).round() / 100.0
}
