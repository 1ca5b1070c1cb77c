//! The load balancer, its listener and the certificate.

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    Evidence,
    evidence::{
        Certificate, Listener, LoadBalancerAttributes,
        listeners::{Forward, ListenerRule},
        load_balancer::LogDelivery,
    },
    need::Need,
};

use super::{Seen, Told, arn};

pub(super) fn balancer(evidence: &mut Evidence, told: &Told, seen: &Seen) {
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
            connection_draining: told.connection_draining,
        },
    );
    let forwards_to = told
        .group
        .iter()
        .map(|(name, group)| Forward {
            target_group_arn: arn(name, told.classic),
            weight: group.weight,
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
}
