//! Incidents and quiet hours, and what the chain says of each.

mod draining;
mod function;
mod keep_alive;

use super::*;
use crate::{
    Evidence, diagnose,
    evidence::{
        Ecs, LoadBalancerType, TargetGroupAttributes,
        access_log::FaultRow,
        ecs::{EcsService, StoppedTask},
    },
    fixture::*,
    observed::Observed,
    question,
    rules::lambda::fixture::function_behind,
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
