//! Target groups, their targets and the machines behind them.

use std::collections::BTreeMap;

use diagnosis::{
    Evidence,
    evidence::{
        Instance, TargetGroup, TargetGroupAttributes, TargetHealth,
        target_groups::{HealthCheck, TargetType},
    },
    need::Need,
};

use super::{LOAD_BALANCER, Machine, Seen, Told, arn, functions, target};

/// By group: id, address, state and reason of each target.
pub(super) type Targets = BTreeMap<String, Vec<(String, String, String, Option<String>)>>;

pub(super) fn groups(evidence: &mut Evidence, told: &Told, targets: &Targets, seen: &Seen) {
    let mut all = Vec::new();
    let mut instances: BTreeMap<String, Instance> = BTreeMap::new();
    for (name, group) in &told.group {
        let arn = arn(name, told.classic);
        let network = !group.lambda;
        let told_health = targets[name].iter().any(|(.., reason)| reason.is_some());
        all.push(TargetGroup {
            arn: arn.clone(),
            name: name.clone(),
            protocol: network.then(|| group.protocol.clone()),
            protocol_version: network.then(|| group.protocol_version.clone()),
            port: network.then_some(group.port),
            vpc_id: network.then(|| "vpc-1".to_owned()),
            health_check: HealthCheck {
                enabled: network || told_health,
                protocol: network.then(|| group.protocol.clone()),
                port: network.then(|| group.health_port.clone()),
                path: Some(group.health_path.clone()),
                matcher: Some("200".to_owned()),
                interval: group.health_interval,
                timeout: 5,
                healthy_threshold: 5,
                unhealthy_threshold: group.unhealthy_threshold,
            },
            ip_address_type: network.then(|| "ipv4".to_owned()),
            load_balancer_arns: vec![LOAD_BALANCER.to_owned()],
            target_type: if group.lambda {
                TargetType::Lambda
            } else if group.by_address {
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
                    deregistration_delay: group.deregistration_delay,
                    cross_zone: group.cross_zone.clone(),
                    ..TargetGroupAttributes::default()
                },
            ),
        );
        let mut health = Vec::new();
        for (id, address, state, reason) in &targets[name] {
            if group.lambda {
                health.push(function(id, state, reason.as_deref()));
                continue;
            }
            health.push(TargetHealth {
                id: id.clone(),
                port: Some(group.port),
                zone: Some(match group.zones.get(id) {
                    Some(zone) => zone.clone(),
                    None if group.by_address => "all".to_owned(),
                    None => "eu-west-1a".to_owned(),
                }),
                state: state.clone(),
                reason: reason.clone(),
                ..TargetHealth::default()
            });
            if group.by_address {
                continue;
            }
            instances.insert(id.clone(), machine(id, address, told.instance.get(id)));
        }
        // EC2 may still know machines that have left.
        for (id, address, ..) in group.gone.iter().map(|text| target(text)) {
            if let Some(told) = told.instance.get(&id) {
                instances.insert(id.clone(), machine(&id, &address, Some(told)));
            }
        }
        evidence
            .target_health
            .insert(arn, seen.part(Need::TargetHealth, health));
    }
    evidence.target_groups = seen.part(Need::TargetGroups, all);
    evidence.instances = seen.part(Need::Instances, instances.into_values().collect());
}

/// A target that is a function: health checks are off unless the scenario tells a reason.
fn function(name: &str, state: &str, reason: Option<&str>) -> TargetHealth {
    let (state, reason) = match reason {
        Some(reason) => (state, reason),
        None => ("unavailable", "Target.HealthCheckDisabled"),
    };
    TargetHealth {
        id: functions::function_arn(name),
        state: state.to_owned(),
        reason: Some(reason.to_owned()),
        ..TargetHealth::default()
    }
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
