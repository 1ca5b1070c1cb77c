//! # Some targets fail their health checks
//!
//! ## What it looks for
//!
//! Groups in which some targets, but not all, are unhealthy now or were unhealthy in the window, and
//! whether the 502s follow those targets.
//!
//! ## Why this makes a 502
//!
//! Until enough checks have failed (by default two, 30 seconds apart) a target that no longer works
//! gets its share of the requests, and every one that it refuses or drops becomes a 502. A target that
//! keeps failing and recovering gets requests again each time.
//!
//! ## How to be sure
//!
//! The 502s lie on the unhealthy targets, while healthy ones of the same group answer. 502s that are
//! spread over all targets have another cause: health checks open a fresh connection each time and do
//! not see, for example, a keep-alive race.
//!
//! ## How to fix it
//!
//! The reason code says what the check saw. Repeat the check by hand from inside the VPC, with the
//! same path and port, and fix the target or the check. Faster detection (a shorter interval) shortens
//! the time in which a broken target gets requests.
//!
//! ## References
//!
//! - AWS, "Health checks for your target groups" (states, reason codes):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
//! - AWS, "Troubleshoot your Application Load Balancers"

use std::collections::BTreeSet;

use super::health_check;
use crate::{
    case::Case,
    document::{Fix, Strength},
    evidence::{TargetGroup, TargetHealth, target_groups::TargetType},
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "targets-failing-health-checks",
    step: Step::TargetHealth,
    specificity: 20,
    source: include_str!("targets_failing_health_checks.rs"),
    check,
};

/// This much of a group's errors lies on its unhealthy targets, per cent: they follow them. [I]
const FOLLOWS_PERCENT: u64 = 95;

const NEEDS: &[Need] = &[Need::TargetGroups, Need::TargetHealth, Need::Metrics];

fn check(case: &Case<'_>) -> Answer {
    let mut findings = Vec::new();
    let mut missing = case.missing(NEEDS);
    for target_group in case.target_groups() {
        let targets = case.evidence.target_health.get(&target_group.arn);
        let targets = targets.and_then(|health| health.seen());
        let failing: Vec<&TargetHealth> = targets
            .into_iter()
            .flatten()
            .filter(|target| health_check::is_unhealthy(target))
            .collect();
        let working = targets
            .into_iter()
            .flatten()
            .any(|t| !health_check::is_unhealthy(t) && !health_check::is_out_of_use(t));
        if failing.is_empty() {
            match failed_in_window(case, target_group) {
                Some(0) => {}
                Some(minutes) => findings.push(failed_before(case, target_group, minutes)),
                None if case.evidence.metrics.seen().is_some() => missing.push(format!(
                    "load balancer metrics: UnHealthyHostCount of {} was not asked for",
                    target_group.name
                )),
                None => {}
            }
        } else if working {
            findings.push(failing_now(case, target_group, &failing));
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if missing.is_empty() {
        Answer::clear(
            "no group has unhealthy targets beside healthy ones, and none had in the window",
        )
    } else {
        Answer::cannot_tell("targets may fail their health checks unseen", missing)
    }
}

/// Minutes of the window in which some target was unhealthy. `None`: not asked.
fn failed_in_window(case: &Case<'_>, target_group: &TargetGroup) -> Option<u64> {
    // Functions have no host counts.
    if target_group.target_type == TargetType::Lambda {
        return Some(0);
    }
    ["Maximum", "Average", "Minimum", "Sum"]
        .into_iter()
        .find_map(|stat| case.target_group_series(&target_group.arn, "UnHealthyHostCount", stat))
        .map(|series| {
            let window = case.evidence.window;
            series
                .between(window.from, window.to)
                .filter(|point| point.value > 0.0)
                .count() as u64
        })
}

fn failing_now(case: &Case<'_>, target_group: &TargetGroup, failing: &[&TargetHealth]) -> Draft {
    let ids: BTreeSet<&str> = failing.iter().map(|target| target.id.as_str()).collect();
    let of_group = case.places(|row| {
        matches!(row.elb_status_code, 502..=504)
            && row.target_status_code.is_none()
            && case
                .target_group_of(row)
                .is_some_and(|group| group.arn == target_group.arn)
    });
    let rows = case.rows();
    let on_failing: Vec<usize> = of_group
        .iter()
        .copied()
        .filter(|place| {
            case.target_of(&rows[*place])
                .is_some_and(|target| ids.contains(target.health.id.as_str()))
        })
        .collect();
    let (tied, all) = (case.requests(&on_failing), case.requests(&of_group));
    let follows = tied > 0 && words::percent(tied, all) >= FOLLOWS_PERCENT;
    let strength = if follows {
        Strength::Proven
    } else if tied > all / 2 {
        Strength::Likely
    } else {
        // The load balancer leaves out a target that fails: untied, it is a risk.
        Strength::Possible
    };
    let claims = if strength > Strength::Possible && tied > 0 {
        Claims::Rows(on_failing)
    } else {
        Claims::Nothing
    };
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let tie = if case.access_log().is_none() {
        "Without an access log no 502 can be tied to a target.".to_owned()
    } else if all == 0 {
        "The load balancer made no errors for this group in the window.".to_owned()
    } else {
        format!(
            "{} of the {} that the load balancer made for this group lie on them.",
            words::thousands(tied),
            words::count(all, "error", "errors")
        )
    };
    Draft {
        strength,
        title: format!(
            "{} of target group {} {} health checks",
            words::count(failing.len() as u64, "target", "targets"),
            target_group.name,
            if failing.len() == 1 { "fails" } else { "fail" }
        ),
        because: format!(
            "Unhealthy: {}. {}. The health check is {}. {tie}",
            words::list(&ids, 5),
            words::capital(&health_check::reasons(failing.iter().copied())),
            health_check::in_words(target_group),
        ),
        claims,
        resources: std::iter::once(target_group.arn.clone())
            .chain(ids)
            .collect(),
        cites: case.sources(&[Need::TargetHealth, Need::AccessLog]),
        fix: how_to_fix(case, target_group),
    }
}

fn failed_before(case: &Case<'_>, target_group: &TargetGroup, minutes: u64) -> Draft {
    // Which target it was, the metric does not say: nothing can be tied to it.
    Draft {
        strength: Strength::Possible,
        title: format!(
            "Targets of {} were unhealthy for a while",
            target_group.name
        ),
        because: format!(
            "All targets are healthy now, but UnHealthyHostCount was above 0 in {} of the window. \
             The metric does not name the targets. The health check is {}.",
            words::count(minutes, "minute", "minutes"),
            health_check::in_words(target_group)
        ),
        claims: Claims::Nothing,
        resources: vec![target_group.arn.clone()],
        cites: case.sources(&[Need::TargetHealth, Need::Metrics]),
        fix: how_to_fix(case, target_group),
    }
}

fn how_to_fix(case: &Case<'_>, target_group: &TargetGroup) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let region = &load_balancer.region;
    if case.is_classic() {
        return Fix {
            summary: "Repeat the health check by hand on the failing instance and fix what it says."
                .to_owned(),
            cli: vec![fix::aws(
                &format!(
                    "elb describe-instance-health --load-balancer-name {}",
                    fix::quote(&load_balancer.name)
                ),
                region,
            )],
            console: fix::load_balancer_console(load_balancer),
            terraform: "resource \"aws_elb\" \"this\" {\n  health_check {\n    interval            = 10\n    timeout             = 5\n    healthy_threshold   = 2\n    unhealthy_threshold = 2\n    target              = \"HTTP:80/\"\n  }\n}\n".to_owned(),
        };
    }
    Fix {
        summary: "Repeat the health check by hand on the failing target and fix what it says; take the \
                  target out of the group meanwhile. A shorter interval finds broken targets sooner."
            .to_owned(),
        cli: vec![
            fix::aws(
                &format!(
                    "elbv2 describe-target-health --target-group-arn {}",
                    fix::quote(&target_group.arn)
                ),
                region,
            ),
            fix::aws(
                &format!(
                    "elbv2 modify-target-group --target-group-arn {} --health-check-interval-seconds 10",
                    fix::quote(&target_group.arn)
                ),
                region,
            ),
        ],
        console: fix::target_group_console(region, &target_group.arn),
        terraform: format!(
            "resource \"aws_lb_target_group\" \"this\" {{\n  name = {}\n\n  health_check {{\n    interval = 10\n  }}\n}}\n",
            fix::terraform_string(&target_group.name)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::*;

    fn one_down() -> crate::Evidence {
        let mut evidence = healthy();
        set_health(
            &mut evidence,
            vec![
                target(1, "healthy", None),
                target(2, "unhealthy", Some("Target.ResponseCodeMismatch")),
                target(3, "healthy", None),
            ],
        );
        evidence
    }

    #[test]
    fn errors_spread_over_all_targets_are_the_near_miss() {
        let mut evidence = one_down();
        let rows = (1..=3).map(|n| hung_up("10:10:00", n, 1.0)).collect();
        set_rows(&mut evidence, rows);
        assert_found(&RULE, &evidence, Strength::Possible);
        assert_eq!(ask(&RULE, &evidence).findings[0].claims, Claims::Nothing);
        assert_clear(&RULE, &healthy());
    }

    #[test]
    fn errors_on_the_unhealthy_target_alone_are_proven() {
        let mut evidence = one_down();
        set_rows(
            &mut evidence,
            vec![refused("10:10:00", 2), refused("10:10:01", 2)],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("2 of the 2 errors"), "{because}");
        assert!(because.contains("Target.ResponseCodeMismatch (1 target): it answers"));
    }

    #[test]
    fn without_a_log_it_is_a_risk() {
        let mut evidence = one_down();
        evidence.access_log = denied("s3:GetObject");
        set_series(
            &mut evidence,
            series(
                LOAD_BALANCER,
                "HTTPCode_ELB_502_Count",
                "Sum",
                &[("10:10:00", 9.0)],
            ),
        );
        assert_found(&RULE, &evidence, Strength::Possible);
    }

    #[test]
    fn unseen_health_is_not_clear() {
        let mut evidence = healthy();
        evidence.target_groups = denied("elasticloadbalancing:DescribeTargetGroups");
        assert_cannot_tell(
            &RULE,
            &evidence,
            "elasticloadbalancing:DescribeTargetGroups",
        );
    }
}
