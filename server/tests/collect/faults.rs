//! What AWS will not say: denied, throttled, hanging, broken, cut short. Never an all-clear.

use std::collections::BTreeSet;

use diagnosis::{Evidence, Step, diagnose, document::Verdict, observation::Outcome};
use serde_json::Value;

use super::asking::{ask, holds_together, scope};
use crate::lab::Lab;

/// Each operation that a run makes, denied in turn: the action is named, and nothing is cleared
/// that rests on it.
#[tokio::test]
async fn each_denied_operation_is_named_and_never_reads_as_healthy() {
    let lab = Lab::start(&["healthy", "container-crashed"]).await;
    let mut tried = BTreeSet::new();
    for name in ["healthy", "container-crashed"] {
        let incident = lab.incident(name).await;
        let scope = scope(&lab, &incident, &Step::ALL).await;
        lab.no_faults().await;
        let plain = ask(&lab, scope.clone()).await;
        let healthy = diagnose(&plain.evidence).verdict == Verdict::NoFaultFound;
        assert_eq!(healthy, name == "healthy");
        for (service, operation) in actions(&lab).await {
            if !tried.insert((service.clone(), operation.clone())) {
                continue;
            }
            lab.fault(&service, &operation, "deny").await;
            let asked = ask(&lab, scope.clone()).await;
            holds_together(&asked, &Step::ALL);
            let action = format!("{service}:{operation}");
            let told = asked
                .evidence
                .observations
                .iter()
                .any(|one| one.outcome == Outcome::Denied && one.detail.contains(&action));
            assert!(told, "{action}: no observation says that it was denied");
            let diagnosis = diagnose(&asked.evidence);
            let document = serde_json::to_string(&diagnosis).unwrap();
            assert!(document.contains(&action), "{action} is not named");
            assert_ne!(diagnosis.verdict, Verdict::NoFaultFound, "{action}");
            if healthy {
                assert_eq!(diagnosis.verdict, Verdict::CannotTell, "{action}");
            }
        }
    }
    assert!(tried.len() > 28, "{tried:?}");
}

/// The IAM actions that the runs so far needed.
async fn actions(lab: &Lab) -> BTreeSet<(String, String)> {
    lab.calls()
        .await
        .iter()
        .map(|call| {
            let action = call["iam_action"].as_str().unwrap();
            let (service, operation) = action.split_once(':').unwrap();
            (service.to_owned(), operation.to_owned())
        })
        // Nobody can be denied to know who they are.
        .filter(|(service, _)| service != "sts")
        .collect()
}

#[tokio::test]
async fn throttled_broken_and_cut_short_calls_are_failures_with_a_reason() {
    let lab = Lab::start(&["healthy"]).await;
    let incident = lab.incident("healthy").await;
    let scope = scope(&lab, &incident, &[Step::TargetHealth]).await;
    for (fault, reason) in [
        ("throttle", "throttled"),
        ("error", "Internal"),
        ("truncate", "cut short"),
    ] {
        lab.fault("elasticloadbalancing", "DescribeTargetHealth", fault)
            .await;
        let asked = ask(&lab, scope.clone()).await;
        holds_together(&asked, &[Step::TargetHealth]);
        for (group, health) in &asked.evidence.target_health {
            let said = health.missing(group).unwrap_or_default();
            assert!(said.contains(reason), "{fault}: {said:?}");
        }
        assert!(!asked.evidence.target_health.is_empty());
    }
}

/// The log's objects come in chunks: one that breaks off is told, what was read of it stays.
#[tokio::test]
async fn log_objects_that_break_off_leave_the_log_incomplete() {
    let lab = Lab::start(&["healthy"]).await;
    let incident = lab.incident("healthy").await;
    let scope = scope(&lab, &incident, &[Step::ErrorLogs]).await;
    lab.fault("s3", "GetObject", "truncate").await;
    let asked = ask(&lab, scope).await;
    assert!(asked.evidence.access_log.whole().is_none());
    assert!(asked.evidence.access_log.missing("access log").is_some());
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up() {
    let lab = Lab::start(&["healthy"]).await;
    let incident = lab.incident("healthy").await;
    let scope = scope(&lab, &incident, &[Step::Timeouts]).await;
    lab.fault(
        "elasticloadbalancing",
        "DescribeTargetGroupAttributes",
        "hang",
    )
    .await;
    let started = std::time::Instant::now();
    let asked = ask(&lab, scope).await;
    assert!(started.elapsed().as_secs() < 45);
    holds_together(&asked, &[Step::Timeouts]);
    for (group, attributes) in &asked.evidence.target_group_attributes {
        assert_eq!(
            attributes.missing(group),
            Some(format!("{group}: timed out"))
        );
    }
    assert!(!asked.evidence.target_group_attributes.is_empty());
    assert!(has_seen_the_rest(&asked.evidence));
}

fn has_seen_the_rest(evidence: &Evidence) -> bool {
    evidence.access_log.whole().is_some() && evidence.metrics.whole().is_some()
}

/// Asking stays possible when everything is denied.
#[tokio::test]
async fn with_every_service_denied_nothing_is_cleared() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    let scope = scope(&lab, &incident, &Step::ALL).await;
    lab.fault("*", "*", "deny").await;
    let asked = ask(&lab, scope).await;
    holds_together(&asked, &Step::ALL);
    let diagnosis = diagnose(&asked.evidence);
    assert_eq!(diagnosis.verdict, Verdict::CannotTell);
    let rules = serde_json::to_value(&diagnosis.steps).unwrap();
    for rule in rules
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|step| step["rules"].as_array().unwrap())
    {
        // The load balancer itself was found before: that it is no Classic one is seen, not guessed.
        let by_type = rule["rule"] == "surge-queue-overflow"
            && rule["because"] == "only Classic load balancers have a surge queue";
        let answer = if by_type { "clear" } else { "cannot_tell" };
        assert_eq!(rule["answer"], Value::from(answer), "{rule}");
    }
}
