use super::*;
use crate::{fixture::*, observed::Observed};

fn turned_away(clock: &str) -> FaultRow {
    FaultRow {
        elb_status_code: 503,
        target: None,
        ..refused(clock, 1)
    }
}

fn emptied() -> crate::Evidence {
    let mut evidence = healthy();
    set_health(&mut evidence, Vec::new());
    set_rows(
        &mut evidence,
        vec![turned_away("10:50:00"), turned_away("10:55:00")],
    );
    evidence
}

#[test]
fn a_503_of_the_application_or_of_a_fixed_response_is_the_near_miss() {
    let mut evidence = healthy();
    let of_target = FaultRow {
        elb_status_code: 503,
        target_status_code: Some(503),
        ..refused("10:10:00", 1)
    };
    let of_rule = FaultRow {
        actions_executed: "waf,fixed-response".to_owned(),
        target_group_arn: None,
        ..turned_away("10:11:00")
    };
    let mut rows = vec![of_target; 8];
    rows.extend(vec![of_rule; 8]);
    set_rows(&mut evidence, rows);
    assert_clear(&RULE, &evidence);
}

#[test]
fn an_empty_group_that_no_listener_uses_is_clear() {
    let mut evidence = emptied();
    if let Observed::Seen { value, .. } = &mut evidence.listeners {
        value[0].rules[0].forwards_to[0].weight = 0;
    }
    set_rows(&mut evidence, Vec::new());
    assert_clear(&RULE, &evidence);
}

#[test]
fn rows_of_an_empty_group_are_proven() {
    assert_found(&RULE, &emptied(), Strength::Proven);
    let mut evidence = emptied();
    let unused = |n| target(n, "unused", Some("Target.NotInUse"));
    set_health(&mut evidence, vec![unused(1), unused(2)]);
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(because.contains("2 targets are registered"), "{because}");
}

#[test]
fn an_empty_group_without_a_503_is_a_risk_and_one_that_was_empty_is_likely() {
    let mut evidence = emptied();
    set_rows(&mut evidence, Vec::new());
    assert_found(&RULE, &evidence, Strength::Possible);
    let mut evidence = healthy();
    set_rows(&mut evidence, vec![turned_away("10:20:00"); 6]);
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(because.contains("6 requests were answered"), "{because}");
}

#[test]
fn without_a_log_the_metric_tells() {
    let mut evidence = emptied();
    evidence.access_log = denied("s3:GetObject");
    set_series(
        &mut evidence,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_503_Count",
            "Sum",
            &[("10:50:00", 31.0)],
        ),
    );
    assert_found(&RULE, &evidence, Strength::Proven);
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::MinutesOf(503, vec![(at("10:50:00"), 31)])
    );
}

#[test]
fn unseen_registrations_are_not_clear() {
    let mut evidence = healthy();
    evidence.target_health.insert(
        WEB.to_owned(),
        denied("elasticloadbalancing:DescribeTargetHealth"),
    );
    assert_cannot_tell(
        &RULE,
        &evidence,
        "elasticloadbalancing:DescribeTargetHealth",
    );
}
