use super::*;
use crate::{
    evidence::{Evidence, LoadBalancerType, access_log::FaultRow, metrics::Series},
    fixture::{
        LOAD_BALANCER, ask, assert_cannot_tell, assert_clear, assert_found, denied, every_minute,
        healthy, refused, series, set_rows, set_series,
    },
    observed::Observed,
};

fn of(name: &str, stat: &str, points: &[(&str, f64)]) -> Series {
    Series {
        namespace: "AWS/ELB".to_owned(),
        ..series(LOAD_BALANCER, name, stat, points)
    }
}

/// 7 requests are turned away at 10:20 and 5 at 10:21, and 12 rows say so.
fn overflow() -> Evidence {
    let mut evidence = healthy();
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    evidence.load_balancer.state = String::new();
    set_series(
        &mut evidence,
        of(
            "SpilloverCount",
            "Sum",
            &[("10:20:00", 7.0), ("10:21:00", 5.0)],
        ),
    );
    set_series(
        &mut evidence,
        of(
            "HTTPCode_ELB_5XX",
            "Sum",
            &[("10:20:00", 7.0), ("10:21:00", 5.0)],
        ),
    );
    set_series(
        &mut evidence,
        of(
            "SurgeQueueLength",
            "Maximum",
            &[("10:19:00", 610.0), ("10:20:00", 1_024.0)],
        ),
    );
    set_series(
        &mut evidence,
        every_minute(of("HealthyHostCount", "Maximum", &[]), 3.0),
    );
    let turned = |clock: String| FaultRow {
        elb_status_code: 503,
        target: None,
        target_group_arn: None,
        ..refused(&clock, 1)
    };
    let rows = (0..12)
        .map(|n| turned(format!("10:2{}:{:02}", n / 7, 10 + n)))
        .collect();
    set_rows(&mut evidence, rows);
    evidence
}

fn spill(evidence: &mut Evidence, points: &[(&str, f64)]) {
    set_series(evidence, of("SpilloverCount", "Sum", points));
}

#[test]
fn a_long_queue_that_holds_is_the_near_miss() {
    let mut evidence = overflow();
    spill(&mut evidence, &[]);
    assert_clear(&RULE, &evidence);
    assert!(
        ask(&RULE, &evidence)
            .because
            .contains("1,024 of 1,024 at most")
    );
    assert_clear(&RULE, &healthy());
}

#[test]
fn the_503s_that_the_metric_counts_are_proven_its() {
    let because = assert_found(&RULE, &overflow(), Strength::Proven);
    assert!(
        because.contains("12 requests were turned away in 2 minutes"),
        "{because}"
    );
    assert!(because.contains("up to 1,024 of 1,024"), "{because}");
    assert_eq!(
        ask(&RULE, &overflow()).findings[0].claims,
        Claims::Rows((0..12).collect())
    );
}

#[test]
fn it_claims_no_more_than_the_metric_counts() {
    let mut evidence = overflow();
    spill(&mut evidence, &[("10:20:00", 1.0)]);
    // One and the two that the edges may account for.
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Rows(vec![0, 1, 2])
    );
}

#[test]
fn while_nobody_is_healthy_it_is_likely() {
    let mut evidence = overflow();
    set_series(
        &mut evidence,
        every_minute(of("HealthyHostCount", "Maximum", &[]), 0.0),
    );
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn without_a_log_the_count_proves_it() {
    let mut evidence = overflow();
    evidence.access_log = Observed::NotAsked;
    assert_found(&RULE, &evidence, Strength::Proven);
}

#[test]
fn what_was_not_seen_is_not_clear() {
    let mut evidence = overflow();
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
    let mut evidence = healthy();
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    assert_cannot_tell(&RULE, &evidence, "SpilloverCount was not asked for");
}
