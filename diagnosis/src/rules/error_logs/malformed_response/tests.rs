use super::*;
use crate::{
    evidence::{
        AppLog, Change, LoadBalancerType,
        access_log::{FaultRow, base_rates::FailingRoute},
        app_log::AppLogLine,
    },
    fixture::*,
    observed::Observed,
};

/// `n` lost answers of `/export`, 40 s apart, on three targets that answer 10,000 requests each.
/// `works` requests to it are answered.
fn lost(n: usize, works: u64) -> crate::Evidence {
    let mut evidence = healthy();
    let rows = (0..n)
        .map(|n| FaultRow {
            url: format!("/export/{n}"),
            client: format!("198.51.100.{}", n % 7),
            ..hung_up(
                &format!("10:{:02}:{:02}", n * 40 / 60 % 60, n * 40 % 60),
                u8::try_from(1 + n % 3).unwrap(),
                0.12,
            )
        })
        .collect();
    set_rows(&mut evidence, rows);
    let failed = n as u64;
    set_base(
        &mut evidence,
        Dividing::Route,
        &[
            ("GET /export/*", failed + works, failed),
            ("GET /", 29_000, 0),
        ],
    );
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        let counts = RouteCounts {
            requests: (failed + works) / 3,
            failed: failed / 3,
        };
        let slot = RouteCounts {
            requests: (failed + works) / 16,
            failed: failed / 16,
        };
        value.base_rates.routes = vec![FailingRoute {
            route: "GET /export/*".to_owned(),
            slots: vec![slot; 16],
            targets: (1..=3)
                .map(|n| (format!("10.0.1.{n}:8080"), counts))
                .collect(),
        }];
    }
    evidence
}

fn edit(evidence: &mut crate::Evidence) -> &mut AccessLog {
    match &mut evidence.access_log {
        Observed::Seen { value, .. } => value,
        _ => panic!("no log"),
    }
}

#[test]
fn a_route_that_works_on_another_target_is_the_near_miss() {
    let mut evidence = lost(48, 0);
    for row in &mut edit(&mut evidence).rows {
        row.target = Some("10.0.1.1:8080".to_owned());
    }
    let targets = &mut edit(&mut evidence).base_rates.routes[0].targets;
    for (_, counts) in &mut targets[1..] {
        counts.failed = 0;
    }
    let answer = ask(&RULE, &evidence);
    assert_clear(&RULE, &evidence);
    assert!(
        answer.because.contains("works on 10.0.1.2:8080"),
        "{}",
        answer.because
    );
}

#[test]
fn a_route_that_always_fails_beside_others_that_do_not_is_likely() {
    let because = assert_found(&RULE, &lost(48, 0), Strength::Likely);
    assert!(
        because.contains("GET /export/* lost 100 % of 48 requests")
            || because.contains("GET /export/* lost 100 % of 42 requests"),
        "{because}"
    );
    let fix = &ask(&RULE, &lost(48, 0)).findings[0].fix;
    assert!(
        fix.cli[0].contains("-X GET 'http://10.0.1.1:8080/export/*'"),
        "{}",
        fix.cli[0]
    );
}

#[test]
fn a_route_that_fails_now_and_then_is_not_it() {
    assert_clear(&RULE, &lost(48, 4_800));
}

#[test]
fn a_race_on_a_route_is_not_it() {
    // Half of them work, and what fails fails at once.
    let mut evidence = lost(48, 48);
    for row in &mut edit(&mut evidence).rows {
        row.target_processing_time = Some(0.001);
    }
    assert_clear(&RULE, &evidence);
    // After a while in the application it may be the data.
    assert_found(&RULE, &lost(48, 48), Strength::Likely);
}

#[test]
fn what_ends_each_time_after_half_a_minute_was_timed_out() {
    for works in [0, 48] {
        let mut evidence = lost(48, works);
        for (n, row) in (0_u32..).zip(&mut edit(&mut evidence).rows) {
            row.target_processing_time = Some(30.0 + f64::from(n % 10) / 10.0);
        }
        assert_clear(&RULE, &evidence);
        let because = ask(&RULE, &evidence).because;
        assert!(because.contains("after 30 s each time"), "{because}");
        // Answers that take their time take each its own.
        for (n, row) in (0_u32..).zip(&mut edit(&mut evidence).rows) {
            row.target_processing_time = Some(8.0 + f64::from(n % 10));
        }
        assert_found(&RULE, &evidence, Strength::Likely);
    }
}

#[test]
fn behind_a_proxy_everybody_is_one_client() {
    let mut evidence = lost(48, 48);
    for row in &mut edit(&mut evidence).rows {
        row.client = "203.0.113.7".to_owned();
    }
    set_base(&mut evidence, Dividing::Client, &[("203.0.113.7", 300, 48)]);
    assert_clear(&RULE, &evidence);
    let all = edit(&mut evidence).requests;
    set_base(&mut evidence, Dividing::Client, &[("203.0.113.7", all, 48)]);
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn all_routes_of_a_target_fail_and_it_is_the_target() {
    let mut evidence = lost(48, 0);
    for (n, row) in edit(&mut evidence).rows.iter_mut().enumerate() {
        if n % 2 == 0 {
            row.url = "/".to_owned();
        }
    }
    for target in &mut edit(&mut evidence).targets {
        target.requests = 30;
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn routes_that_break_together_broke_with_their_process() {
    let mut evidence = lost(24, 0);
    let mut more: Vec<FaultRow> = edit(&mut evidence).rows.clone();
    for row in &mut more {
        row.url = "/import".to_owned();
        row.time += chrono::TimeDelta::seconds(2);
    }
    edit(&mut evidence).rows.extend(more);
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_restart_at_the_time_of_each_row_is_the_narrower_cause() {
    let mut evidence = lost(24, 0);
    let lines = edit(&mut evidence)
        .rows
        .iter()
        .map(|row| AppLogLine {
            at: row.time,
            group: "/exports".to_owned(),
            stream: "1".to_owned(),
            message: "worker 7 was killed".to_owned(),
        })
        .collect();
    evidence.app_log = seen(AppLog {
        groups: vec!["/exports".to_owned()],
        lines,
    });
    assert_clear(&RULE, &evidence);
    let mut evidence = lost(3, 0);
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:00:30"),
        name: "RebootInstances".to_owned(),
        who: "ines".to_owned(),
        resources: vec!["i-1".to_owned(), "i-2".to_owned(), "i-3".to_owned()],
        summary: "RebootInstances".to_owned(),
        error: None,
    }]);
    assert_clear(&RULE, &evidence);
}

/// A second after each of the first lost answers, so many, something else breaks on the same target.
fn beside(evidence: &mut crate::Evidence, of: usize, change: impl Fn(&mut FaultRow)) {
    let mut more: Vec<FaultRow> = edit(evidence).rows[..of].to_vec();
    for row in &mut more {
        row.time += chrono::TimeDelta::seconds(1);
        row.client = "203.0.113.80".to_owned();
        change(row);
    }
    let rows = &mut edit(evidence).rows;
    rows.extend(more);
    rows.sort_by_key(|row| row.time);
}

#[test]
fn a_few_that_take_others_with_them_are_crashes() {
    let mut evidence = lost(48, 0);
    beside(&mut evidence, 3, |row| row.url = "/".to_owned());
    assert_clear(&RULE, &evidence);
    let because = ask(&RULE, &evidence).because;
    assert!(
        because.contains("3 of 48 broke within seconds of other failures of the same target"),
        "{because}"
    );
}

#[test]
fn a_port_that_is_shut_right_after_is_a_restart() {
    let mut evidence = lost(48, 0);
    beside(&mut evidence, 6, |row| {
        let shut = refused("10:00:00", 1);
        row.url = "/".to_owned();
        row.time += chrono::TimeDelta::seconds(11);
        row.request_processing_time = shut.request_processing_time;
        row.target_processing_time = shut.target_processing_time;
    });
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_few_lines_of_restarts_beside_the_rows_are_crashes() {
    let mut evidence = lost(48, 0);
    let lines = edit(&mut evidence).rows[..3]
        .iter()
        .map(|row| AppLogLine {
            at: row.time,
            group: "/exports".to_owned(),
            stream: "1".to_owned(),
            message: "Segmentation fault (core dumped)".to_owned(),
        })
        .collect();
    evidence.app_log = seen(AppLog {
        groups: vec!["/exports".to_owned()],
        lines,
    });
    assert_clear(&RULE, &evidence);
}

#[test]
fn other_failures_of_the_targets_fall_beside_it_by_chance() {
    let mut evidence = lost(48, 0);
    // Another fault of the same targets, once in two minutes each: a few come close.
    let others = (0..30).map(|n| FaultRow {
        url: "/".to_owned(),
        ..hung_up(
            &format!("10:{:02}:{:02}", n * 2, n * 7 % 60),
            1 + n % 3,
            0.001,
        )
    });
    edit(&mut evidence).rows.extend(others);
    edit(&mut evidence).rows.sort_by_key(|row| row.time);
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn it_says_that_a_crash_may_leave_the_same_trace() {
    let because = assert_found(&RULE, &lost(48, 0), Strength::Likely);
    assert!(
        because.contains("would leave the same rows, and the application's log"),
        "{because}"
    );
}

#[test]
fn a_service_with_one_route_says_nothing_of_it() {
    let mut evidence = lost(48, 0);
    for target in &mut edit(&mut evidence).targets {
        target.requests = 16;
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_deploy_may_break_it_in_the_middle() {
    let slot = |requests, failed| RouteCounts { requests, failed };
    let slots = [
        slot(50, 0),
        slot(50, 0),
        slot(50, 20),
        slot(50, 50),
        slot(50, 50),
        slot(30, 30),
    ];
    assert_eq!(since_it_fails(&slots), slot(100, 100));
    assert_eq!(since_it_fails(&slots[..3]), slot(50, 20));
    assert_eq!(since_it_fails(&[]), slot(0, 0));
}

#[test]
fn rows_past_the_cap_belong_to_the_route_that_has_nearly_all() {
    let mut evidence = lost(48, 0);
    let mut merged = edit(&mut evidence).rows[0].clone();
    merged.count = 500;
    merged.method.clear();
    merged.url.clear();
    merged.client.clear();
    edit(&mut evidence).rows.push(merged);
    let finding = &ask(&RULE, &evidence).findings[0];
    assert_eq!(
        finding.claims,
        Claims::Rows((0..49).collect()),
        "{finding:#?}"
    );
}

#[test]
fn on_classic_a_502_says_it_itself() {
    let mut evidence = lost(3, 0);
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(because.contains("cannot parse"), "{because}");
}

#[test]
fn without_the_log_or_its_counts_it_cannot_be_told() {
    let mut evidence = lost(48, 0);
    edit(&mut evidence).base_rates = Default::default();
    assert_cannot_tell(&RULE, &evidence, "requests by route");
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
