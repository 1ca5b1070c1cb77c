//! What was counted, as evidence.

use std::collections::BTreeMap;

use super::{
    super::{
        route,
        tally::{Tallied, Tally},
        values::{KINDS, SIZES, rule_value, value_of},
    },
    Divided,
};
use crate::evidence::access_log::{
    FaultRow,
    base_rates::{
        BaseRates, Counted, Dividing, Division, FailingRoute, ROUTES_KEPT, RouteCounts,
        TARGETS_OF_ROUTE_KEPT, VALUES_KEPT, ValueCounts,
    },
};

impl Divided {
    /// `rows` are the fault rows that were kept.
    pub(in crate::access_log) fn finish(self, rows: &[FaultRow]) -> BaseRates {
        let tally = |by, tally: &Tally| by_text(by, tally, rows);
        let mut divisions = vec![
            tally(Dividing::Node, &self.nodes),
            tally(Dividing::Route, &self.routes),
            classes(Dividing::Method, &route::METHODS, &self.methods),
            classes(Dividing::Size, &SIZES.map(|(_, name)| name), &self.sizes),
            classes(Dividing::Protocol, &KINDS, &self.kinds),
            tally(Dividing::Client, &self.clients),
        ];
        divisions.extend(self.rules.as_ref().map(|rules| {
            let values = rules.iter().map(|(key, tallied)| {
                let group = String::from_utf8_lossy(&self.groups[(key >> 32) as usize]);
                (rule_value(*key as u32 as i32, &group), *tallied)
            });
            exact(Dividing::Rule, values)
        }));
        divisions.retain(|division| !division.values.is_empty());
        divisions.sort_by_key(|division| division.by);
        BaseRates {
            divisions,
            routes: self.failing_routes(),
        }
    }

    fn failing_routes(&self) -> Vec<FailingRoute> {
        let mut failing: Vec<(&[u8], u32, Tallied)> = self
            .routes
            .all()
            .filter(|(.., tallied)| tallied.made_by_load_balancer > 0)
            .collect();
        failing.sort_by(|(one, _, a), (other, _, b)| {
            (b.made_by_load_balancer, b.requests, *one).cmp(&(
                a.made_by_load_balancer,
                a.requests,
                *other,
            ))
        });
        failing.truncate(ROUTES_KEPT);
        let mut targets: BTreeMap<u32, Vec<(String, RouteCounts)>> = BTreeMap::new();
        for (key, counts) in self.pairs.iter().flatten() {
            let route = (key >> 32) as u32;
            if failing.iter().any(|(_, place, _)| *place == route) {
                let target = &self.targets[(key & 0xffff_ffff) as usize].0;
                let target = String::from_utf8_lossy(target).into_owned();
                targets.entry(route).or_default().push((target, *counts));
            }
        }
        failing
            .into_iter()
            .map(|(route, place, _)| {
                let mut targets = targets.remove(&place).unwrap_or_default();
                targets.sort_by(|(one, a), (other, b)| {
                    (b.requests, one, b.failed).cmp(&(a.requests, other, a.failed))
                });
                targets.truncate(TARGETS_OF_ROUTE_KEPT);
                FailingRoute {
                    route: String::from_utf8_lossy(route).into_owned(),
                    slots: self.slots[place as usize].to_vec(),
                    targets,
                }
            })
            .collect()
    }
}

fn classes(by: Dividing, names: &[&str], counts: &[Tallied]) -> Division {
    let values = names.iter().zip(counts);
    exact(
        by,
        values
            .filter(|(_, tallied)| tallied.requests > 0)
            .map(|(name, tallied)| ((*name).to_owned(), *tallied)),
    )
}

fn exact(by: Dividing, values: impl Iterator<Item = (String, Tallied)>) -> Division {
    let values: Vec<ValueCounts> = values
        .map(|(value, tallied)| ValueCounts {
            value,
            requests: tallied.requests,
            made_by_load_balancer: tallied.made_by_load_balancer,
            made_by_target: tallied.made_by_target,
        })
        .collect();
    Division {
        by,
        counted: Counted::Exact,
        distinct: values.len() as u64,
        requests: values.iter().map(|counts| counts.requests).sum(),
        values: worst(values),
    }
}

fn by_text(by: Dividing, tally: &Tally, rows: &[FaultRow]) -> Division {
    if tally.is_exact() {
        return exact(
            by,
            tally
                .all()
                .map(|(text, _, tallied)| (String::from_utf8_lossy(text).into_owned(), tallied)),
        );
    }
    let mut values: BTreeMap<String, ValueCounts> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.elb_status_code == 502) {
        let Some(value) = value_of(row, by) else {
            continue;
        };
        let counts = values.entry(value.clone()).or_insert_with(|| ValueCounts {
            requests: tally.at_most(value.as_bytes()),
            value,
            ..ValueCounts::default()
        });
        if row.made_by_target() {
            counts.made_by_target += row.count;
        } else {
            counts.made_by_load_balancer += row.count;
        }
    }
    Division {
        by,
        counted: Counted::AtMost,
        distinct: tally.limit() as u64,
        requests: tally.requests(),
        values: worst(values.into_values().collect()),
    }
}

fn worst(mut values: Vec<ValueCounts>) -> Vec<ValueCounts> {
    let failed = |of: &ValueCounts| of.made_by_load_balancer + of.made_by_target;
    values.sort_by(|one, other| {
        (failed(other), other.requests, &one.value).cmp(&(failed(one), one.requests, &other.value))
    });
    values.truncate(VALUES_KEPT);
    values
}
