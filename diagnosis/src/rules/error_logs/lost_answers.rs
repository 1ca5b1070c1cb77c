//! Rows whose answer the load balancer could not pass on, for the rules that ask what these have in
//! common.

pub(super) mod crashes;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::{
    access_log::route_of,
    case::{Case, apart, bounded, shifted, whole},
    evidence::{
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
};

/// What breaks on one target this close together broke together: a crash takes every request that
/// the process has in flight. [I]
const TOGETHER: TimeDelta = TimeDelta::seconds(5);

/// A request that is lost sooner than this never reached the application's code; a race for an idle
/// connection looks like that. [I]
const AT_ONCE_MILLISECONDS: u64 = 10;

/// A request this large with a body is an upload, which a server may cut off. [I]
const UPLOAD_BYTES: u64 = 16 * 1024;

/// Lost answers of the window.
#[derive(Debug, Default)]
pub(super) struct LostAnswers {
    /// Rows of one request each.
    pub(super) rows: Vec<Lost>,
    /// Places of merged rows, which speak for several requests.
    pub(super) merged: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Lost {
    /// In [`Case::rows`].
    pub(super) place: usize,
    pub(super) route: String,
    /// Requests to other routes broke on the target at the same time: its process ended.
    pub(super) with_other_routes: bool,
    /// The same of other clients' requests.
    pub(super) with_other_clients: bool,
    /// Somebody stopped the target then, or its log tells of a restart.
    pub(super) at_a_stop: bool,
    /// The target had the request for next to no time.
    pub(super) at_once: bool,
    pub(super) upload: bool,
}

/// A request that the load balancer answered with an error of its own.
struct Broke<'a> {
    /// Milliseconds.
    at: i64,
    /// `None` where no connection to the target came about.
    route: Option<String>,
    client: &'a str,
}

impl LostAnswers {
    pub(super) fn of(case: &Case<'_>) -> Self {
        let mut lost = Self::default();
        for place in case.places(|row| is_lost(case, row)) {
            let row = &case.rows()[place];
            match route_of(row) {
                None => lost.merged.push(place),
                Some(route) => lost.rows.push(Lost {
                    place,
                    route,
                    with_other_routes: false,
                    with_other_clients: false,
                    at_a_stop: false,
                    at_once: row
                        .target_processing_time
                        .is_some_and(|took| whole(took * 1000.0) < AT_ONCE_MILLISECONDS),
                    upload: matches!(row.method.as_str(), "POST" | "PUT" | "PATCH")
                        && row.received_bytes >= UPLOAD_BYTES,
                }),
            }
        }
        lost.mark_crashes(case);
        lost
    }

    fn mark_crashes(&mut self, case: &Case<'_>) {
        if self.rows.is_empty() {
            return;
        }
        // What broke on each target, in order of time.
        let mut broken: BTreeMap<&str, Vec<Broke<'_>>> = BTreeMap::new();
        for row in case.rows() {
            let made_by_load_balancer =
                matches!(row.elb_status_code, 502 | 504) && row.target_status_code.is_none();
            if let Some(target) = row.target.as_deref()
                && made_by_load_balancer
            {
                let route = (row.shape() != Shape::NotConnected)
                    .then(|| route_of(row))
                    .flatten();
                broken.entry(target).or_default().push(Broke {
                    at: row.time.timestamp_millis(),
                    route,
                    client: &row.client,
                });
            }
        }
        for times in broken.values_mut() {
            times.sort_by_key(|broke| broke.at);
        }
        let disturbances = case.disturbances();
        let lines = case
            .evidence
            .app_log
            .seen()
            .map_or(&[][..], |log| &log.lines);
        for lost in &mut self.rows {
            let row = &case.rows()[lost.place];
            let at = row.time.timestamp_millis();
            let near = TOGETHER.num_milliseconds();
            let others = row.target.as_deref().and_then(|target| broken.get(target));
            let together = others.map_or(&[][..], |times| {
                let start = times.partition_point(|broke| broke.at < at.saturating_sub(near));
                let end = times.partition_point(|broke| broke.at <= at.saturating_add(near));
                // A busy target's failures would be looked through again for each of them.
                &times[start..end.min(start.saturating_add(200))]
            });
            let told = lines.iter().any(|line| {
                let began = shifted(row.time, -TOGETHER);
                line.at >= began
                    && line.at <= shifted(row.time, TOGETHER)
                    && !line.message.to_lowercase().contains("header")
            });
            let disturbed = disturbances.iter().any(|disturbance| {
                apart(disturbance.at, row.time) <= TimeDelta::seconds(60)
                    && (disturbance.touches.is_empty() || case.names(disturbance, row))
            });
            // Where the answer's head came, the target had not hung up.
            if row.shape() == Shape::Answered {
                continue;
            }
            let own = Some(&lost.route);
            lost.with_other_routes = together.iter().any(|broke| broke.route.as_ref() != own);
            lost.with_other_clients = together.iter().any(|broke| broke.client != row.client);
            lost.at_a_stop = told || disturbed;
        }
    }
}

/// The target had the request, its answer is not in the log, and the load balancer made the 502. A
/// function's answers have reasons of their own.
fn is_lost(case: &Case<'_>, row: &FaultRow) -> bool {
    let of_function = row
        .target
        .as_deref()
        .is_some_and(|target| target.starts_with("arn:"))
        || case
            .target_group_of(row)
            .is_some_and(|group| group.target_type == TargetType::Lambda);
    row.elb_status_code == 502
        && row.target_status_code.is_none()
        && row.error_reason.is_none()
        && row.target.is_some()
        && !of_function
        && matches!(row.shape(), Shape::NotAnswered | Shape::Answered)
}

/// Whether more than half of these rows are so.
pub(super) fn mostly(rows: &[&Lost], is_so: impl Fn(&Lost) -> bool) -> bool {
    let n = rows.iter().filter(|lost| is_so(lost)).count();
    n * 2 > rows.len()
}

pub(super) fn places(rows: &[&Lost]) -> Vec<usize> {
    rows.iter().map(|lost| lost.place).collect()
}

/// Names of the targets that the rows went to.
pub(super) fn targets<'a>(case: &Case<'a>, rows: &[&Lost]) -> BTreeSet<&'a str> {
    rows.iter()
        .filter_map(|lost| case.rows()[lost.place].target.as_deref())
        .collect()
}

/// Requests of these targets in all, as the log counted them.
pub(super) fn requests_of(case: &Case<'_>, targets: &BTreeSet<&str>) -> u64 {
    case.access_log()
        .into_iter()
        .flat_map(|log| &log.targets)
        .filter(|counts| targets.contains(counts.target.as_str()))
        .fold(0, |sum, counts| bounded(sum + bounded(counts.requests)))
}
