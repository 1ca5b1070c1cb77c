//! The `evidence` block: what differs from a healthy load balancer whose network is open, whose
//! certificate is valid and of which everything was seen. Metrics follow from the traffic, as
//! CloudWatch's do, but for those that are told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    Evidence, Observation, Observed, Step,
    evidence::{
        AppLog, Certificate, Change, Ecs, Instance, Listener, LoadBalancer, LoadBalancerAttributes,
        LoadBalancerType, Metrics, NetworkAcl, NetworkInterface, RouteTable, SecurityGroup, Subnet,
        TargetGroup, TargetGroupAttributes, TargetHealth, Window,
        app_log::AppLogLine,
        listeners::{Forward, ListenerRule},
        load_balancer::{LogDelivery, Zone},
        metrics::{Point, Series},
        network::{NetworkAclEntry, Route, SecurityGroupRule},
        target_groups::{HealthCheck, TargetType},
    },
    need::Need,
    observation::Outcome,
};
use serde::Deserialize;

use crate::{
    holes, log_lines,
    traffic::{self, End, Kind, Request, clock},
};

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
    group: BTreeMap<String, Group>,
    instance: BTreeMap<String, Machine>,
    /// `GROUP NAME` or `NAME` → `10:19..10:40 41` (each minute) or `10:19 41`.
    metrics: BTreeMap<String, Vec<String>>,
    /// Instance → per cent, the rest of the window first: `31`, `10:14..10:39 98`.
    cpu: BTreeMap<String, Vec<String>>,
    /// `closed` (no inbound rule), `health-check-closed` (only port 8080 in), `no-egress`,
    /// `no-request` and `no-return` (network ACLs), `no-route` (a blackhole to 172.20.0.0/16).
    network: String,
    ssl_policy: String,
    /// The end of the listener's certificate.
    certificate: String,
    /// The application's log group was read and holds these lines: `10:00:01 text`.
    app_log: Option<Vec<String>>,
    /// `10:09:40 RebootInstances by ines: i-1`
    changes: Vec<String>,
    answers: BTreeMap<String, String>,
    /// Part → `denied ACTION`, `failed REASON` or `incomplete WHAT`.
    not_seen: BTreeMap<String, String>,
    /// The steps that ran; all six if left out.
    steps: Option<Vec<String>>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            classic: false,
            from: "10:00".to_owned(),
            to: "11:00".to_owned(),
            observed: "11:06".to_owned(),
            idle_timeout: 60,
            access_logs: true,
            group: BTreeMap::new(),
            instance: BTreeMap::new(),
            metrics: BTreeMap::new(),
            cpu: BTreeMap::new(),
            network: String::new(),
            ssl_policy: "ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned(),
            certificate: "2027-04-01T12:00:00Z".to_owned(),
            app_log: None,
            changes: Vec::new(),
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
    /// `i-1 10.0.1.1`, then state and reason where it is not healthy.
    targets: Vec<String>,
    health_path: String,
    health_port: String,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            port: 8080,
            protocol: "HTTP".to_owned(),
            protocol_version: "HTTP1".to_owned(),
            by_address: false,
            targets: Vec::new(),
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

pub(crate) fn build(told: Told, kinds: &[Kind]) -> Evidence {
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
        state: "active".to_owned(),
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
    let requests = traffic::requests(kinds, |group| {
        let targets = targets
            .get(group)
            .unwrap_or_else(|| panic!("no group {group}"));
        targets.iter().map(|(id, ..)| id.clone()).collect()
    });
    balancer(&mut evidence, &told, &seen);
    groups(&mut evidence, &told, &targets, &seen);
    network(&mut evidence, &told, &seen);
    changes(&mut evidence, &told, &seen);
    evidence.metrics = seen.part(Need::Metrics, metrics(&told, &targets, &requests, window));
    evidence.target_metrics = seen.part(Need::TargetMetrics, cpu(&told, &targets, window));
    if told.access_logs {
        let address = |request: &Request| {
            let id = request.target.as_ref()?;
            let group = &told.group[&request.group];
            let known = &targets[&request.group];
            let (_, address, ..) = known.iter().find(|(known, ..)| known == id)?;
            Some(format!("{address}:{}", group.port))
        };
        let log = log_lines::read(&requests, kind, window, address, |group| {
            arn(group, told.classic)
        });
        assert_eq!(log.unreadable, 0, "the lines that were made are not read");
        evidence.access_log = seen.part(Need::AccessLog, log);
    }
    evidence.answers = told.answers.clone();
    calls(&mut evidence, now);
    for (part, why) in &told.not_seen {
        holes::make(&mut evidence, part, why);
    }
    if let Some(steps) = &told.steps {
        evidence
            .steps
            .retain(|step, _| steps.iter().any(|told| told == step.id()));
    }
    evidence
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

fn balancer(evidence: &mut Evidence, told: &Told, seen: &Seen) {
    evidence.attributes = seen.part(
        Need::Attributes,
        LoadBalancerAttributes {
            idle_timeout: told.idle_timeout,
            client_keep_alive: Some(3600),
            access_logs: LogDelivery {
                enabled: told.access_logs,
                bucket: "shop-logs".to_owned(),
                prefix: String::new(),
            },
            connection_logs: None,
            health_check_logs: None,
            cross_zone: Some(true),
            desync_mitigation_mode: Some("defensive".to_owned()),
            drop_invalid_header_fields: Some(false),
            http2: Some(true),
            connection_draining: None,
        },
    );
    let forwards_to = told
        .group
        .keys()
        .map(|name| Forward {
            target_group_arn: arn(name, told.classic),
            weight: 1,
        })
        .collect();
    let certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/shop".to_owned();
    let listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1/2";
    evidence.listeners = seen.part(
        Need::Listeners,
        vec![Listener {
            arn: listener.to_owned(),
            port: 443,
            protocol: "HTTPS".to_owned(),
            ssl_policy: Some(told.ssl_policy.clone()),
            certificate_arns: vec![certificate.clone()],
            rules: vec![ListenerRule {
                priority: "default".to_owned(),
                actions: vec!["forward".to_owned()],
                forwards_to,
                ..ListenerRule::default()
            }],
            instance_port: told.classic.then_some(8080),
            instance_protocol: told.classic.then(|| "HTTP".to_owned()),
            ..Listener::default()
        }],
    );
    let ends: DateTime<Utc> = told.certificate.parse().unwrap();
    evidence.certificates = seen.part(
        Need::Certificates,
        vec![Certificate {
            arn: certificate,
            listener_arns: vec![listener.to_owned()],
            domain: Some("shop.example.com".to_owned()),
            not_before: Some(ends - TimeDelta::days(395)),
            not_after: Some(ends),
            status: Some(if ends < seen.at { "EXPIRED" } else { "ISSUED" }.to_owned()),
            ..Certificate::default()
        }],
    );
    evidence.lambda_functions = seen.part(Need::LambdaFunctions, Vec::new());
}

/// By group: id, address, state and reason of each target.
type Targets = BTreeMap<String, Vec<(String, String, String, Option<String>)>>;

fn groups(evidence: &mut Evidence, told: &Told, targets: &Targets, seen: &Seen) {
    let mut all = Vec::new();
    let mut instances: BTreeMap<String, Instance> = BTreeMap::new();
    for (name, group) in &told.group {
        let arn = arn(name, told.classic);
        all.push(TargetGroup {
            arn: arn.clone(),
            name: name.clone(),
            protocol: Some(group.protocol.clone()),
            protocol_version: Some(group.protocol_version.clone()),
            port: Some(group.port),
            vpc_id: Some("vpc-1".to_owned()),
            health_check: HealthCheck {
                enabled: true,
                protocol: Some(group.protocol.clone()),
                port: Some(group.health_port.clone()),
                path: Some(group.health_path.clone()),
                matcher: Some("200".to_owned()),
                interval: 30,
                timeout: 5,
                healthy_threshold: 5,
                unhealthy_threshold: 2,
            },
            load_balancer_arns: vec![LOAD_BALANCER.to_owned()],
            target_type: if group.by_address {
                TargetType::Ip
            } else {
                TargetType::Instance
            },
        });
        evidence.target_group_attributes.insert(
            arn.clone(),
            seen.part(
                Need::TargetGroupAttributes,
                TargetGroupAttributes {
                    deregistration_delay: 300,
                    ..TargetGroupAttributes::default()
                },
            ),
        );
        let mut health = Vec::new();
        for (id, address, state, reason) in &targets[name] {
            health.push(TargetHealth {
                id: id.clone(),
                port: Some(group.port),
                zone: Some(
                    if group.by_address {
                        "all"
                    } else {
                        "eu-west-1a"
                    }
                    .to_owned(),
                ),
                state: state.clone(),
                reason: reason.clone(),
                ..TargetHealth::default()
            });
            if group.by_address {
                continue;
            }
            instances.insert(id.clone(), machine(id, address, told.instance.get(id)));
        }
        evidence
            .target_health
            .insert(arn, seen.part(Need::TargetHealth, health));
    }
    evidence.target_groups = seen.part(Need::TargetGroups, all);
    evidence.instances = seen.part(Need::Instances, instances.into_values().collect());
}

fn machine(id: &str, address: &str, told: Option<&Machine>) -> Instance {
    let or = |text: Option<&String>, default: &str| {
        text.filter(|text| !text.is_empty())
            .map_or_else(|| default.to_owned(), Clone::clone)
    };
    let status = or(told.map(|told| &told.status), "ok");
    Instance {
        id: id.to_owned(),
        state: or(told.map(|told| &told.state), "running"),
        state_reason: told.map(|told| told.reason.clone()),
        zone: Some("eu-west-1a".to_owned()),
        subnet_id: Some("subnet-t".to_owned()),
        vpc_id: Some("vpc-1".to_owned()),
        private_ips: vec![address.to_owned()],
        security_groups: vec!["sg-web".to_owned()],
        system_status: Some("ok".to_owned()),
        instance_status: Some(status),
        ..Instance::default()
    }
}

fn network(evidence: &mut Evidence, told: &Told, seen: &Seen) {
    let subnet = |id: &str, cidr: &str, zone: &str| Subnet {
        id: id.to_owned(),
        vpc_id: "vpc-1".to_owned(),
        zone: format!("eu-west-1{zone}"),
        cidr: cidr.to_owned(),
        ..Subnet::default()
    };
    evidence.subnets = seen.part(
        Need::Subnets,
        vec![
            subnet("subnet-a", "10.0.8.0/24", "a"),
            subnet("subnet-b", "10.0.9.0/24", "b"),
            subnet("subnet-t", "10.0.1.0/24", "a"),
        ],
    );
    evidence.network_interfaces = seen.part(
        Need::NetworkInterfaces,
        [("subnet-a", "10.0.8.5"), ("subnet-b", "10.0.9.5")]
            .map(|(subnet, address)| NetworkInterface {
                id: format!("eni-{subnet}"),
                description: "ELB app/shop/50dc6c495c0c9188".to_owned(),
                subnet_id: Some(subnet.to_owned()),
                vpc_id: Some("vpc-1".to_owned()),
                private_ips: vec![address.to_owned()],
                security_groups: vec!["sg-lb".to_owned()],
                ..NetworkInterface::default()
            })
            .to_vec(),
    );
    evidence.route_tables = seen.part(
        Need::RouteTables,
        vec![RouteTable {
            id: "rtb-1".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            main: true,
            routes: vec![Route {
                destination: "10.0.0.0/16".to_owned(),
                target: "local".to_owned(),
                state: "active".to_owned(),
            }]
            .into_iter()
            .chain((told.network == "no-route").then(|| Route {
                destination: "172.20.0.0/16".to_owned(),
                target: "pcx-1".to_owned(),
                state: "blackhole".to_owned(),
            }))
            .collect(),
            ..RouteTable::default()
        }],
    );
    let entry = |rule_number, egress, allow| NetworkAclEntry {
        rule_number,
        egress,
        protocol: "-1".to_owned(),
        allow,
        cidr: "0.0.0.0/0".to_owned(),
        from_port: None,
        to_port: None,
    };
    let mut acl = NetworkAcl {
        id: "acl-lb".to_owned(),
        vpc_id: "vpc-1".to_owned(),
        subnet_ids: vec!["subnet-a".to_owned(), "subnet-b".to_owned()],
        entries: vec![entry(100, false, true), entry(100, true, true)],
        ..NetworkAcl::default()
    };
    if told.network == "no-return" {
        acl.entries.push(NetworkAclEntry {
            protocol: "6".to_owned(),
            cidr: "10.0.1.0/24".to_owned(),
            from_port: Some(1024),
            to_port: Some(65535),
            ..entry(90, false, false)
        });
    }
    let mut of_targets = NetworkAcl {
        id: "acl-web".to_owned(),
        subnet_ids: vec!["subnet-t".to_owned()],
        entries: vec![entry(100, false, true), entry(100, true, true)],
        ..acl.clone()
    };
    if told.network == "no-request" {
        of_targets.entries.push(NetworkAclEntry {
            protocol: "6".to_owned(),
            from_port: Some(8000),
            to_port: Some(8999),
            ..entry(90, false, false)
        });
    }
    evidence.network_acls = seen.part(Need::NetworkAcls, vec![acl, of_targets]);
    let open = |id: &str, egress: bool| SecurityGroupRule {
        id: id.to_owned(),
        egress,
        protocol: "-1".to_owned(),
        cidr_ipv4: Some("0.0.0.0/0".to_owned()),
        ..SecurityGroupRule::default()
    };
    let group = |id: &str, rules: Vec<SecurityGroupRule>| SecurityGroup {
        id: id.to_owned(),
        name: id.to_owned(),
        vpc_id: "vpc-1".to_owned(),
        rules,
    };
    let mut inbound = vec![open("sgr-web-out", true)];
    if told.network != "closed" {
        inbound.push(SecurityGroupRule {
            id: "sgr-web-in".to_owned(),
            protocol: if told.network == "health-check-closed" {
                "tcp"
            } else {
                "-1"
            }
            .to_owned(),
            from_port: (told.network == "health-check-closed").then_some(8080),
            to_port: (told.network == "health-check-closed").then_some(8080),
            referenced_group_id: Some("sg-lb".to_owned()),
            ..SecurityGroupRule::default()
        });
    }
    evidence.security_groups = seen.part(
        Need::SecurityGroups,
        vec![
            group(
                "sg-lb",
                [open("sgr-lb-in", false)]
                    .into_iter()
                    .chain((told.network != "no-egress").then(|| open("sgr-lb-out", true)))
                    .collect(),
            ),
            group("sg-web", inbound),
        ],
    );
    evidence.prefix_lists = seen.part(Need::PrefixLists, Vec::new());
}

fn changes(evidence: &mut Evidence, told: &Told, seen: &Seen) {
    let changes = told.changes.iter().map(|line| {
        let (at, rest) = line.split_once(' ').expect("a time");
        let (name, rest) = rest.split_once(" by ").expect("who");
        let (who, resources) = rest.split_once(": ").expect("what");
        Change {
            at: clock(at).unwrap(),
            name: name.to_owned(),
            who: who.to_owned(),
            resources: resources.split_whitespace().map(str::to_owned).collect(),
            summary: format!("{name} {resources}"),
            error: None,
        }
    });
    evidence.cloudtrail = seen.part(Need::CloudTrail, changes.collect());
    evidence.auto_scaling = seen.part(Need::AutoScaling, Vec::new());
    evidence.ecs = seen.part(Need::Ecs, Ecs::default());
    if let Some(lines) = &told.app_log {
        let lines = lines.iter().map(|line| {
            let (at, message) = line.split_once(' ').expect("a time");
            AppLogLine {
                at: clock(at).unwrap(),
                group: "/shop/web".to_owned(),
                stream: "1".to_owned(),
                message: message.to_owned(),
            }
        });
        evidence.app_log = seen.part(
            Need::AppLog,
            AppLog {
                groups: vec!["/shop/web".to_owned()],
                lines: lines.collect(),
            },
        );
    }
}

fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0).unwrap()
}

fn minutes(window: Window) -> impl Iterator<Item = DateTime<Utc>> {
    let first = minute(window.from);
    (0..)
        .map(move |n| first + TimeDelta::minutes(n))
        .take_while(move |at| *at < window.to)
}

fn series(namespace: &str, resource: &str, name: &str, stat: &str) -> Series {
    Series {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        stat: stat.to_owned(),
        resource: resource.to_owned(),
        zone: None,
        period: 60,
        points: Vec::new(),
    }
}

/// `31`, `10:14 98`, `10:14..10:39 98` over the minutes of the window.
fn points(told: &[String], window: Window) -> Vec<Point> {
    let mut values: BTreeMap<DateTime<Utc>, f64> = BTreeMap::new();
    for text in told {
        let (when, value) = text.rsplit_once(' ').unwrap_or(("", text));
        let value: f64 = value.parse().unwrap();
        let (from, to) = match when.split_once("..") {
            Some((from, to)) => (clock(from).unwrap(), clock(to).unwrap()),
            None if when.is_empty() => (window.from, window.to),
            None => {
                let at = clock(when).unwrap();
                (at, at + TimeDelta::minutes(1))
            }
        };
        for at in minutes(Window { from, to }) {
            values.insert(at, value);
        }
    }
    values
        .into_iter()
        .map(|(at, value)| Point { at, value })
        .collect()
}

fn metrics(told: &Told, targets: &Targets, requests: &[Request], window: Window) -> Metrics {
    let kind = if told.classic {
        LoadBalancerType::Classic
    } else {
        LoadBalancerType::Application
    };
    let namespace = if told.classic {
        "AWS/ELB"
    } else {
        "AWS/ApplicationELB"
    };
    let mut all: BTreeMap<(String, String), BTreeMap<DateTime<Utc>, f64>> = BTreeMap::new();
    let of_balancer: &[&str] = if told.classic {
        &[
            "RequestCount",
            "HTTPCode_ELB_5XX",
            "HTTPCode_Backend_5XX",
            "BackendConnectionErrors",
            "SpilloverCount",
        ]
    } else {
        &[
            "RequestCount",
            "HTTPCode_ELB_500_Count",
            "HTTPCode_ELB_502_Count",
            "HTTPCode_ELB_503_Count",
            "HTTPCode_ELB_504_Count",
            "HTTPCode_Target_5XX_Count",
            "TargetConnectionErrorCount",
            "TargetTLSNegotiationErrorCount",
            "ClientTLSNegotiationErrorCount",
            "RejectedConnectionCount",
        ]
    };
    for name in of_balancer {
        all.insert(
            (LOAD_BALANCER.to_owned(), (*name).to_owned()),
            BTreeMap::new(),
        );
    }
    if !told.classic {
        for group in told.group.keys() {
            for name in [
                "RequestCount",
                "HTTPCode_Target_5XX_Count",
                "TargetConnectionErrorCount",
                "TargetTLSNegotiationErrorCount",
                "UnhealthyRoutingRequestCount",
            ] {
                all.insert((arn(group, false), name.to_owned()), BTreeMap::new());
            }
        }
    }
    for request in requests {
        let at = log_lines::answered_at(request);
        if !window.contains(at) {
            continue;
        }
        let status = log_lines::status(request.end, kind);
        let mut names = vec!["RequestCount".to_owned()];
        match (request.end, told.classic) {
            (End::Answered { .. }, true) if status >= 500 => {
                names.push("HTTPCode_Backend_5XX".into())
            }
            (End::Answered { .. }, false) if status >= 500 => {
                names.push("HTTPCode_Target_5XX_Count".into())
            }
            (End::Answered { .. }, _) => {}
            (End::ProtocolMismatch, _) => names.clear(),
            (_, true) => names.push("HTTPCode_ELB_5XX".into()),
            (_, false) => names.push(format!("HTTPCode_ELB_{status}_Count")),
        }
        match request.end {
            End::Refused | End::ConnectTimedOut => names.push("TargetConnectionErrorCount".into()),
            End::TlsError => names.push("TargetTLSNegotiationErrorCount".into()),
            _ => {}
        }
        for name in names {
            for resource in [LOAD_BALANCER.to_owned(), arn(&request.group, told.classic)] {
                if let Some(points) = all.get_mut(&(resource, name.clone())) {
                    *points.entry(minute(at)).or_default() += 1.0;
                }
            }
        }
    }
    let mut found: Vec<Series> = all
        .into_iter()
        .map(|((resource, name), points)| Series {
            points: points
                .into_iter()
                .map(|(at, value)| Point { at, value })
                .collect(),
            ..series(namespace, &resource, &name, "Sum")
        })
        .collect();
    for (name, targets) in targets {
        let unhealthy = targets
            .iter()
            .filter(|(_, _, state, _)| state.starts_with("unhealthy"))
            .count();
        let healthy = targets
            .iter()
            .filter(|(_, _, state, _)| state == "healthy")
            .count();
        for (metric, n) in [
            ("HealthyHostCount", healthy),
            ("UnHealthyHostCount", unhealthy),
        ] {
            for stat in ["Minimum", "Maximum"] {
                let resource = if told.classic {
                    LOAD_BALANCER.to_owned()
                } else {
                    arn(name, false)
                };
                found.push(Series {
                    points: points(&[n.to_string()], window),
                    ..series(namespace, &resource, metric, stat)
                });
            }
        }
    }
    for (what, values) in &told.metrics {
        let (resource, name) = match what.split_once(' ') {
            Some((group, name)) => (arn(group, told.classic), name),
            None => (LOAD_BALANCER.to_owned(), what.as_str()),
        };
        let mut known = false;
        for series in &mut found {
            if series.resource == resource && series.name == name {
                series.points = points(values, window);
                known = true;
            }
        }
        assert!(known, "no metric {what}");
    }
    Metrics {
        from: window.from - TimeDelta::hours(3),
        to: window.to,
        series: found,
    }
}

fn cpu(told: &Told, targets: &Targets, window: Window) -> Metrics {
    let mut found = Vec::new();
    let machines = targets
        .iter()
        .filter(|(group, _)| !told.group[*group].by_address)
        .flat_map(|(_, targets)| targets);
    for (id, ..) in machines {
        let values = told
            .cpu
            .get(id)
            .cloned()
            .unwrap_or_else(|| vec!["27".to_owned()]);
        for stat in ["Average", "Maximum"] {
            found.push(Series {
                points: points(&values, window),
                ..series("AWS/EC2", id, "CPUUtilization", stat)
            });
        }
    }
    Metrics {
        from: window.from - TimeDelta::hours(3),
        to: window.to,
        series: found,
    }
}

/// One call for each part; every step used those that it reads.
fn calls(evidence: &mut Evidence, now: DateTime<Utc>) {
    for (need, service, operation) in CALLS {
        let step = Step::ALL
            .into_iter()
            .find(|step| Need::of(*step).contains(&need))
            .unwrap_or(Step::TargetHealth);
        evidence.observe(Observation {
            n: number(need),
            step,
            service: service.to_owned(),
            operation: operation.to_owned(),
            region: "eu-west-1".to_owned(),
            at: now,
            took_ms: 80,
            outcome: Outcome::Seen,
            detail: need.name().to_owned(),
            cli: format!("aws {service} …"),
        });
    }
    for step in Step::ALL {
        let used = Need::of(step)
            .iter()
            .filter(|need| !need.source(evidence).is_empty())
            .map(|need| number(*need))
            .collect();
        evidence.steps.insert(step, used);
    }
}
