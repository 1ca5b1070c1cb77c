//! # The surge queue of a Classic Load Balancer overflows
//!
//! ## What it looks for
//!
//! Classic load balancers only: SpilloverCount above zero, and 503s in the same minutes.
//!
//! ## Why this makes a 502
//!
//! It makes 503s, which people often report as 502s. A Classic load balancer keeps requests for which
//! no instance has room in a queue of 1,024. When it is full, further requests are turned away with
//! 503, and SpilloverCount counts each of them. The queue fills because instances take connections
//! more slowly than requests come: too few of them, too busy ones, or ones whose answers have become
//! slow.
//!
//! ## How to be sure
//!
//! SurgeQueueLength (maximum) stands at 1,024 in those minutes, and SpilloverCount (sum) is the number
//! of 503s without a backend in the access log. 503s while no instance is healthy have another cause.
//!
//! ## How to fix it
//!
//! Add instances now. Then see what made them slow: Latency and HealthyHostCount of the same minutes,
//! CPU, the connections that the server may hold, a database behind it. Scale on SurgeQueueLength long
//! before it is full. Application load balancers have no such queue.
//!
//! ## References
//!
//! - AWS, Classic Load Balancer guide, "CloudWatch metrics for your Classic Load Balancer"
//!   (SurgeQueueLength, at most 1,024; SpilloverCount, answered with 503)
//! - AWS, Classic Load Balancer guide, "Troubleshoot a Classic Load Balancer: HTTP errors" (HTTP 503)

use chrono::{DateTime, TimeDelta, Utc};

use super::pace::{self, ByPeriod};
use crate::{
    case::{Case, bounded, shifted, whole},
    document::{Fix, Strength},
    evidence::access_log::FaultRow,
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "surge-queue-overflow",
    step: Step::Load,
    specificity: 45,
    source: include_str!("surge_queue_overflow.rs"),
    check,
};

/// Requests that the queue holds. [V] DOC-CLB
const QUEUE: u64 = 1_024;

/// The log's clock and the metric's may differ by this much. [I]
const EDGE: TimeDelta = TimeDelta::seconds(2);

/// Rows beyond the count of a period that the metric's and the log's edges may account for, per cent
/// and at least two. [I]
const EDGE_PERCENT: u64 = 5;

fn check(case: &Case<'_>) -> Answer {
    if !case.is_classic() {
        return Answer::clear("only Classic load balancers have a surge queue");
    }
    let mut missing = case.missing(&[Need::Metrics]);
    let Some(series) = case.load_balancer_series("SpilloverCount", "Sum") else {
        if case.evidence.metrics.seen().is_some() {
            missing.push("load balancer metrics: SpilloverCount was not asked for".to_owned());
        }
        return Answer::cannot_tell("the surge queue may have overflowed", missing);
    };
    let spilled = Spilled::of(case, series);
    if spilled.total > 0 {
        return Answer {
            missing,
            ..Answer::found(finding(case, &spilled))
        };
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("the surge queue may have overflowed", missing);
    }
    Answer::clear(match longest_queue(case) {
        Some(n) if n > 0 => format!(
            "no request was turned away; the queue held {} of {} at most",
            words::thousands(n),
            words::thousands(QUEUE)
        ),
        _ => "no request was turned away from the surge queue".to_owned(),
    })
}

struct Spilled {
    length: TimeDelta,
    by_period: ByPeriod,
    total: u64,
}

impl Spilled {
    fn of(case: &Case<'_>, series: &crate::evidence::metrics::Series) -> Self {
        let window = case.evidence.window;
        let length = pace::length(series);
        let from = pace::start_of(window.from, length);
        let mut by_period = pace::counts(series, length, from, window.to);
        by_period.retain(|_, n| whole(*n) > 0);
        Self {
            length,
            total: by_period
                .values()
                .fold(0, |sum, n| bounded(sum + whole(*n))),
            by_period,
        }
    }

    fn period_of(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        [at, shifted(at, EDGE), shifted(at, -EDGE)]
            .into_iter()
            .map(|at| pace::start_of(at, self.length))
            .find(|start| self.by_period.contains_key(start))
    }

    /// The rows that the metric counts: in each period the oldest, as many as it says.
    fn rows(&self, case: &Case<'_>) -> Vec<usize> {
        let mut left: std::collections::BTreeMap<DateTime<Utc>, u64> = self
            .by_period
            .iter()
            .map(|(at, n)| {
                let n = whole(*n);
                (*at, n + (n * EDGE_PERCENT / 100).max(2))
            })
            .collect();
        let mut rows = Vec::new();
        for place in case.places(turned_away) {
            let row = &case.rows()[place];
            let n = bounded(row.count);
            if let Some(left) = self
                .period_of(row.time)
                .and_then(|start| left.get_mut(&start))
                && n <= *left
            {
                *left -= n;
                rows.push(place);
            }
        }
        rows
    }
}

/// 503, and no instance was asked.
fn turned_away(row: &FaultRow) -> bool {
    row.elb_status_code == 503 && row.target_status_code.is_none() && row.target.is_none()
}

fn longest_queue(case: &Case<'_>) -> Option<u64> {
    let series = case.load_balancer_series("SurgeQueueLength", "Maximum")?;
    case.per_minute(series).into_values().max()
}

fn finding(case: &Case<'_>, spilled: &Spilled) -> Draft {
    let by_row = case.access_log().is_some();
    let rows = spilled.rows(case);
    let minutes: Vec<(DateTime<Utc>, u64)> = spilled
        .by_period
        .iter()
        .map(|(at, n)| (*at, whole(*n)))
        .collect();
    let nobody_healthy = nobody_healthy(case, spilled);
    let counted = counted_as_errors(case, spilled);
    let strength = match (by_row, rows.is_empty()) {
        (true, true) => case.untied(),
        _ if nobody_healthy => Strength::Likely,
        (true, false) => Strength::Proven,
        (false, _) if counted => Strength::Proven,
        (false, _) => Strength::Likely,
    };
    let mut said = vec![format!(
        "SpilloverCount says that {} turned away in {}.",
        words::count(spilled.total, "request was", "requests were"),
        words::count(
            spilled.length.num_minutes().unsigned_abs() * minutes.len() as u64,
            "minute",
            "minutes"
        )
    )];
    if let Some(n) = longest_queue(case) {
        said.push(format!(
            "The queue held up to {} of {}.",
            words::thousands(n),
            words::thousands(QUEUE)
        ));
    }
    if by_row {
        said.push(format!(
            "{} no backend in those minutes.",
            words::count(case.requests(&rows), "503 names", "503s name")
        ));
    }
    if let Some(words) = latency(case, spilled) {
        said.push(words);
    }
    if nobody_healthy {
        said.push(
            "But no instance was healthy in one of those minutes, which is a 503 of its own."
                .to_owned(),
        );
    }
    Draft {
        strength,
        title: "The surge queue is full and requests are turned away with 503".to_owned(),
        because: said.join(" "),
        claims: if by_row {
            Claims::Rows(rows)
        } else {
            Claims::MinutesOf(503, minutes)
        },
        resources: vec![case.evidence.load_balancer.name.clone()],
        cites: case.sources(&[Need::Metrics, Need::AccessLog]),
        fix: how_to_fix(case),
    }
}

/// Whether in one of the periods no instance was healthy at all.
fn nobody_healthy(case: &Case<'_>, spilled: &Spilled) -> bool {
    let Some(series) = case.load_balancer_series("HealthyHostCount", "Maximum") else {
        return false;
    };
    let window = case.evidence.window;
    let from = pace::start_of(window.from, spilled.length);
    let healthy = pace::peaks(series, spilled.length, from, window.to);
    spilled
        .by_period
        .keys()
        .any(|at| healthy.get(at).is_some_and(|n| whole(*n) == 0))
}

/// Whether the load balancer's own count of errors holds what was turned away.
fn counted_as_errors(case: &Case<'_>, spilled: &Spilled) -> bool {
    case.load_balancer_series("HTTPCode_ELB_5XX", "Sum")
        .is_some_and(|series| {
            let window = case.evidence.window;
            let from = pace::start_of(window.from, spilled.length);
            let errors = pace::counts(series, spilled.length, from, window.to);
            let held: u64 = spilled
                .by_period
                .iter()
                .map(|(at, n)| whole(*n).min(errors.get(at).copied().map_or(0, whole)))
                .sum();
            words::percent(held, spilled.total) >= 100 - EDGE_PERCENT
        })
}

/// How slow the instances were, against the other periods.
fn latency(case: &Case<'_>, spilled: &Spilled) -> Option<String> {
    let series = case.load_balancer_series("Latency", "Average")?;
    let window = case.evidence.window;
    let from = case.evidence.metrics.seen()?.from.min(window.from);
    let all = pace::peaks(series, spilled.length, from, window.to);
    let (full, usual): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|(at, _)| spilled.by_period.contains_key(*at));
    let of = |values: Vec<(&DateTime<Utc>, &f64)>| {
        pace::median(values.into_iter().map(|(_, value)| *value))
    };
    let (full, usual) = (of(full)?, of(usual)?);
    (full >= usual * 1.5 && usual > 0.0).then(|| {
        let seconds = |value: f64| words::seconds(whole(value * 1_000.0));
        format!(
            "Instances took {} to answer then, {} the usual {}.",
            seconds(full),
            pace::times(full, usual),
            seconds(usual)
        )
    })
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let name = &load_balancer.name;
    Fix {
        summary:
            "Add instances now; then find what made them slow, and scale before the queue fills."
                .to_owned(),
        cli: vec![
            fix::aws(
                "autoscaling set-desired-capacity --auto-scaling-group-name YOUR-GROUP --desired-capacity YOUR-NUMBER",
                region,
            ),
            fix::aws(
                &format!(
                    "cloudwatch put-metric-alarm --alarm-name surge-queue --namespace AWS/ELB --metric-name SurgeQueueLength --dimensions {} --statistic Maximum --period 60 --evaluation-periods 2 --threshold 200 --comparison-operator GreaterThanThreshold",
                    fix::quote(&format!("Name=LoadBalancerName,Value={name}"))
                ),
                region,
            ),
        ],
        console: fix::load_balancer_console(load_balancer),
        terraform: format!(
            "resource \"aws_cloudwatch_metric_alarm\" \"surge_queue\" {{\n  alarm_name          = \"surge-queue\"\n  namespace           = \"AWS/ELB\"\n  metric_name         = \"SurgeQueueLength\"\n  statistic           = \"Maximum\"\n  period              = 60\n  evaluation_periods  = 2\n  threshold           = 200\n  comparison_operator = \"GreaterThanThreshold\"\n\n  dimensions = {{\n    LoadBalancerName = {}\n  }}\n}}\n",
            fix::terraform_string(name)
        ),
    }
}

#[cfg(test)]
mod tests;
