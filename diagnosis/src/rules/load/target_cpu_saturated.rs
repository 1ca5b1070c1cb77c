//! # Targets are at their CPU limit
//!
//! ## What it looks for
//!
//! CPU of instances or ECS services at 90 % or more in the very periods in which 502s fall on them, and
//! low outside those periods.
//!
//! ## Why this makes a 502
//!
//! A target that is out of CPU answers late or not at all: its accept queue overflows, watchdogs kill
//! workers with their requests in flight, health checks time out. Each broken connection is a 502.
//!
//! ## How to be sure
//!
//! CPU is at the limit while there are 502s and is not while there are none. A target that is busy all
//! day long with 502s now and then has another cause; so have 502s on targets with idle CPU. Averages
//! hide short peaks: a five-minute average of 60 % may hold a minute at 100 %.
//!
//! ## How to fix it
//!
//! Add targets or larger ones now. Then find what took the CPU: a release, a job that runs at that time,
//! a burst of traffic (see the rule traffic-spike). Scale on CPU or on requests per target before the
//! limit is reached.
//!
//! ## References
//!
//! - AWS, "CloudWatch metrics that are available for your instances" (CPUUtilization; five minutes
//!   without detailed monitoring)
//! - AWS, "Amazon ECS CloudWatch metrics" (CPUUtilization)
//! - AWS, "Troubleshoot your Application Load Balancers":
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    case::{Case, bounded, shifted},
    document::{Fix, Strength},
    evidence::{
        access_log::FaultRow,
        metrics::{Point, Series},
        target_groups::TargetType,
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    waits::lasted,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-cpu-saturated",
    step: Step::Load,
    specificity: 35,
    source: include_str!("target_cpu_saturated.rs"),
    check,
};

/// Per cent from which a target counts as saturated: what is left is lost to scheduling. [I], the
/// rule book's threshold.
const SATURATED: f64 = 90.0;

/// This much of a target's errors falls into its saturated periods, per cent: they go together. [I]
const TOGETHER_PERCENT: u64 = 80;

/// At most this much of the periods without errors is saturated, per cent: CPU is low outside. [I]
const OUTSIDE_PERCENT: u64 = 20;

/// Fewer errors than this on saturated targets are a coincidence that nobody should act on. [I]
const FEWEST_ERRORS: u64 = 5;

/// What is missing where CloudWatch has nothing to say of a target.
pub(super) const NO_CPU: &str = "target metrics: CloudWatch has no CPUUtilization of some targets (containers outside ECS \
     services and foreign addresses report none)";

fn check(case: &Case<'_>) -> Answer {
    if nothing_to_explain(case) {
        return Answer::clear("there are no 502s or 504s that CPU could explain");
    }
    if case.has_only_functions() {
        return Answer::clear(
            "every target is a Lambda function, which has no CPU limit of its own to watch",
        );
    }
    let series = cpu(case);
    let by_row = case.access_log().is_some();
    let errors = if by_row {
        errors_by_target(case)
    } else {
        case.minutes_with_502()
            .map(|minutes| BTreeMap::from([(None, minutes.into_iter().collect())]))
            .unwrap_or_default()
    };
    let saturated: Vec<Saturated<'_>> = series
        .iter()
        .filter_map(|series| Saturated::of(case, series, &errors))
        .collect();
    let mut missing = case.missing(&[Need::TargetMetrics, Need::TargetHealth]);
    if by_row {
        missing.extend(case.missing_rows());
    } else {
        missing.extend(case.missing(&[Need::Metrics]));
    }
    if !saturated.is_empty() {
        return Answer {
            missing,
            ..Answer::found(finding(case, &saturated, by_row))
        };
    }
    if case.evidence.target_metrics.seen().is_some() && !all_points_seen(case, &series) {
        missing.push(NO_CPU.to_owned());
    }
    if missing.is_empty() {
        Answer::clear("no target's CPU is at its limit while errors fall on it")
    } else {
        Answer::cannot_tell("a target may be out of CPU", missing)
    }
}

fn nothing_to_explain(case: &Case<'_>) -> bool {
    let no_502 =
        case.load_balancer_502s() == Some(0) && case.missing_rows_of_known_log().is_empty();
    no_502 && !case.rows().iter().any(|row| could_be_load(case, row))
}

/// Errors that the load balancer made because a target did not deliver.
fn could_be_load(case: &Case<'_>, row: &FaultRow) -> bool {
    matches!(row.elb_status_code, 502 | 504)
        && row.target_status_code.is_none()
        && !case.was_to_function(row)
}

/// The CPU of every instance and service, one series each; the widest view there is.
fn cpu<'a>(case: &Case<'a>) -> Vec<&'a Series> {
    let mut by_resource: BTreeMap<&str, &Series> = BTreeMap::new();
    for series in case
        .target_metrics()
        .into_iter()
        .flat_map(|metrics| &metrics.series)
    {
        let fits = series.name == "CPUUtilization"
            && matches!(series.stat.as_str(), "Average" | "Maximum")
            && series.zone.is_none();
        if fits {
            let kept = by_resource.entry(&series.resource).or_insert(series);
            if kept.stat != "Average" {
                *kept = series;
            }
        }
    }
    by_resource.into_values().collect()
}

/// A gauge's silence is no zero: every target needs points.
fn all_points_seen(case: &Case<'_>, series: &[&Series]) -> bool {
    let window = case.evidence.window;
    let has_points = |series: &&Series| series.between(window.from, window.to).next().is_some();
    !series.is_empty()
        && series.iter().all(has_points)
        && case.targets().iter().all(|target| {
            // A function has no CPU to watch.
            target.target_group.target_type == TargetType::Lambda
                || series.iter().any(|series| {
                    series.resource == target.health.id || series.namespace != "AWS/EC2"
                })
        })
}

/// Times of errors by the id of the target; `None` where the target is not known.
type Errors = BTreeMap<Option<String>, Vec<(DateTime<Utc>, u64)>>;

fn errors_by_target(case: &Case<'_>) -> Errors {
    let mut errors: Errors = BTreeMap::new();
    for row in case.rows().iter().filter(|row| could_be_load(case, row)) {
        let id = case.target_of(row).map(|target| target.health.id.clone());
        errors
            .entry(id)
            .or_default()
            .push((row.time, bounded(row.count)));
    }
    errors
}

/// One series at the limit while there are errors.
struct Saturated<'a> {
    series: &'a Series,
    hot: Vec<&'a Point>,
    /// Errors in the hot periods.
    errors: u64,
    /// Of the periods without errors, how many are not hot.
    cool: u64,
}

impl<'a> Saturated<'a> {
    fn of(case: &Case<'_>, series: &'a Series, errors: &Errors) -> Option<Self> {
        // A service's CPU is that of all its tasks, a single instance's only its own.
        let own: Vec<(DateTime<Utc>, u64)> = match errors.get(&None) {
            Some(all) if errors.len() == 1 => all.clone(),
            _ if series.namespace == "AWS/EC2" => errors
                .get(&Some(series.resource.clone()))
                .cloned()
                .unwrap_or_default(),
            _ => errors.values().flatten().copied().collect(),
        };
        let total: u64 = own.iter().map(|(_, n)| n).sum();
        let period = period(series);
        let window = case.evidence.window;
        let baseline = case.target_metrics().map_or(window.from, |m| m.from);
        let (mut hot, mut in_hot, mut quiet, mut quiet_hot) = (Vec::new(), 0_u64, 0_u64, 0_u64);
        for point in series.between(baseline.min(shifted(window.from, -period)), window.to) {
            let end = shifted(point.at, period);
            let here: u64 = own
                .iter()
                .filter(|(at, _)| point.at <= *at && *at < end)
                .map(|(_, n)| n)
                .sum();
            let is_hot = point.value >= SATURATED;
            if is_hot && end > window.from {
                hot.push(point);
                in_hot += here;
            }
            if here == 0 {
                quiet += 1;
                quiet_hot += u64::from(is_hot);
            }
        }
        let together = in_hot >= FEWEST_ERRORS && words::percent(in_hot, total) >= TOGETHER_PERCENT;
        let low_outside = quiet > 0 && words::percent(quiet_hot, quiet) <= OUTSIDE_PERCENT;
        (together && low_outside).then_some(Self {
            series,
            hot,
            errors: in_hot,
            cool: quiet - quiet_hot,
        })
    }

    fn covers(&self, at: DateTime<Utc>) -> bool {
        self.is_hot_between(at, at)
    }

    /// While the target had the request: the log notes it when it is over, which may be in the next
    /// period.
    fn was_hot_while(&self, row: &FaultRow) -> bool {
        let lasted = lasted(row).and_then(|ms| i64::try_from(ms).ok());
        let began = shifted(row.time, -TimeDelta::milliseconds(lasted.unwrap_or(0)));
        self.is_hot_between(began, row.time)
    }

    fn is_hot_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        let period = period(self.series);
        self.hot
            .iter()
            .any(|point| point.at <= to && from < shifted(point.at, period))
    }
}

fn period(series: &Series) -> TimeDelta {
    TimeDelta::seconds(i64::from(series.period.max(60)))
}

fn finding(case: &Case<'_>, saturated: &[Saturated<'_>], by_row: bool) -> Draft {
    let claims = if by_row {
        Claims::Rows(case.places(|row| {
            could_be_load(case, row)
                && saturated.iter().any(|one| {
                    let own = one.series.namespace != "AWS/EC2"
                        || case
                            .target_of(row)
                            .is_some_and(|target| target.health.id == one.series.resource);
                    own && one.was_hot_while(row)
                })
        }))
    } else {
        let minutes = case.minutes_with_502().unwrap_or_default();
        Claims::Minutes(
            minutes
                .into_iter()
                .filter(|(at, _)| saturated.iter().any(|one| one.covers(*at)))
                .collect(),
        )
    };
    let names: Vec<String> = saturated
        .iter()
        .map(|one| one.series.resource.clone())
        .collect();
    let peak = saturated
        .iter()
        .flat_map(|one| &one.hot)
        .map(|point| crate::case::whole(point.value))
        .max()
        .unwrap_or(0);
    let errors = match &claims {
        Claims::Rows(rows) => case.requests(rows),
        Claims::Minutes(minutes) | Claims::MinutesOf(_, minutes) => {
            minutes.iter().map(|(_, n)| n).sum()
        }
        Claims::Nothing => 0,
    };
    let most = saturated.iter().max_by_key(|one| one.errors);
    let quiet = most.map_or(0, |one| one.cool);
    Draft {
        // Minutes alone do not say that the errors lie on these targets.
        strength: if by_row {
            Strength::Proven
        } else {
            Strength::Likely
        },
        title: format!(
            "CPU of {} is at its limit while the errors come",
            match names.as_slice() {
                [one] => one.clone(),
                many => words::count(many.len() as u64, "target", "targets"),
            }
        ),
        because: format!(
            "CPU of {} reaches {peak} %. {} into periods at 90 % or more, or began in one; in {} \
             without errors it is below.",
            words::list(&names, 4),
            words::count(errors, "error falls", "errors fall"),
            words::count(quiet, "period", "periods"),
        ),
        claims,
        resources: names,
        cites: case.sources(&[Need::TargetMetrics, Need::AccessLog, Need::Metrics]),
        fix: how_to_fix(case),
    }
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let region = &case.evidence.load_balancer.region;
    Fix {
        summary: "Add targets now; then find what took the CPU at that time, and scale before the limit."
            .to_owned(),
        cli: vec![fix::aws(
            "autoscaling set-desired-capacity --auto-scaling-group-name YOUR-GROUP --desired-capacity YOUR-NUMBER",
            region,
        )],
        console: fix::ec2_console(region, "AutoScalingGroups:"),
        terraform: "resource \"aws_autoscaling_policy\" \"cpu\" {\n  name                   = \"cpu\"\n  autoscaling_group_name = aws_autoscaling_group.this.name\n  policy_type            = \"TargetTrackingScaling\"\n\n  target_tracking_configuration {\n    target_value = 55\n\n    predefined_metric_specification {\n      predefined_metric_type = \"ASGAverageCPUUtilization\"\n    }\n  }\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, observed::Observed};

    /// `i-1` has this CPU from 10:14 to 10:39, and errors in that time.
    fn busy(cpu: f64, outside: f64) -> crate::Evidence {
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.target_metrics {
            for point in &mut value.series[0].points {
                let inside = at("10:14:00") <= point.at && point.at < at("10:39:00");
                point.value = if inside { cpu } else { outside };
            }
        }
        let rows = (0..20)
            .map(|n| hung_up(&format!("10:{}:30", 16 + n), 1, 9.0))
            .collect();
        set_rows(&mut evidence, rows);
        evidence
    }

    #[test]
    fn busy_all_day_is_the_near_miss() {
        assert_clear(&RULE, &busy(97.0, 96.0));
        assert_clear(&RULE, &busy(89.0, 30.0));
        assert_clear(&RULE, &healthy());
    }

    #[test]
    fn at_the_limit_only_while_errors_come_is_proven() {
        let because = assert_found(&RULE, &busy(98.0, 33.0), Strength::Proven);
        assert!(because.contains("i-1 reaches 98 %"), "{because}");
        assert!(because.contains("20 errors fall"), "{because}");
    }

    #[test]
    fn a_request_that_began_under_load_and_broke_after_it_is_the_loads() {
        let mut evidence = busy(98.0, 33.0);
        let mut rows: Vec<FaultRow> = (0..20)
            .map(|n| hung_up(&format!("10:{}:30", 16 + n), 1, 9.0))
            .collect();
        rows.push(began(hung_up("10:39:04", 1, 6.0), "10:38:58"));
        rows.push(began(hung_up("10:39:09", 1, 6.0), "10:39:03"));
        set_rows(&mut evidence, rows);
        let answer = ask(&RULE, &evidence);
        assert_eq!(answer.findings[0].claims, Claims::Rows((0..=20).collect()));
    }

    fn began(row: FaultRow, clock: &str) -> FaultRow {
        FaultRow {
            request_creation_time: Some(at(clock)),
            ..row
        }
    }

    #[test]
    fn errors_of_another_target_do_not_count() {
        let mut evidence = busy(98.0, 33.0);
        let rows = (0..20)
            .map(|n| hung_up(&format!("10:{}:30", 16 + n), 2, 9.0))
            .collect();
        set_rows(&mut evidence, rows);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn cpu_that_was_not_seen_is_not_low() {
        let mut evidence = busy(98.0, 33.0);
        evidence.target_metrics = denied("cloudwatch:GetMetricData");
        assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
        let mut evidence = busy(50.0, 33.0);
        if let Observed::Seen { value, .. } = &mut evidence.target_metrics {
            value.series[2].points.clear();
        }
        assert_cannot_tell(&RULE, &evidence, "no CPUUtilization");
    }
}
