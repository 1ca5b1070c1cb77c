//! How errors bunch in time.

use std::collections::BTreeMap;

use crate::{case::bounded, evidence::Window};

use super::Minute;

/// Minutes that are taken together: single ones, and as long as a short burst may last.
const BLOCKS: [i64; 2] = [1, 5];

/// Pearson's chi-square over its degrees of freedom: the variance of a block's count over its mean, where each
/// block of time is expected to have its share of the errors by its requests; the larger of those by
/// [`BLOCKS`]. 1 is what independent errors have; less is taken as 1. Where all errors stand in one block it
/// is their number.
pub(super) fn of(span: Window, minutes: &[Minute]) -> f64 {
    let by_block = BLOCKS.map(|block| by(block, span, minutes));
    by_block.into_iter().fold(1.0, f64::max)
}

fn by(block: i64, span: Window, minutes: &[Minute]) -> f64 {
    let mut counts: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    let (mut requests, mut errors) = (0, 0);
    for minute in minutes {
        let (its_requests, its_errors) = (bounded(minute.requests), bounded(minute.errors));
        let place = (minute.at - span.from).num_minutes() / block;
        let count = counts.entry(place).or_default();
        *count = (
            bounded(count.0 + its_requests),
            bounded(count.1 + its_errors),
        );
        requests = bounded(requests + its_requests);
        errors = bounded(errors + its_errors);
    }
    let (requests, errors) = (requests as f64, errors as f64);
    let mut chi_square = 0.0;
    let mut expecting = 0_u32;
    for (its_requests, its_errors) in counts.into_values() {
        let (its_requests, its_errors) = (its_requests as f64, its_errors as f64);
        if its_requests > 0.0 {
            let expected = errors * its_requests / requests;
            if expected > 0.0 {
                chi_square += (its_errors - expected).powi(2) / expected;
            }
            expecting += 1;
        } else {
            // RequestCount leaves their requests out: nothing was expected of such a block.
            chi_square += its_errors.powi(2);
        }
    }
    if expecting < 2 {
        return errors.max(1.0);
    }
    (chi_square / f64::from(expecting - 1)).clamp(1.0, errors.max(1.0))
}
