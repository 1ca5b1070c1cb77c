//! A healthy load balancer in front of one function, for unit tests.

use crate::{
    evidence::{
        Evidence, LambdaFunction, TargetGroup, TargetHealth,
        access_log::{FaultRow, TargetCounts},
        listeners::Forward,
        metrics::Series,
        target_groups::TargetType,
    },
    fixture::*,
    observed::Observed,
};

pub(crate) const ORDERS: &str = "arn:aws:lambda:eu-west-1:111122223333:function:orders-api:live";
pub(crate) const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders/6d0ecf831eec9f09";

/// `orders-api` with a timeout of 3 s, called for an hour without a fault.
pub(crate) fn function_behind() -> Evidence {
    let mut evidence = healthy();
    if let Observed::Seen { value, .. } = &mut evidence.listeners {
        value[0].rules[0].forwards_to = vec![Forward {
            target_group_arn: GROUP.to_owned(),
            weight: 1,
        }];
    }
    evidence.target_groups = seen(vec![TargetGroup {
        arn: GROUP.to_owned(),
        name: "orders".to_owned(),
        target_type: TargetType::Lambda,
        ..TargetGroup::default()
    }]);
    evidence.target_health = [(
        GROUP.to_owned(),
        seen(vec![TargetHealth {
            id: ORDERS.to_owned(),
            state: "unavailable".to_owned(),
            reason: Some("Target.HealthCheckDisabled".to_owned()),
            ..TargetHealth::default()
        }]),
    )]
    .into();
    set_function(&mut evidence, |_| {});
    if let Observed::Seen { value, .. } = &mut evidence.metrics {
        for name in ["LambdaUserError", "LambdaInternalError"] {
            value.series.push(series(GROUP, name, "Sum", &[]));
        }
    }
    evidence.target_metrics = seen(metrics(vec![
        every_minute(of_function("Invocations", "Sum"), 500.0),
        of_function("Errors", "Sum"),
        of_function("Throttles", "Sum"),
        every_minute(of_function("Duration", "Maximum"), 240.0),
        every_minute(of_function("ConcurrentExecutions", "Maximum"), 9.0),
    ]));
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets = vec![TargetCounts {
            target: "-".to_owned(),
            target_group_arn: Some(GROUP.to_owned()),
            requests: 30_000,
            answered: 30_000,
            statuses: [].into(),
            mean_seconds: 0.04,
            max_seconds: 0.26,
        }];
    }
    evidence
}

pub(crate) fn set_function(evidence: &mut Evidence, change: impl Fn(&mut LambdaFunction)) {
    let mut function = LambdaFunction {
        arn: ORDERS.to_owned(),
        target_group_arn: Some(GROUP.to_owned()),
        timeout: Some(3),
        memory: Some(256),
        runtime: Some("nodejs22.x".to_owned()),
        state: Some("Active".to_owned()),
        last_update_status: Some("Successful".to_owned()),
        invoke_allowed: Some(true),
        ..LambdaFunction::default()
    };
    change(&mut function);
    evidence.lambda_functions = seen(vec![function]);
}

fn of_function(name: &str, stat: &str) -> Series {
    Series {
        namespace: "AWS/Lambda".to_owned(),
        ..series(ORDERS, name, stat, &[])
    }
}

/// What the function counted: (clock, value); the rest of the window keeps what it had.
pub(crate) fn set_counted(evidence: &mut Evidence, name: &str, points: &[(&str, f64)]) {
    if let Observed::Seen { value, .. } = &mut evidence.target_metrics {
        for series in value.series.iter_mut().filter(|one| one.name == name) {
            for (clock, value) in points {
                let at = at(clock);
                series.points.retain(|point| point.at != at);
                series
                    .points
                    .push(crate::evidence::metrics::Point { at, value: *value });
            }
            series.points.sort_by_key(|point| point.at);
        }
    }
}

/// A failed invocation, as the access log has it.
pub(crate) fn failed(clock: &str, reason: &str, seconds: f64) -> FaultRow {
    FaultRow {
        target: None,
        target_group_arn: Some(GROUP.to_owned()),
        request_processing_time: Some(0.0),
        target_processing_time: Some(seconds),
        response_processing_time: Some(0.0),
        error_reason: Some(reason.to_owned()),
        ..refused(clock, 1)
    }
}

/// Access logs off, and the load balancer's counts of the minutes: (clock, failed).
pub(crate) fn log_off(evidence: &mut Evidence, minutes: &[(&str, f64)]) {
    if let Observed::Seen { value, .. } = &mut evidence.attributes {
        value.access_logs.enabled = false;
    }
    evidence.access_log = Observed::NotAsked;
    set_series(evidence, series(GROUP, "LambdaUserError", "Sum", minutes));
    set_series(
        evidence,
        series(LOAD_BALANCER, "HTTPCode_ELB_502_Count", "Sum", minutes),
    );
}
