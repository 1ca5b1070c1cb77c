//! The same loss on the same servers, where the gap cannot be read, or was cut short by an answer on
//! another connection.

use std::collections::BTreeSet;

use super::{
    answers_per_hour,
    gaps::{READABLE, Timer},
};
use crate::{case::Case, evidence::access_log::FaultRow};

/// Gives each of the lost rows (places) that no timer has to the timer of its target that it may belong
/// to: no more of them than targets as busy as these would blur, for else something besides the timer
/// breaks connections.
pub(super) fn add(case: &Case<'_>, timers: &mut [Timer], lost: &[usize]) {
    let taken: BTreeSet<usize> = timers
        .iter()
        .flat_map(|timer| timer.places.iter().copied())
        .collect();
    let mut unreadable: Vec<Vec<usize>> = vec![Vec::new(); timers.len()];
    let mut cut_short = unreadable.clone();
    for place in lost.iter().filter(|place| !taken.contains(place)) {
        let row = &case.rows()[*place];
        if let Some(nth) = timer_of(timers, row) {
            let is_readable = row.idle_ms.is_some_and(|gap| gap >= READABLE);
            let of = if is_readable {
                &mut cut_short
            } else {
                &mut unreadable
            };
            of[nth].push(*place);
        }
    }
    for ((timer, unreadable), cut_short) in timers.iter_mut().zip(unreadable).zip(cut_short) {
        let answers_in_gap =
            answers_per_hour(case, &timer.targets).saturating_mul(timer.ms) / 3_600_000;
        // With one answer in the gap on average, two of three gaps are cut short; with more, hardly any
        // is whole, and there would be no spike.
        let expected = timer.rows.saturating_mul(answers_in_gap.saturating_add(1)) * 2;
        let within = |places: usize| places as u64 <= expected;
        // Beside few rows the unreadable ones would be most of what is claimed.
        if !timer.is_of_few() {
            timer.blurred = unreadable;
            if within(cut_short.len()) {
                timer.blurred.extend(cut_short);
            }
        } else if within(unreadable.len() + cut_short.len()) {
            timer.blurred = unreadable;
            timer.blurred.extend(cut_short);
        }
        timer.blurred.sort_unstable();
    }
}

/// The timer whose targets the row's is one of, else the first; of several the shortest that its gap
/// does not exceed.
fn timer_of(timers: &[Timer], row: &FaultRow) -> Option<usize> {
    let gap = row.idle_ms.unwrap_or(0);
    let of_target = |timer: &Timer| {
        row.target
            .as_ref()
            .is_some_and(|target| timer.targets.contains(target))
    };
    let fits = |timer: &Timer| gap < timer.ms;
    let mut own: Vec<(u64, usize)> = timers
        .iter()
        .enumerate()
        .filter(|(_, timer)| of_target(timer) && fits(timer))
        .map(|(nth, timer)| (timer.ms, nth))
        .collect();
    own.sort_unstable();
    let is_known = timers.iter().any(of_target);
    let any = (!is_known).then(|| timers.iter().position(fits)).flatten();
    own.first().map(|(_, nth)| *nth).or(any)
}
