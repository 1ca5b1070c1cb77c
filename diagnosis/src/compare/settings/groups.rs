//! Target groups, what is registered in them, and what EC2 knows of the instances.

use super::{Item, List, Setting, balancer};
use crate::{
    Evidence, Observed,
    evidence::{
        Instance, TargetGroup, TargetGroupAttributes, TargetHealth, target_groups::TargetType,
    },
};

pub(super) fn target_groups(evidence: &Evidence) -> List {
    let groups = evidence.target_groups.seen().into_iter().flatten();
    List::new(
        "TargetGroups",
        balancer::place(evidence),
        "target groups",
        &evidence.target_groups,
    )
    .with(groups.map(|group| (group.arn.clone(), target_group(evidence, group))))
}

fn target_group(evidence: &Evidence, group: &TargetGroup) -> Item {
    let place = format!("target group {}", group.name);
    let check = &group.health_check;
    Item {
        shown: group.name.clone(),
        settings: vec![
            ("TargetType", Setting::of(target_type(group.target_type))),
            ("Protocol", Setting::maybe(group.protocol.as_ref())),
            (
                "ProtocolVersion",
                Setting::maybe(group.protocol_version.as_ref()),
            ),
            ("Port", Setting::maybe(group.port)),
            ("VpcId", Setting::maybe(group.vpc_id.as_ref())),
            (
                "IpAddressType",
                Setting::maybe(group.ip_address_type.as_ref()),
            ),
            ("HealthCheckEnabled", Setting::of(check.enabled)),
            (
                "HealthCheckProtocol",
                Setting::maybe(check.protocol.as_ref()),
            ),
            ("HealthCheckPort", Setting::maybe(check.port.as_ref())),
            ("HealthCheckPath", Setting::maybe(check.path.as_ref())),
            ("Matcher", Setting::maybe(check.matcher.as_ref())),
            ("HealthCheckIntervalSeconds", Setting::of(check.interval)),
            ("HealthCheckTimeoutSeconds", Setting::of(check.timeout)),
            (
                "HealthyThresholdCount",
                Setting::of(check.healthy_threshold),
            ),
            (
                "UnhealthyThresholdCount",
                Setting::of(check.unhealthy_threshold),
            ),
        ],
        lists: vec![
            attributes(&place, evidence.target_group_attributes.get(&group.arn)),
            targets(&place, evidence.target_health.get(&group.arn)),
        ],
        place,
    }
}

fn target_type(kind: TargetType) -> &'static str {
    match kind {
        TargetType::Instance => "instance",
        TargetType::Ip => "ip",
        TargetType::Lambda => "lambda",
        TargetType::Alb => "alb",
    }
}

fn attributes(place: &str, observed: Option<&Observed<TargetGroupAttributes>>) -> List {
    let observed = observed.unwrap_or(&Observed::NotAsked);
    let item = observed.seen().map(|attributes| Item {
        place: place.to_owned(),
        settings: vec![
            (
                "deregistration_delay.timeout_seconds",
                Setting::of(attributes.deregistration_delay),
            ),
            (
                "slow_start.duration_seconds",
                Setting::of(attributes.slow_start),
            ),
            (
                "load_balancing.algorithm.type",
                Setting::maybe(attributes.algorithm.as_ref()),
            ),
            ("stickiness.enabled", Setting::maybe(attributes.stickiness)),
            (
                "load_balancing.cross_zone.enabled",
                Setting::maybe(attributes.cross_zone.as_ref()),
            ),
            (
                "lambda.multi_value_headers.enabled",
                Setting::maybe(attributes.lambda_multi_value_headers),
            ),
        ],
        ..Item::default()
    });
    List::new(
        "Attributes",
        place,
        format!("attributes of {place}"),
        observed,
    )
    .with(item.map(|item| (String::new(), item)))
}

fn targets(place: &str, observed: Option<&Observed<Vec<TargetHealth>>>) -> List {
    let observed = observed.unwrap_or(&Observed::NotAsked);
    let targets = observed.seen().into_iter().flatten();
    List::new(
        "TargetHealthDescriptions",
        place,
        format!("target health of {place}"),
        observed,
    )
    .with(targets.map(|one| target(one, place)))
}

fn target(target: &TargetHealth, of: &str) -> (String, Item) {
    let name = match target.port {
        Some(port) => format!("{}:{port}", target.id),
        None => target.id.clone(),
    };
    let item = Item {
        place: format!("target {name} of {of}"),
        shown: format!("{name}, {}", target.state),
        settings: vec![
            ("TargetHealth.State", Setting::of(&target.state)),
            (
                "TargetHealth.Reason",
                Setting::maybe(target.reason.as_ref()),
            ),
            ("AvailabilityZone", Setting::maybe(target.zone.as_ref())),
            (
                "HealthCheckPort",
                Setting::maybe(target.health_check_port.as_ref()),
            ),
            (
                "AnomalyDetection.Result",
                Setting::maybe(target.anomaly.as_ref()),
            ),
            (
                "AdministrativeOverride.State",
                Setting::maybe(target.administrative_override.as_ref()),
            ),
        ],
        lists: Vec::new(),
    };
    (name, item)
}

pub(super) fn instances(evidence: &Evidence) -> List {
    let observed = &evidence.instances;
    let gap = match observed {
        Observed::Seen { incomplete, .. } => incomplete.as_deref(),
        _ => None,
    };
    let instances = observed.seen().into_iter().flatten();
    List::new(
        "Instances",
        balancer::place(evidence),
        "instances",
        observed,
    )
    .asked_by_id()
    .with(instances.map(|one| (one.id.clone(), instance(one, gap))))
}

fn instance(instance: &Instance, gap: Option<&str>) -> Item {
    let addresses = instance.private_ips.iter();
    Item {
        place: format!("instance {}", instance.id),
        shown: instance.id.clone(),
        settings: vec![
            ("State.Name", Setting::of(&instance.state)),
            (
                "StateReason",
                Setting::maybe(instance.state_reason.as_ref()),
            ),
            (
                "InstanceType",
                Setting::maybe(instance.instance_type.as_ref()),
            ),
            ("LaunchTime", Setting::maybe(instance.launched_at)),
            ("SubnetId", Setting::maybe(instance.subnet_id.as_ref())),
            (
                "PrivateIpAddresses",
                Setting::set(addresses.chain(&instance.ipv6_addresses)),
            ),
            ("SecurityGroups", Setting::set(&instance.security_groups)),
            (
                "SystemStatus.Status",
                Setting::unless(instance.system_status.as_ref(), gap),
            ),
            (
                "InstanceStatus.Status",
                Setting::unless(instance.instance_status.as_ref(), gap),
            ),
        ],
        lists: Vec::new(),
    }
}
