use super::*;
use crate::fixture::*;

fn with_errors(points: &[(&str, f64)]) -> crate::Evidence {
    let mut evidence = healthy();
    set_series(
        &mut evidence,
        series(WEB, "TargetConnectionErrorCount", "Sum", points),
    );
    set_rows(
        &mut evidence,
        vec![refused("10:20:10", 3), refused("10:20:40", 3)],
    );
    evidence
}

#[test]
fn the_same_rows_with_a_silent_metric_are_the_near_miss() {
    assert_clear(&RULE, &with_errors(&[]));
    assert_clear(&RULE, &with_errors(&[("10:45:00", 3.0)]));
}

#[test]
fn rows_metric_and_open_path_prove_it() {
    let evidence = with_errors(&[("10:20:00", 2.0)]);
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(because.contains("2 rows"), "{because}");
    assert!(because.contains("10.0.1.3:8080"), "{because}");
}

#[test]
fn without_the_metric_it_is_likely() {
    let mut evidence = with_errors(&[]);
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_found(&RULE, &evidence, Strength::Likely);
    assert!(!ask(&RULE, &evidence).missing.is_empty());
}

#[test]
fn without_a_log_minutes_are_likely_and_silence_is_clear() {
    let mut evidence = with_errors(&[("10:20:00", 2.0)]);
    evidence.access_log = denied("s3:GetObject");
    set_series(
        &mut evidence,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 5.0)],
        ),
    );
    assert_found(&RULE, &evidence, Strength::Likely);
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Minutes(vec![(at("10:20:00"), 2)])
    );
    let mut evidence = with_errors(&[]);
    evidence.access_log = denied("s3:GetObject");
    assert_clear(&RULE, &evidence);
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
}
