use chrono::{DateTime, Utc};

use super::*;
use crate::{
    document::Strength,
    evidence::{
        Ecs,
        ecs::{EcsService, ServiceEvent, StoppedContainer, StoppedTask},
    },
    fixture::*,
};

/// Task `n` of the service behind `web`, at 10.0.1.`n`.
fn ended(n: u8, from: &str, to: &str, code: &str) -> StoppedTask {
    StoppedTask {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{n:032x}"),
        service: Some("web".to_owned()),
        ip: Some(format!("10.0.1.{n}")),
        stopping_at: Some(at(from)),
        stopped_at: Some(at(to)),
        stop_code: Some(code.to_owned()),
        stopped_reason: Some("Essential container in task exited".to_owned()),
        containers: vec![StoppedContainer {
            name: "app".to_owned(),
            exit_code: Some(137),
            reason: Some("OutOfMemoryError: Container killed due to memory usage".to_owned()),
        }],
        ..StoppedTask::default()
    }
}

fn ecs(tasks: Vec<StoppedTask>, events: &[(&str, &str)]) -> Ecs {
    Ecs {
        services: vec![EcsService {
            arn: "service/main/web".to_owned(),
            name: "web".to_owned(),
            target_group_arns: vec![WEB.to_owned()],
            events: events
                .iter()
                .map(|(clock, message)| ServiceEvent {
                    at: at(clock),
                    message: (*message).to_owned(),
                })
                .collect(),
            ..EcsService::default()
        }],
        stopped_tasks: tasks,
    }
}

/// Task 9 is killed at 10:20:00; what it held breaks.
fn killed() -> crate::Evidence {
    let mut evidence = healthy();
    let task = ended(9, "10:20:04", "10:20:26", "EssentialContainerExited");
    evidence.ecs = seen(ecs(vec![task], &[]));
    set_rows(
        &mut evidence,
        vec![hung_up("10:20:00.2", 9, 0.7), refused("10:20:03", 9)],
    );
    evidence
}

#[test]
fn errors_on_other_targets_are_the_near_miss() {
    let mut evidence = killed();
    set_rows(&mut evidence, vec![hung_up("10:20:01", 1, 0.7)]);
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("No error of the window"), "{because}");
}

#[test]
fn errors_on_a_task_that_ended_at_that_moment_are_proven() {
    let because = assert_found(&RULE, &killed(), Strength::Proven);
    assert!(
        because.contains("exit code 137, OutOfMemoryError"),
        "{because}"
    );
    assert!(
        because.contains("before the first event is noted"),
        "{because}"
    );
    let finding = &ask(&RULE, &killed()).findings[0];
    assert_eq!(finding.claims, Claims::Rows(vec![0, 1]));
    assert_eq!(
        finding.title,
        "A container ran out of memory and was killed"
    );
    assert!(
        finding.fix.cli[0].contains("--cluster main"),
        "{:?}",
        finding.fix.cli
    );
}

#[test]
fn an_ipv6_task_is_known_by_its_address_in_brackets() {
    let mut evidence = killed();
    let mut task = ended(9, "10:20:04", "10:20:26", "EssentialContainerExited");
    task.ip = None;
    task.ipv6 = Some("2001:db8::9".to_owned());
    evidence.ecs = seen(ecs(vec![task], &[]));
    let mut row = hung_up("10:20:00.2", 9, 0.7);
    row.target = Some("[2001:db8::9]:8080".to_owned());
    set_rows(&mut evidence, vec![row]);
    assert_found(&RULE, &evidence, Strength::Proven);
}

#[test]
fn as_many_errors_at_any_other_time_are_chance() {
    let mut evidence = killed();
    let mut rows: Vec<_> = (0..59)
        .flat_map(|minute| (1..=3).map(move |n| hung_up(&format!("10:{minute:02}:30"), n, 0.7)))
        .collect();
    rows.push(hung_up("10:20:01", 9, 0.7));
    set_rows(&mut evidence, rows);
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("no more than chance"), "{because}");
}

#[test]
fn a_task_that_was_told_to_stop_or_never_ran_did_not_crash() {
    for code in [
        "ServiceSchedulerInitiated",
        "UserInitiated",
        "TaskFailedToStart",
        "SpotInterruption",
    ] {
        let mut evidence = killed();
        let mut task = ended(9, "10:20:04", "10:20:26", code);
        task.stopped_reason =
            Some("Scaling activity initiated by (deployment ecs-svc/1)".to_owned());
        evidence.ecs = seen(ecs(vec![task], &[]));
        assert_clear(&RULE, &evidence);
    }
}

#[test]
fn a_task_that_failed_its_health_checks_is_likely() {
    let mut evidence = killed();
    let mut task = ended(9, "10:20:04", "10:20:26", "ServiceSchedulerInitiated");
    task.stopped_reason = Some("Task failed ELB health checks in (target-group web)".to_owned());
    evidence.ecs = seen(ecs(vec![task], &[]));
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn ecs_that_may_not_be_asked_or_has_forgotten_is_not_clear() {
    let mut evidence = killed();
    evidence.ecs = denied("ecs:DescribeTasks");
    assert_cannot_tell(&RULE, &evidence, "ecs:DescribeTasks");
    let mut evidence = killed();
    evidence.ecs = seen(ecs(Vec::new(), &[]));
    assert_clear(&RULE, &evidence);
    // An hour after the first of the window it no longer knows the first of its stopped tasks.
    let late: DateTime<Utc> = at("11:30:00");
    let forgotten = ecs(
        Vec::new(),
        &[(
            "10:20:11",
            "(service web) deregistered 1 targets in (target-group web)",
        )],
    );
    evidence.ecs = crate::Observed::Seen {
        value: forgotten,
        source: vec![1],
        at: late,
        incomplete: None,
    };
    assert_cannot_tell(&RULE, &evidence, "those before 10:30:00 are forgotten");
}

#[test]
fn without_a_log_the_minutes_speak() {
    let mut evidence = killed();
    evidence.access_log = crate::Observed::NotAsked;
    if let crate::Observed::Seen { value, .. } = &mut evidence.attributes {
        value.access_logs.enabled = false;
    }
    set_series(
        &mut evidence,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 4.0)],
        ),
    );
    assert_found(&RULE, &evidence, Strength::Likely);
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Minutes(vec![(at("10:20:00"), 4)])
    );
}
