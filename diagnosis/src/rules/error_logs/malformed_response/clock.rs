//! Whether a time-out of the target's own ended what was lost.

use super::Lost;
use crate::case::{Case, whole};

/// An answer that cannot be read comes when it is ready, sooner or later. What ends each time after the
/// same long while, seconds, was ended by a clock of the target's: gunicorn's `timeout`, Node.js's
/// `server.timeout`. [I]
const FROM: f64 = 5.0;
/// How far such ends lie apart, seconds and of their time: some servers look once a second. [I]
const SPREAD: f64 = 1.5;
const SPREAD_PART: f64 = 0.05;

/// Whole seconds after which the targets gave up, but for one in ten at either end.
pub(super) fn ended_by_it(case: &Case<'_>, rows: &[&Lost]) -> Option<u64> {
    let mut took: Vec<f64> = rows
        .iter()
        .filter_map(|lost| case.rows()[lost.place].target_processing_time)
        .collect();
    took.sort_by(f64::total_cmp);
    let few = took.len() / 10;
    let low = *took.get(few)?;
    let middle = *took.get(took.len() / 2)?;
    let high = *took.get(took.len() - 1 - few)?;
    let spread = SPREAD.min(middle * SPREAD_PART);
    (middle >= FROM && high - low <= spread).then(|| whole(middle))
}
