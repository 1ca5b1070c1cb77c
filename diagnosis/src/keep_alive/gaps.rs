//! Gaps → timers: a spike, a smear below it, nothing above.

use std::{collections::BTreeSet, ops::Range};

use chrono::{DateTime, Utc};

use crate::words;

/// A gap shorter than this was cut by another connection's answer: the target was busy. [I]
pub(crate) const READABLE: u64 = 900;

/// Half the width of a spike, milliseconds: servers' timers tick coarsely …
const TIGHT: u64 = 250;
/// … and the long ones more coarsely: one part in this many. [I]
const TIGHT_PART: u64 = 200;

/// From this many rows in one spike on it is likely …
const LIKELY_ROWS: u64 = 5;
/// … with this much of all readable rows in it, per cent: the smear of a busy target may hold the
/// rest …
const LIKELY_PERCENT: u64 = 25;
/// … spread over this many minutes: one crash breaks everything at once, a race never does …
const LIKELY_MINUTES: usize = 3;
/// … and no more rows above it than this, per cent of its own: a timer leaves no longer gap. [I]
const ABOVE_PERCENT: u64 = 40;

/// Gaps that fall together by chance, or by anything but a timer, do not do so this often …
const PROVEN_ROWS: u64 = 20;
/// … and this tightly, per cent of all readable rows. [I]
const PROVEN_PERCENT: u64 = 80;

/// One lost request whose target had answered before. In order of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gap<'a> {
    pub(crate) ms: u64,
    pub(crate) place: usize,
    pub(crate) target: &'a str,
    pub(crate) minute: DateTime<Utc>,
}

/// What the load balancer and its clients do to these targets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// Milliseconds; a longer gap is not of one of its connections.
    pub(crate) idle_timeout: Option<u64>,
    /// Of the mean target.
    pub(crate) answers_per_hour: u64,
}

impl Traffic {
    /// How likely it is that a target's last answer lies so many milliseconds before any moment, where
    /// answers come as they will.
    fn chance_between(self, from: u64, to: u64) -> f64 {
        let none_within = |ms: u64| (-(self.answers_per_hour as f64) * ms as f64 / 3.6e6).exp();
        none_within(from) - none_within(to)
    }
}

/// Gaps that stand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    /// The middle of them, milliseconds.
    pub(crate) ms: u64,
    pub(crate) shortest: u64,
    pub(crate) longest: u64,
    /// How far around the middle they may lie.
    pub(crate) tolerance: u64,
    pub(crate) rows: u64,
    /// All readable gaps, those elsewhere among them.
    pub(crate) readable: u64,
    pub(crate) places: Vec<usize>,
    pub(crate) minutes: BTreeSet<DateTime<Utc>>,
    pub(crate) targets: BTreeSet<String>,
}

/// The timers behind the gaps (in order of length): one over all targets; where there is none, one
/// for each set of targets that agree, at most `most`. None where nothing stands out.
pub(crate) fn timers(gaps: &[Gap<'_>], traffic: Traffic, most: usize) -> Vec<Timer> {
    if let Some(timer) = timer(gaps, traffic) {
        return vec![timer];
    }
    let targets: BTreeSet<&str> = gaps.iter().map(|gap| gap.target).collect();
    if targets.len() < 2 {
        return Vec::new();
    }
    // Servers of different kinds behind one group, as in a canary: each target has its own.
    let mut sets: Vec<(u64, BTreeSet<&str>)> = Vec::new();
    for target in targets {
        let own: Vec<Gap<'_>> = of(gaps, &BTreeSet::from([target]));
        let Some(ms) = densest(&own).and_then(|range| own.get(middle(&range))) else {
            continue;
        };
        match sets
            .iter_mut()
            .find(|(other, _)| other.abs_diff(ms.ms) <= tolerance(ms.ms))
        {
            Some((_, set)) => {
                set.insert(target);
            }
            None => sets.push((ms.ms, BTreeSet::from([target]))),
        }
    }
    let mut found: Vec<Timer> = sets
        .iter()
        .filter_map(|(_, set)| timer(&of(gaps, set), traffic))
        // To look at each target by itself is to look often.
        .filter(Timer::is_beyond_chance)
        .collect();
    found.sort_by_key(|timer| (std::cmp::Reverse(timer.rows), timer.ms));
    found.truncate(most);
    found
}

fn of<'a>(gaps: &[Gap<'a>], targets: &BTreeSet<&str>) -> Vec<Gap<'a>> {
    gaps.iter()
        .copied()
        .filter(|gap| targets.contains(gap.target))
        .collect()
}

fn timer(gaps: &[Gap<'_>], traffic: Traffic) -> Option<Timer> {
    let range = densest(gaps)?;
    let inside = gaps.get(range.clone())?;
    let ms = gaps.get(middle(&range))?.ms;
    let first_readable = gaps.partition_point(|gap| gap.ms < READABLE);
    let timer = Timer {
        ms,
        shortest: inside.first()?.ms,
        longest: inside.last()?.ms,
        tolerance: tolerance(ms),
        rows: inside.len() as u64,
        readable: (gaps.len() - first_readable) as u64,
        places: inside.iter().map(|gap| gap.place).collect(),
        minutes: inside.iter().map(|gap| gap.minute).collect(),
        targets: inside.iter().map(|gap| gap.target.to_owned()).collect(),
    };
    let idle_timeout = traffic.idle_timeout;
    let is_the_load_balancers = idle_timeout.is_none_or(|idle| ms <= idle + timer.tolerance);
    let stands_out = timer.is_likely()
        && (gaps.len() - range.end) as u64 * 100 <= timer.rows * ABOVE_PERCENT
        && is_a_spike(gaps, &range, traffic);
    (is_the_load_balancers && stands_out).then_some(timer)
}

fn middle(range: &Range<usize>) -> usize {
    range.start + (range.end - range.start) / 2
}

fn tolerance(ms: u64) -> u64 {
    TIGHT.max(ms / TIGHT_PART)
}

/// The readable gaps, no wider than a timer's ticks, that are most; of equals the longest.
fn densest(gaps: &[Gap<'_>]) -> Option<Range<usize>> {
    let mut best = 0..0;
    let first = gaps.partition_point(|gap| gap.ms < READABLE);
    let mut end = first;
    for start in first..gaps.len() {
        let from = gaps[start].ms;
        let to = from.saturating_add(2 * tolerance(from));
        while end < gaps.len() && gaps[end].ms <= to {
            end += 1;
        }
        if end - start >= best.len() {
            best = start..end;
        }
    }
    (!best.is_empty()).then_some(best)
}

/// Whether there are many more gaps in the range than the neighbourhood lets one expect: as many as
/// just below it (unreadable ones among them), just above it, on average, or
/// where connections break at any moment of the targets' traffic.
fn is_a_spike(gaps: &[Gap<'_>], range: &Range<usize>, traffic: Traffic) -> bool {
    let (Some(first), Some(last)) = (gaps.get(range.start), gaps.get(range.end - 1)) else {
        return false;
    };
    let width = 2 * tolerance(first.ms);
    let between = |from: u64, to: u64| {
        gaps.partition_point(|gap| gap.ms < to) - gaps.partition_point(|gap| gap.ms < from)
    };
    let below = between(first.ms.saturating_sub(width), first.ms);
    let above = between(last.ms + 1, last.ms.saturating_add(1 + width));
    let longest = gaps.last().map_or(0, |gap| gap.ms);
    let windows = (longest.saturating_sub(READABLE) / width).max(1);
    let elsewhere = gaps.len() - gaps.partition_point(|gap| gap.ms < READABLE) - range.len();
    let on_average = elsewhere as f64 / windows as f64;
    let at_any_moment = gaps.len() as f64 * traffic.chance_between(first.ms, first.ms + width);
    let expected = on_average
        .max(below as f64)
        .max(above as f64)
        .max(at_any_moment)
        .max(0.2);
    // More than four deviations of a Poisson count above it, and three for the many places at which
    // one looks: once in some ten thousand logs without a timer. [I]
    range.len() as f64 >= expected + 4.0 * expected.sqrt() + 3.0
}

impl Timer {
    fn is_likely(&self) -> bool {
        self.rows >= LIKELY_ROWS
            && words::percent(self.rows, self.readable) >= LIKELY_PERCENT
            && self.minutes.len() >= LIKELY_MINUTES
    }

    pub(crate) fn is_beyond_chance(&self) -> bool {
        self.rows >= PROVEN_ROWS && words::percent(self.rows, self.readable) >= PROVEN_PERCENT
    }

    /// As somebody would have set it: the whole second where it lies near, else the half.
    pub(crate) fn as_set(&self) -> u64 {
        let nearest = |unit: u64| (self.ms + unit / 2) / unit * unit;
        [nearest(1000), nearest(500)]
            .into_iter()
            .find(|round| *round > 0 && round.abs_diff(self.ms) <= self.tolerance)
            .unwrap_or(self.ms)
    }
}
