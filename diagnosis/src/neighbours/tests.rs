//! One code at a time, by the rows that it leaves.

use super::*;
use crate::{
    Evidence, diagnose,
    evidence::{
        LoadBalancerType,
        access_log::{FaultRow, OtherCode, base_rates::Dividing, other_codes::CodeReason},
    },
    fixture::*,
    observed::Observed,
};

/// A row of the load balancer's own, which arrived so many milliseconds before it ended.
fn own(status: u16, clock: &str, lasted: i64) -> FaultRow {
    let row = refused(clock, 1);
    FaultRow {
        elb_status_code: status,
        request_creation_time: Some(row.time - chrono::TimeDelta::milliseconds(lasted)),
        ..row
    }
}

fn of_rows(rows: Vec<FaultRow>) -> Vec<Neighbour> {
    let mut evidence = healthy();
    set_rows(&mut evidence, rows);
    checked(&evidence)
}

/// The neighbours, with their sums checked.
fn checked(evidence: &Evidence) -> Vec<Neighbour> {
    let all = diagnose(evidence).neighbours;
    for one in &all {
        let seen: u64 = one.seen.iter().map(|sign| sign.count).sum();
        let explained: u64 = one.explained.iter().map(|by| by.count).sum();
        assert_eq!(one.count, one.made_by_load_balancer + one.made_by_target);
        assert_eq!(seen, one.count, "{one:?}");
        assert_eq!(
            explained + one.unexplained + as_told(one),
            one.made_by_load_balancer
        );
    }
    all
}

fn as_told(neighbour: &Neighbour) -> u64 {
    let mut signs = neighbour.seen.iter();
    signs
        .find(|sign| sign.id == FIXED_RESPONSE)
        .map_or(0, |sign| sign.count)
}

fn signs(neighbour: &Neighbour) -> Vec<(&str, u64)> {
    neighbour
        .seen
        .iter()
        .map(|sign| (sign.id.as_str(), sign.count))
        .collect()
}

#[test]
fn nothing_but_502s_has_no_neighbours() {
    assert_eq!(of_rows(vec![refused("10:10:00", 1)]), []);
}

#[test]
fn a_504_is_told_by_the_clock_that_ran_out() {
    let no_answer = FaultRow {
        request_processing_time: Some(0.0),
        ..own(504, "10:12:00", 60_010)
    };
    let passed_on = FaultRow {
        target_status_code: Some(504),
        ..own(504, "10:13:00", 3_000)
    };
    let all = of_rows(vec![
        own(504, "10:10:00", 10_004),
        own(504, "10:11:00", 10_004),
        no_answer.clone(),
        passed_on,
        FaultRow {
            request_creation_time: None,
            count: 7,
            ..no_answer
        },
    ]);
    assert_eq!(all.len(), 1);
    assert_eq!(
        signs(&all[0]),
        [
            ("connect-timed-out", 2),
            ("no-answer", 1),
            ("wait-unknown", 7),
            ("passed-on", 1)
        ]
    );
    assert!(all[0].seen[1].shows.contains("60.01 s"), "{all:?}");
}

#[test]
fn equal_limits_are_told_by_the_times_that_are_missing() {
    let mut evidence = healthy();
    if let Observed::Seen { value, .. } = &mut evidence.attributes {
        value.idle_timeout = 10;
    }
    let connected = FaultRow {
        request_processing_time: Some(0.0),
        ..own(504, "10:12:00", 10_001)
    };
    set_rows(&mut evidence, vec![own(504, "10:10:00", 10_004), connected]);
    assert_eq!(
        signs(&checked(&evidence)[0]),
        [("connect-timed-out", 1), ("no-answer", 1)]
    );
}

#[test]
fn behind_https_the_handshake_may_have_timed_out_too() {
    let mut evidence = healthy();
    if let Observed::Seen { value, .. } = &mut evidence.target_groups {
        value[0].protocol = Some("HTTPS".to_owned());
    }
    set_rows(&mut evidence, vec![own(504, "10:10:00", 10_004)]);
    assert_eq!(
        signs(&checked(&evidence)[0]),
        [("connect-or-handshake-timed-out", 1)]
    );
}

#[test]
fn a_503_is_told_by_what_there_was_to_choose() {
    let unchosen = FaultRow {
        target: None,
        ..own(503, "10:10:00", 1)
    };
    let maintenance = FaultRow {
        actions_executed: "waf,fixed-response".to_owned(),
        target_group_arn: None,
        ..unchosen.clone()
    };
    let all = of_rows(vec![unchosen.clone(), maintenance, own(503, "10:11:00", 1)]);
    assert_eq!(
        signs(&all[0]),
        [
            ("fixed-response", 1),
            ("group-has-targets", 1),
            ("names-a-target", 1)
        ]
    );
    let mut evidence = healthy();
    set_health(
        &mut evidence,
        vec![target(1, "unused", Some("Target.NotInUse"))],
    );
    set_rows(&mut evidence, vec![unchosen]);
    let all = checked(&evidence);
    assert_eq!(signs(&all[0]), [("group-empty", 1)]);
    assert!(all[0].seen[0].shows.ends_with("web (1)"), "{all:?}");
}

#[test]
fn a_460_at_one_time_is_a_time_out_and_at_any_time_none() {
    let minutes = 10..40;
    let at_30_s = minutes
        .clone()
        .map(|minute| own(460, &format!("10:{minute}:00"), 30_000 + minute));
    let all = of_rows(at_30_s.collect());
    assert_eq!(signs(&all[0]), [("client-time-out", 30)]);
    let shows = &all[0].seen[0].shows;
    assert!(shows.contains("gather at 30.03 s"), "{shows}");
    assert!(shows.contains("idle timeout of 60 s"), "{shows}");
    let anywhere = minutes.map(|minute| own(460, &format!("10:{minute}:00"), (minute - 9) * 1_700));
    assert_eq!(signs(&of_rows(anywhere.collect())[0]), [("went-away", 30)]);
}

#[test]
fn a_464_is_told_by_type_and_version() {
    let mut evidence = healthy();
    if let Observed::Seen { value, .. } = &mut evidence.target_groups {
        value[0].protocol_version = Some("GRPC".to_owned());
    }
    let of = |kind: &str, method: &str| FaultRow {
        kind: kind.to_owned(),
        method: method.to_owned(),
        ..own(464, "10:10:00", 1)
    };
    let rows = vec![of("h2", "GET"), of("h2", "POST"), of("https", "POST")];
    set_rows(&mut evidence, rows);
    let all = checked(&evidence);
    assert_eq!(
        signs(&all[0]),
        [
            ("http1-to-newer-group", 1),
            ("not-post-to-grpc-group", 1),
            ("no-conflict-seen", 1)
        ]
    );
    assert_eq!(all[0].explained[0].rule, "protocol-version-mismatch");
    assert_eq!((all[0].unexplained, all[0].look_at.as_str()), (0, ""));
}

#[test]
fn a_500_is_told_by_its_reason_or_as_the_applications_own() {
    let of = |reason: &str| FaultRow {
        error_reason: Some(reason.to_owned()),
        ..own(500, "10:10:00", 1)
    };
    let passed_on = FaultRow {
        target_status_code: Some(500),
        ..own(500, "10:13:00", 30)
    };
    let all = of_rows(vec![
        of("WAFConnectionTimeout"),
        of("WAFConnectionTimeout"),
        of("AuthUserinfoResponseSizeExceeded"),
        of("<script>"),
        passed_on.clone(),
    ]);
    assert_eq!(
        signs(&all[0]),
        [
            ("WAFConnectionTimeout", 2),
            ("AuthUserinfoResponseSizeExceeded", 1),
            ("other-reasons", 1),
            ("passed-on", 1)
        ]
    );
    assert!(all[0].look_at.contains("web ACL"));
    let all = of_rows(vec![passed_on]);
    assert_eq!(signs(&all[0]), [("passed-on", 1)]);
    assert!(all[0].look_at.contains("application's own log"));
}

#[test]
fn a_code_without_rows_is_told_by_maker_and_classification() {
    let mut evidence = healthy();
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.other_codes = vec![OtherCode {
            status: 400,
            made_by_load_balancer: 9,
            made_by_target: 40,
            reasons: vec![CodeReason {
                reason: "BadContentLength".to_owned(),
                classification: Some("Severe".to_owned()),
                count: 5,
            }],
        }];
    }
    let all = checked(&evidence);
    assert_eq!(
        signs(&all[0]),
        [("BadContentLength", 5), ("no-reason", 4), ("passed-on", 40)]
    );
    assert!(all[0].seen[0].tells.contains("defensive"), "{all:?}");
}

#[test]
fn without_a_log_cloudwatch_counts_what_it_can() {
    let mut evidence = healthy();
    evidence.access_log = denied("s3:GetObject");
    let sums = [
        ("HTTPCode_ELB_502_Count", 2.0),
        ("HTTPCode_ELB_504_Count", 5.0),
        ("HTTPCode_ELB_5XX_Count", 10.0),
        ("HTTPCode_Target_5XX_Count", 4.0),
    ];
    for (name, n) in sums {
        set_series(
            &mut evidence,
            series(LOAD_BALANCER, name, "Sum", &[("10:10:00", n)]),
        );
    }
    let all = checked(&evidence);
    let counts: Vec<(&str, u64, u64)> = all
        .iter()
        .map(|one| {
            (
                one.code.as_str(),
                one.made_by_load_balancer,
                one.made_by_target,
            )
        })
        .collect();
    assert_eq!(counts, [("504", 5, 0), ("5XX", 3, 4)]);
    assert_eq!(signs(&all[1]), [("counted-by-metric", 3), ("passed-on", 4)]);
}

#[test]
fn a_classic_504_is_told_by_the_routes() {
    let mut evidence = healthy();
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    set_base(
        &mut evidence,
        Dividing::Route,
        &[("GET /cart", 29_000, 0), ("GET /print", 900, 0)],
    );
    let of = |url: &str, minute: u8| FaultRow {
        target: None,
        target_group_arn: None,
        request_creation_time: None,
        url: url.to_owned(),
        ..own(504, &format!("10:{minute}:00"), 0)
    };
    let rows = (10..20).map(|minute| of("/print", minute));
    let rows = rows.chain((20..30).map(|minute| of("/cart", minute)));
    set_rows(&mut evidence, rows.collect());
    let all = checked(&evidence);
    assert_eq!(
        signs(&all[0]),
        [("gather-on-a-route", 10), ("spread-over-routes", 10)]
    );
    assert!(all[0].seen[0].shows.ends_with("on GET /print"), "{all:?}");
}
