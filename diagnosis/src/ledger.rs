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
mod minutes;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Utc};

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
    /// One for each draft: `Some` where it claimed faults and others had taken all of them.
    pub left_out: Vec<Option<LeftOut>>,
    /// What keeps the counts from being complete, in words. Each could hide a 502.
    pub missing: Vec<String>,
    /// The most 502s that any source counted: never less than the ledger's own sum. A finding that
    /// explains most rows of half a log has not explained most 502s.
    pub most_502s: u64,
    /// The other codes as far as the load balancer made them itself, by code: what a target answered
    /// and the load balancer passed on is the application's own word, and what a rule of the listener
    /// answers is somebody's wish.
    pub made_neighbours: BTreeMap<String, u64>,
}

/// What one finding accounts for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub explains: u64,
    pub neighbours: BTreeMap<String, u64>,
    /// The places of its rows in `AccessLog::rows`, in order; none where the ledger counts minutes.
    pub rows: Vec<usize>,
}

/// A draft that chose after others had taken everything that it claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The place of the draft that took most of it.
    pub by: usize,
    /// How many faults it claimed that others explain.
    pub claimed: u64,
}

pub fn settle(case: &Case<'_>, drafts: &[(&Rule, &Draft)]) -> Settlement {
    let order = order_of_choice(case, drafts);
    let mut settlement = if case.access_log().is_some() {
        by_rows(case, drafts, &order)
    } else {
        minutes::settle(case, drafts, &order)
    };
    let ledger = &mut settlement.ledger;
    let total = ledger.made_by_load_balancer + ledger.made_by_target;
    settlement.left_out.resize(drafts.len(), None);
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
            Claims::Minutes(minutes) | Claims::MinutesOf(_, minutes) => minutes
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
    let mut made_in: MadeIn = BTreeMap::new();
    let mut made_neighbours: BTreeMap<String, u64> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        let n = bounded(row.count);
        if row.made_by_target() {
            ledger.made_by_target += n;
            continue;
        }
        if !row.is_passed_on() {
            made_in
                .entry((row.elb_status_code, minute_of(row.time)))
                .or_default()
                .push(place);
        }
        if row.elb_status_code == 502 {
            ledger.made_by_load_balancer += n;
        } else {
            let code = row.elb_status_code.to_string();
            if !row.is_passed_on() && !row.is_fixed_response() {
                let sum = made_neighbours.entry(code.clone()).or_default();
                *sum = bounded(*sum + n);
            }
            *ledger.neighbours.entry(code).or_default() += n;
        }
    }

    let mut taken: Vec<Option<usize>> = vec![None; rows.len()];
    let mut shares = vec![Share::default(); drafts.len()];
    let mut others = Others::new(drafts.len());
    for place in order {
        let wanted = match &drafts[*place].1.claims {
            Claims::Nothing => Vec::new(),
            Claims::Rows(places) => places.clone(),
            Claims::Minutes(minutes) => rows_of_minutes(case, &made_in, &taken, 502, minutes),
            Claims::MinutesOf(status, minutes) => {
                rows_of_minutes(case, &made_in, &taken, *status, minutes)
            }
        };
        for wanted in wanted {
            let Some(row) = rows.get(wanted) else {
                continue;
            };
            if let Some(other) = taken[wanted] {
                others.took(*place, other, bounded(row.count));
                continue;
            }
            taken[wanted] = Some(*place);
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
        left_out: others.left_out(&shares),
        shares,
        made_neighbours,
        ..Settlement::default()
    }
}

/// Who had taken what a draft claims, by the draft's place.
struct Others(Vec<BTreeMap<usize, u64>>);

impl Others {
    fn new(drafts: usize) -> Self {
        Self(vec![BTreeMap::new(); drafts])
    }

    fn took(&mut self, from: usize, other: usize, n: u64) {
        if from != other {
            let sum = self.0[from].entry(other).or_default();
            *sum = bounded(*sum + n);
        }
    }

    /// Those that got nothing at all, because others had it.
    fn left_out(self, shares: &[Share]) -> Vec<Option<LeftOut>> {
        self.0
            .into_iter()
            .zip(shares)
            .map(|(others, share)| {
                let got_none = share.explains == 0 && share.neighbours.is_empty();
                let (by, _) = others
                    .iter()
                    .max_by_key(|(other, n)| (**n, Reverse(**other)))
                    .filter(|_| got_none)?;
                let claimed = others.values().fold(0, |sum, n| bounded(sum + n));
                Some(LeftOut { by: *by, claimed })
            })
            .collect()
    }
}

/// Places of the rows that the load balancer made itself, by status and minute.
type MadeIn = BTreeMap<(u16, DateTime<Utc>), Vec<usize>>;

/// A claim on minutes where rows are known: free rows of those minutes, oldest first, as many as
/// fit whole; where none is free, those that others took.
fn rows_of_minutes(
    case: &Case<'_>,
    made_in: &MadeIn,
    taken: &[Option<usize>],
    status: u16,
    minutes: &[(DateTime<Utc>, u64)],
) -> Vec<usize> {
    let mut wanted = Vec::new();
    let mut of_others = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, most) in minutes {
        let mut left = *most;
        for place in made_in.get(&(status, minute_of(*at))).into_iter().flatten() {
            let n = case.requests(&[*place]);
            if taken[*place].is_some() {
                of_others.push(*place);
            } else if n <= left && seen.insert(*place) {
                left -= n;
                wanted.push(*place);
            }
        }
    }
    if wanted.is_empty() { of_others } else { wanted }
}
