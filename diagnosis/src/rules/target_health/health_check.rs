//! What health checks ask, and what their reason codes mean, in words.

use std::collections::BTreeMap;

use crate::{
    evidence::{TargetGroup, TargetHealth},
    words,
};

/// Every state in which the load balancer has given a target up. [V] SDK
pub(super) fn is_unhealthy(target: &TargetHealth) -> bool {
    matches!(target.state.as_str(), "unhealthy" | "unhealthy.draining")
}

/// States of targets that get no new requests whatever their health is. [V] SDK
pub(super) fn is_out_of_use(target: &TargetHealth) -> bool {
    matches!(target.state.as_str(), "unused" | "draining")
}

/// `HTTP GET /healthz on the traffic port every 30 s, 200 within 5 s expected`
pub(super) fn in_words(target_group: &TargetGroup) -> String {
    let check = &target_group.health_check;
    let protocol = check.protocol.as_deref().unwrap_or("HTTP");
    let port = match check.port.as_deref() {
        None | Some("traffic-port") => match target_group.port {
            Some(port) => format!("the traffic port ({port})"),
            None => "the traffic port".to_owned(),
        },
        Some(port) => format!("port {port}"),
    };
    let request = match &check.path {
        Some(path) => format!("{protocol} GET {path}"),
        None => format!("{protocol} connect"),
    };
    let expected = match &check.matcher {
        Some(codes) => format!("{codes} within {} s expected", check.timeout),
        None => format!("an answer within {} s expected", check.timeout),
    };
    format!("{request} on {port} every {} s, {expected}", check.interval)
}

/// The reason codes of these targets, most frequent first, each with its meaning.
pub(super) fn reasons<'a>(targets: impl Iterator<Item = &'a TargetHealth>) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for target in targets {
        *counts
            .entry(target.reason.as_deref().unwrap_or("no reason given"))
            .or_default() += 1;
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(reason, n)| (std::cmp::Reverse(*n), *reason));
    let words: Vec<String> = counts
        .into_iter()
        .map(|(reason, n)| match meaning(reason) {
            Some(meaning) => {
                format!(
                    "{reason} ({}): {meaning}",
                    words::count(n, "target", "targets")
                )
            }
            None => format!("{reason} ({})", words::count(n, "target", "targets")),
        })
        .collect();
    words.join("; ")
}

/// [V] SDK and DOC-TS
fn meaning(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "Target.ResponseCodeMismatch" => "it answers, but not with an expected code",
        "Target.Timeout" => {
            "no answer in time: too slow, or packets dropped on the way (security group, network ACL)"
        }
        "Target.FailedHealthChecks" => {
            "the connection fails or the answer is malformed: nothing listens, or it resets"
        }
        "Target.InvalidState" => "the instance is stopped or terminated",
        "Target.IpUnusable" => "the address is in use by a load balancer",
        "Target.NotInUse" => "no listener forwards to the group, or its zone is not enabled",
        "Target.NotRegistered" => "it is not registered",
        "Target.DeregistrationInProgress" => "it is draining",
        "Target.HealthCheckDisabled" => "health checks are off",
        "Elb.RegistrationInProgress" => "registration has just begun",
        "Elb.InitialHealthChecking" => "the first health checks are not through",
        "Elb.InternalError" => "the check failed inside the load balancer",
        "ELB" => "the load balancer's health check fails",
        "Instance" => "the instance is not running or not ready",
        _ => return None,
    })
}

/// Seconds until checks notice a dead target: `unhealthy_threshold` failures, one an interval, the
/// last one as long as its timeout. [V] default 30 s × 2 ≈ 60 s
pub(super) fn detection_seconds(target_group: &TargetGroup) -> u32 {
    let check = &target_group.health_check;
    check
        .interval
        .saturating_mul(check.unhealthy_threshold.max(1))
        .saturating_add(check.timeout)
        .min(LONGEST_DETECTION)
}

/// AWS allows 300 s × 10 and a timeout of 120 s. [V] SDK
const LONGEST_DETECTION: u32 = 3120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{healthy, target};

    #[test]
    fn a_check_is_told_as_what_it_asks() {
        let evidence = healthy();
        let group = &evidence.target_groups.seen().unwrap()[0];
        assert_eq!(
            in_words(group),
            "HTTP GET /healthz on the traffic port (8080) every 30 s, 200 within 5 s expected"
        );
        assert_eq!(detection_seconds(group), 65);
    }

    #[test]
    fn reasons_are_counted_and_explained() {
        let targets = [
            target(1, "unhealthy", Some("Target.Timeout")),
            target(2, "unhealthy", Some("Target.FailedHealthChecks")),
            target(3, "unhealthy", Some("Target.FailedHealthChecks")),
        ];
        let words = reasons(targets.iter());
        assert!(words.starts_with("Target.FailedHealthChecks (2 targets): "));
        assert!(words.contains("; Target.Timeout (1 target): no answer in time"));
    }
}
