//! Which routes a code gathers on: slow answers stay on the routes that are slow, a connection that is
//! closed loses whatever is asked next.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    access_log::route_of,
    case::{Case, bounded},
    evidence::access_log::base_rates::{Counted, Dividing},
};

/// A route with fewer of the rows than this, or with a smaller share of them, per cent, is not looked
/// at. [I]
const FEWEST: u64 = 5;
const SHARE_PERCENT: u64 = 20;
/// By how much its share of the rows is above its share of all requests. [I]
const TIMES: u64 = 3;

/// The routes that hold far more of these rows than of all requests; none where requests could not be
/// counted by route. Merged rows have no route, and count for none.
pub(crate) fn gathering(case: &Case<'_>, places: &[usize]) -> BTreeSet<String> {
    let Some(division) = case
        .access_log()
        .and_then(|log| log.base_rates.by(Dividing::Route))
        .filter(|division| division.counted == Counted::Exact)
    else {
        return BTreeSet::new();
    };
    // Routes that are not listed have no more 502s, and of those without any no more requests, than
    // the last that is.
    let last = division
        .values
        .last()
        .filter(|value| value.made_by_load_balancer + value.made_by_target == 0)
        .map(|value| value.requests);
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    let mut all: u64 = 0;
    for row in places.iter().filter_map(|place| case.rows().get(*place)) {
        all += bounded(row.count);
        if let Some(route) = route_of(row) {
            let sum = rows.entry(route).or_default();
            *sum += bounded(row.count);
        }
    }
    let gathers = |route: &str, n: u64| {
        let Some(requests) = division.value(route).map(|value| value.requests).or(last) else {
            return false;
        };
        // n / all >= TIMES * requests / division.requests
        n >= FEWEST
            && u128::from(n) * 100 >= u128::from(all) * u128::from(SHARE_PERCENT)
            && u128::from(n) * u128::from(division.requests)
                >= u128::from(TIMES) * u128::from(requests) * u128::from(all)
    };
    rows.iter()
        .filter(|(route, n)| gathers(route, **n))
        .map(|(route, _)| route.clone())
        .collect()
}
