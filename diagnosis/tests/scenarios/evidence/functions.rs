//! Lambda functions: how they are set up, and what Lambda counts of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diagnosis::{
    Evidence,
    evidence::{
        LambdaFunction, Window,
        metrics::{Point, Series},
    },
    need::Need,
};
use serde::Deserialize;

use super::{
    Seen, Told, arn,
    groups::Targets,
    metrics::{minute, points, series},
};
use crate::{
    log_lines,
    traffic::{End, Request},
};

/// A function, by the name under which it is a target; left out, it is one in good order.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Function {
    /// Seconds.
    timeout: u32,
    reserved: Option<u32>,
    subnets: Vec<String>,
    state: String,
    state_reason: Option<String>,
    /// Whether its policy lets the load balancer invoke it.
    allowed: bool,
    /// Calls that were refused: `policy: IAM denies lambda:GetPolicy`. The policy is unknown then.
    gap: Option<String>,
    /// What Lambda counts, but for what follows from the traffic: `Throttles` → `10:14..10:39 98`.
    metrics: BTreeMap<String, Vec<String>>,
}

impl Default for Function {
    fn default() -> Self {
        Self {
            timeout: 3,
            reserved: None,
            subnets: Vec::new(),
            state: "Active".to_owned(),
            state_reason: None,
            allowed: true,
            gap: None,
            metrics: BTreeMap::new(),
        }
    }
}

pub(super) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}")
}

/// Function and group, of every group of functions.
fn registered<'a>(
    told: &'a Told,
    targets: &'a Targets,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    targets
        .iter()
        .filter(|(group, _)| told.group[*group].lambda)
        .flat_map(|(group, targets)| targets.iter().map(move |(id, ..)| (id, group)))
}

pub(super) fn functions(evidence: &mut Evidence, told: &Told, targets: &Targets, seen: &Seen) {
    let functions = registered(told, targets).map(|(name, group)| {
        let function = told.function.get(name).cloned().unwrap_or_default();
        LambdaFunction {
            arn: function_arn(name),
            target_group_arn: Some(arn(group, false)),
            timeout: Some(function.timeout),
            memory: Some(512),
            runtime: Some("python3.13".to_owned()),
            state: Some(function.state),
            state_reason: function.state_reason,
            last_update_status: Some("Successful".to_owned()),
            last_update_reason: None,
            reserved_concurrency: function.reserved,
            vpc_subnet_ids: function.subnets,
            invoke_allowed: function.gap.is_none().then_some(function.allowed),
            gap: function.gap,
        }
    });
    let functions = functions.collect();
    evidence.lambda_functions = seen.part(Need::LambdaFunctions, functions);
}

/// The function's own metrics, each invocation counted when it began.
pub(super) fn counted(
    told: &Told,
    targets: &Targets,
    requests: &[Request],
    window: Window,
) -> Vec<Series> {
    let mut found = Vec::new();
    for (name, group) in registered(told, targets) {
        let mut all: BTreeMap<(&str, &str), BTreeMap<DateTime<Utc>, f64>> = [
            ("Invocations", "Sum"),
            ("Errors", "Sum"),
            ("Throttles", "Sum"),
            ("Duration", "Average"),
            ("Duration", "Maximum"),
            ("ConcurrentExecutions", "Maximum"),
        ]
        .map(|key| (key, BTreeMap::new()))
        .into();
        let mut add = |key, at, value: f64, most: bool| {
            let point: &mut f64 = all.entry(key).or_default().entry(minute(at)).or_default();
            *point = if most {
                point.max(value)
            } else {
                *point + value
            };
        };
        for request in requests.iter().filter(|request| request.group == *group) {
            if !window.contains(log_lines::answered_at(request)) {
                continue;
            }
            let seconds = match request.end {
                End::Answered { seconds, .. } | End::Code { seconds, .. } => seconds,
                _ => continue,
            };
            match request.details.reason.as_str() {
                "LambdaThrottling" => add(("Throttles", "Sum"), request.at, 1.0, false),
                "-" | "LambdaUnhandled" | "LambdaInvalidResponse" | "LambdaResponseTooLarge" => {
                    add(("Invocations", "Sum"), request.at, 1.0, false);
                    add(("Duration", "Maximum"), request.at, seconds * 1e3, true);
                    add(("Duration", "Average"), request.at, seconds * 1e3, true);
                    add(("ConcurrentExecutions", "Maximum"), request.at, 3.0, true);
                    if request.details.reason == "LambdaUnhandled" {
                        add(("Errors", "Sum"), request.at, 1.0, false);
                    }
                }
                _ => {}
            }
        }
        let told = told.function.get(name).map(|function| &function.metrics);
        for ((metric, stat), values) in all {
            let values = match told.and_then(|told| told.get(metric)) {
                Some(told) => points(told, window),
                None => values
                    .into_iter()
                    .map(|(at, value)| Point { at, value })
                    .collect(),
            };
            found.push(Series {
                points: values,
                ..series("AWS/Lambda", &function_arn(name), metric, stat)
            });
        }
    }
    found
}
