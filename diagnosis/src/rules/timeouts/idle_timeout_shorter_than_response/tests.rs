use chrono::TimeDelta;

use super::*;
use crate::{
    evidence::{LoadBalancerType, access_log::base_rates::Dividing},
    fixture::*,
    observed::Observed,
};

/// A 504 of target `n` that waited so long before it.
fn waited_for(clock: &str, n: u8, milliseconds: i64) -> FaultRow {
    FaultRow {
        elb_status_code: 504,
        request_creation_time: Some(at(clock) - TimeDelta::milliseconds(milliseconds + 1)),
        request_processing_time: Some(0.001),
        url: format!("/report?n={n}"),
        ..refused(clock, n)
    }
}

fn with(rows: Vec<FaultRow>) -> crate::Evidence {
    let mut evidence = healthy();
    set_rows(&mut evidence, rows);
    evidence
}

fn six(milliseconds: i64) -> Vec<FaultRow> {
    (0..6)
        .map(|n| waited_for(&format!("10:2{n}:00"), 1 + n % 3, milliseconds))
        .collect()
}

#[test]
fn connects_that_time_out_and_other_waits_are_the_near_miss() {
    assert_clear(&RULE, &healthy());
    assert_clear(&RULE, &with(six(31_000)));
    let connects = six(10_000)
        .into_iter()
        .map(|row| FaultRow {
            request_processing_time: None,
            ..row
        })
        .collect();
    assert_clear(&RULE, &with(connects));
}

#[test]
fn waits_of_the_idle_timeout_are_proven() {
    let because = assert_found(&RULE, &with(six(60_004)), Strength::Proven);
    assert!(because.contains("6 504s came after 60 s"), "{because}");
    assert!(because.contains("GET /report (6)"), "{because}");
}

#[test]
fn a_target_time_of_the_idle_timeout_counts_alike() {
    let rows = six(5)
        .into_iter()
        .map(|row| FaultRow {
            target_processing_time: Some(60.0),
            ..row
        })
        .collect();
    assert_found(&RULE, &with(rows), Strength::Proven);
}

#[test]
fn two_in_a_quiet_hour_are_told_in_passing() {
    let rows = six(60_000).into_iter().take(2).collect();
    let evidence = with(rows);
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("2 of 30,000 requests"), "{because}");
    assert_eq!(ask(&RULE, &evidence).findings[0].claims, Claims::Nothing);
}

#[test]
fn a_hanging_target_that_fails_its_checks_is_not_a_slow_answer() {
    let rows = (0..6)
        .map(|n| waited_for(&format!("10:2{n}:00"), 2, 60_000))
        .collect();
    let mut evidence = with(rows);
    set_health(
        &mut evidence,
        vec![
            target(1, "healthy", None),
            target(2, "unhealthy", Some("Target.Timeout")),
            target(3, "healthy", None),
        ],
    );
    assert_clear(&RULE, &evidence);
}

#[test]
fn with_the_targets_unseen_it_is_not_proven() {
    let mut evidence = with(six(60_000));
    evidence.target_metrics = denied("cloudwatch:GetMetricData");
    assert_found(&RULE, &evidence, Strength::Likely);
    // The rows' addresses lead to no target then, and no host count speaks for the group.
    evidence.instances = denied("ec2:DescribeInstances");
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_found(&RULE, &evidence, Strength::Possible);
}

#[test]
fn merged_rows_go_with_the_others_of_their_target() {
    let mut rows = six(60_000);
    rows.push(FaultRow {
        count: 40,
        request_creation_time: None,
        method: String::new(),
        ..waited_for("10:40:00", 1, 0)
    });
    let answer = ask(&RULE, &with(rows));
    assert_eq!(
        answer.findings[0].claims,
        Claims::Rows((0..7).collect()),
        "{answer:#?}"
    );
}

#[test]
fn a_log_or_a_timeout_that_was_not_read_hides_them() {
    let mut evidence = healthy();
    evidence.attributes = denied("elasticloadbalancing:DescribeLoadBalancerAttributes");
    set_rows(&mut evidence, six(60_000));
    assert_cannot_tell(&RULE, &evidence, "DescribeLoadBalancerAttributes");
    let mut evidence = healthy();
    evidence.access_log = denied("s3:GetObject");
    assert_clear(&RULE, &evidence);
    let counted = series(
        LOAD_BALANCER,
        "HTTPCode_ELB_504_Count",
        "Sum",
        &[("10:20:00", 9.0)],
    );
    set_series(&mut evidence, counted);
    assert_cannot_tell(&RULE, &evidence, "s3:GetObject");
    let times = series(
        LOAD_BALANCER,
        "TargetResponseTime",
        "Maximum",
        &[("10:20:00", 58.1)],
    );
    set_series(&mut evidence, times);
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn on_classic_the_slow_routes_are_told_from_the_rest() {
    let mut evidence = healthy();
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets[0].max_seconds = 52.0;
    }
    let counts = [("GET /cart", 29_000, 0), ("GET /print", 900, 0)];
    set_base(&mut evidence, Dividing::Route, &counts);
    let of = |url: &str, minute: usize| FaultRow {
        target: None,
        target_group_arn: None,
        elb_status_code: 504,
        url: url.to_owned(),
        ..refused(&format!("10:{minute}:00"), 1)
    };
    let printed = (10..20).map(|minute| of("/print", minute));
    let all = printed.chain((20..30).map(|minute| of("/cart", minute)));
    set_rows(&mut evidence, all.collect());
    let all = || (0..20).collect::<Vec<usize>>();
    let (slow, words) = coarse::on_slow_routes(&Case::new(&evidence), all());
    assert!(words.contains("They gather on GET /print"), "{words}");
    assert!(words.contains("10 further 504s are spread"), "{words}");
    assert_eq!(slow, (0..10).collect::<Vec<usize>>());
    // Where requests were not counted by route, all of them fit.
    set_base(&mut evidence, Dividing::Route, &[]);
    let (slow, words) = coarse::on_slow_routes(&Case::new(&evidence), all());
    assert_eq!((slow, words), (all(), String::new()));
}
