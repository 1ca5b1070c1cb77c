//! The 502s and all requests, divided by each dimension.

use std::collections::BTreeMap;

use super::{Dimension, MadeBy, zones::Zones};
use crate::{
    access_log::value_of,
    case::{Case, bounded},
    evidence::{
        AccessLog,
        access_log::{
            FaultRow,
            base_rates::{Counted, Dividing},
        },
    },
};

/// One dimension: what is known of all requests, and of the 502s of one maker.
#[derive(Default)]
pub(super) struct Divided {
    pub(super) requests: u64,
    pub(super) exact: bool,
    /// Different values; with `exact` false there were more.
    pub(super) distinct: u64,
    /// By value: requests, and 502s of this maker.
    pub(super) values: BTreeMap<String, Counts>,
    /// 502s of this maker whose value is known.
    pub(super) errors: u64,
    /// By slice of time, the 502s in it and those of each value.
    pub(super) slices: BTreeMap<i64, BTreeMap<String, u64>>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) errors: u64,
}

/// The 502s of one maker by the rows of the log.
pub(super) struct Errors<'a> {
    pub(super) made_by: MadeBy,
    rows: Vec<(i64, &'a FaultRow)>,
    pub(super) total: u64,
}

impl<'a> Errors<'a> {
    pub(super) fn new(case: &Case<'a>, made_by: MadeBy) -> Self {
        let slice = slice_seconds(case);
        let from = case.evidence.window.from.timestamp();
        let rows: Vec<(i64, &FaultRow)> = case
            .rows()
            .iter()
            .filter(|row| row.elb_status_code == 502)
            .filter(|row| row.made_by_target() == (made_by == MadeBy::Target))
            .map(|row| {
                let into = row.time.timestamp().saturating_sub(from);
                (into.div_euclid(slice), row)
            })
            .collect();
        let total = rows
            .iter()
            .fold(0, |sum, (_, row)| bounded(sum + bounded(row.count)));
        Self {
            made_by,
            rows,
            total,
        }
    }
}

/// 502s of one slice count once: a burst of a thousand says no more than one of ten.
pub(super) fn slice_seconds(case: &Case<'_>) -> i64 {
    const SHORT_WINDOW_SECONDS: i64 = 30 * 60;
    let window = case.evidence.window;
    let length = window
        .to
        .timestamp()
        .saturating_sub(window.from.timestamp());
    if length < SHORT_WINDOW_SECONDS {
        10
    } else {
        60
    }
}

/// `None` where the dimension has no base to compare with.
pub(super) fn divide(
    log: &AccessLog,
    zones: &Zones<'_>,
    dimension: Dimension,
    errors: &Errors<'_>,
) -> Option<Divided> {
    let mut divided = base(log, zones, dimension, errors.made_by)?;
    let from_rows = !divided.exact || is_of_targets(dimension);
    let mut of_rows: BTreeMap<String, u64> = BTreeMap::new();
    for (slice, row) in &errors.rows {
        let Some(value) = value(row, zones, dimension) else {
            continue;
        };
        let n = bounded(row.count);
        let sum = of_rows.entry(value.clone()).or_default();
        *sum = bounded(*sum + n);
        let sum = divided
            .slices
            .entry(*slice)
            .or_default()
            .entry(value)
            .or_default();
        *sum = bounded(*sum + n);
    }
    if from_rows {
        for (value, n) in &of_rows {
            if let Some(counts) = divided.values.get_mut(value) {
                counts.errors = *n;
            }
        }
        divided.errors = of_rows.values().fold(0, |sum, n| bounded(sum + n));
    } else {
        let sum = divided
            .values
            .values()
            .fold(0, |sum, counts| bounded(sum + counts.errors));
        // Values without a place in the list have 502s too.
        let listed_all = divided.values.len() as u64 >= divided.distinct;
        divided.errors = if listed_all {
            sum
        } else {
            sum.max(errors.total)
        };
    }
    Some(divided)
}

fn is_of_targets(dimension: Dimension) -> bool {
    matches!(
        dimension,
        Dimension::Target | Dimension::TargetZone | Dimension::TargetGroup | Dimension::NodeZone
    )
}

/// All requests by value, and where they were counted by maker the 502s.
fn base(
    log: &AccessLog,
    zones: &Zones<'_>,
    dimension: Dimension,
    made_by: MadeBy,
) -> Option<Divided> {
    let mut divided = Divided {
        exact: true,
        ..Divided::default()
    };
    let mut add = |value: String, counts: Counts| {
        let sum = divided.values.entry(value).or_default();
        sum.requests = bounded(sum.requests + bounded(counts.requests));
        sum.errors = bounded(sum.errors + bounded(counts.errors));
        divided.requests = bounded(divided.requests + bounded(counts.requests));
    };
    let of_targets = |requests| Counts {
        requests,
        errors: 0,
    };
    match dimension {
        Dimension::Target | Dimension::TargetZone | Dimension::TargetGroup => {
            for target in &log.targets {
                let value = match dimension {
                    Dimension::Target => Some(target.target.clone()),
                    Dimension::TargetZone => zones.of(&target.target).map(str::to_owned),
                    _ => target.target_group_arn.clone(),
                };
                if let Some(value) = value.filter(|_| target.target != "-") {
                    add(value, of_targets(target.requests));
                }
            }
        }
        Dimension::NodeZone => {
            for node in &log.base_rates.by(Dividing::Node)?.values {
                if let Some(zone) = zones.of(&node.value) {
                    add(zone.to_owned(), of_targets(node.requests));
                }
            }
        }
        _ => {
            let division = log.base_rates.by(dividing(dimension)?)?;
            for value in &division.values {
                let errors = match made_by {
                    MadeBy::LoadBalancer => value.made_by_load_balancer,
                    MadeBy::Target => value.made_by_target,
                };
                let requests = value.requests;
                add(value.value.clone(), Counts { requests, errors });
            }
            divided.requests = bounded(division.requests);
            divided.exact = division.counted == Counted::Exact;
            divided.distinct = bounded(division.distinct);
        }
    }
    divided.distinct = divided.distinct.max(divided.values.len() as u64);
    (divided.requests > 0).then_some(divided)
}

fn dividing(dimension: Dimension) -> Option<Dividing> {
    Some(match dimension {
        Dimension::Node => Dividing::Node,
        Dimension::Rule => Dividing::Rule,
        Dimension::Route => Dividing::Route,
        Dimension::Method => Dividing::Method,
        Dimension::Size => Dividing::Size,
        Dimension::Protocol => Dividing::Protocol,
        Dimension::Client => Dividing::Client,
        Dimension::NodeZone
        | Dimension::Target
        | Dimension::TargetZone
        | Dimension::TargetGroup => return None,
    })
}

fn value(row: &FaultRow, zones: &Zones<'_>, dimension: Dimension) -> Option<String> {
    match dimension {
        // A merged row still says which target and group it is of.
        Dimension::Target => row.target.clone(),
        Dimension::TargetGroup => {
            row.target.as_ref()?;
            row.target_group_arn.clone()
        }
        Dimension::TargetZone => zones.of(row.target.as_deref()?).map(str::to_owned),
        Dimension::NodeZone => {
            let node = value_of(row, Dividing::Node)?;
            zones.of(&node).map(str::to_owned)
        }
        _ => value_of(row, dividing(dimension)?),
    }
}

impl Divided {
    /// Sixteenths of slices that a value holds, each slice by its share of the slice's 502s, and the
    /// number of slices.
    pub(super) fn in_slices(&self, value: &str) -> (u64, u64) {
        let mut sixteenths: u64 = 0;
        for slice in self.slices.values() {
            let all = slice.values().fold(0, |sum, n| bounded(sum + n)).max(1);
            let own = slice.get(value).copied().unwrap_or_default();
            // In millionths first, so that thirds do not get lost one by one.
            sixteenths += own.saturating_mul(16_000_000) / all;
        }
        (sixteenths / 1_000_000, self.slices.len() as u64)
    }

    /// How many values could have come out as bound: those that were not listed too.
    pub(super) fn tried(&self) -> u64 {
        if self.exact {
            self.distinct
        } else {
            // There cannot be more values than requests.
            self.requests
        }
    }
}
