use super::*;
use crate::{
    evidence::{Evidence, Subnet, load_balancer::Zone},
    fixture::{
        LOAD_BALANCER, ask, assert_cannot_tell, assert_clear, assert_found, denied, healthy,
        refused, seen, series, set_rows, set_series,
    },
};

fn counters(evidence: &mut Evidence, rejected: &[(&str, f64)], connection_errors: &[(&str, f64)]) {
    for (name, points) in [
        ("RejectedConnectionCount", rejected),
        ("TargetConnectionErrorCount", connection_errors),
        ("TargetTLSNegotiationErrorCount", &[][..]),
    ] {
        set_series(evidence, series(LOAD_BALANCER, name, "Sum", points));
    }
}

fn no_target(clock: &str) -> FaultRow {
    FaultRow {
        target: None,
        ..refused(clock, 1)
    }
}

#[test]
fn an_active_load_balancer_without_rejections_is_clear() {
    let mut evidence = healthy();
    counters(&mut evidence, &[], &[]);
    set_rows(&mut evidence, vec![no_target("10:20:10")]);
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_state_without_errors_is_a_risk() {
    let mut evidence = healthy();
    counters(&mut evidence, &[], &[]);
    evidence.load_balancer.state = "active_impaired".to_owned();
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(
        because.starts_with("Its state is active_impaired."),
        "{because}"
    );
    evidence.load_balancer.zones = vec![Zone {
        name: "eu-west-1a".to_owned(),
        subnet_id: "subnet-a".to_owned(),
    }];
    evidence.subnets = seen(vec![Subnet {
        id: "subnet-a".to_owned(),
        available_addresses: Some(3),
        ..Subnet::default()
    }]);
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("subnet-a (3 free)"), "{because}");
}

#[test]
fn errors_without_a_target_while_connections_are_rejected_are_likely_its() {
    let mut evidence = healthy();
    counters(&mut evidence, &[("10:20:00", 310.0)], &[("10:40:00", 2.0)]);
    set_rows(
        &mut evidence,
        vec![
            no_target("10:20:10"),
            refused("10:20:20", 1),
            refused("10:40:20", 2),
            no_target("10:50:00"),
        ],
    );
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(
        because.contains("310 connections were rejected in 1 minute"),
        "{because}"
    );
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Rows(vec![0, 1])
    );
}

#[test]
fn what_was_not_seen_is_not_clear() {
    let mut evidence = healthy();
    assert_cannot_tell(
        &RULE,
        &evidence,
        "RejectedConnectionCount was not asked for",
    );
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
    // Refused rows may be the targets' own where their metric was not seen.
    evidence.load_balancer.state = "active_impaired".to_owned();
    set_rows(&mut evidence, vec![refused("10:20:10", 1)]);
    assert_found(&RULE, &evidence, Strength::Possible);
}
