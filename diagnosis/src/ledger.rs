//! Each 502 to one finding or to unexplained.
//!
//! Findings claim; the ledger decides. The surest finding chooses first, then the narrower one, then
//! the one that claims more, and what one has taken no other gets. So
//! `attributed + unexplained == made_by_load_balancer + made_by_target` holds by construction.
//!
//! With an access log the ledger counts rows. Without one it counts the load balancer's metric by
//! minute, which is coarser: CloudWatch has no count of 502s that targets made themselves (there is
//! only `HTTPCode_Target_5XX_Count`), and on Classic none per code at all (`HTTPCode_ELB_5XX`).

pub(crate) mod coverage;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    case::{Case, bounded, minute_of},
    document::{Ledger, LedgerSource, Strength},
    rule::{Claims, Draft, Rule},
};

/// The ledger with each finding's share of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    pub ledger: Ledger,
    /// One for each draft, in the order in which they were given.
    pub shares: Vec<Share>,
    /// What keeps the counts from being complete, in words. Each could hide a 502.
    pub missing: Vec<String>,
    /// The most 502s that any source counted: never less than the ledger's own sum. A finding that
    /// explains most rows of half a log has not explained most 502s.
    pub most_502s: u64,
}

/// What one finding accounts for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub explains: u64,
    pub neighbours: BTreeMap<String, u64>,
    /// The places of its rows in `AccessLog::rows`, in order; none where the ledger counts minutes.
    pub rows: Vec<usize>,
}

pub fn settle(case: &Case<'_>, drafts: &[(&Rule, &Draft)]) -> Settlement {
    let order = order_of_choice(case, drafts);
    let mut settlement = if case.access_log().is_some() {
        by_rows(case, drafts, &order)
    } else {
        by_minutes(case, drafts, &order)
    };
    let ledger = &mut settlement.ledger;
    let total = ledger.made_by_load_balancer + ledger.made_by_target;
    ledger.attributed = settlement.shares.iter().map(|share| share.explains).sum();
    ledger.unexplained = total - ledger.attributed;
    settlement.missing = coverage::holes(case);
    settlement.most_502s = total.max(coverage::counted_by_metric(case) + ledger.made_by_target);
    settlement
}

/// Places in `drafts`: surest first, then narrowest, then the one that claims most.
fn order_of_choice(case: &Case<'_>, drafts: &[(&Rule, &Draft)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_cached_key(|place| {
        let (rule, draft) = drafts[*place];
        let claimed = match &draft.claims {
            Claims::Nothing => 0,
            Claims::Rows(places) => case.requests(places),
            Claims::Minutes(minutes) => minutes
                .iter()
                .fold(0, |sum, (_, n)| bounded(sum + bounded(*n))),
        };
        (
            Reverse(draft.strength),
            Reverse(rule.specificity),
            Reverse(claimed),
            rule.id,
            *place,
        )
    });
    // A risk that no observed 502 is tied to explains none.
    order.retain(|place| drafts[*place].1.strength > Strength::Possible);
    order
}

fn by_rows(case: &Case<'_>, drafts: &[(&Rule, &Draft)], order: &[usize]) -> Settlement {
    let rows = case.rows();
    let mut ledger = Ledger {
        source: LedgerSource::AccessLog,
        neighbours: [("503".to_owned(), 0), ("504".to_owned(), 0)].into(),
        ..Ledger::default()
    };
    let mut made_in: BTreeMap<DateTime<Utc>, Vec<usize>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        let n = bounded(row.count);
        if row.made_by_target() {
            ledger.made_by_target += n;
        } else if row.elb_status_code == 502 {
            ledger.made_by_load_balancer += n;
            made_in.entry(minute_of(row.time)).or_default().push(place);
        } else {
            *ledger
                .neighbours
                .entry(row.elb_status_code.to_string())
                .or_default() += n;
        }
    }

    let mut taken = vec![false; rows.len()];
    let mut shares = vec![Share::default(); drafts.len()];
    for place in order {
        let wanted = match &drafts[*place].1.claims {
            Claims::Nothing => Vec::new(),
            Claims::Rows(places) => places.clone(),
            Claims::Minutes(minutes) => rows_of_minutes(case, &made_in, &taken, minutes),
        };
        for wanted in wanted {
            let Some(row) = rows.get(wanted).filter(|_| !taken[wanted]) else {
                continue;
            };
            taken[wanted] = true;
            let share = &mut shares[*place];
            share.rows.push(wanted);
            if row.elb_status_code == 502 {
                share.explains += bounded(row.count);
            } else {
                *share
                    .neighbours
                    .entry(row.elb_status_code.to_string())
                    .or_default() += bounded(row.count);
            }
        }
    }
    for share in &mut shares {
        share.rows.sort_unstable();
    }
    Settlement {
        ledger,
        shares,
        ..Settlement::default()
    }
}

/// A claim on minutes where rows are known: free rows of those minutes, oldest first, as many as
/// fit whole.
fn rows_of_minutes(
    case: &Case<'_>,
    made_in: &BTreeMap<DateTime<Utc>, Vec<usize>>,
    taken: &[bool],
    minutes: &[(DateTime<Utc>, u64)],
) -> Vec<usize> {
    let mut wanted = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, most) in minutes {
        let mut left = *most;
        for place in made_in.get(&minute_of(*at)).into_iter().flatten() {
            let n = case.requests(&[*place]);
            if !taken[*place] && n <= left && seen.insert(*place) {
                left -= n;
                wanted.push(*place);
            }
        }
    }
    wanted
}

fn by_minutes(case: &Case<'_>, drafts: &[(&Rule, &Draft)], order: &[usize]) -> Settlement {
    let mut shares = vec![Share::default(); drafts.len()];
    let mut ledger = Ledger::default();
    let code = |name: &str| case.total(case.load_balancer_series(name, "Sum"));

    if case.is_classic() {
        if let Some(n) = code("HTTPCode_ELB_5XX") {
            ledger.source = LedgerSource::Metrics;
            // 502, 503 and 504 in one number: to call it any of them would be a guess.
            ledger.neighbours.insert("5XX".to_owned(), n);
        }
        return Settlement {
            ledger,
            shares,
            ..Settlement::default()
        };
    }

    let Some(series) = case.load_balancer_series("HTTPCode_ELB_502_Count", "Sum") else {
        return Settlement {
            ledger,
            shares,
            ..Settlement::default()
        };
    };
    ledger.source = LedgerSource::Metrics;
    for (name, status) in [
        ("HTTPCode_ELB_500_Count", "500"),
        ("HTTPCode_ELB_503_Count", "503"),
        ("HTTPCode_ELB_504_Count", "504"),
    ] {
        if let Some(n) = code(name) {
            ledger.neighbours.insert(status.to_owned(), n);
        }
    }
    let mut free = case.per_minute(series);
    ledger.made_by_load_balancer = free.values().sum();
    let period = TimeDelta::seconds(i64::from(series.period.max(60)));
    for place in order {
        let Claims::Minutes(minutes) = &drafts[*place].1.claims else {
            continue;
        };
        for (at, most) in minutes {
            // Older metrics have longer periods: the minute lies inside one.
            let Some((start, left)) = free.range_mut(..=*at).next_back() else {
                continue;
            };
            if at.signed_duration_since(*start) < period {
                let n = (*left).min(*most);
                *left -= n;
                shares[*place].explains += n;
            }
        }
    }
    Settlement {
        ledger,
        shares,
        ..Settlement::default()
    }
}
