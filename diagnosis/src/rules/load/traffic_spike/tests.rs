use chrono::TimeDelta;

use super::*;
use crate::{
    evidence::{
        Change, Evidence,
        metrics::{Point, Series},
    },
    fixture::{
        LOAD_BALANCER, ask, assert_cannot_tell, assert_clear, assert_found, at, denied, healthy,
        hung_up, seen, series, set_rows, set_series,
    },
    observed::Observed,
};

/// Minute by minute from 08:00 to 11:00.
fn requests(value: impl Fn(i64) -> f64) -> Series {
    let mut series = series(LOAD_BALANCER, "RequestCount", "Sum", &[]);
    series.points = (-120..60)
        .map(|minute| Point {
            at: at("10:00:00") + TimeDelta::minutes(minute),
            value: value(minute),
        })
        .collect();
    series
}

/// 500 requests a minute, `peak` from 10:20 to 10:35; targets hang up from 10:22 to 10:35.
fn spike(peak: f64) -> Evidence {
    let mut evidence = healthy();
    set_series(
        &mut evidence,
        requests(|m| if (20..35).contains(&m) { peak } else { 500.0 }),
    );
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        // As many as the metric counts.
        value.requests = 200_000;
    }
    let rows = (22..35)
        .flat_map(|minute| (1..=3).map(move |n| hung_up(&format!("10:{minute}:{n}5"), n, 2.0)))
        .collect();
    set_rows(&mut evidence, rows);
    evidence
}

#[test]
fn flat_traffic_is_the_near_miss() {
    assert_clear(&RULE, &spike(700.0));
    assert_clear(&RULE, &healthy());
}

#[test]
fn a_spike_that_is_served_is_no_fault() {
    let mut evidence = spike(4_000.0);
    set_rows(&mut evidence, Vec::new());
    assert_clear(&RULE, &evidence);
    let because = ask(&RULE, &evidence).because;
    assert!(
        because.contains("8.0 times the usual at 10:20:00, and they were served"),
        "{because}"
    );
}

#[test]
fn errors_that_begin_and_end_with_it_are_likely_its() {
    let evidence = spike(4_000.0);
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(
        because.contains("from 500 to 4,000 a minute (medians) at 10:20:00"),
        "{because}"
    );
    assert!(because.contains("39 of 39 errors"), "{because}");
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Rows((0..39).collect())
    );
}

#[test]
fn errors_at_other_times_as_well_have_another_cause() {
    let mut evidence = spike(4_000.0);
    let rows = (0..60)
        .map(|minute| hung_up(&format!("10:{minute:02}:15"), 1, 2.0))
        .collect();
    set_rows(&mut evidence, rows);
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_rise_that_was_borne_for_long_is_not_it() {
    let mut evidence = spike(4_000.0);
    set_series(
        &mut evidence,
        requests(|m| {
            if (-40..35).contains(&m) {
                4_000.0
            } else {
                500.0
            }
        }),
    );
    assert_clear(&RULE, &evidence);
}

#[test]
fn what_comes_every_day_is_no_spike() {
    let mut evidence = spike(4_000.0);
    if let Observed::Seen { value, .. } = &mut evidence.metrics {
        for series in value
            .series
            .iter_mut()
            .filter(|series| series.name == "RequestCount")
        {
            let mut points: Vec<Point> = series
                .points
                .iter()
                .map(|point| Point {
                    at: point.at - TimeDelta::days(1),
                    value: point.value,
                })
                .collect();
            points.append(&mut series.points);
            series.points = points;
        }
    }
    assert_clear(&RULE, &evidence);
    let because = ask(&RULE, &evidence).because;
    assert!(because.contains("on the day before"), "{because}");
}

#[test]
fn five_minute_periods_are_judged_alike() {
    let mut evidence = spike(4_000.0);
    let mut coarse = requests(|m| {
        if (20..35).contains(&m) {
            4_000.0
        } else {
            500.0
        }
    });
    coarse.period = 300;
    coarse.points = coarse
        .points
        .chunks(5)
        .map(|five| Point {
            at: five[0].at,
            value: five.iter().map(|point| point.value).sum(),
        })
        .collect();
    set_series(&mut evidence, coarse);
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(because.contains("in 5 minutes"), "{because}");
}

#[test]
fn rows_of_targets_that_were_stopped_are_not_counted_to_it() {
    let mut evidence = spike(4_000.0);
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:21:50"),
        name: "StopInstances".to_owned(),
        who: "ines".to_owned(),
        resources: (1..=3).map(|n| format!("i-{n}")).collect(),
        summary: String::new(),
        error: None,
    }]);
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(
        because.contains("stopped or changed just before"),
        "{because}"
    );
}

#[test]
fn unless_all_was_seen_it_is_only_possible() {
    for need in 0..3 {
        let mut evidence = spike(4_000.0);
        match need {
            0 => evidence.target_metrics = denied("cloudwatch:GetMetricData"),
            1 => evidence.cloudtrail = denied("cloudtrail:LookupEvents"),
            _ => evidence.instances = denied("ec2:DescribeInstances"),
        }
        assert_found(&RULE, &evidence, Strength::Possible);
        assert_eq!(ask(&RULE, &evidence).findings[0].claims, Claims::Nothing);
    }
    let mut evidence = spike(4_000.0);
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
}

#[test]
fn cpu_at_its_limit_is_the_answer_and_the_spike_its_background() {
    let mut evidence = spike(4_000.0);
    if let Observed::Seen { value, .. } = &mut evidence.target_metrics {
        for point in value
            .series
            .iter_mut()
            .flat_map(|series| &mut series.points)
        {
            if at("10:20:00") <= point.at && point.at < at("10:35:00") {
                point.value = 99.0;
            }
        }
    }
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("background"), "{because}");
}
