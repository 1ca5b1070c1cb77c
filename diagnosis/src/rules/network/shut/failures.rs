//! The requests that never got a connection, as far as their rows tell.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Question,
    ways::{Shut, ShutTarget},
};
use crate::{
    case::Case,
    document::Strength,
    evidence::{
        Change,
        access_log::{FaultRow, Shape},
    },
    reachability::{Block, World},
    rule::Target,
};

/// Seconds after which a node gives up connecting. [V] DOC-TS, HTTP 504.
pub(super) const CONNECT_TIMEOUT_SECONDS: i64 = 10;

/// The 502s and 504s that no target answered, by target, and where the nodes stand.
pub(super) struct Unanswered<'a> {
    by_target: HashMap<&'a str, Vec<usize>>,
    world: World<'a>,
}

impl<'a> Unanswered<'a> {
    pub(super) fn of(case: &Case<'a>) -> Self {
        let mut by_target: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, row) in case.rows().iter().enumerate() {
            if matches!(row.elb_status_code, 502 | 504)
                && row.target_status_code.is_none()
                && let Some(target) = &row.target
            {
                by_target.entry(target).or_default().push(place);
            }
        }
        Self {
            by_target,
            world: World::new(case.evidence),
        }
    }

    fn rows_to(&self, target: &Target<'_>) -> Vec<usize> {
        let mut rows: Vec<usize> = target
            .addresses
            .iter()
            .filter_map(|address| self.by_target.get(address.as_str()))
            .flatten()
            .copied()
            .collect();
        rows.sort_unstable();
        rows
    }
}

pub(super) struct Failed {
    pub(super) rows: Vec<usize>,
    pub(super) strength: Strength,
    /// What speaks against the gate as their cause.
    pub(super) against: Vec<String>,
}

/// The rows of one target that look like a connection that never came about.
pub(super) fn failed(
    question: &Question,
    shut: &Shut<'_, '_>,
    target: &ShutTarget<'_, '_>,
    change: Option<&Change>,
    unanswered: &Unanswered<'_>,
) -> Failed {
    let case = shut.case;
    let mut failed = Failed {
        rows: Vec::new(),
        strength: Strength::Proven,
        against: Vec::new(),
    };
    let mut own = unanswered.rows_to(target.target);
    own.retain(|place| {
        let row = &case.rows()[*place];
        row.target_group_arn
            .as_ref()
            .is_none_or(|arn| *arn == target.target.target_group.arn)
            // Before somebody shut the gate it was open.
            && change.is_none_or(|change| {
                started(row) >= change.at || case.evidence.window.from >= change.at
            })
    });
    let connected = |place: &usize| !never_connected(&case.rows()[*place]);
    let mut rows = own.clone();
    rows.retain(|place| !connected(place));
    let Some(first) = rows.iter().map(|place| started(&case.rows()[*place])).min() else {
        return failed;
    };

    if !target.wholly() {
        // Some nodes get through: only those that do not may fail for this.
        let vpc = &case.evidence.load_balancer.vpc_id;
        let mut unsure = target.partly;
        rows.retain(|place| {
            let node = case.rows()[*place].node.as_deref().and_then(Block::parse);
            match node.and_then(|node| unanswered.world.subnet_of(vpc, node)) {
                Some(subnet) => target.subnets.contains(subnet),
                None => {
                    unsure = true;
                    true
                }
            }
        });
        if unsure {
            failed.strength = Strength::Likely;
            failed.against.push(
                "Some connections get through and the log does not say over which node or port each request went."
                    .to_owned(),
            );
        }
    } else if question.stateless {
        let idle_timeout = case
            .evidence
            .attributes
            .seen()
            .map_or(60, |of| of.idle_timeout);
        let from = change
            .map(|change| change.at)
            .filter(|at| *at >= case.evidence.window.from)
            .unwrap_or(first)
            .checked_sub_signed(TimeDelta::seconds(i64::from(idle_timeout)));
        own.retain(|place| {
            let row = &case.rows()[*place];
            connected(place)
                && row.elb_status_code == 504
                && matches!(row.shape(), Shape::NotAnswered | Shape::NotAnsweredUntimed)
                && from.is_some_and(|from| started(row) >= from)
        });
        rows.extend(own);
    }

    if target.wholly() {
        if change.is_none() && answered_meanwhile(case, &rows, first) {
            failed.strength = Strength::Likely;
            failed.against.push(
                "One of them answered other requests meanwhile: over connections that stood before, or the tables were changed after."
                    .to_owned(),
            );
        }
        if target.target.health.state == "healthy" && checks_the_same_port(shut, target) {
            failed.strength = Strength::Likely;
            failed.against.push(
                "Yet health checks on the same port pass: the tables may have been changed a moment ago."
                    .to_owned(),
            );
        }
    }
    failed.rows = rows;
    failed
}

fn checks_the_same_port(shut: &Shut<'_, '_>, target: &ShutTarget<'_, '_>) -> bool {
    let check = &target.target.target_group.health_check;
    let port = target
        .target
        .health
        .health_check_port
        .as_ref()
        .or(check.port.as_ref());
    check.enabled
        && port.is_none_or(|port| port == "traffic-port" || *port == shut.port.to_string())
}

/// When the request was on its way, as nearly as the row tells.
fn started(row: &FaultRow) -> DateTime<Utc> {
    row.request_creation_time.unwrap_or(row.time)
}

/// 502 or 504 without a connection: all times -1, or ten seconds of waiting.
fn never_connected(row: &FaultRow) -> bool {
    if !matches!(row.elb_status_code, 502 | 504) || row.target_status_code.is_some() {
        return false;
    }
    if row.shape() == Shape::NotConnected {
        return true;
    }
    let waited = match (row.target_processing_time, row.request_creation_time) {
        // Clamped: what a duration cannot hold is no ten seconds either.
        (Some(seconds), _) => Some(TimeDelta::milliseconds(
            (seconds * 1_000.0).clamp(-1e12, 1e12) as i64,
        )),
        (None, Some(created)) => Some(row.time.signed_duration_since(created)),
        (None, None) => None,
    };
    row.elb_status_code == 504
        && waited.is_some_and(|waited| {
            let seconds = waited.num_milliseconds();
            (CONNECT_TIMEOUT_SECONDS * 1_000 - 500..CONNECT_TIMEOUT_SECONDS * 1_000 + 1_500)
                .contains(&seconds)
        })
}

/// Whether the target answered anything between the first of these failures and the last.
fn answered_meanwhile(case: &Case<'_>, rows: &[usize], first: DateTime<Utc>) -> bool {
    rows.iter().any(|place| {
        let row = &case.rows()[*place];
        row.idle_ms
            .and_then(|idle| i64::try_from(idle).ok())
            .and_then(|idle| started(row).checked_sub_signed(TimeDelta::try_milliseconds(idle)?))
            .is_some_and(|answered| answered > first)
    })
}
