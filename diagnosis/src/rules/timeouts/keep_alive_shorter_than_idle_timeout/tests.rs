//! A race, its near misses, and what hides it.

use super::*;
use crate::{
    evidence::{AppLog, LoadBalancerType, access_log::FaultRow, app_log::AppLogLine},
    fixture::*,
    observed::Observed,
    question,
};

/// `n` rows a minute or so apart, over three targets, with these gaps in turn.
fn lost(n: usize, gaps: &[u64]) -> crate::Evidence {
    let mut evidence = healthy();
    let rows = (0..n)
        .map(|n| {
            let clock = format!("10:{:02}:{:02}", n % 60, (n * 7) % 60);
            let mut row = hung_up(&clock, 1 + u8::try_from(n % 3).unwrap(), 0.001);
            row.idle_ms = Some(gaps[n % gaps.len()]);
            row
        })
        .collect();
    set_rows(&mut evidence, rows);
    evidence
}

#[test]
fn gaps_that_do_not_cluster_are_the_near_miss() {
    let spread: Vec<u64> = (1..=40).map(|n| n * 1_370).collect();
    assert_clear(&RULE, &lost(40, &spread));
}

#[test]
fn gaps_beyond_the_idle_timeout_are_not_the_load_balancers() {
    assert_clear(&RULE, &lost(40, &[75_000, 75_040]));
}

#[test]
fn hang_ups_in_the_middle_of_work_are_not_it() {
    let mut evidence = lost(40, &[5_000]);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for row in &mut value.rows {
            row.target_processing_time = Some(2.5);
        }
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_tight_cluster_of_many_is_proven() {
    let because = assert_found(&RULE, &lost(46, &[4_999, 5_001, 5_000]), Strength::Proven);
    assert!(because.starts_with("46 requests were sent"), "{because}");
    assert!(
        because.contains("default keep-alive of Node.js http, uvicorn"),
        "{because}"
    );
    let fix = &ask(&RULE, &lost(46, &[5_000])).findings[0].fix;
    assert!(fix.summary.contains("65 s"), "{}", fix.summary);
    assert!(fix.cli[0].contains("'Key=idle_timeout.timeout_seconds,Value=4'"));
}

#[test]
fn a_small_cluster_is_likely_until_something_names_the_server() {
    let mut evidence = lost(8, &[5_000]);
    assert_found(&RULE, &evidence, Strength::Likely);
    evidence.app_log = seen(AppLog {
        groups: vec!["/checkout/api".to_owned()],
        lines: vec![AppLogLine {
            at: at("09:59:00"),
            group: "/checkout/api".to_owned(),
            stream: "1".to_owned(),
            message: "checkout-api listening on :3000 (node v20.19.5)".to_owned(),
        }],
    });
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(
        because.contains("/checkout/api names Node.js http"),
        "{because}"
    );
    let mut evidence = lost(8, &[7_000]);
    evidence.answers.insert(
        question::TARGET_KEEP_ALIVE_SECONDS.to_owned(),
        "7".to_owned(),
    );
    assert_found(&RULE, &evidence, Strength::Proven);
}

#[test]
fn a_client_that_sends_at_that_interval_leaves_the_same_gaps() {
    let mut evidence = lost(46, &[5_000]);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for target in &mut value.targets {
            target.requests = 720;
        }
    }
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(
        because.contains("at about that interval anyway"),
        "{because}"
    );
    // Unless something names the server.
    evidence.answers.insert(
        question::TARGET_KEEP_ALIVE_SECONDS.to_owned(),
        "5".to_owned(),
    );
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn equal_timeouts_are_likely() {
    let because = assert_found(&RULE, &lost(46, &[60_000]), Strength::Likely);
    assert!(because.contains("about equal"), "{because}");
}

#[test]
fn rows_of_busy_targets_are_likely_beside_clear_ones() {
    let mut evidence = lost(46, &[5_000, 5_000, 40]);
    let answer = ask(&RULE, &evidence);
    assert_eq!(answer.findings.len(), 2);
    assert_eq!(answer.findings[1].strength, Strength::Likely);
    // Alone they say nothing.
    evidence = lost(46, &[40]);
    assert_clear(&RULE, &evidence);
}

/// Behind a Classic load balancer, so many 504s without a backend.
fn on_classic(n: usize) -> crate::Evidence {
    let mut evidence = healthy();
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    set_series(
        &mut evidence,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_5XX",
            "Sum",
            &[("10:03:00", 12.0)],
        ),
    );
    let rows = (0..n)
        .map(|n| FaultRow {
            elb_status_code: 504,
            target: None,
            target_group_arn: None,
            ..refused(&format!("10:{:02}:00", n * 4), 1)
        })
        .collect();
    set_rows(&mut evidence, rows);
    evidence
}

#[test]
fn on_classic_it_is_504_and_likely() {
    let because = assert_found(&RULE, &on_classic(12), Strength::Likely);
    assert!(because.contains("The code is 504, not 502"), "{because}");
}

#[test]
fn on_classic_slow_answers_leave_it_open() {
    let mut evidence = on_classic(12);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets[0].max_seconds = 52.0;
    }
    assert_cannot_tell(&RULE, &evidence, "a Classic load balancer logs neither");
    assert_cannot_tell(&RULE, &on_classic(3), "logs neither");
}

#[test]
fn an_unknown_idle_timeout_or_log_is_not_clear() {
    let mut evidence = lost(46, &[5_000]);
    evidence.attributes = denied("elasticloadbalancing:DescribeLoadBalancerAttributes");
    assert_cannot_tell(
        &RULE,
        &evidence,
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
    );
    let mut evidence = healthy();
    evidence.access_log = denied("s3:ListBucket");
    set_series(
        &mut evidence,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 5.0)],
        ),
    );
    assert_cannot_tell(&RULE, &evidence, "s3:ListBucket");
}
