//! The load balancer, its attributes, its listeners and their rules.

use super::{Item, List, Setting};
use crate::{
    Evidence, Observed,
    evidence::{
        Listener, LoadBalancerAttributes, LoadBalancerType, listeners::ListenerRule,
        load_balancer::LogDelivery,
    },
};

/// It was seen when the investigation was opened, at the latest.
pub(super) fn load_balancer(evidence: &Evidence) -> List {
    let load_balancer = &evidence.load_balancer;
    let zones = load_balancer.zones.iter();
    let settings = vec![
        ("State.Code", Setting::of(&load_balancer.state)),
        (
            "State.Reason",
            Setting::maybe(load_balancer.state_reason.as_ref()),
        ),
        ("Scheme", Setting::of(&load_balancer.scheme)),
        ("IpAddressType", Setting::of(&load_balancer.ip_address_type)),
        ("VpcId", Setting::of(&load_balancer.vpc_id)),
        (
            "AvailabilityZones",
            Setting::set(zones.map(|zone| format!("{} {}", zone.name, zone.subnet_id))),
        ),
        (
            "SecurityGroups",
            Setting::set(&load_balancer.security_groups),
        ),
    ];
    let item = Item {
        place: place(evidence),
        settings,
        ..Item::default()
    };
    List::within("LoadBalancers", place(evidence)).with([(load_balancer.arn.clone(), item)])
}

pub(super) fn attributes(evidence: &Evidence) -> List {
    let classic = evidence.load_balancer.kind == LoadBalancerType::Classic;
    let items = evidence.attributes.seen().map(|attributes| Item {
        place: place(evidence),
        settings: if classic {
            of_classic(attributes)
        } else {
            of_application(attributes)
        },
        ..Item::default()
    });
    List::new(
        "Attributes",
        place(evidence),
        "load balancer attributes",
        &evidence.attributes,
    )
    .with(items.map(|item| (String::new(), item)))
}

fn of_application(attributes: &LoadBalancerAttributes) -> Vec<(&'static str, Setting)> {
    let access_logs = Some(&attributes.access_logs);
    let connection_logs = attributes.connection_logs.as_ref();
    let health_check_logs = attributes.health_check_logs.as_ref();
    let enabled = |log: Option<&LogDelivery>| Setting::maybe(log.map(|log| log.enabled));
    let bucket = |log: Option<&LogDelivery>| Setting::maybe(log.map(|log| &log.bucket));
    let prefix = |log: Option<&LogDelivery>| Setting::maybe(log.map(|log| &log.prefix));
    vec![
        (
            "idle_timeout.timeout_seconds",
            Setting::of(attributes.idle_timeout),
        ),
        (
            "client_keep_alive.seconds",
            Setting::maybe(attributes.client_keep_alive),
        ),
        ("access_logs.s3.enabled", enabled(access_logs)),
        ("access_logs.s3.bucket", bucket(access_logs)),
        ("access_logs.s3.prefix", prefix(access_logs)),
        ("connection_logs.s3.enabled", enabled(connection_logs)),
        ("connection_logs.s3.bucket", bucket(connection_logs)),
        ("connection_logs.s3.prefix", prefix(connection_logs)),
        ("health_check_logs.s3.enabled", enabled(health_check_logs)),
        ("health_check_logs.s3.bucket", bucket(health_check_logs)),
        ("health_check_logs.s3.prefix", prefix(health_check_logs)),
        (
            "load_balancing.cross_zone.enabled",
            Setting::maybe(attributes.cross_zone),
        ),
        (
            "routing.http.desync_mitigation_mode",
            Setting::maybe(attributes.desync_mitigation_mode.as_ref()),
        ),
        (
            "routing.http.drop_invalid_header_fields.enabled",
            Setting::maybe(attributes.drop_invalid_header_fields),
        ),
        ("routing.http2.enabled", Setting::maybe(attributes.http2)),
    ]
}

fn of_classic(attributes: &LoadBalancerAttributes) -> Vec<(&'static str, Setting)> {
    let access_logs = &attributes.access_logs;
    vec![
        (
            "ConnectionSettings.IdleTimeout",
            Setting::of(attributes.idle_timeout),
        ),
        ("AccessLog.Enabled", Setting::of(access_logs.enabled)),
        ("AccessLog.S3BucketName", Setting::of(&access_logs.bucket)),
        ("AccessLog.S3BucketPrefix", Setting::of(&access_logs.prefix)),
        (
            "CrossZoneLoadBalancing.Enabled",
            Setting::maybe(attributes.cross_zone),
        ),
        (
            "ConnectionDraining.Timeout",
            Setting::maybe(attributes.connection_draining),
        ),
        (
            "elb.http.desyncmitigationmode",
            Setting::maybe(attributes.desync_mitigation_mode.as_ref()),
        ),
    ]
}

pub(super) fn listeners(evidence: &Evidence) -> List {
    let listeners = evidence.listeners.seen().into_iter().flatten();
    List::new(
        "Listeners",
        place(evidence),
        "listeners",
        &evidence.listeners,
    )
    .with(listeners.map(|one| (one.arn.clone(), listener(one))))
}

fn listener(listener: &Listener) -> Item {
    let name = format!("{}:{}", listener.protocol, listener.port);
    let place = format!("listener {name}");
    let gap = |what: &str| {
        let mut gaps = listener.gaps.iter();
        gaps.find_map(|gap| gap.strip_prefix(what)?.strip_prefix(": "))
    };
    let certificates = match gap("certificates") {
        Some(gap) => Setting::NotSeen(gap.to_owned()),
        None => Setting::set(&listener.certificate_arns),
    };
    let rules_seen = match gap("rules") {
        Some(gap) => Observed::Failed {
            reason: gap.to_owned(),
            source: Vec::new(),
        },
        None => Observed::Seen {
            value: (),
            source: Vec::new(),
            at: chrono::DateTime::UNIX_EPOCH,
            incomplete: None,
        },
    };
    let rules = listener.rules.iter().map(|one| {
        // Only in evidence that was made by hand has a rule no ARN.
        let id = if one.arn.is_empty() {
            &one.priority
        } else {
            &one.arn
        };
        (id.clone(), rule(one, &place))
    });
    let rules = List::new("Rules", &place, format!("rules of {place}"), &rules_seen).with(rules);
    Item {
        settings: vec![
            ("Port", Setting::of(listener.port)),
            ("Protocol", Setting::of(&listener.protocol)),
            (
                "SslPolicy",
                Setting::unless(listener.ssl_policy.as_ref(), gap("TLS policy")),
            ),
            ("Certificates", certificates),
            (
                "MutualAuthentication.Mode",
                Setting::maybe(listener.mutual_authentication.as_ref()),
            ),
            ("InstancePort", Setting::maybe(listener.instance_port)),
            (
                "InstanceProtocol",
                Setting::maybe(listener.instance_protocol.as_ref()),
            ),
        ],
        lists: vec![rules],
        shown: name,
        place,
    }
}

fn rule(rule: &ListenerRule, of: &str) -> Item {
    let forwards = rule.forwards_to.iter();
    let forwards = forwards.map(|forward| {
        format!(
            "{} weight {}",
            super::short(&forward.target_group_arn),
            forward.weight
        )
    });
    let forwards = Setting::set(forwards);
    let conditions = Setting::set(&rule.conditions);
    let shown = [
        Some(format!("priority {}", rule.priority)),
        conditions.value(),
        Some(rule.actions.join(", ")),
        forwards.value(),
    ];
    Item {
        place: format!("{of}, rule {}", rule.priority),
        shown: shown.into_iter().flatten().collect::<Vec<_>>().join("; "),
        settings: vec![
            ("Priority", Setting::of(&rule.priority)),
            ("Conditions", conditions),
            // Their order is the order in which they are done.
            ("Actions", Setting::of(rule.actions.join(", "))),
            ("TargetGroups", forwards),
        ],
        lists: Vec::new(),
    }
}

pub(super) fn place(evidence: &Evidence) -> String {
    format!("load balancer {}", evidence.load_balancer.name)
}
