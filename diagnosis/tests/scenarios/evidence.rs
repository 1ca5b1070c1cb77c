//! The `evidence` block: what differs from a healthy load balancer whose network is open, whose
//! certificate is valid and of which everything was seen. Metrics follow from the traffic, as
//! CloudWatch's do, but for those that are told.

mod balancer;
mod calls;
mod changes;
mod functions;
mod groups;
mod metrics;
mod network;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diagnosis::{
    Evidence, Observed,
    evidence::{LoadBalancer, LoadBalancerType, Window, load_balancer::Zone},
    need::Need,
};
use serde::Deserialize;

use crate::{
    holes, log_lines,
    traffic::{self, Kind, Request, clock},
    truth::{self, Fault},
};
use groups::Targets;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Told {
    classic: bool,
    from: String,
    to: String,
    /// When the calls were made.
    observed: String,
    idle_timeout: u32,
    access_logs: bool,
    /// `active`, `active_impaired`…
    state: String,
    group: BTreeMap<String, Group>,
    instance: BTreeMap<String, Machine>,
    /// Functions that are targets, by name; see [`functions::Function`].
    function: BTreeMap<String, functions::Function>,
    /// `GROUP NAME` or `NAME` → `10:19..10:40 41` (each minute), `10:19 41` or `yesterday 10:19 41`.
    metrics: BTreeMap<String, Vec<String>>,
    /// Instance → per cent, the rest of the window first: `31`, `10:14..10:39 98`.
    cpu: BTreeMap<String, Vec<String>>,
    /// `closed` (no inbound rule), `health-check-closed` (only port 8080 in), `no-egress`,
    /// `no-request` and `no-return` (network ACLs), `no-route` (a blackhole to 172.20.0.0/16).
    network: String,
    ssl_policy: String,
    /// The end of the listener's certificate.
    certificate: String,
    /// The application's log group was read and holds these lines: `10:00:01 text`, or with the name of
    /// the stream `10:00:01 @web/i-2 text`.
    app_log: Option<Vec<String>>,
    /// `10:09:40 RebootInstances by ines: i-1`; ` refused:` instead of `:` where AWS did.
    changes: Vec<String>,
    /// Auto Scaling activities: `10:12:03 Terminating EC2 instance: i-1. why`.
    scaling: Vec<String>,
    /// ECS services by name.
    ecs: BTreeMap<String, Service>,
    /// Classic: seconds; off if left out.
    connection_draining: Option<u32>,
    answers: BTreeMap<String, String>,
    /// Part → `denied ACTION`, `failed REASON` or `incomplete WHAT`.
    not_seen: BTreeMap<String, String>,
    /// The steps that ran; all six if left out.
    steps: Option<Vec<String>>,
}

impl Told {
    /// Whether something that could name a cause was taken away.
    pub(crate) fn has_holes(&self) -> bool {
        !self.access_logs || !self.not_seen.is_empty() || self.steps.is_some()
    }
}

impl Default for Told {
    fn default() -> Self {
        Self {
            classic: false,
            from: "10:00".to_owned(),
            to: "11:00".to_owned(),
            observed: "11:15".to_owned(),
            idle_timeout: 60,
            access_logs: true,
            state: "active".to_owned(),
            group: BTreeMap::new(),
            instance: BTreeMap::new(),
            function: BTreeMap::new(),
            metrics: BTreeMap::new(),
            cpu: BTreeMap::new(),
            network: String::new(),
            ssl_policy: "ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned(),
            certificate: "2027-04-01T12:00:00Z".to_owned(),
            app_log: None,
            changes: Vec::new(),
            scaling: Vec::new(),
            ecs: BTreeMap::new(),
            connection_draining: None,
            answers: BTreeMap::new(),
            not_seen: BTreeMap::new(),
            steps: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Group {
    port: u16,
    protocol: String,
    protocol_version: String,
    /// Targets by address, outside the VPC.
    by_address: bool,
    /// The target is a Lambda function: `orders -`. It has no address, port or protocol, and no
    /// health check unless its state is told.
    lambda: bool,
    /// Its share of the listener's requests, where several groups have one.
    weight: u32,
    /// `i-1 10.0.1.1`, then state and reason where it is not healthy.
    targets: Vec<String>,
    /// Targets that got requests and have left the group since: `i-9 10.0.1.9`. EC2 knows those that
    /// stand under `instance`.
    gone: Vec<String>,
    /// Target → zone, where that is not `eu-west-1a`.
    zones: BTreeMap<String, String>,
    cross_zone: Option<String>,
    deregistration_delay: u32,
    health_path: String,
    health_port: String,
    health_interval: u32,
    unhealthy_threshold: u32,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Service {
    group: String,
    /// `10:07:29 (service web) deregistered 1 targets in (target-group …)`
    events: Vec<String>,
    /// `10.0.1.9 10:07:18..10:07:40 CODE: reason`, and after ` | ` the container's exit code and
    /// reason: `137 OutOfMemoryError: …`. Instead of an address `port=32768`.
    stopped: Vec<String>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            port: 8080,
            protocol: "HTTP".to_owned(),
            protocol_version: "HTTP1".to_owned(),
            by_address: false,
            lambda: false,
            weight: 1,
            targets: Vec::new(),
            gone: Vec::new(),
            zones: BTreeMap::new(),
            cross_zone: None,
            deregistration_delay: 300,
            health_interval: 30,
            unhealthy_threshold: 2,
            health_path: "/healthz".to_owned(),
            health_port: "traffic-port".to_owned(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Machine {
    state: String,
    reason: String,
    status: String,
}

/// What each part is read by, and the observation's number.
pub(crate) const CALLS: [(Need, &str, &str); 21] = [
    (
        Need::Attributes,
        "elasticloadbalancing",
        "DescribeLoadBalancerAttributes",
    ),
    (Need::Listeners, "elasticloadbalancing", "DescribeListeners"),
    (
        Need::TargetGroups,
        "elasticloadbalancing",
        "DescribeTargetGroups",
    ),
    (
        Need::TargetGroupAttributes,
        "elasticloadbalancing",
        "DescribeTargetGroupAttributes",
    ),
    (
        Need::TargetHealth,
        "elasticloadbalancing",
        "DescribeTargetHealth",
    ),
    (Need::Instances, "ec2", "DescribeInstances"),
    (Need::Certificates, "acm", "DescribeCertificate"),
    (Need::LambdaFunctions, "lambda", "GetFunctionConfiguration"),
    (Need::Subnets, "ec2", "DescribeSubnets"),
    (Need::RouteTables, "ec2", "DescribeRouteTables"),
    (Need::SecurityGroups, "ec2", "DescribeSecurityGroupRules"),
    (Need::NetworkAcls, "ec2", "DescribeNetworkAcls"),
    (Need::NetworkInterfaces, "ec2", "DescribeNetworkInterfaces"),
    (Need::PrefixLists, "ec2", "DescribeManagedPrefixLists"),
    (Need::Metrics, "cloudwatch", "GetMetricData"),
    (Need::TargetMetrics, "cloudwatch", "GetMetricData"),
    (Need::AccessLog, "s3", "GetObject"),
    (Need::AppLog, "logs", "FilterLogEvents"),
    (Need::CloudTrail, "cloudtrail", "LookupEvents"),
    (
        Need::AutoScaling,
        "autoscaling",
        "DescribeScalingActivities",
    ),
    (Need::Ecs, "ecs", "DescribeServices"),
];

pub(crate) fn number(need: Need) -> u32 {
    let place = CALLS.iter().position(|(known, ..)| *known == need).unwrap();
    u32::try_from(place).unwrap() + 1
}

const LOAD_BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188";

fn arn(group: &str, classic: bool) -> String {
    if classic {
        return "shop".to_owned();
    }
    format!(
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{group}/73e2d6bc24d8a067"
    )
}

/// `id`, `address`, state, reason.
fn target(text: &str) -> (String, String, String, Option<String>) {
    let mut words = text.split_whitespace().map(str::to_owned);
    let id = words.next().expect("a target id");
    let address = words.next().expect("a target address");
    let state = words.next().unwrap_or_else(|| "healthy".to_owned());
    (id, address, state, words.next())
}

/// The evidence, and what caused each fault of the traffic.
pub(crate) fn build(told: Told, kinds: &[Kind]) -> (Evidence, Vec<Fault>) {
    let kind = if told.classic {
        LoadBalancerType::Classic
    } else {
        LoadBalancerType::Application
    };
    let window = Window {
        from: clock(&told.from).unwrap(),
        to: clock(&told.to).unwrap(),
    };
    let now = clock(&told.observed).unwrap();
    let load_balancer = LoadBalancer {
        arn: LOAD_BALANCER.to_owned(),
        name: "shop".to_owned(),
        kind,
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
        scheme: "internet-facing".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        vpc_id: "vpc-1".to_owned(),
        state: told.state.clone(),
        zones: ["a", "b"]
            .map(|zone| Zone {
                name: format!("eu-west-1{zone}"),
                subnet_id: format!("subnet-{zone}"),
            })
            .to_vec(),
        security_groups: vec!["sg-lb".to_owned()],
        ..LoadBalancer::default()
    };
    let mut evidence = Evidence::new(load_balancer, window, now);
    let seen = Seen { at: now };
    let targets: Targets = told
        .group
        .iter()
        .map(|(name, group)| {
            let targets = group.targets.iter().map(|text| target(text)).collect();
            (name.clone(), targets)
        })
        .collect();
    let gone: Targets = told
        .group
        .iter()
        .map(|(name, group)| {
            (
                name.clone(),
                group.gone.iter().map(|text| target(text)).collect(),
            )
        })
        .collect();
    let requests = traffic::requests(kinds, |group| {
        let targets = targets
            .get(group)
            .unwrap_or_else(|| panic!("no group {group}"));
        targets.iter().map(|(id, ..)| id.clone()).collect()
    });
    balancer::balancer(&mut evidence, &told, &seen);
    groups::groups(&mut evidence, &told, &targets, &seen);
    functions::functions(&mut evidence, &told, &targets, &seen);
    network::network(&mut evidence, &told, &seen);
    changes::changes(&mut evidence, &told, &seen);
    evidence.metrics = seen.part(
        Need::Metrics,
        metrics::metrics(&told, &targets, &requests, window),
    );
    let mut of_targets = metrics::cpu(&told, &targets, window);
    of_targets
        .series
        .extend(functions::counted(&told, &targets, &requests, window));
    evidence.target_metrics = seen.part(Need::TargetMetrics, of_targets);
    let address = |request: &Request| {
        if !request.end.has_target() {
            return None;
        }
        let id = request.target.as_ref()?;
        let group = &told.group[&request.group];
        if group.lambda {
            return None;
        }
        let mut known = targets[&request.group].iter().chain(&gone[&request.group]);
        let (_, address, ..) = known.find(|(known, ..)| known == id)?;
        Some(match address.split_once('/') {
            // An address with a port of its own: a container that shares its host's network.
            Some((host, port)) => format!("{host}:{port}"),
            None if address.contains(':') => format!("[{address}]:{}", group.port),
            None => format!("{address}:{}", group.port),
        })
    };
    let faults = truth::faults(&requests, kind, window, address);
    if told.access_logs {
        let log = log_lines::read(&requests, kind, window, address, |group| {
            arn(group, told.classic)
        });
        assert_eq!(log.unreadable, 0, "the lines that were made are not read");
        evidence.access_log = seen.part(Need::AccessLog, log);
    }
    evidence.answers = told.answers.clone();
    calls::calls(&mut evidence, now);
    for (part, why) in &told.not_seen {
        holes::make(&mut evidence, part, why);
    }
    if let Some(steps) = &told.steps {
        evidence
            .steps
            .retain(|step, _| steps.iter().any(|told| told == step.id()));
    }
    (evidence, faults)
}

struct Seen {
    at: DateTime<Utc>,
}

impl Seen {
    fn part<T>(&self, need: Need, value: T) -> Observed<T> {
        Observed::Seen {
            value,
            source: vec![number(need)],
            at: self.at,
            incomplete: None,
        }
    }
}
