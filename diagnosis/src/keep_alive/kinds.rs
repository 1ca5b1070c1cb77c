//! Servers of different kinds behind one target group, as in a canary: each has its own timer.

use std::{cmp::Reverse, collections::BTreeSet};

use super::gaps::{Gap, READABLE, Timer, Traffic, densest, spike, timer, tolerance};
use crate::words;

/// Timers told apart within one target group; more would be chance.
const MOST: usize = 3;

/// A second timer has at least this much of all readable rows, per cent: the smear of the first may
/// gather somewhere by chance. [I]
const SHARE_PERCENT: u64 = 25;

/// Two timers of the same targets are nearly all that can be read there, per cent: gaps at three numbers
/// or more are no timers. [I]
const TOGETHER_PERCENT: u64 = 80;

/// A target with so many readable rows, none of them at a timer that was found, is of another kind. [I]
const UNLIKE_ROWS: usize = 3;

/// The timers behind the gaps (in order of length): where targets differ, one for each set of targets
/// that agree; else those that stand out one after the other. The one with most rows first; none where
/// nothing stands out.
pub(super) fn timers(gaps: &[Gap<'_>], traffic: Traffic) -> Vec<Timer> {
    let over_all = timer(gaps, traffic);
    let by_targets = by_targets(gaps, traffic);
    let found = if by_targets.len() > 1 && are_apart(&by_targets) {
        by_targets
    } else if let Some(several) = one_after_the_other(gaps, traffic) {
        several
    } else if let Some(over_all) = over_all {
        vec![over_all]
    } else {
        // To look at each target by itself is to look often.
        let alone = by_targets.into_iter();
        alone.filter(Timer::is_beyond_chance).collect()
    };
    most_first(found)
}

/// Readable rows of targets that show none of the timers: perhaps servers of yet another kind.
pub(super) fn unlike(gaps: &[Gap<'_>], timers: &[Timer]) -> Vec<usize> {
    if timers.is_empty() {
        return Vec::new();
    }
    let targets: BTreeSet<&str> = gaps.iter().map(|gap| gap.target).collect();
    targets
        .into_iter()
        .filter(|target| timers.iter().all(|timer| !timer.targets.contains(*target)))
        .map(|target| {
            let own = gaps.iter().filter(|gap| gap.target == target);
            own.filter(|gap| gap.ms >= READABLE)
                .map(|gap| gap.place)
                .collect::<Vec<usize>>()
        })
        .filter(|own| own.len() >= UNLIKE_ROWS)
        .flatten()
        .collect()
}

/// Targets whose gaps gather at the same number are one set. A set counts where its timer is nearly
/// all that its rows show.
fn by_targets(gaps: &[Gap<'_>], traffic: Traffic) -> Vec<Timer> {
    let targets: BTreeSet<&str> = gaps.iter().map(|gap| gap.target).collect();
    let mut sets: Vec<(u64, BTreeSet<&str>)> = Vec::new();
    for target in targets {
        let own: Vec<Gap<'_>> = of(gaps, &BTreeSet::from([target]));
        let Some(ms) = densest(&own)
            .and_then(|range| Timer::at(&own, &range))
            .map(|timer| timer.ms)
        else {
            continue;
        };
        match sets
            .iter_mut()
            .find(|(other, _)| other.abs_diff(ms) <= tolerance(ms))
        {
            Some((_, set)) => {
                set.insert(target);
            }
            None => sets.push((ms, BTreeSet::from([target]))),
        }
    }
    sets.iter()
        .filter_map(|(_, set)| timer(&of(gaps, set), traffic))
        .filter(Timer::is_nearly_all)
        .collect()
}

/// Whether the timers are told apart by more than their own jitter.
fn are_apart(timers: &[Timer]) -> bool {
    let mut in_order: Vec<&Timer> = timers.iter().collect();
    in_order.sort_by_key(|timer| timer.ms);
    in_order.windows(2).all(|pair| {
        let [one, next] = pair else { return true };
        one.longest.saturating_add(2 * next.tolerance) < next.shortest
    })
}

/// Two timers over the same targets, as where a server was exchanged for another in the window: the
/// second is looked for among what the first leaves. Together they are nearly all that the rows show,
/// and leave nothing above.
fn one_after_the_other(gaps: &[Gap<'_>], traffic: Traffic) -> Option<Vec<Timer>> {
    let readable = gaps.iter().filter(|gap| gap.ms >= READABLE).count() as u64;
    let mut rest = gaps.to_vec();
    let mut found: Vec<Timer> = Vec::new();
    for _ in 0..2 {
        let range = densest(&rest)?;
        let mut timer = spike(&rest, range.clone(), traffic)?;
        timer.readable = readable;
        rest.drain(range);
        found.push(timer);
    }
    let each_has_its_share = found
        .iter()
        .all(|timer| words::percent(timer.rows, readable) >= SHARE_PERCENT);
    let rows = found.iter().map(|timer| timer.rows).sum();
    let longest = found.iter().max_by_key(|timer| timer.ms)?;
    let above = rest.iter().filter(|gap| gap.ms > longest.longest).count() as u64;
    let are_two = each_has_its_share
        && words::percent(rows, readable) >= TOGETHER_PERCENT
        && are_apart(&found)
        && longest.leaves_nothing_above(above);
    are_two.then_some(found)
}

fn most_first(mut timers: Vec<Timer>) -> Vec<Timer> {
    timers.sort_by_key(|timer| (Reverse(timer.rows), timer.ms));
    timers.truncate(MOST);
    timers
}

fn of<'a>(gaps: &[Gap<'a>], targets: &BTreeSet<&str>) -> Vec<Gap<'a>> {
    gaps.iter()
        .copied()
        .filter(|gap| targets.contains(gap.target))
        .collect()
}
