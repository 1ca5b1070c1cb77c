//! A small evidence bundle, made here so that these tests depend on no incident's details.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diagnosis::{
    Observation, Observed, Step,
    bundle::{Bundle, RecordedObservation, VERSION},
    evidence::{LoadBalancer, LoadBalancerType, Part, Window},
    observation::Outcome,
};
use serde_json::json;

pub(crate) const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";

pub(crate) fn at(time: &str) -> DateTime<Utc> {
    format!("2026-11-20T{time}Z").parse().unwrap()
}

pub(crate) fn bundle() -> Bundle {
    Bundle {
        bundle_version: VERSION,
        title: "502s of web".into(),
        load_balancer: LoadBalancer {
            arn: ARN.into(),
            name: "web".into(),
            kind: LoadBalancerType::Application,
            region: "eu-west-1".into(),
            account: "123456789012".into(),
            dns_name: "web-1.eu-west-1.elb.amazonaws.com".into(),
            ..LoadBalancer::default()
        },
        window: Window {
            from: at("01:00:00"),
            to: at("02:00:00"),
        },
        recorded_at: at("02:05:03"),
        answers: BTreeMap::from([("deployed".into(), "no".into())]),
        observations: vec![
            call(1, Step::TargetHealth, "DescribeTargetGroups", Outcome::Seen),
            call(
                2,
                Step::TargetHealth,
                "DescribeTargetHealth",
                Outcome::Denied,
            ),
            call(
                3,
                Step::Timeouts,
                "DescribeLoadBalancerAttributes",
                Outcome::Failed,
            ),
        ],
        parts: vec![
            Part::TargetGroups(Observed::Seen {
                value: Vec::new(),
                source: vec![1],
                at: at("02:05:01"),
                incomplete: None,
            }),
            Part::Attributes(Observed::Failed {
                reason: "timed out".into(),
                source: vec![3],
            }),
            Part::StepEnded {
                step: Step::TargetHealth,
                observations: vec![1, 2],
            },
            Part::StepEnded {
                step: Step::Timeouts,
                observations: vec![1, 3],
            },
        ],
    }
}

fn call(n: u32, step: Step, operation: &str, outcome: Outcome) -> RecordedObservation {
    RecordedObservation {
        observation: Observation {
            n,
            step,
            service: "elasticloadbalancing".into(),
            operation: operation.into(),
            region: "eu-west-1".into(),
            at: at(&format!("02:05:0{n}")),
            took_ms: 84,
            outcome,
            detail: "<b>hostile</b> \u{0} \u{1b}[2J".into(),
            cli: format!("aws elbv2 {operation}"),
        },
        asked: json!({"LoadBalancerArn": ARN}),
        answered: json!({"items": [], "nul": "\u{0}"}),
    }
}
