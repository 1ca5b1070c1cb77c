//! Incidents and quiet hours, and what the chain says of each.

use super::*;
use crate::{
    Evidence, diagnose,
    evidence::{
        Change, Ecs, LoadBalancerType, TargetGroup, TargetGroupAttributes,
        access_log::{FaultRow, TargetCounts},
        ecs::{EcsService, StoppedTask},
    },
    fixture::*,
    observed::Observed,
    question,
    rules::lambda::fixture::{failed, function_behind, set_counted, set_function},
};
use InequalityState::{Broken, CannotTell, Holds};

const KEEP_ALIVE: &str = "idle-timeout-below-target-keep-alive:web";
const ANSWERS: &str = "longest-answer-below-idle-timeout";
const IN_FLIGHT: &str = "longest-request-below-deregistration-delay:web";
const DRAINED: &str = "drain-over-before-stop:web";
const DETECTION: &str = "detection-below-shutdown:web";
const STOP: &str = "deregistration-delay-below-stop-timeout:web";
const RUNS: &str = "longest-run-below-function-timeout:orders";
const PATIENCE: &str = "function-timeout-below-idle-timeout:orders";

fn chain(evidence: &Evidence) -> TimeoutChain {
    let chain = diagnose(evidence).timeout_chain;
    assert_eq!(chain, judges::ask(&Case::new(evidence)));
    for one in &chain.inequalities {
        assert!(chain.hop(&one.hop).is_some(), "{one:#?}");
        assert!(one.because.ends_with('.'), "{one:#?}");
        assert_eq!(one.missing.is_empty(), one.state != CannotTell, "{one:#?}");
    }
    for hop in &chain.hops {
        assert_eq!(hop.seconds.is_none(), hop.not_known.is_some(), "{hop:#?}");
        assert!(!hop.because.is_empty() && !hop.safe_because.is_empty());
    }
    chain
}

fn one<'a>(chain: &'a TimeoutChain, id: &str) -> &'a Inequality {
    let found = chain.inequalities.iter().find(|one| one.id == id);
    found.unwrap_or_else(|| panic!("no {id} in {:#?}", chain.inequalities))
}

fn states<const N: usize>(evidence: &Evidence, ids: [&str; N]) -> [InequalityState; N] {
    let chain = chain(evidence);
    ids.map(|id| one(&chain, id).state)
}

fn broken(evidence: &Evidence) -> Vec<String> {
    let chain = chain(evidence);
    chain.broken().map(|one| one.id.clone()).collect()
}

fn hop(evidence: &Evidence, id: &str) -> Hop {
    let chain = chain(evidence);
    chain.hop(id).unwrap_or_else(|| panic!("no {id}")).clone()
}

fn set_delay(evidence: &mut Evidence, group: &str, seconds: u32) {
    let attributes = TargetGroupAttributes {
        deregistration_delay: seconds,
        ..TargetGroupAttributes::default()
    };
    let all = &mut evidence.target_group_attributes;
    all.insert(group.to_owned(), seen(attributes));
}

fn set_idle_timeout(evidence: &mut Evidence, seconds: u32) {
    if let Observed::Seen { value, .. } = &mut evidence.attributes {
        value.idle_timeout = seconds;
    }
}

fn set_longest_answer(evidence: &mut Evidence, seconds: f64) {
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.targets[0].max_seconds = seconds;
    }
}

fn answer(evidence: &mut Evidence, seconds: &str) {
    let question = question::TARGET_KEEP_ALIVE_SECONDS.to_owned();
    evidence.answers.insert(question, seconds.to_owned());
}

/// A quiet hour, with the deregistration delay that AWS begins with.
fn quiet() -> Evidence {
    let mut evidence = healthy();
    set_delay(&mut evidence, WEB, 300);
    evidence
}

/// Requests that each came so many milliseconds after the target's last answer, and were lost.
fn lost(gaps: &[u64]) -> Vec<FaultRow> {
    (0..46)
        .map(|n| {
            let clock = format!("10:{n:02}:{:02}", (n * 7) % 60);
            let target = 1 + u8::try_from(n % 2).unwrap();
            let mut row = hung_up(&clock, target, 0.001);
            row.idle_ms = Some(gaps[n % gaps.len()]);
            row
        })
        .collect()
}

fn race() -> Evidence {
    let mut evidence = quiet();
    set_rows(&mut evidence, lost(&[5_000]));
    evidence
}

/// Answers that did not come within 60 s.
fn cut() -> Vec<FaultRow> {
    (0..6)
        .map(|n| {
            let mut row = hung_up(&format!("10:2{n}:00"), 1 + n % 3, 60.002);
            row.elb_status_code = 504;
            row
        })
        .collect()
}

#[test]
fn in_a_quiet_hour_nothing_is_broken_and_what_nobody_saw_is_not_said_to_hold() {
    let evidence = quiet();
    assert_eq!(broken(&evidence), [""; 0]);
    assert_eq!(
        states(
            &evidence,
            [ANSWERS, KEEP_ALIVE, IN_FLIGHT, DRAINED, DETECTION]
        ),
        [Holds, CannotTell, Holds, CannotTell, CannotTell]
    );
    let chain = chain(&evidence);
    let hops: Vec<(&str, Option<u64>, Option<u64>)> = chain
        .hops
        .iter()
        .map(|hop| (hop.id.as_str(), hop.seconds, hop.safe_seconds))
        .collect();
    assert_eq!(
        hops,
        [
            ("client-keep-alive", Some(3_600), Some(3_600)),
            ("idle-timeout", Some(60), Some(60)),
            ("connect-timeout", Some(10), Some(10)),
            ("target-keep-alive:web", None, Some(65)),
            ("deregistration-delay:web", Some(300), Some(300)),
            ("health-check-detection:web", Some(65), Some(65)),
        ]
    );
    assert_eq!(
        one(&chain, IN_FLIGHT).in_words(),
        "longest request in flight seen (0.40 s) < deregistration delay (300 s)"
    );
    let client = chain.hop("client-keep-alive").unwrap();
    assert!(client.safe_because.contains("no inequality binds it"));
    assert!(chain.inequalities.iter().all(|one| one.hop != client.id));
}

#[test]
fn servers_that_close_after_5_s_break_the_chain_at_60() {
    let evidence = race();
    assert_eq!(broken(&evidence), [KEEP_ALIVE]);
    let chain = chain(&evidence);
    let race = one(&chain, KEEP_ALIVE);
    assert_eq!(
        race.in_words(),
        "idle timeout (60 s) < keep-alive of the targets (5 s)"
    );
    assert_eq!(
        (&race.codes[..], race.rule.as_deref()),
        (&[502][..], Some(judges::KEEP_ALIVE))
    );
    // In the rule's own words.
    let finding = &diagnose(&evidence).findings[0];
    assert_eq!(race.because, format!("{}.", finding.title));
    let server = hop(&evidence, "target-keep-alive:web");
    assert_eq!(server.source, Some(HopSource::Estimate));
    assert_eq!((server.seconds, server.safe_seconds), (Some(5), Some(65)));
    assert!(finding.fix.summary.contains("65 s"));
    let idle = hop(&evidence, "idle-timeout");
    assert_eq!(idle.safe_seconds, Some(60));
    assert!(idle.safe_because.contains("Until then 4 s"), "{idle:#?}");
}

#[test]
fn safe_numbers_are_safe_together() {
    let mut evidence = race();
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.rows.extend(cut());
        value.rows.sort_by_key(|row| row.time);
    }
    assert_eq!(states(&evidence, [ANSWERS, KEEP_ALIVE]), [Broken, Broken]);
    // The idle timeout has to rise above the slow answers, and the keep-alive above that.
    assert_eq!(hop(&evidence, "idle-timeout").safe_seconds, Some(120));
    let server = hop(&evidence, "target-keep-alive:web");
    assert_eq!(server.safe_seconds, Some(125));
}

#[test]
fn two_kinds_of_server_are_several_values() {
    let mut evidence = quiet();
    let mut rows = lost(&[5_000]);
    for row in rows.iter_mut().skip(1).step_by(2) {
        row.idle_ms = Some(20_000);
    }
    set_rows(&mut evidence, rows);
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for counts in &mut value.targets {
            counts.requests = 100;
        }
    }
    assert_eq!(broken(&evidence), [KEEP_ALIVE]);
    let server = hop(&evidence, "target-keep-alive:web");
    assert_eq!(server.not_known, Some(NotKnown::Several));
    assert!(server.because.contains("20 s"), "{server:#?}");
}

#[test]
fn a_keep_alive_that_nobody_knows_never_holds() {
    let mut evidence = quiet();
    let chain = chain(&evidence);
    let unknown = one(&chain, KEEP_ALIVE);
    assert!(unknown.missing[0].contains("answer the question"));
    assert_eq!(
        hop(&evidence, "target-keep-alive:web").not_known,
        Some(NotKnown::NotInAws)
    );
    evidence.access_log = denied("s3:GetObject");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [CannotTell]);
}

#[test]
fn a_persons_answer_counts_as_long_as_nothing_seen_speaks_against_it() {
    let mut evidence = quiet();
    answer(&mut evidence, "75");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [Holds]);
    assert_eq!(
        hop(&evidence, "target-keep-alive:web").source,
        Some(HopSource::Answer)
    );
    // A tie is lost now and then.
    answer(&mut evidence, "60");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [Broken]);
    answer(&mut evidence, "5");
    let at_risk = chain(&evidence);
    let because = &one(&at_risk, KEEP_ALIVE).because;
    assert!(because.contains("no request of this window was lost"));
    // The log says 5 s, whoever answered 75.
    let mut evidence = race();
    answer(&mut evidence, "75");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [Broken]);
    // 502s that nobody can look into.
    evidence.access_log = denied("s3:GetObject");
    let counted = series(
        LOAD_BALANCER,
        "HTTPCode_ELB_502_Count",
        "Sum",
        &[("10:20:00", 46.0)],
    );
    set_series(&mut evidence, counted);
    let chain = chain(&evidence);
    let open = one(&chain, KEEP_ALIVE);
    assert_eq!(open.state, CannotTell);
    assert!(
        open.missing
            .iter()
            .any(|words| words.contains("s3:GetObject"))
    );
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
fn what_was_denied_cannot_be_told() {
    let mut evidence = quiet();
    answer(&mut evidence, "75");
    evidence.attributes = denied("elasticloadbalancing:DescribeLoadBalancerAttributes");
    assert_eq!(
        states(&evidence, [ANSWERS, KEEP_ALIVE]),
        [CannotTell, CannotTell]
    );
    let idle = hop(&evidence, "idle-timeout");
    assert_eq!(idle.not_known, Some(NotKnown::Denied));
    assert!(idle.because.contains("DescribeLoadBalancerAttributes"));
    assert_eq!((idle.safe_seconds, &idle.cites[..]), (None, &[1][..]));

    let mut evidence = quiet();
    let refused = denied("elasticloadbalancing:DescribeTargetGroupAttributes");
    let all = &mut evidence.target_group_attributes;
    all.insert(WEB.to_owned(), refused);
    let chain = chain(&evidence);
    let open = one(&chain, IN_FLIGHT);
    assert_eq!(open.state, CannotTell);
    assert!(open.missing[0].contains("DescribeTargetGroupAttributes"));

    let mut evidence = race();
    evidence.target_groups = denied("elasticloadbalancing:DescribeTargetGroups");
    let unseen = "idle-timeout-below-target-keep-alive:not-seen";
    // The rows say so whatever the group is called.
    assert_eq!(broken(&evidence), [unseen]);
    let mut evidence = quiet();
    evidence.target_groups = denied("elasticloadbalancing:DescribeTargetGroups");
    assert_eq!(states(&evidence, [unseen]), [CannotTell]);
}

#[test]
fn before_any_step_ran_nothing_is_known() {
    let mut evidence = Evidence::new(
        healthy().load_balancer,
        healthy().window,
        healthy().observed_at,
    );
    let chain = chain(&evidence);
    assert!(chain.inequalities.iter().all(|one| one.state == CannotTell));
    assert_eq!(
        hop(&evidence, "idle-timeout").not_known,
        Some(NotKnown::NotAsked)
    );
    evidence.attributes = healthy().attributes;
    assert_eq!(hop(&evidence, "idle-timeout").seconds, Some(60));
}

/// One service of tasks behind `web`; the task at 10.0.1.2 was stopped at 10:20.
fn stopped_task(stop_timeout: Option<u32>) -> Evidence {
    let mut evidence = quiet();
    evidence.ecs = seen(Ecs {
        services: vec![EcsService {
            name: "web".to_owned(),
            target_group_arns: vec![WEB.to_owned()],
            stop_timeout,
            ..EcsService::default()
        }],
        stopped_tasks: vec![StoppedTask {
            arn: "arn:aws:ecs:eu-west-1:111122223333:task/main/1a2b".to_owned(),
            service: Some("web".to_owned()),
            ip: Some("10.0.1.2".to_owned()),
            stopping_at: Some(at("10:20:00")),
            stopped_at: Some(at("10:20:31")),
            stop_code: Some("UserInitiated".to_owned()),
            ..StoppedTask::default()
        }],
    });
    evidence
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

#[test]
fn a_function_that_reaches_its_timeout_breaks_the_chain_there() {
    let mut evidence = function_behind();
    assert_eq!(broken(&evidence), [""; 0]);
    assert_eq!(states(&evidence, [RUNS, PATIENCE]), [Holds, Holds]);
    // There is no connection to keep, and nothing to drain.
    let ids: Vec<String> = chain(&evidence)
        .hops
        .into_iter()
        .map(|hop| hop.id)
        .collect();
    assert_eq!(
        ids,
        [
            "client-keep-alive",
            "idle-timeout",
            "function-timeout:orders"
        ]
    );
    set_counted(&mut evidence, "Duration", &[("10:21:00", 3_004.0)]);
    // Another caller's run may have been that long.
    assert_eq!(states(&evidence, [RUNS]), [CannotTell]);
    set_counted(&mut evidence, "Errors", &[("10:21:00", 1.0)]);
    let rows = vec![failed("10:21:40", "LambdaUnhandled", 3.02)];
    set_rows(&mut evidence, rows);
    assert_eq!(broken(&evidence), [RUNS]);
    let function = hop(&evidence, "function-timeout:orders");
    assert_eq!(
        (function.seconds, function.safe_seconds),
        (Some(3), Some(6))
    );
    assert_eq!(hop(&evidence, "idle-timeout").safe_seconds, Some(60));
    // Raised above the idle timeout, it takes that with it.
    set_idle_timeout(&mut evidence, 5);
    assert_eq!(hop(&evidence, "idle-timeout").safe_seconds, Some(11));
}

#[test]
fn what_a_function_outlasts_is_not_documented_and_so_not_said() {
    let mut evidence = function_behind();
    set_function(&mut evidence, |function| function.timeout = Some(90));
    let chain = chain(&evidence);
    let patience = one(&chain, PATIENCE);
    assert_eq!((patience.state, &patience.rule), (CannotTell, &None));
    assert!(patience.missing[0].contains("does not document"));
    evidence.lambda_functions = denied("lambda:GetFunctionConfiguration");
    assert_eq!(states(&evidence, [RUNS, PATIENCE]), [CannotTell; 2]);
    let mut evidence = function_behind();
    evidence.target_metrics = denied("cloudwatch:GetMetricData");
    assert_eq!(states(&evidence, [RUNS]), [CannotTell]);
}

fn classic() -> Evidence {
    let mut evidence = healthy();
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    if let Observed::Seen { value, .. } = &mut evidence.attributes {
        value.client_keep_alive = None;
        value.connection_draining = Some(300);
    }
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        for counts in &mut value.targets {
            counts.target_group_arn = None;
        }
    }
    evidence
}

#[test]
fn on_classic_the_race_is_504_and_draining_may_be_off() {
    let mut evidence = classic();
    assert_eq!(broken(&evidence), [""; 0]);
    assert_eq!(states(&evidence, [IN_FLIGHT]), [Holds]);
    let ids: Vec<String> = chain(&evidence)
        .hops
        .into_iter()
        .map(|hop| hop.id)
        .collect();
    assert!(!ids.contains(&"client-keep-alive".to_owned()), "{ids:?}");
    if let Observed::Seen { value, .. } = &mut evidence.attributes {
        value.connection_draining = None;
    }
    assert_eq!(broken(&evidence), [IN_FLIGHT]);
    let draining = hop(&evidence, "deregistration-delay:web");
    assert_eq!(
        (
            draining.setting.as_str(),
            draining.seconds,
            draining.safe_seconds
        ),
        ("ConnectionDraining.Timeout", Some(0), Some(60))
    );

    let mut evidence = classic();
    let counted = series(
        LOAD_BALANCER,
        "HTTPCode_ELB_5XX",
        "Sum",
        &[("10:03:00", 12.0)],
    );
    set_series(&mut evidence, counted);
    let rows = (0..12).map(|n| FaultRow {
        elb_status_code: 504,
        target: None,
        target_group_arn: None,
        ..refused(&format!("10:{:02}:00", n * 4), 1)
    });
    set_rows(&mut evidence, rows.collect());
    let chain = chain(&evidence);
    let race = one(&chain, KEEP_ALIVE);
    // How long the servers keep a connection the log cannot tell, that it is too short it can.
    assert_eq!((race.state, race.longer.milliseconds), (Broken, None));
    assert_eq!(race.codes, [504]);
}

#[test]
fn the_same_evidence_gives_the_same_chain_byte_for_byte() {
    for evidence in [
        quiet(),
        race(),
        stopped_task(Some(30)),
        function_behind(),
        classic(),
    ] {
        let once = serde_json::to_string(&diagnose(&evidence).timeout_chain).unwrap();
        let again = serde_json::to_string(&diagnose(&evidence).timeout_chain).unwrap();
        assert_eq!(once, again);
        let read: TimeoutChain = serde_json::from_str(&once).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), once);
    }
}
