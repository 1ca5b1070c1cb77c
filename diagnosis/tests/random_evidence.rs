//! Whatever a bundle holds, judging it never panics (overflow checks are on), and the ledger adds up.
//!
//! The evidence is random but the same in every run.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its evidence should fail"
)]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    Evidence, Observation, Observed, Step, diagnose,
    document::{LedgerSource, Verdict},
    evidence::{
        AccessLog, Change, Ecs, Instance, Listener, LoadBalancer, LoadBalancerAttributes,
        LoadBalancerType, Metrics, TargetGroup, TargetHealth, Window,
        access_log::{FaultRow, OtherCode, TargetCounts, other_codes::CodeReason},
        ecs::StoppedTask,
        listeners::{Forward, ListenerRule},
        load_balancer::LogDelivery,
        metrics::{Point, Series},
        target_groups::{HealthCheck, TargetType},
    },
    observation::Outcome,
};

const ROUNDS: u64 = 1_500;

/// splitmix64
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let place = self.below(from.len() as u64);
        from[usize::try_from(place).unwrap()].clone()
    }

    fn count(&mut self) -> u64 {
        if self.one_in(40) {
            u64::MAX
        } else {
            self.below(50)
        }
    }

    fn time(&mut self) -> DateTime<Utc> {
        if self.one_in(300) {
            return self.pick(&[DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]);
        }
        let start: DateTime<Utc> = "2026-11-20T10:00:00Z".parse().unwrap();
        start + TimeDelta::milliseconds(i64::try_from(self.below(3_600_000)).unwrap())
    }

    fn minute(&mut self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-11-20T10:00:00Z".parse().unwrap();
        start + TimeDelta::minutes(i64::try_from(self.below(60)).unwrap())
    }

    fn value(&mut self) -> f64 {
        if self.one_in(60) {
            return self.pick(&[f64::NAN, f64::INFINITY, -1.0, 1e300]);
        }
        self.below(120) as f64
    }

    fn seconds(&mut self) -> Option<f64> {
        match self.below(4) {
            0 => None,
            1 => Some(0.001),
            _ => Some(self.value() / 10.0),
        }
    }

    fn observed<T>(&mut self, value: T) -> Observed<T> {
        let source = vec![u32::try_from(self.below(6)).unwrap()];
        match self.below(12) {
            0 => Observed::Denied {
                action: "ec2:DescribeInstances".to_owned(),
                source,
            },
            1 => Observed::Failed {
                reason: "throttled".to_owned(),
                source,
            },
            2 => Observed::NotAsked,
            n => Observed::Seen {
                value,
                source,
                at: self.time(),
                incomplete: (n == 3).then(|| "cut short".to_owned()),
            },
        }
    }
}

const GROUPS: [&str; 2] = ["tg/one", "tg/two"];
const IDS: [&str; 4] = ["i-1", "i-2", "10.0.1.3", "fd00::4"];
const ADDRESSES: [&str; 5] = [
    "10.0.1.1:80",
    "10.0.1.2:80",
    "10.0.1.3:80",
    "[fd00::4]:80",
    "x",
];

fn row(chance: &mut Chance) -> FaultRow {
    FaultRow {
        count: chance.count(),
        time: chance.time(),
        request_creation_time: chance.one_in(2).then(|| chance.time()),
        kind: chance.pick(&["http", "h2", "grpcs", ""]).to_owned(),
        node: None,
        client: "203.0.113.9".to_owned(),
        target: (!chance.one_in(5)).then(|| chance.pick(&ADDRESSES).to_owned()),
        target_group_arn: (!chance.one_in(5)).then(|| chance.pick(&GROUPS).to_owned()),
        request_processing_time: chance.seconds(),
        target_processing_time: chance.seconds(),
        response_processing_time: chance.seconds(),
        elb_status_code: chance.pick(&[502, 502, 502, 503, 504, 460, 463, 464, 500, 561]),
        target_status_code: chance.pick(&[None, None, Some(502), Some(200)]),
        received_bytes: chance.count(),
        sent_bytes: chance.count(),
        method: "GET".to_owned(),
        url: "/é?x".to_owned(),
        user_agent: String::new(),
        matched_rule_priority: None,
        actions_executed: chance
            .pick(&["", "forward", "waf,fixed-response"])
            .to_owned(),
        error_reason: chance
            .pick(&[
                None,
                None,
                Some("WAFServiceError"),
                Some("LambdaServiceException"),
                Some("é <b>"),
            ])
            .map(str::to_owned),
        classification: None,
        idle_ms: chance.pick(&[
            None,
            Some(5_000),
            Some(5_001),
            Some(60_000),
            Some(u64::MAX),
            Some(0),
        ]),
        answered_before: u32::MAX,
        raw: None,
    }
}

fn series(chance: &mut Chance, resources: &[&str], names: &[&str]) -> Vec<Series> {
    let mut all = Vec::new();
    for resource in resources {
        for name in names {
            if chance.one_in(5) {
                continue;
            }
            let points = chance.below(20);
            let mut points: Vec<Point> = (0..points)
                .map(|_| Point {
                    at: if chance.one_in(60) {
                        chance.time()
                    } else {
                        chance.minute()
                    },
                    value: chance.value(),
                })
                .collect();
            points.sort_by_key(|point| point.at);
            all.push(Series {
                namespace: chance
                    .pick(&["AWS/EC2", "AWS/ECS", "AWS/ApplicationELB"])
                    .to_owned(),
                name: (*name).to_owned(),
                stat: chance
                    .pick(&["Sum", "Sum", "Average", "Maximum", "Minimum"])
                    .to_owned(),
                resource: (*resource).to_owned(),
                zone: None,
                period: chance.pick(&[0, 60, 60, 60, 300, u32::MAX]),
                points,
            });
        }
    }
    all
}

fn evidence(chance: &mut Chance) -> Evidence {
    let load_balancer = LoadBalancer {
        arn: "lb".to_owned(),
        name: "shop'; rm -rf ~".to_owned(),
        kind: chance.pick(&[
            LoadBalancerType::Application,
            LoadBalancerType::Application,
            LoadBalancerType::Classic,
        ]),
        region: chance.pick(&["eu-west-1", "", "cn-north-1"]).to_owned(),
        security_groups: vec!["sg-1".to_owned()],
        ..LoadBalancer::default()
    };
    let (mut from, mut to) = (chance.time(), chance.time());
    if !chance.one_in(20) && to < from {
        std::mem::swap(&mut from, &mut to);
    }
    if chance.one_in(2) {
        from = "2026-11-20T10:00:00Z".parse().unwrap();
        to = "2026-11-20T11:00:00Z".parse().unwrap();
    }
    let mut evidence = Evidence::new(load_balancer, Window { from, to }, chance.time());
    let attributes = LoadBalancerAttributes {
        idle_timeout: chance.pick(&[60, 1, 4_000, u32::MAX]),
        client_keep_alive: None,
        access_logs: LogDelivery {
            enabled: chance.one_in(2),
            ..LogDelivery::default()
        },
        connection_logs: None,
        health_check_logs: None,
        cross_zone: None,
        desync_mitigation_mode: None,
        drop_invalid_header_fields: None,
        http2: None,
        connection_draining: None,
    };
    evidence.attributes = chance.observed(attributes);
    let forwards_to = GROUPS
        .map(|arn| Forward {
            target_group_arn: arn.to_owned(),
            weight: u32::try_from(chance.below(2)).unwrap(),
        })
        .to_vec();
    evidence.listeners = chance.observed(vec![Listener {
        rules: vec![ListenerRule {
            forwards_to,
            ..ListenerRule::default()
        }],
        ..Listener::default()
    }]);
    let groups = GROUPS
        .map(|arn| TargetGroup {
            arn: arn.to_owned(),
            name: arn.to_owned(),
            target_type: chance.pick(&[TargetType::Instance, TargetType::Ip, TargetType::Lambda]),
            protocol: Some("HTTP".to_owned()),
            port: chance.pick(&[None, Some(80)]),
            health_check: HealthCheck {
                interval: u32::MAX,
                timeout: u32::MAX,
                unhealthy_threshold: chance.pick(&[0, 2, u32::MAX]),
                ..HealthCheck::default()
            },
            ..TargetGroup::default()
        })
        .to_vec();
    evidence.target_groups = chance.observed(groups);
    for arn in GROUPS {
        let health = IDS
            .map(|id| TargetHealth {
                id: id.to_owned(),
                port: chance.pick(&[None, Some(80)]),
                state: chance
                    .pick(&["healthy", "unhealthy", "unused", "draining", ""])
                    .to_owned(),
                reason: chance.pick(&[None, Some("Target.Timeout".to_owned())]),
                ..TargetHealth::default()
            })
            .to_vec();
        if !chance.one_in(8) {
            evidence
                .target_health
                .insert(arn.to_owned(), chance.observed(health));
        }
    }
    let instances = ["i-1", "i-2"]
        .map(|id| Instance {
            id: id.to_owned(),
            state: chance
                .pick(&["running", "stopped", "missing", "pending"])
                .to_owned(),
            state_reason: chance.pick(&[
                None,
                Some("User initiated (2026-11-20 10:12:44 GMT)".to_owned()),
                Some("(+262142-12-31 23:59:59 GMT)".to_owned()),
            ]),
            private_ips: vec![format!("10.0.1.{}", &id[2..])],
            system_status: chance.pick(&[None, Some("ok".to_owned())]),
            instance_status: chance.pick(&[Some("impaired".to_owned()), Some("ok".to_owned())]),
            ..Instance::default()
        })
        .to_vec();
    evidence.instances = chance.observed(instances);
    let names = [
        "RequestCount",
        "HTTPCode_ELB_502_Count",
        "HTTPCode_ELB_504_Count",
        "HTTPCode_ELB_5XX",
        "HTTPCode_Target_5XX_Count",
        "TargetConnectionErrorCount",
        "BackendConnectionErrors",
        "TargetTLSNegotiationErrorCount",
        "UnhealthyRoutingRequestCount",
        "HealthyHostCount",
        "UnHealthyHostCount",
    ];
    let metrics = Metrics {
        from: chance.time(),
        to: chance.time(),
        series: series(chance, &["lb", "tg/one", "tg/two"], &names),
    };
    evidence.metrics = chance.observed(metrics);
    let target_metrics = Metrics {
        from: chance.time(),
        to: chance.time(),
        series: series(chance, &["i-1", "i-2"], &["CPUUtilization"]),
    };
    evidence.target_metrics = chance.observed(target_metrics);
    let rows = chance.below(60);
    let mut rows: Vec<FaultRow> = (0..rows).map(|_| row(chance)).collect();
    rows.sort_by_key(|row| row.time);
    let log = AccessLog {
        requests: chance.count(),
        unreadable: chance.count(),
        targets: ADDRESSES
            .map(|target| TargetCounts {
                target: target.to_owned(),
                target_group_arn: None,
                requests: chance.count(),
                answered: chance.count(),
                statuses: BTreeMap::new(),
                mean_seconds: chance.value(),
                max_seconds: chance.value(),
            })
            .to_vec(),
        other_codes: vec![OtherCode {
            status: chance.pick(&[400, 413, 502, 504]),
            made_by_load_balancer: chance.count(),
            made_by_target: chance.count(),
            reasons: vec![CodeReason {
                reason: chance.pick(&["BadUri", "é <b>"]).to_owned(),
                classification: chance.pick(&[None, Some("Severe".to_owned())]),
                count: chance.count(),
            }],
        }],
        rows,
        ..AccessLog::default()
    };
    evidence.access_log = chance.observed(log);
    let changes = (0..3)
        .map(|_| Change {
            at: chance.time(),
            name: chance
                .pick(&["StopInstances", "DeregisterTargets", "X"])
                .to_owned(),
            who: String::new(),
            resources: vec![chance.pick(&IDS).to_owned()],
            summary: "Terminating".to_owned(),
            error: None,
        })
        .collect();
    evidence.cloudtrail = chance.observed(changes);
    let stopped = StoppedTask {
        ip: Some("10.0.1.3".to_owned()),
        stopping_at: Some(chance.time()),
        ..StoppedTask::default()
    };
    evidence.ecs = chance.observed(Ecs {
        stopped_tasks: vec![stopped],
        ..Ecs::default()
    });
    for n in 0..chance.below(5) {
        let at = chance.time();
        evidence.observe(Observation {
            n: u32::try_from(n).unwrap(),
            step: Step::Load,
            service: "ec2".to_owned(),
            operation: "DescribeInstances".to_owned(),
            region: String::new(),
            at,
            took_ms: 0,
            outcome: chance.pick(&[Outcome::Seen, Outcome::Denied, Outcome::Failed]),
            detail: String::new(),
            cli: String::new(),
        });
    }
    for step in Step::ALL {
        if !chance.one_in(6) {
            evidence.steps.insert(step, vec![0, 1, 7]);
        }
    }
    evidence
}

#[test]
fn no_evidence_breaks_the_judgement() {
    let mut chance = Chance(502);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for round in 0..ROUNDS {
        let evidence = evidence(&mut chance);
        let diagnosis = diagnose(&evidence);
        let ledger = &diagnosis.ledger;
        assert_eq!(
            ledger.attributed + ledger.unexplained,
            ledger.made_by_load_balancer + ledger.made_by_target,
            "round {round}"
        );
        let explained: u64 = diagnosis.findings.iter().map(|f| f.explains).sum();
        assert_eq!(explained, ledger.attributed, "round {round}");
        for code in &diagnosis.neighbours {
            let seen: u64 = code.seen.iter().map(|sign| sign.count).sum();
            let explained: u64 = code.explained.iter().map(|by| by.count).sum();
            let made = code.made_by_load_balancer;
            assert_eq!(seen, made + code.made_by_target, "round {round}: {code:?}");
            assert!(
                explained + code.unexplained <= made,
                "round {round}: {code:?}"
            );
        }
        for (code, n) in &ledger.neighbours {
            let by_all: u64 = diagnosis
                .findings
                .iter()
                .filter_map(|finding| finding.explains_neighbours.get(code))
                .sum();
            assert!(
                by_all <= *n,
                "round {round}: more {code}s explained than there are"
            );
        }
        if ledger.source == LedgerSource::None {
            assert_ne!(diagnosis.verdict, Verdict::NoFaultFound, "round {round}");
        }
        assert_eq!(diagnosis.steps.len(), 6);
        let text = serde_json::to_string(&diagnosis).unwrap();
        assert_eq!(text, serde_json::to_string(&diagnose(&evidence)).unwrap());
        seen.extend(diagnosis.findings.into_iter().map(|finding| finding.rule));
    }
    // Random evidence that no rule ever answers to would show nothing.
    assert!(seen.len() >= 6, "only {seen:?} were ever found");
}
