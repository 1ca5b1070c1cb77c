//! Behind a Classic load balancer: 504, and neither an instance nor a time in the row.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::how_to_fix;
use crate::{
    case::{Case, minute_of},
    document::Strength,
    need::Need,
    rule::{Claims, Draft},
    words,
};

/// A Classic Load Balancer logs no backend when an instance closes the connection, so there is no gap
/// to read. Its 504 has two causes only, a closed connection and a slow answer ([V] Classic guide):
/// where no answer was ever near the idle timeout, the other is left.
pub(super) fn race(case: &Case<'_>, idle_timeout: u64) -> Option<Draft> {
    let log = case.access_log()?;
    let lost = untold(case);
    let minutes: BTreeSet<DateTime<Utc>> = lost
        .iter()
        .map(|place| minute_of(case.rows()[*place].time))
        .collect();
    let slowest = log
        .targets
        .iter()
        .map(|target| crate::case::whole(target.max_seconds * 1000.0))
        .max()?;
    let n = case.requests(&lost);
    let fits = n >= ROWS && minutes.len() >= MINUTES && slowest < idle_timeout / 2;
    fits.then(|| Draft {
        strength: Strength::Likely,
        title: format!(
            "Instances close idle connections before the load balancer's {} are over",
            words::seconds(idle_timeout)
        ),
        because: format!(
            "{} 504 without a backend, over {}. A Classic Load Balancer answers 504 when an answer is too \
             slow or when an instance closes the connection; the slowest answer took {}, far below the \
             idle timeout of {}. The code is 504, not 502: a Classic Load Balancer answers so where an \
             Application Load Balancer answers 502. The log names no backend for these rows, so the gap \
             cannot be measured.",
            words::count(n, "row is", "rows are"),
            words::count(minutes.len() as u64, "minute", "minutes"),
            words::seconds(slowest),
            words::seconds(idle_timeout)
        ),
        claims: Claims::Rows(lost),
        resources: vec![case.evidence.load_balancer.name.clone()],
        cites: case.sources(&[Need::AccessLog, Need::Attributes]),
        fix: how_to_fix(case, 0, idle_timeout, &[]),
    })
}

/// A Classic race in fewer minutes than this may be one crash: a race never breaks everything at
/// once. [I]
const MINUTES: usize = 3;

/// On Classic the log names no backend for such rows. More of them than this, over as many minutes
/// as [`MINUTES`] asks, are no accident. [I]
const ROWS: u64 = 8;

/// 504s of a Classic load balancer: an instance may have closed the connection.
pub(super) fn untold(case: &Case<'_>) -> Vec<usize> {
    case.places(|row| {
        row.elb_status_code == 504 && row.target_status_code.is_none() && row.target.is_none()
    })
}
