use chrono::TimeDelta;

use super::*;
use crate::{
    api::{RunState, compare::FindingMove},
    document::{RuleAnswer, Strength},
    evidence::{
        SecurityGroup, TargetHealth,
        network::{Route, RouteTable, SecurityGroupRule},
    },
    fixture::{
        LOAD_BALANCER, WEB, at, denied, healthy, hung_up, refused, seen, series, set_health,
        set_rows, set_series, target,
    },
    observed::Observed,
};

fn run(n: u32, steps: &[Step]) -> Run {
    Run {
        n,
        steps: steps.to_vec(),
        state: RunState::Done,
        started_at: at("11:10:00"),
        ended_at: Some(at("11:12:00")),
        reason: None,
        window: None,
    }
}

fn compared(from: Evidence, to: Evidence) -> Comparison {
    let sides = [(1, from), (2, to)].map(|(n, evidence)| Side {
        run: run(n, &Step::ALL),
        evidence,
    });
    compare(&sides[0], &sides[1])
}

/// `where · field · from → to`
fn told(comparison: &Comparison) -> Vec<String> {
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
    let changes = comparison.settings.iter();
    changes
        .map(|one| {
            format!(
                "{} · {} · {} → {}",
                one.place,
                one.field,
                said(&one.from),
                said(&one.to)
            )
        })
        .collect()
}

fn unseen(comparison: &Comparison) -> Vec<&str> {
    let unseen = comparison.not_seen.iter();
    unseen.map(|one| one.what.as_str()).collect()
}

fn group(id: &str, rules: &[(&str, u16)]) -> SecurityGroup {
    SecurityGroup {
        id: id.to_owned(),
        rules: rules
            .iter()
            .map(|(id, port)| SecurityGroupRule {
                id: (*id).to_owned(),
                protocol: "tcp".to_owned(),
                from_port: Some(*port),
                to_port: Some(*port),
                cidr_ipv4: Some("10.0.0.0/16".to_owned()),
                ..SecurityGroupRule::default()
            })
            .collect(),
        ..SecurityGroup::default()
    }
}

#[test]
fn the_same_evidence_differs_in_nothing() {
    let same = compared(healthy(), healthy());
    assert_eq!(told(&same), [""; 0]);
    assert_eq!((same.findings.len(), same.rules.len()), (0, 0));
    assert_eq!(same.not_seen, []);
    assert_eq!(same.from.carried_over, []);
}

#[test]
fn a_setting_is_told_in_awss_own_name() {
    let mut later = healthy();
    if let Observed::Seen { value, .. } = &mut later.attributes {
        value.idle_timeout = 120;
    }
    if let Observed::Seen { value, .. } = &mut later.target_groups {
        value[0].health_check.path = Some("/up".to_owned());
    }
    set_health(
        &mut later,
        vec![
            target(3, "healthy", None),
            target(2, "unhealthy", Some("Target.Timeout")),
            target(4, "initial", None),
        ],
    );
    let told = told(&compared(healthy(), later));
    assert_eq!(
        told,
        [
            "load balancer shop · idle_timeout.timeout_seconds · 60 → 120",
            "target group web · HealthCheckPath · /healthz → /up",
            "target group web · TargetHealthDescriptions · i-1:8080, healthy → –",
            "target i-2:8080 of target group web · TargetHealth.State · healthy → unhealthy",
            "target i-2:8080 of target group web · TargetHealth.Reason · – → Target.Timeout",
            "target group web · TargetHealthDescriptions · – → i-4:8080, initial",
        ]
    );
}

#[test]
fn lists_are_matched_by_id_and_not_by_place() {
    let (mut from, mut to) = (healthy(), healthy());
    from.security_groups = seen(vec![
        group("sg-a", &[("sgr-1", 443)]),
        group("sg-b", &[("sgr-2", 8080), ("sgr-3", 8081)]),
    ]);
    to.security_groups = seen(vec![
        group("sg-b", &[("sgr-4", 9000), ("sgr-3", 8082)]),
        group("sg-a", &[("sgr-1", 443)]),
    ]);
    let route = |target: &str| RouteTable {
        id: "rtb-1".to_owned(),
        routes: vec![Route {
            destination: "0.0.0.0/0".to_owned(),
            target: target.to_owned(),
            state: "active".to_owned(),
        }],
        ..RouteTable::default()
    };
    from.route_tables = seen(vec![route("igw-1")]);
    to.route_tables = seen(vec![route("nat-1")]);
    assert_eq!(
        told(&compared(from, to)),
        [
            "security group sg-b · SecurityGroupRules · sgr-2: tcp 8080 from 10.0.0.0/16 → –",
            "security group sg-b, rule sgr-3 · FromPort · 8081 → 8082",
            "security group sg-b, rule sgr-3 · ToPort · 8081 → 8082",
            "security group sg-b · SecurityGroupRules · – → sgr-4: tcp 9000 from 10.0.0.0/16",
            "route table rtb-1, 0.0.0.0/0 · Target · igw-1 → nat-1",
        ]
    );
}

#[test]
fn what_was_not_seen_was_not_removed() {
    let mut from = healthy();
    from.security_groups = seen(vec![group("sg-a", &[]), group("sg-b", &[])]);
    let gaps: [Observed<Vec<TargetHealth>>; 3] = [
        denied("elasticloadbalancing:DescribeTargetHealth"),
        Observed::NotAsked,
        Observed::Seen {
            value: vec![target(1, "healthy", None)],
            source: vec![1],
            at: at("11:12:00"),
            incomplete: Some("the second page failed".to_owned()),
        },
    ];
    for health in gaps {
        let mut to = from.clone();
        to.target_health.insert(WEB.to_owned(), health);
        // Asked for by id: one that nothing refers to any more is not gone.
        to.security_groups = seen(vec![group("sg-a", &[])]);
        let there = compared(from.clone(), to.clone());
        assert_eq!(told(&there), [""; 0]);
        let unseen = unseen(&there);
        assert_eq!(unseen[0], "target health of target group web");
        assert!(unseen.contains(&"security group sg-b"), "{unseen:?}");
        assert_eq!(told(&compared(to, from.clone())), [""; 0]);
    }
    let mut to = from.clone();
    to.target_groups = denied("elasticloadbalancing:DescribeTargetGroups");
    let denied = compared(from, to);
    assert_eq!(told(&denied), [""; 0]);
    assert_eq!(
        denied.not_seen[0].to.as_deref(),
        Some("IAM denies elasticloadbalancing:DescribeTargetGroups")
    );
}

#[test]
fn too_many_differences_are_counted() {
    let (mut from, mut to) = (healthy(), healthy());
    let groups = |port: u16| {
        let ids = (0..300).map(|n| format!("sg-{n:03}"));
        seen(
            ids.map(|id| {
                let rule = format!("sgr-{id}");
                group(&id, &[(&rule, port)])
            })
            .collect::<Vec<_>>(),
        )
    };
    from.security_groups = groups(80);
    to.security_groups = groups(81);
    let many = compared(from, to);
    assert_eq!((many.settings.len(), many.settings_left_out), (200, 400));
}

#[test]
fn a_finding_comes_goes_and_moves() {
    let mut broken = healthy();
    set_rows(
        &mut broken,
        (0..40)
            .map(|n| hung_up(&format!("10:20:{n:02}"), 1, 0.2))
            .collect(),
    );
    let mut worse = broken.clone();
    if let Observed::Seen { value, .. } = &mut worse.access_log {
        value
            .rows
            .extend((0..9).map(|n| hung_up(&format!("10:30:{n:02}"), 2, 0.2)));
    }
    let came = compared(healthy(), broken.clone());
    let [finding] = &came.findings[..] else {
        panic!("{:#?}", came.findings)
    };
    assert_eq!(finding.change, FindingMove::Came);
    assert!(!finding.because.is_empty(), "{finding:?}");
    assert!(came.rules.iter().any(|one| one.rule == finding.rule
        && (one.from, one.to) == (RuleAnswer::Clear, RuleAnswer::Found)));

    let went = compared(broken.clone(), healthy());
    assert_eq!(went.findings[0].change, FindingMove::Went);
    assert_eq!(went.findings[0].to, None);

    let moved = compared(broken, worse);
    let [finding] = &moved.findings[..] else {
        panic!("{:#?}", moved.findings)
    };
    let explains =
        |place: Option<crate::api::compare::FindingPlace>| place.map(|place| place.explains);
    assert_eq!(finding.change, FindingMove::Moved);
    assert_eq!(
        (explains(finding.from), explains(finding.to)),
        (Some(40), Some(49))
    );
}

#[test]
fn a_finding_whose_rule_cannot_tell_did_not_go() {
    let mut broken = healthy();
    set_rows(
        &mut broken,
        (0..40)
            .map(|n| hung_up(&format!("10:20:{n:02}"), 1, 0.2))
            .collect(),
    );
    let mut denied_log = healthy();
    denied_log.access_log = denied("s3:GetObject");
    set_series(
        &mut denied_log,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 40.0)],
        ),
    );
    let one = compared(broken.clone(), denied_log.clone());
    let change = |found: &Comparison, rule: &str| {
        let mut changes = found.findings.iter();
        changes.find(|one| one.rule == rule).map(|one| one.change)
    };
    let rule = &diagnose(&broken).findings[0].rule;
    assert_eq!(change(&one, rule), Some(FindingMove::NotJudgedAfter));
    assert_eq!(
        change(&compared(denied_log, broken.clone()), rule),
        Some(FindingMove::NotJudgedBefore)
    );
}

#[test]
fn counts_of_one_source_are_compared_and_others_are_not() {
    let mut broken = healthy();
    set_rows(
        &mut broken,
        (0..30)
            .map(|n| refused(&format!("10:20:{n:02}"), 1))
            .collect(),
    );
    let logs = compared(broken.clone(), healthy());
    assert!(logs.errors.comparable);
    assert_eq!(
        logs.errors.in_words,
        "502s, by the access log: before 30 in 30,000 requests (0.10 %), after 0 in 30,000 requests (0.00 %)."
    );

    // One from logs, one from metrics; and the metric of the first was not seen.
    let mut by_metric = healthy();
    by_metric.access_log = denied("s3:GetObject");
    let mut by_log = broken.clone();
    by_log.metrics = denied("cloudwatch:GetMetricData");
    let mixed = compared(by_log, by_metric.clone());
    assert!(!mixed.errors.comparable);
    assert!(
        mixed
            .errors
            .in_words
            .contains("before are counted from the access log, those after from metrics"),
        "{}",
        mixed.errors.in_words
    );

    // Both have the metric: then that is what is compared.
    set_series(
        &mut broken,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 30.0)],
        ),
    );
    let metrics = compared(broken, by_metric);
    assert!(metrics.errors.comparable, "{:?}", metrics.errors);
    assert_eq!(metrics.errors.from.made_by_load_balancer, Some(30));
    assert_eq!(metrics.errors.from.made_by_target, None);
}

#[test]
fn a_log_that_may_still_grow_is_no_count() {
    let mut late = healthy();
    late.observed_at = late.window.to + TimeDelta::minutes(2);
    late.observations.clear();
    late.metrics = Observed::NotAsked;
    let told = compared(healthy(), late).errors;
    assert!(!told.comparable);
    assert!(
        told.in_words.contains("The count after is not complete"),
        "{}",
        told.in_words
    );
}

#[test]
fn steps_of_earlier_runs_are_named() {
    let from = Side {
        run: run(1, &Step::ALL),
        evidence: healthy(),
    };
    let mut to = Side {
        run: run(2, &[Step::Tls]),
        evidence: healthy(),
    };
    to.evidence.steps.remove(&Step::Load);
    let there = compare(&from, &to);
    assert_eq!(there.to.not_run, [Step::Load]);
    assert_eq!(
        there.to.carried_over,
        [
            Step::TargetHealth,
            Step::ErrorLogs,
            Step::Network,
            Step::Timeouts
        ]
    );
    assert_eq!(
        there
            .findings
            .iter()
            .filter(|one| one
                .from
                .is_some_and(|place| place.strength > Strength::Possible))
            .count(),
        0
    );
}
