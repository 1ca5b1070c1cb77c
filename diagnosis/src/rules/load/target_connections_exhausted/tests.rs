use chrono::TimeDelta;

use super::*;
use crate::{
    evidence::{Change, Evidence, metrics::Series},
    fixture::{
        WEB, ask, assert_cannot_tell, assert_clear, assert_found, at, denied, healthy, refused,
        seen, series, set_rows, set_series,
    },
    observed::Observed,
};

/// Minute by minute from 09:30 to 11:00.
fn minutes(name: &str, stat: &str, value: impl Fn(i64) -> f64) -> Series {
    let mut series = series(WEB, name, stat, &[]);
    series.points = (-30..60)
        .map(|minute| crate::evidence::metrics::Point {
            at: at("10:00:00") + TimeDelta::minutes(minute),
            value: value(minute),
        })
        .filter(|point| point.value > 0.0)
        .collect();
    series
}

/// Requests per target go from 300 to `peak` a minute from 10:20 to 10:40, answers from 0.1 s to
/// `slow` s from 10:20 on, and three connections a minute fail from 10:24 to 10:40.
fn ramp(peak: f64, slow: f64) -> Evidence {
    let mut evidence = healthy();
    let busy = |minute: i64| (20..40).contains(&minute);
    set_series(
        &mut evidence,
        minutes("RequestCountPerTarget", "Sum", |m| {
            if busy(m) { peak } else { 300.0 }
        }),
    );
    set_series(
        &mut evidence,
        minutes("RequestCount", "Sum", |m| {
            3.0 * if busy(m) { peak } else { 300.0 }
        }),
    );
    set_series(
        &mut evidence,
        minutes("TargetResponseTime", "Average", |m| {
            if busy(m) { slow } else { 0.1 }
        }),
    );
    set_series(
        &mut evidence,
        minutes("TargetConnectionErrorCount", "Sum", |m| {
            if (24..40).contains(&m) { 3.0 } else { 0.0 }
        }),
    );
    let rows = (24..40)
        .flat_map(|minute| (1..=3).map(move |n| (minute, n)))
        .map(|(minute, n)| FaultRow {
            idle_ms: Some(40),
            ..refused(&format!("10:{minute}:{n}0"), n)
        })
        .collect();
    set_rows(&mut evidence, rows);
    evidence
}

#[test]
fn flat_traffic_is_the_near_miss() {
    assert_clear(&RULE, &ramp(310.0, 0.9));
    assert_clear(&RULE, &healthy());
    // The others get more each because targets are gone; there are no more requests.
    let mut evidence = ramp(600.0, 0.9);
    set_series(&mut evidence, minutes("RequestCount", "Sum", |_| 900.0));
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_load_that_was_borne_before_is_not_it() {
    let mut evidence = ramp(900.0, 0.9);
    // As much at 09:30 to 10:20, without an error.
    set_series(
        &mut evidence,
        minutes("RequestCountPerTarget", "Sum", |m| {
            if (-10..40).contains(&m) { 900.0 } else { 300.0 }
        }),
    );
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_target_that_is_dead_is_not_it() {
    let mut evidence = ramp(900.0, 0.9);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for row in &mut value.rows {
            row.idle_ms = Some(120_000);
        }
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn errors_that_follow_load_after_slow_answers_are_proven() {
    let because = assert_found(&RULE, &ramp(900.0, 0.9), Strength::Proven);
    assert!(
        because.contains("at 900 per target a minute (median), 3.0 times the usual 300"),
        "{because}"
    );
    assert!(
        because.contains("0.90 s at 10:20:00, 9.0 times the usual 0.10 s"),
        "{because}"
    );
    assert_eq!(
        ask(&RULE, &ramp(900.0, 0.9)).findings[0].claims,
        Claims::Rows((0..48).collect())
    );
}

#[test]
fn without_slow_answers_first_it_is_likely() {
    assert_found(&RULE, &ramp(900.0, 0.1), Strength::Likely);
}

#[test]
fn somebody_who_stopped_targets_meanwhile_makes_it_likely() {
    let mut evidence = ramp(900.0, 0.9);
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:23:30"),
        name: "RebootInstances".to_owned(),
        who: "ines".to_owned(),
        resources: vec!["i-2".to_owned()],
        summary: String::new(),
        error: None,
    }]);
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(because.contains("RebootInstances by ines"), "{because}");
}

#[test]
fn what_was_not_seen_weakens_it_or_hides_it() {
    let mut evidence = ramp(900.0, 0.9);
    evidence.target_metrics = denied("cloudwatch:GetMetricData");
    assert_found(&RULE, &evidence, Strength::Possible);
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
}
