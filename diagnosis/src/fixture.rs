//! A healthy load balancer for unit tests: everything asked, everything answered, nothing wrong. A
//! test breaks one thing of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    document::{RuleAnswer, Strength},
    evidence::{
        AccessLog, AppLog, Ecs, Evidence, Instance, Listener, LoadBalancer, LoadBalancerAttributes,
        LoadBalancerType, Metrics, TargetGroup, TargetGroupAttributes, TargetHealth, Window,
        access_log::{
            FaultRow, TargetCounts,
            base_rates::{Counted, Dividing, Division, ValueCounts},
        },
        listeners::{Forward, ListenerRule},
        load_balancer::LogDelivery,
        metrics::{Point, Series},
        target_groups::HealthCheck,
    },
    observation::{Observation, Outcome},
    observed::Observed,
    rule::{Answer, Case, Rule},
    step::Step,
};

pub(crate) const LOAD_BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188";
pub(crate) const WEB: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067";

/// `10:02:07.5` of the day of the incident.
pub(crate) fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-11-20T{clock}Z").parse().unwrap()
}

pub(crate) fn seen<T>(value: T) -> Observed<T> {
    Observed::Seen {
        value,
        source: vec![1],
        at: at("11:15:00"),
        incomplete: None,
    }
}

pub(crate) fn denied<T>(action: &str) -> Observed<T> {
    Observed::Denied {
        action: action.to_owned(),
        source: vec![1],
    }
}

/// Three instances behind one group, 10:00 to 11:00, observed at 11:15.
pub(crate) fn healthy() -> Evidence {
    let load_balancer = LoadBalancer {
        arn: LOAD_BALANCER.to_owned(),
        name: "shop".to_owned(),
        kind: LoadBalancerType::Application,
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
        state: "active".to_owned(),
        ..LoadBalancer::default()
    };
    let window = Window {
        from: at("10:00:00"),
        to: at("11:00:00"),
    };
    let mut evidence = Evidence::new(load_balancer, window, at("11:15:00"));
    evidence.attributes = seen(LoadBalancerAttributes {
        idle_timeout: 60,
        client_keep_alive: Some(3600),
        access_logs: LogDelivery {
            enabled: true,
            bucket: "logs".to_owned(),
            prefix: String::new(),
        },
        connection_logs: None,
        health_check_logs: None,
        cross_zone: Some(true),
        desync_mitigation_mode: Some("defensive".to_owned()),
        drop_invalid_header_fields: Some(false),
        http2: Some(true),
        connection_draining: None,
    });
    evidence.listeners = seen(vec![Listener {
        arn: "listener/http".to_owned(),
        port: 80,
        protocol: "HTTP".to_owned(),
        rules: vec![ListenerRule {
            priority: "default".to_owned(),
            actions: vec!["forward".to_owned()],
            forwards_to: vec![Forward {
                target_group_arn: WEB.to_owned(),
                weight: 1,
            }],
            ..ListenerRule::default()
        }],
        ..Listener::default()
    }]);
    evidence.target_groups = seen(vec![TargetGroup {
        arn: WEB.to_owned(),
        name: "web".to_owned(),
        protocol: Some("HTTP".to_owned()),
        protocol_version: Some("HTTP1".to_owned()),
        port: Some(8080),
        health_check: HealthCheck {
            enabled: true,
            protocol: Some("HTTP".to_owned()),
            port: Some("traffic-port".to_owned()),
            path: Some("/healthz".to_owned()),
            matcher: Some("200".to_owned()),
            interval: 30,
            timeout: 5,
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        },
        ..TargetGroup::default()
    }]);
    evidence
        .target_group_attributes
        .insert(WEB.to_owned(), seen(TargetGroupAttributes::default()));
    evidence.target_health.insert(
        WEB.to_owned(),
        seen((1..=3).map(|n| target(n, "healthy", None)).collect()),
    );
    evidence.instances = seen(
        (1..=3)
            .map(|n| Instance {
                id: format!("i-{n}"),
                state: "running".to_owned(),
                private_ips: vec![format!("10.0.1.{n}")],
                system_status: Some("ok".to_owned()),
                instance_status: Some("ok".to_owned()),
                ..Instance::default()
            })
            .collect(),
    );
    evidence.certificates = seen(Vec::new());
    evidence.lambda_functions = seen(Vec::new());
    evidence.subnets = seen(Vec::new());
    evidence.route_tables = seen(Vec::new());
    evidence.security_groups = seen(Vec::new());
    evidence.network_acls = seen(Vec::new());
    evidence.network_interfaces = seen(Vec::new());
    evidence.prefix_lists = seen(Vec::new());
    evidence.metrics = seen(metrics(vec![
        series(LOAD_BALANCER, "HTTPCode_ELB_502_Count", "Sum", &[]),
        series(LOAD_BALANCER, "HTTPCode_ELB_503_Count", "Sum", &[]),
        series(LOAD_BALANCER, "HTTPCode_ELB_504_Count", "Sum", &[]),
        series(LOAD_BALANCER, "HTTPCode_Target_5XX_Count", "Sum", &[]),
        series(WEB, "TargetConnectionErrorCount", "Sum", &[]),
        series(WEB, "TargetTLSNegotiationErrorCount", "Sum", &[]),
        series(WEB, "UnhealthyRoutingRequestCount", "Sum", &[]),
        series(WEB, "UnHealthyHostCount", "Maximum", &[]),
        every_minute(series(WEB, "HealthyHostCount", "Minimum", &[]), 3.0),
    ]));
    evidence.target_metrics = seen(metrics(
        (1..=3)
            .map(|n| {
                let cpu = series(&format!("i-{n}"), "CPUUtilization", "Average", &[]);
                Series {
                    namespace: "AWS/EC2".to_owned(),
                    ..every_minute(cpu, 31.0)
                }
            })
            .collect(),
    ));
    evidence.access_log = seen(AccessLog {
        requests: 30_000,
        objects: 24,
        targets: (1..=3)
            .map(|n| TargetCounts {
                target: format!("10.0.1.{n}:8080"),
                target_group_arn: Some(WEB.to_owned()),
                requests: 10_000,
                answered: 10_000,
                statuses: BTreeMap::new(),
                mean_seconds: 0.02,
                max_seconds: 0.4,
            })
            .collect(),
        ..AccessLog::default()
    });
    set_base(&mut evidence, Dividing::Route, &[("GET /cart", 30_000, 0)]);
    evidence.app_log = seen(AppLog::default());
    evidence.cloudtrail = seen(Vec::new());
    evidence.auto_scaling = seen(Vec::new());
    evidence.ecs = seen(Ecs::default());
    evidence.observe(Observation {
        n: 1,
        step: Step::TargetHealth,
        service: "elasticloadbalancing".to_owned(),
        operation: "DescribeTargetHealth".to_owned(),
        region: "eu-west-1".to_owned(),
        at: at("11:15:00"),
        took_ms: 84,
        outcome: Outcome::Seen,
        detail: "3 targets".to_owned(),
        cli: "aws elbv2 describe-target-health".to_owned(),
    });
    evidence.steps = Step::ALL.map(|step| (step, vec![1])).into();
    evidence
}

/// Target `i-<n>` of the group `web`.
pub(crate) fn target(n: u8, state: &str, reason: Option<&str>) -> TargetHealth {
    TargetHealth {
        id: format!("i-{n}"),
        port: Some(8080),
        zone: Some("eu-west-1a".to_owned()),
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        ..TargetHealth::default()
    }
}

pub(crate) fn metrics(series: Vec<Series>) -> Metrics {
    Metrics {
        from: at("07:00:00"),
        to: at("11:00:00"),
        series,
    }
}

/// Points are (clock, value).
pub(crate) fn series(resource: &str, name: &str, stat: &str, points: &[(&str, f64)]) -> Series {
    Series {
        namespace: "AWS/ApplicationELB".to_owned(),
        name: name.to_owned(),
        stat: stat.to_owned(),
        resource: resource.to_owned(),
        zone: None,
        period: 60,
        points: points
            .iter()
            .map(|(clock, value)| Point {
                at: at(clock),
                value: *value,
            })
            .collect(),
    }
}

pub(crate) fn every_minute(mut series: Series, value: f64) -> Series {
    series.points = (0..60)
        .map(|minute| Point {
            at: at("10:00:00") + TimeDelta::minutes(minute),
            value,
        })
        .collect();
    series
}

/// Replaces one series' points (or adds the series).
pub(crate) fn set_series(evidence: &mut Evidence, changed: Series) {
    if let Observed::Seen { value, .. } = &mut evidence.metrics {
        value.series.retain(|series| {
            (&series.resource, &series.name, &series.stat)
                != (&changed.resource, &changed.name, &changed.stat)
        });
        value.series.push(changed);
    }
}

pub(crate) fn set_rows(evidence: &mut Evidence, rows: Vec<FaultRow>) {
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.rows = rows;
    }
}

pub(crate) fn set_health(evidence: &mut Evidence, targets: Vec<TargetHealth>) {
    evidence.target_health.insert(WEB.to_owned(), seen(targets));
}

/// How all requests divide by one dimension: value, requests, 502s of the load balancer.
pub(crate) fn set_base(evidence: &mut Evidence, by: Dividing, values: &[(&str, u64, u64)]) {
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        let divisions = &mut value.base_rates.divisions;
        divisions.retain(|division| division.by != by);
        divisions.push(Division {
            by,
            counted: Counted::Exact,
            distinct: values.len() as u64,
            requests: values.iter().map(|(_, requests, _)| requests).sum(),
            values: values
                .iter()
                .map(|(value, requests, failed)| ValueCounts {
                    value: (*value).to_owned(),
                    requests: *requests,
                    made_by_load_balancer: *failed,
                    made_by_target: 0,
                })
                .collect(),
        });
    }
}

/// A 502 that the load balancer made for target `n`: `-1/-1/-1`.
pub(crate) fn refused(clock: &str, n: u8) -> FaultRow {
    FaultRow {
        count: 1,
        time: at(clock),
        request_creation_time: None,
        kind: "http".to_owned(),
        node: None,
        client: "203.0.113.9".to_owned(),
        target: Some(format!("10.0.1.{n}:8080")),
        target_group_arn: Some(WEB.to_owned()),
        request_processing_time: None,
        target_processing_time: None,
        response_processing_time: None,
        elb_status_code: 502,
        target_status_code: None,
        received_bytes: 300,
        sent_bytes: 272,
        method: "GET".to_owned(),
        url: "/cart".to_owned(),
        user_agent: "curl/8".to_owned(),
        matched_rule_priority: Some("0".to_owned()),
        actions_executed: "forward".to_owned(),
        error_reason: None,
        classification: None,
        idle_ms: None,
        answered_before: 0,
        raw: None,
    }
}

/// A 502 for target `n` that hung up after `seconds`: `0.001/seconds/-1`.
pub(crate) fn hung_up(clock: &str, n: u8, seconds: f64) -> FaultRow {
    FaultRow {
        request_processing_time: Some(0.001),
        target_processing_time: Some(seconds),
        ..refused(clock, n)
    }
}

/// The rule's answer by its id, as the engine asks for it.
pub(crate) fn ask(rule: &Rule, evidence: &Evidence) -> Answer {
    (rule.check)(&Case::new(evidence))
}

pub(crate) fn assert_clear(rule: &Rule, evidence: &Evidence) {
    let answer = ask(rule, evidence);
    assert_eq!(answer.answer(), RuleAnswer::Clear, "{answer:#?}");
    assert!(!answer.because.is_empty(), "clear without a reason");
}

pub(crate) fn assert_cannot_tell(rule: &Rule, evidence: &Evidence, missing: &str) {
    let answer = ask(rule, evidence);
    assert_eq!(answer.answer(), RuleAnswer::CannotTell, "{answer:#?}");
    assert!(
        answer.missing.iter().any(|words| words.contains(missing)),
        "{missing} is not in {:?}",
        answer.missing
    );
}

/// Asserts the strength of the first finding and gives its `because`.
pub(crate) fn assert_found(rule: &Rule, evidence: &Evidence, strength: Strength) -> String {
    let answer = ask(rule, evidence);
    let first = answer.findings.first();
    assert_eq!(
        first.map(|finding| finding.strength),
        Some(strength),
        "{answer:#?}"
    );
    first.map_or_else(String::new, |finding| finding.because.clone())
}
