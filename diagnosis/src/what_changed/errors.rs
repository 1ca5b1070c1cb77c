//! The errors that changes are laid against, as moments in order of time: from the access log, to the
//! millisecond, else from CloudWatch, by the period.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    events::Scope,
    hosts::{RowsByHost, host_of},
};
use crate::{
    case::{Case, bounded},
    evidence::metrics::Series,
};

/// Which codes count as the errors of this window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    list: &'static [u16],
    pub(super) words: &'static str,
}

impl Codes {
    /// 502s; on Classic, where a target that hangs up shows as 504, those too; 503s and 504s where there
    /// is no 502 at all.
    pub(super) fn of(case: &Case<'_>) -> Self {
        let has_502 = match case.access_log() {
            Some(_) => case.rows().iter().any(|row| row.elb_status_code == 502),
            None => case
                .minutes_with_502()
                .is_some_and(|minutes| !minutes.is_empty()),
        };
        let (list, words): (&[u16], _) = match (has_502, case.is_classic()) {
            (true, false) => (&[502], "502s"),
            (_, true) => (&[502, 504], "502s and 504s"),
            (false, false) => (&[503, 504], "503s and 504s"),
        };
        Self { list, words }
    }
}

/// Moments with how many errors each; times are milliseconds since the epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    at: Vec<i64>,
    /// Errors before `at[n]`; one longer than `at`.
    sums: Vec<u64>,
    /// Where counting began and ended.
    pub(super) from: i64,
    pub(super) to: i64,
    /// How exact a moment is, milliseconds.
    pub(super) period: i64,
}

impl Errors {
    pub(super) fn of(case: &Case<'_>, codes: Codes, scope: &Scope) -> Self {
        let window = case.evidence.window;
        let mut moments: Vec<(i64, u64)> = Vec::new();
        let (mut from, mut period) = (window.from.timestamp_millis(), 1_000);
        if case.access_log().is_some() {
            let strangers = RowsByHost::of(case, std::iter::empty());
            let is_stranger = |host: &str| strangers.strangers().any(|one| one == host);
            for row in case
                .rows()
                .iter()
                .filter(|row| codes.list.contains(&row.elb_status_code))
            {
                let host = row.target.as_deref().map(host_of);
                let counts = match scope {
                    Scope::All => true,
                    // Classic names no target in such rows, and has one group.
                    _ if case.is_classic() => *scope != Scope::None,
                    Scope::Groups(arns) => row
                        .target_group_arn
                        .as_ref()
                        .is_some_and(|arn| arns.contains(arn)),
                    Scope::Hosts(hosts) => host.is_some_and(|host| hosts.contains(host)),
                    Scope::Strangers => host.is_some_and(is_stranger),
                    Scope::None => false,
                };
                if counts {
                    moments.push((row.time.timestamp_millis(), bounded(row.count)));
                }
            }
        }
        // By the metric no target and no group is told apart: good for everything, or for want of a log.
        if *scope == Scope::All || case.access_log().is_none() {
            for series in series(case, codes) {
                let own = i64::from(series.period.max(60)).saturating_mul(1_000);
                let end = match case.access_log() {
                    Some(_) => window.from,
                    None => {
                        period = period.max(own);
                        window.to
                    }
                };
                let began = case
                    .evidence
                    .metrics
                    .seen()
                    .map_or(window.from, |metrics| metrics.from);
                from = from.min(began.timestamp_millis());
                for point in series.between(began, end) {
                    let n = crate::case::whole(point.value);
                    if n > 0 {
                        moments.push((point.at.timestamp_millis(), n));
                    }
                }
            }
        }
        moments.sort_unstable();
        let mut errors = Self {
            at: Vec::with_capacity(moments.len()),
            sums: vec![0],
            from,
            to: window.to.timestamp_millis(),
            period,
        };
        for (at, n) in moments {
            let sum = errors.sums.last().copied().unwrap_or(0);
            errors.at.push(at);
            errors.sums.push(bounded(sum.saturating_add(n)));
        }
        errors
    }

    /// How many in `[from, to)`.
    pub(super) fn count(&self, from: i64, to: i64) -> u64 {
        let (first, past) = (self.place(from), self.place(to));
        self.sums[past.max(first)].saturating_sub(self.sums[first])
    }

    /// The moments in `[from, to)`, at most one a second.
    pub(super) fn moments(&self, from: i64, to: i64) -> impl Iterator<Item = i64> {
        let (first, past) = (self.place(from), self.place(to));
        let mut last = None;
        self.at[first..past.max(first)]
            .iter()
            .copied()
            .filter(move |at| {
                let second = at.div_euclid(1_000);
                last.replace(second) != Some(second)
            })
    }

    fn place(&self, at: i64) -> usize {
        self.at.partition_point(|known| *known < at)
    }
}

/// The load balancer's own counts of the codes.
fn series<'a>(case: &Case<'a>, codes: Codes) -> Vec<&'a Series> {
    let names: &[&str] = match (codes.list, case.is_classic()) {
        (_, true) => &["HTTPCode_ELB_5XX"],
        ([502], false) => &["HTTPCode_ELB_502_Count"],
        _ => &["HTTPCode_ELB_503_Count", "HTTPCode_ELB_504_Count"],
    };
    names
        .iter()
        .filter_map(|name| case.load_balancer_series(name, "Sum"))
        .collect()
}

/// The first error of the window.
pub(super) fn first(case: &Case<'_>) -> Option<DateTime<Utc>> {
    let errors = Errors::of(case, Codes::of(case), &Scope::All);
    let from = case.evidence.window.from.timestamp_millis();
    let at = errors.moments(from, i64::MAX).next()?;
    case.evidence
        .window
        .from
        .checked_add_signed(TimeDelta::milliseconds(at.saturating_sub(from)))
}
