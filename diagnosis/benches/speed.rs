//! How fast the two hot paths are: `cargo bench -p diagnosis`.
//!
//! Prints rows and megabytes a second of the access log reader over a made-up log, and how long the
//! reachability of 1,000 targets from three subnets takes.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is for the person who runs it"
)]

use std::{fmt::Write as _, hint::black_box, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    Evidence, Observed,
    access_log::{Aggregator, ObjectReader},
    case::Case,
    evidence::{
        Instance, Listener, LoadBalancer, LoadBalancerType, NetworkAcl, RouteTable, SecurityGroup,
        Subnet, TargetGroup, TargetHealth, Window,
        listeners::{Forward, ListenerRule},
        load_balancer::Zone,
        network::{NetworkAclEntry, Route, SecurityGroupRule},
    },
    reachability::paths,
};

const LINES: usize = 500_000;
const CHUNK: usize = 64 * 1024;

fn main() {
    access_log();
    reachability();
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn window() -> Window {
    Window {
        from: at("2026-11-20T10:00:00Z"),
        to: at("2026-11-20T11:00:00Z"),
    }
}

fn access_log() {
    let mut log = String::new();
    for n in 0..LINES {
        let time = window().from + TimeDelta::milliseconds(i64::try_from(n * 7).unwrap());
        let (statuses, last) = if n % 200 == 0 {
            ("502 -", "-1")
        } else {
            ("200 200", "0.000")
        };
        writeln!(
            log,
            "https {}Z app/shop/50dc6c495c0c9188 203.0.113.{}:49152 10.0.{}.10:8080 0.001 0.042 {last} {statuses} 734 1366 \"GET https://shop.example.com:443/products/{n}?page=2 HTTP/1.1\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09 \"Root=1-58337281-1d84f3d73c47ec4e58577259\" \"shop.example.com\" \"arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\" 1 {}Z \"forward\" \"-\" \"-\" \"10.0.1.10:8080\" \"200\" \"-\" \"-\" TID_1234abcd5678ef90 \"-\" \"-\" \"-\" 10.0.0.5",
            time.format("%Y-%m-%dT%H:%M:%S%.6f"),
            n % 250,
            n % 40,
            time.format("%Y-%m-%dT%H:%M:%S%.6f"),
        )
        .unwrap();
    }
    let began = Instant::now();
    let mut reader = ObjectReader::new(LoadBalancerType::Application, window(), None);
    for chunk in log.as_bytes().chunks(CHUNK) {
        reader.push(chunk);
    }
    let mut all = Aggregator::new(LoadBalancerType::Application);
    all.add(reader.finish());
    let read = all.finish();
    let took = began.elapsed().as_secs_f64();
    assert_eq!(read.requests, LINES as u64);
    println!(
        "access log: {:.2} million rows/s, {:.0} MB/s ({} rows, {} faults)",
        LINES as f64 / took / 1e6,
        log.len() as f64 / took / 1e6,
        read.requests,
        read.rows.len()
    );
    let began = Instant::now();
    let lines = memchr::memchr_iter(b'\n', log.as_bytes()).count();
    println!(
        "counting its {lines} newlines alone: {:.0} MB/s",
        log.len() as f64 / began.elapsed().as_secs_f64() / 1e6
    );
}

fn reachability() {
    let evidence = large();
    let case = Case::new(&evidence);
    let began = Instant::now();
    let paths = black_box(paths(&case));
    let took = began.elapsed();
    println!(
        "reachability: {} paths in {:.1} ms",
        paths.all.len(),
        took.as_secs_f64() * 1e3
    );
    assert!(paths.all.iter().all(|path| path.reach.is_open()));
}

fn seen<T>(value: T) -> Observed<T> {
    Observed::Seen {
        value,
        source: vec![1],
        at: window().to,
        incomplete: None,
    }
}

/// 1,000 instances in three subnets behind three nodes, with tables of a usual length.
fn large() -> Evidence {
    let group_arn = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/1";
    let load_balancer = LoadBalancer {
        vpc_id: "vpc-1".into(),
        zones: (0..3)
            .map(|n| Zone {
                name: format!("eu-west-1{n}"),
                subnet_id: format!("subnet-lb-{n}"),
            })
            .collect(),
        security_groups: vec!["sg-lb".into()],
        ..LoadBalancer::default()
    };
    let mut evidence = Evidence::new(load_balancer, window(), window().to);
    let subnet = |id: String, cidr: String| Subnet {
        id,
        cidr,
        vpc_id: "vpc-1".into(),
        ..Subnet::default()
    };
    evidence.subnets = seen(
        (0..3)
            .flat_map(|n| {
                [
                    subnet(format!("subnet-lb-{n}"), format!("10.0.{n}.0/24")),
                    subnet(format!("subnet-t-{n}"), format!("10.0.1{n}.0/22")),
                ]
            })
            .collect(),
    );
    evidence.listeners = seen(vec![Listener {
        rules: vec![ListenerRule {
            forwards_to: vec![Forward {
                target_group_arn: group_arn.into(),
                weight: 1,
            }],
            ..ListenerRule::default()
        }],
        ..Listener::default()
    }]);
    evidence.target_groups = seen(vec![TargetGroup {
        arn: group_arn.into(),
        port: Some(8080),
        ..TargetGroup::default()
    }]);
    evidence.target_health.insert(
        group_arn.into(),
        seen(
            (0..1_000)
                .map(|n| TargetHealth {
                    id: format!("i-{n}"),
                    port: Some(8080),
                    state: "healthy".into(),
                    ..TargetHealth::default()
                })
                .collect(),
        ),
    );
    evidence.instances = seen(
        (0..1_000)
            .map(|n| Instance {
                id: format!("i-{n}"),
                state: "running".into(),
                subnet_id: Some(format!("subnet-t-{}", n % 3)),
                private_ips: vec![format!("10.0.1{}.{}", n % 3, n % 250)],
                security_groups: vec!["sg-app".into(), "sg-base".into()],
                ..Instance::default()
            })
            .collect(),
    );
    let rules = |egress: bool| {
        (0..30)
            .map(|n| SecurityGroupRule {
                id: format!("sgr-{n}"),
                egress,
                protocol: "tcp".into(),
                from_port: Some(8080),
                to_port: Some(8080),
                cidr_ipv4: Some(if n < 29 {
                    format!("192.168.{n}.0/24")
                } else {
                    "10.0.0.0/8".into()
                }),
                ..SecurityGroupRule::default()
            })
            .collect::<Vec<_>>()
    };
    let group = |id: &str, egress| SecurityGroup {
        id: id.into(),
        rules: rules(egress),
        ..SecurityGroup::default()
    };
    evidence.security_groups = seen(vec![
        group("sg-lb", true),
        group("sg-app", false),
        group("sg-base", false),
    ]);
    evidence.network_acls = seen(vec![NetworkAcl {
        id: "acl-1".into(),
        vpc_id: "vpc-1".into(),
        default: true,
        entries: (1..=20)
            .flat_map(|n| [(n, false), (n, true)])
            .map(|(n, egress)| NetworkAclEntry {
                rule_number: n,
                egress,
                protocol: "6".into(),
                allow: n == 20,
                cidr: if n == 20 {
                    "0.0.0.0/0".into()
                } else {
                    format!("172.16.{n}.0/24")
                },
                ..NetworkAclEntry::default()
            })
            .collect(),
        ..NetworkAcl::default()
    }]);
    evidence.route_tables = seen(vec![RouteTable {
        id: "rtb-1".into(),
        vpc_id: "vpc-1".into(),
        main: true,
        routes: vec![Route {
            destination: "10.0.0.0/16".into(),
            target: "local".into(),
            state: "active".into(),
        }],
        ..RouteTable::default()
    }]);
    evidence.prefix_lists = seen(Vec::new());
    evidence.network_interfaces = seen(Vec::new());
    evidence
}
