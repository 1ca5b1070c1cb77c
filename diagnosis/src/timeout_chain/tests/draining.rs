//! Drains, and the stops of ECS tasks.

use super::*;
use crate::evidence::{Change, TargetGroup, access_log::TargetCounts};

fn set_longest_answer(evidence: &mut Evidence, seconds: f64) {
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets[0].max_seconds = seconds;
    }
}

#[test]
fn an_export_of_400_s_is_longer_than_a_drain_of_300() {
    let mut evidence = quiet();
    set_idle_timeout(&mut evidence, 900);
    set_longest_answer(&mut evidence, 400.0);
    assert_eq!(broken(&evidence), [IN_FLIGHT]);
    let chain = chain(&evidence);
    let because = &one(&chain, IN_FLIGHT).because;
    assert_eq!(
        because,
        "A request was in flight for 400 s, a drain gives it 300 s; no drain cut one in this window."
    );
    let delay = hop(&evidence, "deregistration-delay:web");
    assert_eq!((delay.seconds, delay.safe_seconds), (Some(300), Some(800)));
    // Longer than AWS lets a drain be.
    set_idle_timeout(&mut evidence, 4_000);
    set_longest_answer(&mut evidence, 3_700.0);
    let delay = hop(&evidence, "deregistration-delay:web");
    assert_eq!(delay.safe_seconds, Some(3_600));
    assert!(delay.safe_because.contains("The most that AWS allows"));
}

#[test]
fn a_drain_that_cut_requests_reads_as_its_rule_does() {
    let mut evidence = quiet();
    set_delay(&mut evidence, WEB, 60);
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:20:00"),
        name: "DeregisterTargets".to_owned(),
        who: "deploy-bot".to_owned(),
        resources: vec![WEB.to_owned(), "i-2".to_owned()],
        summary: String::new(),
        error: None,
    }]);
    let rows = vec![hung_up("10:21:01", 2, 96.0), hung_up("10:21:02", 2, 63.5)];
    set_rows(&mut evidence, rows);
    assert_eq!(broken(&evidence), [IN_FLIGHT]);
    let finding = &diagnose(&evidence).findings[0];
    let delay = hop(&evidence, "deregistration-delay:web");
    assert_eq!(delay.safe_seconds, Some(192));
    assert!(finding.fix.summary.contains("192 s"), "{finding:#?}");
    assert_eq!(states(&evidence, [DRAINED]), [Holds]);
    // Whether anything was drained at all is not known: a request of 96 s is too long in any case.
    evidence.cloudtrail = denied("cloudtrail:LookupEvents");
    let chain = chain(&evidence);
    assert!(one(&chain, IN_FLIGHT).because.contains("cannot be told"));
    assert_eq!(one(&chain, DRAINED).state, CannotTell);
}

#[test]
fn groups_are_held_against_their_own_delays() {
    let mut evidence = quiet();
    let exports = WEB.replace("/web/", "/exports/");
    if let Observed::Seen { value, .. } = &mut evidence.target_groups {
        value.push(TargetGroup {
            arn: exports.clone(),
            name: "exports".to_owned(),
            ..value[0].clone()
        });
    }
    evidence
        .target_health
        .insert(exports.clone(), seen(Vec::new()));
    set_delay(&mut evidence, &exports, 10);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets.push(TargetCounts {
            target: "10.0.1.3:8080".to_owned(),
            target_group_arn: Some(exports.clone()),
            max_seconds: 31.0,
            ..value.targets[0].clone()
        });
    }
    let of_exports = "longest-request-below-deregistration-delay:exports";
    assert_eq!(broken(&evidence), [of_exports]);
    assert_eq!(states(&evidence, [IN_FLIGHT]), [Holds]);
    assert_eq!(
        hop(&evidence, "deregistration-delay:exports").safe_seconds,
        Some(62)
    );
    // A race in one group is none of the other's.
    set_rows(&mut evidence, lost(&[5_000]));
    assert_eq!(
        states(
            &evidence,
            [KEEP_ALIVE, "idle-timeout-below-target-keep-alive:exports"]
        ),
        [Broken, CannotTell]
    );
}

#[test]
fn a_task_that_gets_sigterm_first_needs_a_stop_timeout_above_the_delay() {
    let mut evidence = stopped_task(Some(30));
    assert_eq!(broken(&evidence), [""; 0]);
    assert_eq!(states(&evidence, [STOP, DRAINED]), [Holds, Holds]);
    let rows = (1..9).map(|n| hung_up(&format!("10:20:0{n}"), 2, 1.5));
    set_rows(&mut evidence, rows.collect());
    assert_eq!(broken(&evidence), [DRAINED, STOP]);
    let stop = hop(&evidence, "stop-timeout:web");
    assert_eq!(
        (stop.seconds, stop.source, stop.safe_seconds),
        (Some(30), Some(HopSource::Default), Some(305))
    );
    assert!(
        stop.because
            .starts_with("Set so in the task definition, or")
    );
    assert!(stop.safe_because.contains("Fargate allows 120 s at most"));
    // With time enough the stop itself is what is left.
    set_delay(&mut evidence, WEB, 20);
    assert_eq!(broken(&evidence), [DRAINED]);
}

#[test]
fn a_stop_timeout_that_was_not_read_is_not_the_default() {
    let evidence = stopped_task(None);
    assert_eq!(states(&evidence, [STOP]), [CannotTell]);
    assert_eq!(hop(&evidence, "stop-timeout:web").seconds, None);
    let mut evidence = stopped_task(Some(30));
    if let Observed::Seen { value, .. } = &mut evidence.ecs {
        value.stopped_tasks.clear();
    }
    let without_stops = chain(&evidence);
    let unseen = one(&without_stops, STOP);
    assert_eq!(unseen.state, CannotTell);
    assert!(unseen.missing[0].contains("none is known near the window"));
    evidence.ecs = denied("ecs:ListServices");
    let without_ecs = chain(&evidence);
    let id = "deregistration-delay-below-stop-timeout:not-seen";
    assert!(one(&without_ecs, id).missing[0].contains("ecs:ListServices"));
}

#[test]
fn a_health_check_that_notices_late_is_broken_with_the_rules_numbers() {
    let mut evidence = quiet();
    if let Observed::Seen { value, .. } = &mut evidence.target_groups {
        value[0].health_check.unhealthy_threshold = 5;
    }
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:20:00"),
        name: "StopInstances".to_owned(),
        who: "nightly-job".to_owned(),
        resources: vec!["i-2".to_owned()],
        summary: String::new(),
        error: None,
    }]);
    let rows = (0..14).map(|n| refused(&format!("10:2{}:{:02}", n / 6, (n % 6) * 10 + 5), 2));
    set_rows(&mut evidence, rows.collect());
    assert_eq!(broken(&evidence), [DRAINED, DETECTION]);
    let detection = hop(&evidence, "health-check-detection:web");
    assert_eq!(
        (detection.seconds, detection.safe_seconds),
        (Some(155), Some(25))
    );
    let findings = diagnose(&evidence).findings;
    let of_rule = findings
        .iter()
        .find(|finding| finding.rule == judges::SLOW_DETECTION)
        .unwrap();
    assert!(of_rule.because.contains("up to 155 s"), "{of_rule:#?}");
    assert!(of_rule.fix.summary.contains("25 s"), "{of_rule:#?}");
}
