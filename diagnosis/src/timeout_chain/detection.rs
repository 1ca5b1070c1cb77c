//! How long health checks take to notice a target that is gone.

use super::{
    HopSource, Side, TimeoutChain, group,
    hop::NOTHING_ASKS,
    judges::{Judges, Opinion, SLOW_DETECTION},
    verdict::{Terms, Verdict},
};
use crate::{
    evidence::TargetGroup,
    need::Need,
    safe_timeouts,
    what_changed::departures::{Departure, departures},
};

pub(super) fn add(chain: &mut TimeoutChain, judges: &Judges<'_>, group: Option<&TargetGroup>) {
    let case = judges.case;
    let mut hop = group::hop(case, group, "health-check-detection");
    hop.setting = if case.is_classic() {
        "HealthCheck: Interval × UnhealthyThreshold + Timeout"
    } else {
        "HealthCheckIntervalSeconds × UnhealthyThresholdCount + HealthCheckTimeoutSeconds"
    }
    .to_owned();
    if let Some(check) = group
        .map(|group| &group.health_check)
        .filter(|check| check.enabled)
    {
        let because = format!(
            "{} s × {} + {} s, as set in AWS: the longest that it can take.",
            check.interval, check.unhealthy_threshold, check.timeout
        );
        hop.know(Some(check.detection()), HopSource::Attribute, &because);
    }
    let all = departures(case);
    let departed = group::departed(case, &all, group);
    let verdict = verdict(judges, group, hop.seconds, &departed);
    let shutdown = departed.iter().filter_map(|one| shutdown(one)).min();
    if verdict.is_broken() {
        hop.becomes(
            safe_timeouts::detection(),
            format!(
                "Interval {} s, threshold {}, time-out {} s; and deregister targets before they stop, which \
                 needs no health check.",
                safe_timeouts::HEALTH_CHECK_INTERVAL,
                safe_timeouts::UNHEALTHY_THRESHOLD,
                safe_timeouts::HEALTH_CHECK_TIMEOUT
            ),
        );
    } else {
        hop.stays(NOTHING_ASKS);
    }
    let terms = Terms {
        id: "detection-below-shutdown",
        hop: &hop.id,
        shorter: Side::new("health check detection", hop.milliseconds()),
        longer: Side::new(
            "shutdown of a registered target, as seen",
            shutdown.filter(|_| verdict.is_broken()),
        ),
        when_broken: "A stopped target gets requests until health checks notice: 502, or 504 where the \
                      machine is gone.",
        codes: &[502, 504],
        rule: Some(SLOW_DETECTION),
        cites: case.sources(&[
            Need::TargetGroups,
            Need::Ecs,
            Need::CloudTrail,
            Need::AutoScaling,
        ]),
    };
    chain.inequalities.push(terms.with(verdict));
    chain.hops.push(hop);
}

/// A shutdown that health checks need not notice (the target was deregistered first, or got no request)
/// is no matter of numbers: the rule tells.
fn verdict(
    judges: &Judges<'_>,
    group: Option<&TargetGroup>,
    detection: Option<u64>,
    departed: &[&Departure],
) -> Verdict {
    let case = judges.case;
    match judges.on(SLOW_DETECTION, group) {
        Opinion::Found(draft) => Verdict::broken(draft.title.clone()),
        Opinion::Open(because, missing) => Verdict::cannot_tell(because, missing),
        Opinion::Clear(because) if !departed.is_empty() && detection.is_some() => {
            Verdict::holds(because)
        }
        Opinion::Clear(_) => {
            let mut missing = Vec::new();
            if detection.is_none() {
                missing.extend(case.missing(&[Need::TargetGroups]));
                missing.push("the settings of the health check".to_owned());
            }
            if departed.is_empty() {
                missing
                    .push("a stop of one of its targets: none is known near the window".to_owned());
            }
            Verdict::cannot_tell("No shutdown was seen to hold it against", missing)
        }
    }
}

/// Of a target that was still registered, milliseconds.
fn shutdown(departure: &Departure) -> Option<u64> {
    let began = departure
        .stopping_at
        .filter(|_| !departure.deregistered_first())?;
    let took = departure.stopped_at?.signed_duration_since(began);
    u64::try_from(took.num_milliseconds()).ok()
}
