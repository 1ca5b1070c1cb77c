//! Without an access log: the load balancer's metrics, given out period by period.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Others, Settlement, Share};
use crate::{
    case::{Case, bounded},
    document::{Ledger, LedgerSource},
    evidence::metrics::Series,
    rule::{Claims, Draft, Rule},
};

pub(super) fn settle(case: &Case<'_>, drafts: &[(&Rule, &Draft)], order: &[usize]) -> Settlement {
    let mut ledger = Ledger::default();
    let mut counters: Vec<Counter> = Vec::new();
    // On Classic 502, 503 and 504 are in one number: to call it any of them would be a guess.
    let names: &[(&str, Option<u16>)] = if case.is_classic() {
        &[("HTTPCode_ELB_5XX", None)]
    } else {
        &[
            ("HTTPCode_ELB_502_Count", Some(502)),
            ("HTTPCode_ELB_500_Count", Some(500)),
            ("HTTPCode_ELB_503_Count", Some(503)),
            ("HTTPCode_ELB_504_Count", Some(504)),
        ]
    };
    for (name, status) in names {
        if let Some(series) = case.load_balancer_series(name, "Sum") {
            counters.push(Counter::of(case, series, *status));
        } else if counters.is_empty() {
            // What is asked about was not seen.
            return Settlement {
                ledger,
                shares: vec![Share::default(); drafts.len()],
                ..Settlement::default()
            };
        }
    }
    ledger.source = LedgerSource::Metrics;
    for counter in &counters {
        let n: u64 = counter.free.values().fold(0, |sum, n| bounded(sum + n));
        match counter.status {
            Some(502) => ledger.made_by_load_balancer = n,
            _ => {
                ledger.neighbours.insert(counter.name(), n);
            }
        }
    }
    let mut shares = vec![Share::default(); drafts.len()];
    let mut others = Others::new(drafts.len());
    for place in order {
        let (status, minutes) = match &drafts[*place].1.claims {
            Claims::Minutes(minutes) => (502, minutes),
            Claims::MinutesOf(status, minutes) => (*status, minutes),
            Claims::Nothing | Claims::Rows(_) => continue,
        };
        let counter = counters.iter_mut().find(|counter| match counter.status {
            Some(counted) => counted == status,
            None => status != 502,
        });
        let Some(counter) = counter else {
            continue;
        };
        let n = counter.take(*place, minutes, &mut others);
        let share = &mut shares[*place];
        if counter.status == Some(502) {
            share.explains = n;
        } else if n > 0 {
            share.neighbours.insert(counter.name(), n);
        }
    }
    Settlement {
        made_neighbours: ledger.neighbours.clone(),
        ledger,
        left_out: others.left_out(&shares),
        shares,
        ..Settlement::default()
    }
}

/// A metric of the load balancer, given out period by period.
struct Counter {
    /// `None`: all codes of the 5xx range together.
    status: Option<u16>,
    period: TimeDelta,
    /// What nobody has taken, by start of the period.
    free: BTreeMap<DateTime<Utc>, u64>,
    taken: BTreeMap<DateTime<Utc>, BTreeMap<usize, u64>>,
}

impl Counter {
    fn of(case: &Case<'_>, series: &Series, status: Option<u16>) -> Self {
        Self {
            status,
            period: TimeDelta::seconds(i64::from(series.period.max(60))),
            free: case.per_minute(series),
            taken: BTreeMap::new(),
        }
    }

    fn name(&self) -> String {
        self.status
            .map_or_else(|| "5XX".to_owned(), |status| status.to_string())
    }

    /// How many of its minutes' errors a draft gets.
    fn take(&mut self, place: usize, minutes: &[(DateTime<Utc>, u64)], others: &mut Others) -> u64 {
        let mut got = 0;
        for (at, most) in minutes {
            // Older metrics have longer periods: the minute lies inside one.
            let Some((start, left)) = self.free.range_mut(..=*at).next_back() else {
                continue;
            };
            if at.signed_duration_since(*start) >= self.period {
                continue;
            }
            let n = (*left).min(*most);
            *left -= n;
            got = bounded(got + n);
            let here = self.taken.entry(*start).or_default();
            for (other, theirs) in here.iter() {
                others.took(place, *other, (*theirs).min(*most));
            }
            if n > 0 {
                *here.entry(place).or_default() += n;
            }
        }
        got
    }
}
