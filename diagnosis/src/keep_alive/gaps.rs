//! Gaps → a timer: a spike, a smear below it, nothing above.

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
pub(super) const LIKELY_MINUTES: usize = 3;
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

    /// The share of gaps that a stretch of so many milliseconds holds, where it holds most, if there is
    /// no timer: gaps lie anywhere up to the longest, or as the targets' answers come.
    pub(super) fn densest_share(self, width: u64, longest: u64) -> f64 {
        let evenly = 1.0 / longest.max(1) as f64;
        let at_any_moment = self.answers_per_hour as f64 / 3.6e6;
        (width as f64 * evenly.max(at_any_moment)).min(1.0)
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
    /// Places of the rows that were lost alike, and whose gap cannot be read or was cut short.
    pub(crate) blurred: Vec<usize>,
}

/// The one timer behind these gaps (in order of length); none where nothing stands out.
pub(super) fn timer(gaps: &[Gap<'_>], traffic: Traffic) -> Option<Timer> {
    let range = densest(gaps)?;
    let above = (gaps.len() - range.end) as u64;
    let timer = spike(gaps, range, traffic)?;
    (timer.leaves_nothing_above(above)).then_some(timer)
}

/// A timer at the range, whatever lies above it, if that stands out of the rest.
pub(super) fn spike(gaps: &[Gap<'_>], range: Range<usize>, traffic: Traffic) -> Option<Timer> {
    let timer = Timer::at(gaps, &range)?;
    let stands_out = timer.is_likely() && is_a_spike(gaps, &range, traffic);
    (timer.is_the_load_balancers(traffic) && stands_out).then_some(timer)
}

pub(super) fn tolerance(ms: u64) -> u64 {
    TIGHT.max(ms / TIGHT_PART)
}

/// The readable gaps, no wider than a timer's ticks, that are most; of equals the longest.
pub(super) fn densest(gaps: &[Gap<'_>]) -> Option<Range<usize>> {
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
    pub(super) fn at(gaps: &[Gap<'_>], range: &Range<usize>) -> Option<Self> {
        let inside = gaps.get(range.clone())?;
        let ms = inside.get(inside.len() / 2)?.ms;
        let first_readable = gaps.partition_point(|gap| gap.ms < READABLE);
        Some(Self {
            ms,
            shortest: inside.first()?.ms,
            longest: inside.last()?.ms,
            tolerance: tolerance(ms),
            rows: inside.len() as u64,
            readable: (gaps.len() - first_readable) as u64,
            places: inside.iter().map(|gap| gap.place).collect(),
            minutes: inside.iter().map(|gap| gap.minute).collect(),
            targets: inside.iter().map(|gap| gap.target.to_owned()).collect(),
            blurred: Vec::new(),
        })
    }

    /// A longer gap is of no connection of the load balancer's.
    pub(super) fn is_the_load_balancers(&self, traffic: Traffic) -> bool {
        let idle_timeout = traffic.idle_timeout;
        idle_timeout.is_none_or(|idle| self.ms <= idle.saturating_add(self.tolerance))
    }

    pub(super) fn leaves_nothing_above(&self, above: u64) -> bool {
        above * 100 <= self.rows * ABOVE_PERCENT
    }

    fn is_likely(&self) -> bool {
        self.rows >= LIKELY_ROWS
            && words::percent(self.rows, self.readable) >= LIKELY_PERCENT
            && self.minutes.len() >= LIKELY_MINUTES
    }

    pub(crate) fn is_beyond_chance(&self) -> bool {
        self.rows >= PROVEN_ROWS && self.is_nearly_all()
    }

    /// Hardly a readable gap lies elsewhere.
    pub(super) fn is_nearly_all(&self) -> bool {
        words::percent(self.rows, self.readable) >= PROVEN_PERCENT
    }

    /// So few that another rule's evidence may not lift it above `likely`.
    pub(crate) fn is_of_few(&self) -> bool {
        self.rows < LIKELY_ROWS
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
