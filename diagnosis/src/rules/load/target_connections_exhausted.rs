//! # Targets run out of connections under load
//!
//! ## What it looks for
//!
//! Connection errors of a target group that follow the requests that each target gets: there are
//! none while traffic is usual, they come when it is well above that, and answers had become slow
//! before the first of them.
//!
//! ## Why this makes a 502
//!
//! A server takes a connection only while it has a worker, a thread, a file descriptor or a place in
//! its listen queue left. When answers slow down, each of these is held longer, and more requests
//! use them up. From then on the operating system resets new connections, which is a 502, or drops
//! them, which is a 504 after ten seconds. The targets still answer what they have taken.
//!
//! ## How to be sure
//!
//! Three things together: TargetConnectionErrorCount is silent at usual traffic and counts nearly
//! always when requests per target are as high; TargetResponseTime climbed in the minutes before;
//! and the targets that refuse go on answering other requests. Connection errors on flat traffic
//! have another cause, and so have those of a target that answers nothing any more. On the target,
//! `ss -lnt` shows a full listen queue, `nstat -az TcpExtListenOverflows` counts what was dropped.
//!
//! ## How to fix it
//!
//! Add targets now. Then raise what ran out: workers or threads, the listen backlog
//! (`net.core.somaxconn` and the server's own), file descriptors. Find what made answers slow,
//! often a pool of database connections. Scale on requests per target, below the number that failed.
//!
//! ## References
//!
//! - AWS, "CloudWatch metrics for your Application Load Balancer" (TargetConnectionErrorCount,
//!   RequestCountPerTarget, TargetResponseTime)
//! - AWS, "Troubleshoot your Application Load Balancers": a reset while connecting is 502, no
//!   connection within ten seconds is 504
//! - AWS, Classic Load Balancer guide: BackendConnectionErrors counts health checks too, so behind a
//!   Classic load balancer this is never more than likely
//! - [I] That a full listen queue is what resets is inferred from how Linux accepts connections.

mod follows;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::overload::{self, Narrower};
use crate::{
    case::{Case, apart, bounded},
    document::{Fix, Strength},
    evidence::access_log::{FaultRow, Shape},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};
use follows::Follows;

pub(super) const RULE: Rule = Rule {
    id: "target-connections-exhausted",
    step: Step::Load,
    specificity: 34,
    source: include_str!("target_connections_exhausted.rs"),
    check,
};

/// Fewer errors than this are a coincidence that nobody should act on. [I]
const FEWEST_ERRORS: u64 = 5;

/// A target that answered this shortly before it refused is alive. [I]: longer than between two
/// requests of a target that is overloaded, shorter than health checks need to remove a dead one.
const ALIVE_WITHIN_MS: u64 = 30_000;

/// So much of the refusals, per cent, comes from targets that are alive. [I]
const ALIVE_PERCENT: u64 = 80;

/// Who stops or starts a target this close to its refusals may have caused them. [I]
const NEAR: TimeDelta = TimeDelta::minutes(3);

const NEEDS: &[Need] = &[Need::Metrics, Need::TargetMetrics];

fn check(case: &Case<'_>) -> Answer {
    if overload::nothing_to_explain(case) {
        return Answer::clear("there are no 502s or 504s that refused connections could explain");
    }
    let mut because: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    let cpu = Narrower::of(case, [&super::target_cpu_saturated::RULE]);
    let views = follows::views(case);
    for view in &views {
        match Follows::of(case, view) {
            Ok(follows) => findings.extend(finding(case, &follows, &cpu)),
            Err(why) => because.push(why),
        }
    }
    let mut missing = case.missing(NEEDS);
    if case.access_log().is_some() {
        missing.extend(case.missing_rows());
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if views.is_empty() && case.evidence.metrics.seen().is_some() {
        missing.push(
            "load balancer metrics: connection errors of targets were not asked for".to_owned(),
        );
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("targets may have run out of connections", missing);
    }
    because.dedup();
    Answer::clear(match because.first() {
        Some(words) => words.clone(),
        None => "connection errors follow load, but too few of them fall on targets that still answer others"
            .to_owned(),
    })
}

/// 502 or 504 without a connection, on a target of the group.
fn not_connected(case: &Case<'_>, row: &FaultRow) -> bool {
    row.shape() == Shape::NotConnected
        && row.error_reason.is_none()
        && (row.target.is_some() || case.is_classic())
        && overload::could_be_load(case, row)
        // What spills over from a full queue was never sent to an instance.
        && row.elb_status_code != 503
}

fn finding(case: &Case<'_>, follows: &Follows<'_>, cpu: &Narrower) -> Option<Draft> {
    let rows: Vec<usize> = case
        .places(|row| {
            not_connected(case, row)
                && (follows.group.is_none() || row.target_group_arn.as_deref() == follows.group)
                && follows.counted_near(row.time)
        })
        .into_iter()
        .filter(|place| !cpu.rows.contains(place))
        .collect();
    let by_row = case.access_log().is_some();
    let n = if by_row {
        case.requests(&rows)
    } else {
        follows.total
    };
    if n < FEWEST_ERRORS {
        return None;
    }
    let alive = alive_percent(case, &rows);
    let dead = alive.is_some_and(|percent| percent < ALIVE_PERCENT);
    if by_row && (dead || overload::on_one_target(case, &rows)) {
        return None;
    }
    let touched = touched(case, &rows);
    // Without rows, a dead target in a busy hour leaves the same counts.
    let unsure = !by_row || !cpu.open.is_empty();
    let sure = follows.climbed_first.is_some()
        && alive.is_some()
        && touched.is_none()
        && !case.is_classic()
        && case.missing(&[Need::Metrics]).is_empty();
    let strength = match (unsure, sure) {
        (true, _) => Strength::Possible,
        (false, true) => Strength::Proven,
        (false, false) => Strength::Likely,
    };
    Some(Draft {
        strength,
        title: format!(
            "Targets of {} run out of connections under load",
            name(case, follows)
        ),
        because: because(case, follows, &rows, touched, cpu),
        claims: if unsure {
            Claims::Nothing
        } else {
            Claims::Rows(rows.clone())
        },
        resources: resources(case, follows, &rows),
        cites: case.sources(&[Need::Metrics, Need::AccessLog, Need::TargetMetrics]),
        fix: how_to_fix(case),
    })
}

fn because(
    case: &Case<'_>,
    follows: &Follows<'_>,
    rows: &[usize],
    touched: Option<String>,
    cpu: &Narrower,
) -> String {
    let mut said = vec![follows.in_words()];
    match &follows.climbed_first {
        Some(words) => said.push(words.clone()),
        None => {
            said.push("That answers became slow before the first of them was not seen.".to_owned())
        }
    }
    if rows.is_empty() {
        said.push(
            "Whether the targets that refuse go on answering others, only an access log can say."
                .to_owned(),
        );
    } else {
        let alive = match alive_percent(case, rows) {
            Some(_) => ", on targets that went on answering other requests",
            None => "; whether these targets answered others meanwhile was not seen",
        };
        said.push(format!(
            "{} no connection (all three times -1) in those minutes{alive}.",
            words::count(case.requests(rows), "row notes", "rows note")
        ));
    }
    if let Some(words) = touched {
        said.push(format!(
            "Near the first of them: {words}. That may be the reason."
        ));
    }
    if !cpu.open.is_empty() {
        said.push("Whether the targets were out of CPU is not known.".to_owned());
    } else if let Some(title) = cpu.found.first() {
        said.push(format!("It goes along with a narrower cause: {title}."));
    }
    said.join(" ")
}

fn name(case: &Case<'_>, follows: &Follows<'_>) -> String {
    match follows.group {
        Some(arn) => case.target_group(arn).map_or_else(
            || arn.rsplit('/').nth(1).unwrap_or(arn).to_owned(),
            |group| group.name.clone(),
        ),
        None => case.evidence.load_balancer.name.clone(),
    }
}

fn resources(case: &Case<'_>, follows: &Follows<'_>, rows: &[usize]) -> Vec<String> {
    let mut resources: Vec<String> = follows.group.map(str::to_owned).into_iter().collect();
    for place in rows {
        if let Some(target) = &case.rows()[*place].target
            && !resources.contains(target)
            && resources.len() < 20
        {
            resources.push(target.clone());
        }
    }
    resources
}

/// Of the refusals, how many come from targets that answered others just before (or, where that
/// was not measured, at all): per cent. `None` where neither is known.
fn alive_percent(case: &Case<'_>, rows: &[usize]) -> Option<u64> {
    let (mut known, mut alive) = (0_u64, 0_u64);
    let answered: BTreeMap<&str, u64> = case
        .access_log()
        .into_iter()
        .flat_map(|log| &log.targets)
        .map(|counts| (counts.target.as_str(), counts.answered))
        .collect();
    for place in rows {
        let row = &case.rows()[*place];
        let n = bounded(row.count);
        let is_alive = match (row.idle_ms, &row.target) {
            (Some(idle), _) => idle <= ALIVE_WITHIN_MS,
            (None, Some(target)) => match answered.get(target.as_str()) {
                Some(answered) => *answered > n,
                None => continue,
            },
            (None, None) => continue,
        };
        known += n;
        alive += if is_alive { n } else { 0 };
    }
    (known > 0).then(|| words::percent(alive, known))
}

/// What was done to a target near its refusals.
fn touched(case: &Case<'_>, rows: &[usize]) -> Option<String> {
    case.disturbances()
        .into_iter()
        .find(|disturbance| {
            rows.iter().any(|place| {
                let row = &case.rows()[*place];
                apart(disturbance.at, row.time) <= NEAR && case.names(disturbance, row)
            })
        })
        .map(|disturbance| format!("{} at {}", disturbance.words, words::clock(disturbance.at)))
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let region = &case.evidence.load_balancer.region;
    Fix {
        summary: "Add targets now; then raise the workers, the listen backlog and the file descriptors of each, \
                  and scale on requests per target before the number at which they failed."
            .to_owned(),
        cli: vec![
            fix::aws(
                "autoscaling set-desired-capacity --auto-scaling-group-name YOUR-GROUP --desired-capacity YOUR-NUMBER",
                region,
            ),
        ],
        console: fix::ec2_console(region, "AutoScalingGroups:"),
        terraform: "resource \"aws_autoscaling_policy\" \"requests\" {\n  name                   = \"requests-per-target\"\n  autoscaling_group_name = aws_autoscaling_group.this.name\n  policy_type            = \"TargetTrackingScaling\"\n\n  target_tracking_configuration {\n    target_value = 500 # well below the number at which targets refuse\n\n    predefined_metric_specification {\n      predefined_metric_type = \"ALBRequestCountPerTarget\"\n      resource_label         = \"${aws_lb.this.arn_suffix}/${aws_lb_target_group.this.arn_suffix}\"\n    }\n  }\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests;
