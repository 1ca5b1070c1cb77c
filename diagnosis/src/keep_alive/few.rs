//! Few gaps → perhaps a timer: how often would chance lay them so close to each other?
//!
//! A race that is lost three times in the window leaves no spike. But three gaps that agree to a few
//! hundredths of a second are rarely an accident either. What is said of them is `possible` or
//! `likely`, never more: few rows prove nothing.

use super::gaps::{Gap, LIKELY_MINUTES, READABLE, Timer, Traffic, tolerance};

/// Fewer gaps agree too easily.
const ROWS: usize = 3;

/// With more lost requests than this a timer shows as a spike, or not at all.
const LOST: usize = 12;

/// Gaps are not told apart more finely than this, milliseconds: the log rounds its times. [I]
const TICK: u64 = 20;

/// Once in so many logs without a timer gaps lie as close as these: likely a timer …
const LIKELY: f64 = 1.0 / 2_000.0;
/// … at a number that is a server's default …
const AT_A_DEFAULT: f64 = 1.0 / 200.0;
/// … or that a log line or a person names …
const NAMED: f64 = 1.0 / 50.0;
/// … and possibly one. [I], all four.
const POSSIBLE: f64 = 1.0 / 50.0;

/// Gaps that lie close, and how likely that is without a timer.
#[derive(Clone, Debug)]
pub(crate) struct Few {
    pub(crate) timer: Timer,
    by_chance: f64,
}

/// What speaks for the number besides the gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Nothing,
    /// It is a server's default.
    Default,
    /// A log line or a person names it.
    Named,
}

impl Few {
    pub(crate) fn is_likely(&self, known: Known) -> bool {
        self.by_chance
            <= match known {
                Known::Nothing => LIKELY,
                Known::Default => AT_A_DEFAULT,
                Known::Named => NAMED,
            }
    }
}

/// The gaps (in order of length) that lie closest for their number, where that is hardly chance.
pub(crate) fn few(gaps: &[Gap<'_>], traffic: Traffic) -> Option<Few> {
    if gaps.len() > LOST {
        return None;
    }
    let first = gaps.partition_point(|gap| gap.ms < READABLE);
    let longest = gaps.last()?.ms;
    let mut best: Option<Few> = None;
    for start in first..gaps.len() {
        for end in start + ROWS..=gaps.len() {
            let spread = gaps[end - 1].ms - gaps[start].ms;
            if spread > 2 * tolerance(gaps[start].ms) {
                break;
            }
            let share = traffic.densest_share(spread.max(TICK), longest);
            let by_chance = by_chance(gaps.len(), end - start, share);
            let is_better = best.as_ref().is_none_or(|best| by_chance < best.by_chance);
            if by_chance > POSSIBLE || !is_better {
                continue;
            }
            let above = (gaps.len() - end) as u64;
            best = Timer::at(gaps, &(start..end))
                .filter(|timer| {
                    timer.minutes.len() >= LIKELY_MINUTES
                        && timer.leaves_nothing_above(above)
                        && timer.is_the_load_balancers(traffic)
                })
                .map(|timer| Few { timer, by_chance })
                .or(best);
        }
    }
    best
}

/// How likely it is that `n` of `all` gaps fall into one stretch that holds `share` of them on average:
/// whichever comes first, and `n - 1` of the others beside it.
fn by_chance(all: usize, n: usize, share: f64) -> f64 {
    let others = all - 1;
    let ways = (1..n).fold(all as f64, |ways, k| {
        ways * (others + 1 - k) as f64 / k as f64
    });
    let exponent = i32::try_from(n - 1).unwrap_or(i32::MAX);
    (ways * share.powi(exponent)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_counts_every_choice() {
        // Two of two within a tenth: the second beside the first, or the first beside the second.
        assert!((by_chance(2, 2, 0.1) - 0.2).abs() < 1e-9);
        // Three of four: four that may come first, three pairs of the others.
        assert!((by_chance(4, 3, 0.1) - 0.12).abs() < 1e-9);
        assert!(by_chance(12, 3, 0.9) <= 1.0);
    }
}
