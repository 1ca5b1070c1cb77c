//! # A registered instance is not running
//!
//! ## What it looks for
//!
//! Registered instances that EC2 reports as stopping, stopped, shutting down, terminated or unknown,
//! and running ones whose EC2 status checks are impaired.
//!
//! ## Why this makes a 502
//!
//! A machine that goes down breaks the requests that it holds, then resets or ignores new connections.
//! Until health checks or EC2's state take the target out, the load balancer keeps sending requests
//! there: they end in 502, and in 504 once nothing answers the connect at all.
//!
//! ## How to be sure
//!
//! The errors lie on the addresses of that instance and begin when it stopped: EC2 gives the time in
//! its state transition reason. Errors on other targets have another cause. An instance that runs and
//! fails EC2's status checks may still answer: it is proven where its health checks fail too, and it
//! alone of its group is not heard.
//!
//! ## How to fix it
//!
//! Start the instance, or deregister it and let Auto Scaling replace it. Find out who stopped it: the
//! state transition reason, CloudTrail (`StopInstances`, `TerminateInstances`), or the guest itself.
//! Drain targets (deregister, wait for the deregistration delay) before stopping them on purpose.
//!
//! ## References
//!
//! - AWS, "Amazon EC2 instance state changes" and "Status checks for Amazon EC2 instances"
//! - AWS, "Health checks for your target groups" (`Target.InvalidState`):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::{
    case::{Case, Target, shifted},
    document::{Fix, Strength},
    evidence::{
        Instance,
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-instance-not-running",
    step: Step::TargetHealth,
    specificity: 60,
    source: include_str!("target_instance_not_running.rs"),
    check,
};

/// A machine that is told to stop ends its processes some time before EC2 calls it stopped. [I]
const SHUTDOWN_TAKES_SECONDS: i64 = 120;

const NEEDS: &[Need] = &[Need::TargetGroups, Need::TargetHealth, Need::Instances];

fn check(case: &Case<'_>) -> Answer {
    let mut missing = case.missing(NEEDS);
    let mut findings = Vec::new();
    let mut instances = 0_u64;
    let mut by_id: BTreeMap<&str, Vec<&Target<'_>>> = BTreeMap::new();
    for target in case.targets() {
        if target.target_group.target_type == TargetType::Instance {
            by_id.entry(&target.health.id).or_default().push(target);
        }
    }
    for (id, targets) in by_id {
        instances += 1;
        let Some(instance) = targets[0].instance else {
            if case.evidence.instances.seen().is_some() {
                missing.push(format!("instances: {id} is not in EC2's answer"));
            }
            continue;
        };
        match trouble(instance) {
            Some(trouble) => findings.push(finding(case, instance, &targets, &trouble)),
            None if is_unknown(instance) => missing.push(format!(
                "instances: EC2's status checks of {id} were not seen (ec2:DescribeInstanceStatus)"
            )),
            None => {}
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("a registered instance may be down", missing);
    }
    Answer::clear(if instances == 0 {
        "no target is an EC2 instance".to_owned()
    } else {
        format!(
            "{} running, status checks passed",
            words::count(
                instances,
                "registered instance is",
                "registered instances are"
            )
        )
    })
}

/// What is wrong with the instance, as a predicate: `is stopped`.
fn trouble(instance: &Instance) -> Option<String> {
    match instance.state.as_str() {
        "missing" => Some("is no longer known to EC2".to_owned()),
        "stopping" | "stopped" | "shutting-down" | "terminated" => {
            Some(format!("is {}", instance.state))
        }
        _ => {
            let impaired = [
                ("system", &instance.system_status),
                ("instance", &instance.instance_status),
            ]
            .into_iter()
            .find(|(_, status)| status.as_deref() == Some("impaired"));
            impaired.map(|(which, _)| format!("fails its EC2 {which} status check"))
        }
    }
}

fn is_unknown(instance: &Instance) -> bool {
    instance.state == "running"
        && (instance.system_status.is_none() || instance.instance_status.is_none())
}

fn finding(case: &Case<'_>, instance: &Instance, targets: &[&Target<'_>], trouble: &str) -> Draft {
    let impaired = instance.state == "running";
    let stopped_at = stopped_at(instance);
    let since = stopped_at.map(|at| shifted(at, TimeDelta::seconds(-SHUTDOWN_TAKES_SECONDS)));
    let fits = |row: &FaultRow| match since {
        _ if impaired => true,
        Some(since) => row.time >= since,
        // Without a time only rows of a machine that is gone fit: no connection came about.
        None => row.shape() == Shape::NotConnected,
    };
    let tied = case.places(|row| {
        matches!(row.elb_status_code, 502..=504)
            && row.target_status_code.is_none()
            && fits(row)
            && case
                .target_of(row)
                .is_some_and(|target| target.health.id == instance.id)
    });
    let n = case.requests(&tied);
    // An impaired machine may still answer; its rows alone do not say that this broke them.
    let strength = match (n > 0, impaired) {
        (true, false) => Strength::Proven,
        (true, true) if is_silent(case, instance, targets, &tied) => Strength::Proven,
        (true, true) => Strength::Likely,
        // The load balancer sends nothing to a target that it knows is down: untied, it is a risk.
        (false, _) => Strength::Possible,
    };
    let mut because = format!("EC2 says that {} {trouble}", instance.id);
    if let Some(reason) = instance.state_reason.as_deref().filter(|r| !r.is_empty()) {
        because += &format!(": {reason}");
    }
    because += &format!(
        ". It is registered as {}.",
        words::list(
            &targets
                .iter()
                .map(|target| format!("{} in {}", target.health.state, target.target_group.name))
                .collect::<Vec<_>>(),
            3
        )
    );
    if n > 0 {
        because += &format!(
            " {} of the window went to it{}.",
            words::count(n, "error", "errors"),
            stopped_at.map_or_else(String::new, |at| format!(
                " after it began to stop (EC2 notes {})",
                words::clock(at)
            ))
        );
    }
    Draft {
        strength,
        title: format!("Registered instance {} {trouble}", instance.id),
        because,
        claims: if n > 0 {
            Claims::Rows(tied)
        } else {
            Claims::Nothing
        },
        resources: vec![instance.id.clone()],
        cites: case.sources(&[Need::Instances, Need::TargetHealth, Need::AccessLog]),
        fix: how_to_fix(case, instance, targets),
    }
}

/// EC2 and the load balancer both say so, each by checks of its own: its health checks fail, no request
/// to it is answered, and the group's other targets answer.
fn is_silent(
    case: &Case<'_>,
    instance: &Instance,
    targets: &[&Target<'_>],
    tied: &[usize],
) -> bool {
    let is_unheard =
        |row: &FaultRow| matches!(row.shape(), Shape::NotConnected | Shape::NotAnsweredUntimed);
    let groups: Vec<&str> = targets
        .iter()
        .map(|target| target.target_group.arn.as_str())
        .collect();
    let others_are_unheard = case.rows().iter().any(|row| {
        is_unheard(row)
            && row
                .target_group_arn
                .as_deref()
                .is_none_or(|arn| groups.contains(&arn))
            && case
                .target_of(row)
                .is_none_or(|target| target.health.id != instance.id)
    });
    !case.is_classic()
        && targets
            .iter()
            .all(|target| target.health.state == "unhealthy")
        && tied.iter().all(|place| is_unheard(&case.rows()[*place]))
        && !others_are_unheard
}

/// "User initiated (2026-11-20 03:12:44 GMT)"
fn stopped_at(instance: &Instance) -> Option<DateTime<Utc>> {
    let reason = instance.state_reason.as_deref()?;
    let text = reason.rsplit_once('(')?.1.split_once(" GMT)")?.0;
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .ok()
        .map(|at| at.and_utc())
}

fn how_to_fix(case: &Case<'_>, instance: &Instance, targets: &[&Target<'_>]) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    let id = fix::quote(&instance.id);
    let mut cli = Vec::new();
    match instance.state.as_str() {
        "stopped" | "stopping" => cli.push(fix::aws(
            &format!("ec2 start-instances --instance-ids {id}"),
            region,
        )),
        "running" => cli.push(fix::aws(
            &format!("ec2 describe-instance-status --instance-ids {id}"),
            region,
        )),
        _ => {}
    }
    for target in targets {
        cli.push(fix::aws(
            &if case.is_classic() {
                format!(
                    "elb deregister-instances-from-load-balancer --load-balancer-name {} --instances {id}",
                    fix::quote(&load_balancer.name)
                )
            } else {
                format!(
                    "elbv2 deregister-targets --target-group-arn {} --targets {}",
                    fix::quote(&target.target_group.arn),
                    fix::quote(&format!("Id={}", instance.id))
                )
            },
            region,
        ));
    }
    Fix {
        summary: "Start it, or deregister it and let a new one take its place; then find out who \
                  stopped it."
            .to_owned(),
        cli,
        console: fix::ec2_console(
            region,
            &format!("InstanceDetails:instanceId={}", fix::encode(&instance.id)),
        ),
        terraform: format!(
            "resource \"aws_ec2_instance_state\" \"this\" {{\n  instance_id = {}\n  state       = \"running\"\n}}\n",
            fix::terraform_string(&instance.id)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, observed::Observed};

    fn stop(evidence: &mut crate::Evidence, reason: &str) {
        if let Observed::Seen { value, .. } = &mut evidence.instances {
            value[1].state = "stopped".to_owned();
            value[1].state_reason = Some(reason.to_owned());
        }
    }

    #[test]
    fn all_running_is_clear_and_another_targets_errors_are_the_near_miss() {
        assert_clear(&RULE, &healthy());
        let mut evidence = healthy();
        stop(&mut evidence, "User initiated (2026-11-20 10:31:22 GMT)");
        set_rows(&mut evidence, vec![refused("10:40:00", 1)]);
        assert_found(&RULE, &evidence, Strength::Possible);
    }

    #[test]
    fn errors_on_a_stopped_instance_since_it_stopped_are_proven() {
        let mut evidence = healthy();
        stop(&mut evidence, "User initiated (2026-11-20 10:31:22 GMT)");
        set_rows(
            &mut evidence,
            vec![
                hung_up("10:12:00", 2, 0.4),
                hung_up("10:31:22", 2, 0.4),
                refused("10:32:00", 2),
            ],
        );
        assert_found(&RULE, &evidence, Strength::Proven);
        let answer = ask(&RULE, &evidence);
        assert_eq!(answer.findings[0].claims, Claims::Rows(vec![1, 2]));
    }

    #[test]
    fn a_failed_status_check_is_found() {
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.instances {
            value[0].instance_status = Some("impaired".to_owned());
        }
        set_rows(&mut evidence, vec![refused("10:32:00", 1)]);
        assert_found(&RULE, &evidence, Strength::Likely);
        // Its health checks fail as well, and it alone is not heard.
        let mut health: Vec<_> = (2..=3).map(|n| target(n, "healthy", None)).collect();
        health.push(target(1, "unhealthy", Some("Target.Timeout")));
        set_health(&mut evidence, health);
        assert_found(&RULE, &evidence, Strength::Proven);
        // A path that is shut keeps others silent too.
        set_rows(
            &mut evidence,
            vec![refused("10:32:00", 1), refused("10:33:00", 2)],
        );
        assert_found(&RULE, &evidence, Strength::Likely);
        set_rows(&mut evidence, vec![hung_up("10:32:00", 1, 0.4)]);
        assert_found(&RULE, &evidence, Strength::Likely);
    }

    #[test]
    fn instances_that_were_not_seen_are_not_running() {
        let mut evidence = healthy();
        evidence.instances = denied("ec2:DescribeInstances");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeInstances");
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.instances {
            value[0].system_status = None;
        }
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeInstanceStatus");
    }
}
