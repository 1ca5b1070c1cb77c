use super::*;
use crate::{
    document::Strength,
    evidence::{Change, Ecs, TargetGroupAttributes, ecs::StoppedTask},
    fixture::*,
};

fn event(clock: &str, name: &str, resources: &[&str]) -> Change {
    Change {
        at: at(clock),
        name: name.to_owned(),
        who: "deploy-bot".to_owned(),
        resources: resources.iter().map(|id| (*id).to_owned()).collect(),
        summary: format!("{name} {}", resources.join(" ")),
        error: None,
    }
}

/// `i-2` is terminated at 10:20:00 and deregistered half a minute later.
fn terminated() -> crate::Evidence {
    let mut evidence = healthy();
    evidence.cloudtrail = seen(vec![
        event("10:20:00", "TerminateInstances", &["i-2"]),
        event("10:20:30", "DeregisterTargets", &[WEB, "i-2"]),
    ]);
    set_rows(
        &mut evidence,
        vec![
            hung_up("10:20:02", 2, 0.9),
            refused("10:20:09", 2),
            refused("10:20:21", 2),
        ],
    );
    evidence
}

#[test]
fn errors_on_targets_that_nobody_touched_are_the_near_miss() {
    let mut evidence = terminated();
    set_rows(
        &mut evidence,
        vec![hung_up("10:20:02", 1, 0.9), refused("10:20:09", 3)],
    );
    assert_clear(&RULE, &evidence);
}

#[test]
fn errors_on_a_target_as_it_is_stopped_are_proven() {
    let because = assert_found(&RULE, &terminated(), Strength::Proven);
    assert!(
        because.contains("TerminateInstances by deploy-bot"),
        "{because}"
    );
    assert!(
        because.contains("None of them was deregistered before"),
        "{because}"
    );
    assert!(
        because.contains("came 2 s after the first event"),
        "{because}"
    );
    let answer = ask(&RULE, &terminated());
    assert_eq!(answer.findings[0].claims, Claims::Rows(vec![0, 1, 2]));
    assert!(answer.findings[0].fix.cli[0].contains("deregister-targets"));
}

#[test]
fn a_stop_that_aws_refused_did_nothing() {
    let mut evidence = terminated();
    if let crate::Observed::Seen { value, .. } = &mut evidence.cloudtrail {
        for change in value {
            change.error = Some("Client.UnauthorizedOperation".to_owned());
        }
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_target_of_another_group_is_not_ours() {
    let mut evidence = terminated();
    let other = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/other/1";
    evidence.cloudtrail = seen(vec![event(
        "10:20:00",
        "DeregisterTargets",
        &[other, "i-2"],
    )]);
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_target_that_had_its_drain_is_clear() {
    let mut evidence = terminated();
    evidence.target_group_attributes.insert(
        WEB.to_owned(),
        seen(TargetGroupAttributes {
            deregistration_delay: 120,
            ..TargetGroupAttributes::default()
        }),
    );
    evidence.cloudtrail = seen(vec![
        event("10:20:00", "DeregisterTargets", &[WEB, "i-2"]),
        event("10:22:01", "TerminateInstances", &["i-2"]),
    ]);
    set_rows(&mut evidence, vec![hung_up("10:22:00", 2, 125.0)]);
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_target_that_was_stopped_in_its_drain_is_found() {
    let mut evidence = terminated();
    evidence.target_group_attributes.insert(
        WEB.to_owned(),
        seen(TargetGroupAttributes {
            deregistration_delay: 300,
            ..TargetGroupAttributes::default()
        }),
    );
    evidence.cloudtrail = seen(vec![
        event("10:20:00", "DeregisterTargets", &[WEB, "i-2"]),
        event("10:20:20", "StopInstances", &["i-2"]),
    ]);
    set_rows(
        &mut evidence,
        vec![hung_up("10:20:22", 2, 40.0), hung_up("10:20:23", 2, 25.0)],
    );
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(
        because.contains("before the deregistration delay was over"),
        "{because}"
    );
}

#[test]
fn a_pod_that_ends_before_its_controller_deregisters_it_is_found() {
    let mut evidence = healthy();
    evidence.target_group_attributes.insert(
        WEB.to_owned(),
        seen(TargetGroupAttributes {
            deregistration_delay: 30,
            ..TargetGroupAttributes::default()
        }),
    );
    evidence.cloudtrail = seen(vec![event(
        "10:30:21",
        "DeregisterTargets",
        &[WEB, "10.0.1.9"],
    )]);
    set_rows(
        &mut evidence,
        vec![
            hung_up("10:30:04", 9, 0.3),
            refused("10:30:09", 9),
            refused("10:30:17", 9),
        ],
    );
    assert_found(&RULE, &evidence, Strength::Proven);
}

#[test]
fn stop_task_names_a_task_that_has_left() {
    let mut evidence = healthy();
    let arn = "arn:aws:ecs:eu-west-1:111122223333:task/main/0123456789abcdef";
    evidence.ecs = seen(Ecs {
        services: Vec::new(),
        stopped_tasks: vec![StoppedTask {
            arn: arn.to_owned(),
            ip: Some("10.0.1.9".to_owned()),
            stopping_at: Some(at("10:30:01")),
            stopped_at: Some(at("10:30:31")),
            stop_code: Some("UserInitiated".to_owned()),
            ..StoppedTask::default()
        }],
    });
    evidence.cloudtrail = seen(vec![event("10:30:00", "StopTask", &["0123456789abcdef"])]);
    set_rows(
        &mut evidence,
        vec![hung_up("10:30:01", 9, 0.3), refused("10:30:07", 9)],
    );
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(because.contains("StopTask by deploy-bot"), "{because}");
}

#[test]
fn unseen_events_hide_a_deploy() {
    for unseen in 0..3 {
        let mut evidence = terminated();
        evidence.cloudtrail = seen(Vec::new());
        let action = match unseen {
            0 => {
                evidence.cloudtrail = denied("cloudtrail:LookupEvents");
                "cloudtrail:LookupEvents"
            }
            1 => {
                evidence.ecs = denied("ecs:ListServices");
                "ecs:ListServices"
            }
            _ => {
                evidence.auto_scaling = denied("autoscaling:DescribeScalingActivities");
                "autoscaling:DescribeScalingActivities"
            }
        };
        assert_cannot_tell(&RULE, &evidence, action);
    }
}
