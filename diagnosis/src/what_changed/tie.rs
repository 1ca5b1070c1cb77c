//! Are the errors tied to the targets that went, or would as many have fallen there anyway?
//!
//! Each departure has a span of time in which it can break requests. The errors on its addresses
//! within that span are held against the errors everywhere else: on targets that nobody touched, and
//! on the same targets at other times. From their rate per target and second follows how many would
//! have fallen into the spans by chance (Poisson). So a keep-alive race that goes on all day is not
//! blamed on a deploy, and a deploy in the middle of a race still gets its own.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{chance, departures::Departure, hosts::RowsByHost, own::Own};
use crate::{
    case::{Case, bounded, shifted},
    document::Strength,
    evidence::access_log::{FaultRow, Shape},
};

/// As many errors would fall there by chance at most so often: then they are tied to the departure. [I]
const LIKELY_CHANCE: f64 = 0.05;
/// … and then nothing but the departure explains them. [I]
const PROVEN_CHANCE: f64 = 0.01;
/// Added to the errors elsewhere: none seen is not none possible. [I], as is usual for a count of 0.
const UNSEEN: f64 = 0.5;
/// No more than this share of the time is taken for spans, so that something is left to compare with.
const LARGEST_SHARE: f64 = 0.9;

/// A departure, and the time in which it can break requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub(crate) departure: &'a Departure,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

/// The errors in the spans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tie {
    /// Rows on an address that is known to be the departed target's.
    pub(crate) exact: Vec<usize>,
    /// Rows on addresses of which one is probably its.
    pub(crate) weak: Vec<usize>,
    /// Addresses among the exact ones that are known by elimination: they are nothing else's.
    pub(crate) eliminated: BTreeSet<String>,
    /// With access logs off: the minutes and their 502s.
    pub(crate) minutes: Vec<(DateTime<Utc>, u64)>,
    /// Errors in the spans, and how many would fall there anyway.
    pub(crate) errors: u64,
    pub(crate) expected: f64,
    chance: f64,
    /// Places of the departures that have errors.
    pub(crate) with_errors: BTreeSet<usize>,
    /// From the first moment of a departure to the first error after it; the shortest of them.
    pub(crate) first_error: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Tie {
    /// Ties the fault rows that `wanted` picks to the spans.
    pub(crate) fn of(
        case: &Case<'_>,
        spans: &[Span<'_>],
        wanted: impl Fn(&FaultRow, &Span<'_>) -> bool,
    ) -> Self {
        if case.access_log().is_none() {
            return Self::by_minute(case, spans);
        }
        let departed = spans.iter().flat_map(|span| &span.departure.hosts);
        let rows = RowsByHost::of(case, departed);
        let own = Own::of(case, &rows, spans);
        let mut tie = Self::default();
        let (mut exact, mut weak) = (BTreeSet::new(), BTreeSet::new());
        for (place, span) in spans.iter().enumerate() {
            let fits = |at: &usize| {
                let row = &case.rows()[*at];
                span.from <= row.time && row.time <= span.to && wanted(row, span)
            };
            let (places, sure) = own.rows_of(span.departure);
            let own: Vec<usize> = places.into_iter().filter(fits).collect();
            if own.is_empty() {
                continue;
            }
            if sure && span.departure.hosts.is_empty() && span.departure.host_ports.is_empty() {
                let addresses = own
                    .iter()
                    .filter_map(|place| case.rows()[*place].target.clone());
                tie.eliminated.extend(addresses);
            }
            tie.with_errors.insert(place);
            tie.note_first(case, span, &own);
            if sure {
                exact.extend(own)
            } else {
                weak.extend(own)
            }
        }
        weak.retain(|place| !exact.contains(place));
        tie.exact = exact.iter().copied().collect();
        tie.weak = weak.iter().copied().collect();
        tie.errors = case.requests(&tie.exact) + case.requests(&tie.weak);
        let all: Vec<usize> = case.places(|row| is_broken(case, row));
        let elsewhere = case.requests(&all).saturating_sub(tie.errors);
        let targets = if case.is_classic() {
            1
        } else {
            let counted = case
                .access_log()
                .map_or(&[][..], |log| log.targets.as_slice());
            counted
                .iter()
                .filter(|one| one.target != "-")
                .count()
                .max(1)
        };
        tie.judge(elsewhere, share_of(case, spans) / targets as f64);
        tie
    }

    fn by_minute(case: &Case<'_>, spans: &[Span<'_>]) -> Self {
        let mut tie = Self::default();
        let Some(minutes) = case.minutes_with_502() else {
            return tie;
        };
        let period = case
            .load_balancer_series("HTTPCode_ELB_502_Count", "Sum")
            .map_or(60, |series| series.period.max(60));
        let period = TimeDelta::seconds(i64::from(period));
        let mut elsewhere = 0_u64;
        for (at, n) in minutes {
            let end = shifted(at, period);
            let mut inside = false;
            for (place, span) in spans.iter().enumerate() {
                if span.from < end && at <= span.to {
                    inside = true;
                    tie.with_errors.insert(place);
                }
            }
            if inside {
                tie.minutes.push((at, n));
                tie.errors = bounded(tie.errors + n);
            } else {
                elsewhere = bounded(elsewhere + n);
            }
        }
        // A span spills over into the whole of its first and last period.
        let widened: Vec<Span<'_>> = spans
            .iter()
            .map(|span| Span {
                to: shifted(span.to, period),
                ..*span
            })
            .collect();
        tie.judge(elsewhere, share_of(case, &widened));
        tie
    }

    fn judge(&mut self, elsewhere: u64, share: f64) {
        let share = share.min(LARGEST_SHARE);
        self.expected = (elsewhere as f64 + UNSEEN) * share / (1.0 - share);
        self.chance = chance::at_least(self.errors, self.expected);
    }

    fn note_first(&mut self, case: &Case<'_>, span: &Span<'_>, own: &[usize]) {
        let Some((began, _)) = span.departure.span() else {
            return;
        };
        let times = own.iter().map(|place| case.rows()[*place].time);
        let Some(first) = times.min() else {
            return;
        };
        let sooner = self.first_error.is_none_or(|(known, error)| {
            first.signed_duration_since(began).abs() < error.signed_duration_since(known).abs()
        });
        if sooner {
            self.first_error = Some((began, first));
        }
    }

    /// The strength that the numbers bear; `None` where as many errors would have fallen there anyway.
    pub(crate) fn strength(&self) -> Option<Strength> {
        if self.errors == 0 || self.chance > LIKELY_CHANCE {
            return None;
        }
        let proven =
            !self.exact.is_empty() && self.minutes.is_empty() && self.chance <= PROVEN_CHANCE;
        Some(if proven {
            Strength::Proven
        } else {
            Strength::Likely
        })
    }

    /// `the first 502 came 12 s after`
    pub(crate) fn by_how_much(&self, code: &str) -> Option<String> {
        let (began, first) = self.first_error?;
        let apart = first.signed_duration_since(began);
        let milliseconds = apart.num_milliseconds().unsigned_abs();
        let words = crate::words::seconds(milliseconds / 100 * 100);
        Some(if apart < TimeDelta::zero() {
            format!(
                "the first {code} on such a target came {words} before {AFTER_THE_EVENT} is noted"
            )
        } else {
            format!("the first {code} on such a target came {words} after {AFTER_THE_EVENT}")
        })
    }
}

/// The request was lost on the way to the target or in it: no answer of the target, 502 or 504.
pub(crate) fn is_broken(case: &Case<'_>, row: &FaultRow) -> bool {
    let code = matches!(row.elb_status_code, 502 | 504);
    let lost = match row.shape() {
        Shape::NotConnected | Shape::NotAnswered | Shape::NotAnsweredUntimed => true,
        Shape::Answered | Shape::Other => false,
    };
    let to_a_target = row.target.is_some() || case.is_classic();
    code && lost && row.target_status_code.is_none() && row.error_reason.is_none() && to_a_target
}

/// Nothing was lost on the way to a target, and that is known for sure.
pub(crate) fn nothing_broke(case: &Case<'_>) -> bool {
    case.load_balancer_502s() == Some(0)
        && case.missing_rows_of_known_log().is_empty()
        && !case.rows().iter().any(|row| is_broken(case, row))
}

/// The part of the window that the spans take of one target's time.
fn share_of(case: &Case<'_>, spans: &[Span<'_>]) -> f64 {
    let window = case.evidence.window;
    let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| {
        (to.signed_duration_since(from).num_milliseconds() as f64 / 1000.0).max(0.0)
    };
    let whole = seconds(window.from, window.to).max(1.0);
    let taken: f64 = spans
        .iter()
        .map(|span| seconds(span.from.max(window.from), span.to.min(window.to)))
        .sum();
    taken / whole
}

/// By these words it is known that a finding says itself how far it is from its event.
pub(crate) const AFTER_THE_EVENT: &str = "the first event";

/// `0.3`: for numbers that are no counts.
pub(crate) fn tenths(value: f64) -> String {
    let tenths = crate::case::whole(value * 10.0);
    format!("{}.{}", crate::words::thousands(tenths / 10), tenths % 10)
}

/// What the numbers say, for a finding's `because`.
pub(crate) fn in_numbers(case: &Case<'_>, tie: &Tie, whose: &str) -> String {
    let errors = crate::words::count(tie.errors, "error", "errors");
    if tie.minutes.is_empty() {
        let first = tie
            .by_how_much(&case.hung_up_code().to_string())
            .map_or_else(String::new, |words| format!("; {words}"));
        let addresses: Vec<&String> = tie.eliminated.iter().collect();
        let eliminated = if addresses.is_empty() {
            String::new()
        } else {
            format!(
                " EC2 no longer says which address they had; {} belongs to no registered target, instance \
                 or task.",
                crate::words::list(&addresses, 3)
            )
        };
        format!(
            "{errors} fell on {whose} in that time, where about {} would by the rate of such errors \
             elsewhere{first}.{eliminated}",
            tenths(tie.expected)
        )
    } else {
        format!(
            "{errors} fell into those minutes, where about {} would by the rate of the others; without \
             an access log their targets are not known.",
            tenths(tie.expected)
        )
    }
}
