//! # Far more requests than usual when the errors begin
//!
//! ## What it looks for
//!
//! Requests at least twice as many as in the hours before, in the very minutes in which 502s (and
//! 504s) begin, with far more errors per request than outside. What came as high on the day before
//! is no spike, and a spike that is served without errors is no fault.
//!
//! ## Why this makes a 502
//!
//! More requests than the targets can take use up what they have: CPU, workers, places in the listen
//! queue, connections to a database. They then refuse connections, drop them, or are killed with
//! requests in flight. The spike itself is only the background: what gave way under it is the cause,
//! and where lb502 sees it (CPU at its limit, connections exhausted, a queue that overflows) it
//! names that instead. So a spike alone is never proven.
//!
//! ## How to be sure
//!
//! Errors begin within minutes of the rise and end with it, each request fails many times as often
//! as before, and nobody deployed, stopped or changed targets at that time. Then look at what gave
//! way: CPU, memory, worker and connection pools of the targets.
//!
//! ## How to fix it
//!
//! Find who sends the requests (the access log's client, user agent and path). Add targets now, and
//! scale on requests per target ahead of the limit. Against clients that send too much, a rate-based
//! rule of AWS WAF.
//!
//! ## References
//!
//! - AWS, "CloudWatch metrics for your Application Load Balancer" (RequestCount is reported for
//!   requests for which a target could be chosen)
//! - AWS, "Troubleshoot your Application Load Balancers"
//! - [I] That a rise which comes with errors caused them is inferred; another cause of the same minutes
//!   would leave the same trace.

mod rise;

use chrono::{DateTime, TimeDelta, Utc};

use super::overload::{self, Narrower};
use crate::{
    case::Case,
    document::{Fix, Strength},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    rules,
    step::Step,
    words,
};
use rise::Rise;

pub(super) const RULE: Rule = Rule {
    id: "traffic-spike",
    step: Step::Load,
    specificity: 25,
    source: include_str!("traffic_spike.rs"),
    check,
};

/// Fewer errors than this are a coincidence that nobody should act on. [I]
const FEWEST_ERRORS: u64 = 5;

/// An error on a target that somebody stopped or changed this shortly before has that as its likelier
/// cause. [I]: longer than a drain takes to begin, shorter than a spike.
const TOUCHED_BEFORE: TimeDelta = TimeDelta::minutes(5);

/// What gives way under a spike. Where one of these cannot tell, it may have.
const GIVES_WAY: [&Rule; 3] = [
    &super::target_cpu_saturated::RULE,
    &super::target_connections_exhausted::RULE,
    &super::surge_queue_overflow::RULE,
];

/// Other rules that name a mechanism, and so explain a row better than any spike. Those that the book
/// does not hold are passed over.
const MECHANISMS: &[&str] = &[
    "all-targets-unhealthy",
    "target-instance-not-running",
    "target-in-disabled-zone",
    "container-crashed",
    "deploy-stops-targets-before-draining",
    "target-refused-connection",
    "malformed-response",
    "response-headers-too-large",
    "upload-answered-early",
    "worker-restarted",
    "security-group-blocks-target",
    "load-balancer-egress-blocked",
    "network-acl-blocks-request",
    "network-acl-blocks-return",
    "no-route-to-target",
    "target-tls-handshake-failed",
    "keep-alive-shorter-than-idle-timeout",
    "deregistration-delay-too-short",
    "idle-timeout-shorter-than-response",
    "health-check-slower-than-shutdown",
];

/// Unless all of this was seen, something else may have happened in the same minutes.
const NEEDS: &[Need] = &[
    Need::Metrics,
    Need::TargetMetrics,
    Need::TargetGroups,
    Need::TargetHealth,
    Need::Instances,
    Need::CloudTrail,
    Need::AutoScaling,
    Need::Ecs,
];

fn check(case: &Case<'_>) -> Answer {
    if overload::nothing_to_explain(case) {
        return Answer::clear(match rise::without_errors(case) {
            Some(words) => format!("{words}, and they were served without errors"),
            None => "there are no 502s or 504s that a spike could explain".to_owned(),
        });
    }
    let by_row = case.access_log().is_some();
    let mut missing = case.missing(&[Need::Metrics]);
    if by_row {
        missing.extend(case.missing_rows());
    }
    let mut why = String::new();
    for view in rise::views(case) {
        match Rise::of(case, &view) {
            Ok(rise) => {
                return Answer {
                    missing: missing.into_iter().chain(case.missing(NEEDS)).collect(),
                    ..Answer::found(finding(case, &rise))
                };
            }
            Err(words) if why.is_empty() => why = words,
            Err(_) => {}
        }
    }
    if case.evidence.metrics.seen().is_some()
        && case.load_balancer_series("RequestCount", "Sum").is_none()
    {
        missing.push("load balancer metrics: RequestCount was not asked for".to_owned());
    }
    if missing.is_empty() {
        Answer::clear(why)
    } else {
        Answer::cannot_tell("requests may have been far more than usual", missing)
    }
}

fn finding(case: &Case<'_>, rise: &Rise) -> Draft {
    let by_row = case.access_log().is_some();
    let mut narrower = Narrower::of(case, GIVES_WAY);
    let named = MECHANISMS.iter().filter_map(|id| rules::by_id(id));
    let others = Narrower::of(case, named);
    narrower.found.extend(others.found);
    narrower.rows.extend(others.rows);
    let (rows, touched) = free_rows(case, rise, &narrower);
    let minutes: Vec<(DateTime<Utc>, u64)> = rise
        .errors
        .iter()
        .filter(|error| rise.covers(error.at))
        .map(|error| (error.at, error.n))
        .collect();
    let n = if by_row {
        case.requests(&rows)
    } else if narrower.found.is_empty() {
        minutes.iter().map(|(_, n)| n).sum()
    } else {
        0
    };
    let unsure = !narrower.open.is_empty() || !case.missing(NEEDS).is_empty();
    let background = n < FEWEST_ERRORS || unsure || overload::on_one_target(case, &rows);
    let mut said = vec![rise.in_words()];
    if let Some(title) = narrower.found.first() {
        said.push(format!(
            "It is the background of what gave way under it: {title}."
        ));
    } else if unsure {
        said.push(
            "A spike names no mechanism, and not all was seen that could name one: the cause may be another."
                .to_owned(),
        );
    } else {
        said.push(
            "What gave way under it was not seen: CPU is not at its limit, and connection errors do not follow load."
                .to_owned(),
        );
    }
    if touched > 0 {
        said.push(format!(
            "{} on targets that were stopped or changed just before, and not counted to it.",
            words::count(touched, "error lies", "errors lie")
        ));
    }
    Draft {
        strength: if background {
            Strength::Possible
        } else {
            Strength::Likely
        },
        title: format!(
            "Requests rose to {} the usual when the errors began",
            rise.times()
        ),
        because: said.join(" "),
        claims: match (background, by_row) {
            (true, _) => Claims::Nothing,
            (false, true) => Claims::Rows(rows),
            (false, false) => Claims::Minutes(minutes),
        },
        resources: vec![rise.resource.clone()],
        cites: case.sources(&[Need::Metrics, Need::AccessLog]),
        fix: how_to_fix(case),
    }
}

/// The rows of the spike that nothing narrower claims, and how many were left to changes of their
/// targets.
fn free_rows(case: &Case<'_>, rise: &Rise, narrower: &Narrower) -> (Vec<usize>, u64) {
    let disturbances = case.disturbances();
    let (mut free, mut touched) = (Vec::new(), Vec::new());
    for place in rise.errors.iter().filter_map(|error| error.place) {
        let row = &case.rows()[place];
        if !rise.covers(row.time) || narrower.rows.contains(&place) {
            continue;
        }
        let is_touched = disturbances.iter().any(|disturbance| {
            let since = row.time.signed_duration_since(disturbance.at);
            -TOUCHED_BEFORE / 2 <= since && since <= TOUCHED_BEFORE && case.names(disturbance, row)
        });
        if is_touched {
            touched.push(place);
        } else {
            free.push(place);
        }
    }
    (free, case.requests(&touched))
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    Fix {
        summary: "See who sends the requests; add targets now, and scale on requests per target before the limit."
            .to_owned(),
        cli: vec![fix::aws(
            "autoscaling set-desired-capacity --auto-scaling-group-name YOUR-GROUP --desired-capacity YOUR-NUMBER",
            region,
        )],
        console: fix::load_balancer_console(load_balancer),
        terraform: "resource \"aws_autoscaling_policy\" \"requests\" {\n  name                   = \"requests-per-target\"\n  autoscaling_group_name = aws_autoscaling_group.this.name\n  policy_type            = \"TargetTrackingScaling\"\n\n  target_tracking_configuration {\n    target_value = 500 # what one target serves with ease\n\n    predefined_metric_specification {\n      predefined_metric_type = \"ALBRequestCountPerTarget\"\n      resource_label         = \"${aws_lb.this.arn_suffix}/${aws_lb_target_group.this.arn_suffix}\"\n    }\n  }\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests;
