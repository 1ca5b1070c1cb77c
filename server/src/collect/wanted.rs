//! Which metrics are worth asking for.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diagnosis::evidence::{
    Instance, LoadBalancer, LoadBalancerType, TargetGroup, Window, ecs::EcsService,
    target_groups::TargetType,
};

use crate::aws::{Wanted, WantedMetric};

const ALB: &str = "AWS/ApplicationELB";
const CLASSIC: &str = "AWS/ELB";
const EC2: &str = "AWS/EC2";

/// Of the load balancer as a whole: (name, statistics).
const LOAD_BALANCER: &[(&str, &[&str])] = &[
    ("RequestCount", &["Sum"]),
    ("HTTPCode_ELB_500_Count", &["Sum"]),
    ("HTTPCode_ELB_502_Count", &["Sum"]),
    ("HTTPCode_ELB_503_Count", &["Sum"]),
    ("HTTPCode_ELB_504_Count", &["Sum"]),
    ("HTTPCode_ELB_4XX_Count", &["Sum"]),
    ("HTTPCode_ELB_5XX_Count", &["Sum"]),
    ("HTTPCode_Target_2XX_Count", &["Sum"]),
    ("HTTPCode_Target_5XX_Count", &["Sum"]),
    ("TargetResponseTime", &["Average", "Maximum", "p99"]),
    ("TargetConnectionErrorCount", &["Sum"]),
    ("TargetTLSNegotiationErrorCount", &["Sum"]),
    ("ClientTLSNegotiationErrorCount", &["Sum"]),
    ("ActiveConnectionCount", &["Sum"]),
    ("NewConnectionCount", &["Sum"]),
    ("RejectedConnectionCount", &["Sum"]),
];

/// Of each target group behind it.
const TARGET_GROUP: &[(&str, &[&str])] = &[
    ("RequestCount", &["Sum"]),
    ("RequestCountPerTarget", &["Sum"]),
    ("HTTPCode_Target_5XX_Count", &["Sum"]),
    ("TargetResponseTime", &["Average", "Maximum", "p99"]),
    ("TargetConnectionErrorCount", &["Sum"]),
    ("TargetTLSNegotiationErrorCount", &["Sum"]),
    ("UnhealthyRoutingRequestCount", &["Sum"]),
    ("HealthyHostCount", &["Minimum", "Maximum"]),
    ("UnHealthyHostCount", &["Minimum", "Maximum"]),
];

/// Of a target group whose target is a function.
const LAMBDA_GROUP: &[(&str, &[&str])] = &[
    ("RequestCount", &["Sum"]),
    ("LambdaUserError", &["Sum"]),
    ("LambdaInternalError", &["Sum"]),
];

/// By zone, of the load balancer.
const ZONE: &[(&str, &[&str])] = &[
    ("RequestCount", &["Sum"]),
    ("HTTPCode_ELB_502_Count", &["Sum"]),
];

const CLASSIC_ALL: &[(&str, &[&str])] = &[
    ("RequestCount", &["Sum"]),
    ("HTTPCode_ELB_4XX", &["Sum"]),
    ("HTTPCode_ELB_5XX", &["Sum"]),
    ("HTTPCode_Backend_2XX", &["Sum"]),
    ("HTTPCode_Backend_5XX", &["Sum"]),
    ("BackendConnectionErrors", &["Sum"]),
    ("Latency", &["Average", "Maximum", "p99"]),
    ("SurgeQueueLength", &["Maximum"]),
    ("SpilloverCount", &["Sum"]),
    ("HealthyHostCount", &["Minimum", "Maximum"]),
    ("UnHealthyHostCount", &["Minimum", "Maximum"]),
];

const INSTANCE: &[(&str, &[&str])] = &[
    ("CPUUtilization", &["Average", "Maximum"]),
    ("CPUCreditBalance", &["Minimum"]),
    ("StatusCheckFailed", &["Maximum"]),
];

const SERVICE: &[(&str, &[&str])] = &[
    ("CPUUtilization", &["Average", "Maximum"]),
    ("MemoryUtilization", &["Average", "Maximum"]),
];

const FUNCTION: &[(&str, &[&str])] = &[
    ("Invocations", &["Sum"]),
    ("Errors", &["Sum"]),
    ("Throttles", &["Sum"]),
    ("Duration", &["Average", "Maximum"]),
    ("ConcurrentExecutions", &["Maximum"]),
];

/// The window with its baseline before it: as long as the window, but 1 to 3 hours; by the minute,
/// unless CloudWatch has thinned it out by age (15 days, then 63).
pub(super) fn stretch(window: Window, now: DateTime<Utc>) -> Wanted {
    let baseline = (window.to - window.from).clamp(TimeDelta::hours(1), TimeDelta::hours(3));
    let age = now - (window.from - baseline);
    let period = match age.num_days() {
        ..15 => 60,
        15..63 => 300,
        _ => 3_600,
    };
    let step = TimeDelta::seconds(i64::from(period));
    let down = |at: DateTime<Utc>| at.duration_trunc(step).unwrap_or(at);
    let end = down(window.to);
    Wanted {
        from: down(window.from - baseline),
        to: if end < window.to { end + step } else { end },
        period,
        metrics: Vec::new(),
    }
}

/// Moves the load balancer's own count of requests into a stretch that begins a day before the window:
/// what comes every day at that time is no spike.
pub(super) fn day_before(wanted: &mut Wanted, load_balancer: &str) -> Wanted {
    let is_own_count = |one: &mut WantedMetric| {
        one.name == "RequestCount" && one.resource == load_balancer && one.zone.is_none()
    };
    let metrics = wanted.metrics.extract_if(.., is_own_count).collect();
    Wanted {
        from: wanted.from - TimeDelta::days(1),
        metrics,
        ..wanted.clone()
    }
}

/// These counters of the load balancer as a whole.
pub(crate) fn counters(load_balancer: &LoadBalancer, names: &[&'static str]) -> Vec<WantedMetric> {
    let arn = load_balancer.arn.as_str();
    let (namespace, dimension) = if load_balancer.kind == LoadBalancerType::Classic {
        (CLASSIC, ("LoadBalancerName", load_balancer.name.as_str()))
    } else {
        (ALB, ("LoadBalancer", id_of(arn)))
    };
    let mut wanted = Vec::new();
    for name in names {
        let list: &[(&'static str, &[&'static str])] = &[(*name, &["Sum"])];
        push(&mut wanted, list, namespace, arn, None, &[dimension]);
    }
    wanted
}

/// `app/shop/50dc6c495c0c9188` of an ARN.
fn id_of(arn: &str) -> &str {
    arn.split_once("loadbalancer/").map_or("", |(_, id)| id)
}

/// The load balancer, by zone, and its groups.
pub(super) fn of_load_balancer(
    load_balancer: &LoadBalancer,
    groups: &[TargetGroup],
) -> Vec<WantedMetric> {
    let mut wanted = Vec::new();
    let mut add = |list,
                   namespace,
                   resource: &str,
                   zone: Option<&str>,
                   dimensions: &[(&'static str, &str)]| {
        push(&mut wanted, list, namespace, resource, zone, dimensions);
    };
    let arn = load_balancer.arn.as_str();
    if load_balancer.kind == LoadBalancerType::Classic {
        add(
            CLASSIC_ALL,
            CLASSIC,
            arn,
            None,
            &[("LoadBalancerName", &load_balancer.name)],
        );
        return wanted;
    }
    let id = id_of(arn);
    add(LOAD_BALANCER, ALB, arn, None, &[("LoadBalancer", id)]);
    for zone in &load_balancer.zones {
        let dimensions = [
            ("AvailabilityZone", zone.name.as_str()),
            ("LoadBalancer", id),
        ];
        add(ZONE, ALB, arn, Some(&zone.name), &dimensions);
    }
    for group in groups {
        let list = match group.target_type {
            TargetType::Lambda => LAMBDA_GROUP,
            _ => TARGET_GROUP,
        };
        let group_id = group.arn.rsplit(':').next().unwrap_or_default();
        let dimensions = [("TargetGroup", group_id), ("LoadBalancer", id)];
        add(list, ALB, &group.arn, None, &dimensions);
    }
    wanted
}

pub(super) fn of_instance(instance: &Instance) -> Vec<WantedMetric> {
    let mut wanted = Vec::new();
    let dimensions = [("InstanceId", instance.id.as_str())];
    push(&mut wanted, INSTANCE, EC2, &instance.id, None, &dimensions);
    wanted
}

pub(super) fn of_service(service: &EcsService) -> Vec<WantedMetric> {
    let mut wanted = Vec::new();
    let cluster = service.cluster.rsplit('/').next().unwrap_or_default();
    let dimensions = [
        ("ClusterName", cluster),
        ("ServiceName", service.name.as_str()),
    ];
    push(
        &mut wanted,
        SERVICE,
        "AWS/ECS",
        &service.arn,
        None,
        &dimensions,
    );
    wanted
}

/// `arn`: as registered, possibly with a version or alias.
pub(super) fn of_function(arn: &str) -> Vec<WantedMetric> {
    let mut wanted = Vec::new();
    let name = arn.split(':').nth(6).unwrap_or_default();
    push(
        &mut wanted,
        FUNCTION,
        "AWS/Lambda",
        arn,
        None,
        &[("FunctionName", name)],
    );
    wanted
}

fn push(
    wanted: &mut Vec<WantedMetric>,
    list: &[(&'static str, &[&'static str])],
    namespace: &'static str,
    resource: &str,
    zone: Option<&str>,
    dimensions: &[(&'static str, &str)],
) {
    for (name, stats) in list {
        for stat in *stats {
            wanted.push(WantedMetric {
                namespace,
                name,
                stat,
                resource: resource.to_owned(),
                zone: zone.map(str::to_owned),
                dimensions: dimensions
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned()))
                    .collect(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_asked_for_from_a_day_before_and_once() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let window = Window {
            from: at("2026-11-22T10:00:00Z"),
            to: at("2026-11-22T11:00:00Z"),
        };
        for kind in [LoadBalancerType::Application, LoadBalancerType::Classic] {
            let load_balancer = LoadBalancer {
                arn: "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1".to_owned(),
                kind,
                ..LoadBalancer::default()
            };
            let mut wanted = stretch(window, at("2026-11-22T12:00:00Z"));
            wanted.metrics = of_load_balancer(&load_balancer, &[]);
            let all = wanted.metrics.len();
            let before = day_before(&mut wanted, &load_balancer.arn);
            assert_eq!((before.metrics.len(), wanted.metrics.len()), (1, all - 1));
            assert_eq!(before.from, at("2026-11-21T09:00:00Z"));
            assert_eq!((before.to, before.period), (wanted.to, wanted.period));
        }
    }

    #[test]
    fn the_baseline_is_as_long_as_the_window_within_bounds() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let window = |from, to| Window {
            from: at(from),
            to: at(to),
        };
        let now = at("2026-11-22T12:00:00Z");
        let short = stretch(window("2026-11-22T10:00:30Z", "2026-11-22T10:10:30Z"), now);
        assert_eq!(short.from, at("2026-11-22T09:00:00Z"));
        assert_eq!(short.to, at("2026-11-22T10:11:00Z"));
        assert_eq!(short.period, 60);
        let long = stretch(window("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"), now);
        assert_eq!(long.from, at("2026-11-19T21:00:00Z"));
        assert_eq!(long.to, at("2026-11-21T00:00:00Z"));
        assert_eq!(
            stretch(window("2026-11-01T00:00:00Z", "2026-11-01T01:00:00Z"), now).period,
            300
        );
    }
}
