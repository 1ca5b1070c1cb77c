//! Each seeded incident, read through the collectors and judged by the rule book.

use diagnosis::{Step, diagnose, observation::Outcome};

use super::asking::{ask, holds_together, scope};
use crate::lab::Lab;

#[tokio::test]
async fn every_incident_is_judged_as_it_was_told() {
    let lab = Lab::start(&[]).await;
    let mut wrong = Vec::new();
    for incident in lab.incidents().await {
        let asked = ask(&lab, scope(&lab, &incident, &Step::ALL).await).await;
        holds_together(&asked, &Step::ALL);
        for observation in &asked.evidence.observations {
            if observation.outcome != Outcome::Seen {
                wrong.push(format!("{}: {observation:?}", incident.name));
            }
        }
        let diagnosis = diagnose(&asked.evidence);
        // The lab tells some incidents whose rule is still to be written.
        if let Some(rule) = &incident.first_rule
            && diagnosis::rules::by_id(rule).is_none()
        {
            continue;
        }
        let first = diagnosis
            .findings
            .first()
            .map(|finding| finding.rule.clone());
        let verdict = serde_json::to_value(diagnosis.verdict).unwrap();
        if first != incident.first_rule || verdict != incident.verdict.as_str() {
            let missing: Vec<String> = diagnosis
                .steps
                .iter()
                .flat_map(|step| &step.rules)
                .filter(|rule| !rule.missing.is_empty())
                .map(|rule| format!("{}: {:?}", rule.rule, rule.missing))
                .collect();
            wrong.push(format!(
                "{}: {first:?}, {verdict}; told {:?}, {}; {missing:#?}",
                incident.name, incident.first_rule, incident.verdict
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Twelve groups and 200 targets: more than one page, filter and batch hold.
#[tokio::test]
async fn a_large_load_balancer_is_read_whole() {
    let lab = Lab::start(&["large"]).await;
    let incident = lab.incident("large").await;
    let asked = ask(&lab, scope(&lab, &incident, &Step::ALL).await).await;
    holds_together(&asked, &Step::ALL);
    let evidence = asked.evidence;
    assert_eq!(evidence.target_groups.whole().unwrap().len(), 12);
    let targets: usize = evidence
        .target_health
        .values()
        .map(|health| health.whole().unwrap().len())
        .sum();
    assert_eq!(targets, 200);
    let instances = evidence.instances.whole().unwrap();
    assert_eq!(instances.len(), 200);
    assert!(
        instances
            .iter()
            .all(|one| one.state == "running" && one.system_status.is_some())
    );
    let metrics = evidence.metrics.whole().unwrap();
    for group in evidence.target_groups.whole().unwrap() {
        let series = metrics
            .find(&group.arn, "HealthyHostCount", "Minimum")
            .unwrap();
        assert!(!series.points.is_empty(), "{}", group.name);
    }
    let log = evidence.access_log.whole().unwrap();
    let told = incident.json["ledger"]["requests"].as_u64();
    assert!(
        told.is_none_or(|told| told == log.requests),
        "{told:?} {}",
        log.requests
    );
    assert!(log.requests > 0 && log.unreadable == 0);
}

/// What few load balancers have: a certificate of IAM, and a rule that allows a prefix list.
#[tokio::test]
async fn certificates_of_iam_and_prefix_lists_are_read_whole() {
    let lab = Lab::start(&["healthy"]).await;
    let incident = lab.incident("healthy").await;
    let steps = [Step::Network, Step::Tls];
    let asked = ask(&lab, scope(&lab, &incident, &steps).await).await;
    holds_together(&asked, &steps);
    let certificates = asked.evidence.certificates.whole().unwrap();
    let own: Vec<_> = certificates
        .iter()
        .filter(|one| one.arn.contains(":server-certificate/"))
        .collect();
    assert_eq!(own.len(), 1, "{certificates:?}");
    assert_eq!(own[0].domain.as_deref(), Some("katalog.example.org"));
    assert_eq!(
        own[0].alternative_names,
        ["katalog.example.org", "*.katalog.example.org"]
    );
    assert!(own[0].not_after > Some(asked.evidence.observed_at));
    assert_eq!(own[0].gap, None);
    let lists = asked.evidence.prefix_lists.whole().unwrap();
    assert_eq!(lists.len(), 1, "{lists:?}");
    assert_eq!(lists[0].name, "offices");
    assert_eq!(lists[0].cidrs, ["192.0.2.0/25", "198.51.100.16/28"]);
}
