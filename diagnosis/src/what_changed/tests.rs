use super::*;
use crate::{
    evidence::{Change, Evidence, TargetGroup, access_log::FaultRow},
    fixture::*,
    observed::Observed,
};

fn event(clock: &str, name: &str, resources: &[&str]) -> Change {
    Change {
        at: at(clock),
        name: name.to_owned(),
        who: "ana".to_owned(),
        resources: resources.iter().map(|id| (*id).to_owned()).collect(),
        summary: format!("{name} {}", resources.join(" ")),
        error: None,
    }
}

/// Errors on target `n`, one every `every` seconds.
fn errors(from: &str, seconds: u32, every: u32, n: u8) -> Vec<FaultRow> {
    (0..seconds / every)
        .map(|step| {
            let mut row = hung_up(from, n, 0.4);
            row.time += chrono::TimeDelta::seconds(i64::from(step * every));
            row
        })
        .collect()
}

fn with(rows: Vec<FaultRow>, changes: Vec<Change>) -> Evidence {
    let mut evidence = healthy();
    let mut rows = rows;
    rows.sort_by_key(|row| row.time);
    set_rows(&mut evidence, rows);
    evidence.cloudtrail = seen(changes);
    evidence
}

fn suspects(evidence: &Evidence) -> Vec<String> {
    let changes = changes(&Case::new(evidence)).told;
    let suspects = changes
        .into_iter()
        .filter(|change| change.suspect.is_some());
    suspects.map(|change| change.name).collect()
}

#[test]
fn a_change_that_errors_follow_is_a_suspect_with_its_numbers() {
    let evidence = with(
        errors("10:30:12", 1_500, 5, 1),
        vec![event("10:30:00", "RevokeSecurityGroupIngress", &["sg-1"])],
    );
    let changes = changes(&Case::new(&evidence)).told;
    let suspect = changes[0].suspect.as_ref().unwrap();
    assert_eq!(suspect.seconds_to_first_error, 12);
    assert!(suspect.errors_per_minute_before.abs() < 1e-9);
    assert!((suspect.errors_per_minute_after - 12.0).abs() < 0.6);
    assert!(
        suspect.in_words.starts_with(
            "the 502s began 12 s after it: 0.0 a minute in the 30 minutes before, 12.0"
        ),
        "{}",
        suspect.in_words
    );
}

#[test]
fn what_came_before_long_or_after_the_step_is_not() {
    let evidence = with(
        errors("10:30:12", 1_500, 5, 1),
        vec![
            event("10:05:00", "ModifyRule", &["rule/1"]),
            event("10:30:40", "ModifyTargetGroup", &[WEB]),
            event("10:33:00", "RebootInstances", &["i-1"]),
            event("10:50:00", "ModifyLoadBalancerAttributes", &[LOAD_BALANCER]),
        ],
    );
    assert_eq!(suspects(&evidence), Vec::<String>::new());
}

#[test]
fn a_change_that_was_refused_did_nothing() {
    let mut change = event("10:30:00", "RevokeSecurityGroupIngress", &["sg-1"]);
    change.error = Some("Client.UnauthorizedOperation".to_owned());
    let evidence = with(errors("10:30:12", 1_500, 5, 1), vec![change]);
    assert_eq!(suspects(&evidence), Vec::<String>::new());
    let changes = changes(&Case::new(&evidence)).told;
    assert_eq!(
        changes[0].refused.as_deref(),
        Some("Client.UnauthorizedOperation")
    );
}

#[test]
fn a_change_of_another_target_is_not_blamed() {
    let evidence = with(
        errors("10:30:12", 1_500, 5, 1),
        vec![
            event("10:30:00", "RebootInstances", &["i-3"]),
            event("10:30:02", "RebootInstances", &["i-1"]),
        ],
    );
    let names: Vec<String> = changes(&Case::new(&evidence))
        .told
        .into_iter()
        .filter(|change| change.suspect.is_some())
        .flat_map(|change| change.resources)
        .collect();
    assert_eq!(names, ["i-1"]);
}

#[test]
fn a_change_of_another_group_is_not_blamed() {
    let mut evidence = with(
        errors("10:30:12", 1_500, 5, 1),
        vec![event(
            "10:30:00",
            "ModifyTargetGroup",
            &["targetgroup/other"],
        )],
    );
    if let Observed::Seen { value, .. } = &mut evidence.target_groups {
        value.push(TargetGroup {
            arn: "targetgroup/other".to_owned(),
            name: "other".to_owned(),
            ..TargetGroup::default()
        });
    }
    assert_eq!(suspects(&evidence), Vec::<String>::new());
}

#[test]
fn an_even_race_has_no_suspect() {
    let changes = (0..20)
        .map(|n| event(&format!("10:{:02}:07", n * 3), "ModifyRule", &["rule/1"]))
        .collect();
    let mut evidence = with(errors("10:00:30", 3_500, 47, 1), changes);
    // The hour before is not known to have been quiet.
    evidence.metrics = Observed::NotAsked;
    assert_eq!(suspects(&evidence), Vec::<String>::new());
}

#[test]
fn a_burst_in_the_middle_of_a_race_has_one() {
    let mut rows = errors("10:00:30", 3_500, 60, 1);
    rows.extend(errors("10:40:20", 40, 2, 2));
    let evidence = with(
        rows,
        vec![
            event("10:40:00", "UpdateService", &["x"]),
            event("10:44:00", "ModifyRule", &["rule/1"]),
        ],
    );
    assert_eq!(suspects(&evidence), ["UpdateService"]);
}

#[test]
fn a_slow_rise_is_nobodys() {
    let mut rows = errors("10:10:00", 600, 20, 1);
    rows.extend(errors("10:20:00", 600, 8, 1));
    rows.extend(errors("10:30:00", 600, 4, 1));
    rows.extend(errors("10:40:00", 1_200, 2, 1));
    let evidence = with(rows, vec![event("10:29:30", "ModifyRule", &["rule/1"])]);
    assert_eq!(suspects(&evidence), Vec::<String>::new());
}

#[test]
fn by_the_metric_the_minute_of_the_change_counts() {
    let mut evidence = with(
        Vec::new(),
        vec![event("10:30:40", "ModifyListener", &["l"])],
    );
    evidence.access_log = Observed::NotAsked;
    let points: Vec<(String, f64)> = (30..55)
        .map(|minute| (format!("10:{minute}:00"), 9.0))
        .collect();
    let points: Vec<(&str, f64)> = points.iter().map(|(at, n)| (at.as_str(), *n)).collect();
    set_series(
        &mut evidence,
        series(LOAD_BALANCER, "HTTPCode_ELB_502_Count", "Sum", &points),
    );
    assert_eq!(suspects(&evidence), ["ModifyListener"]);
}

#[test]
fn with_no_minute_before_it_nobody_is_suspected() {
    let mut evidence = with(
        errors("10:00:05", 3_000, 5, 1),
        vec![event("10:00:02", "ModifyListener", &["l"])],
    );
    evidence.metrics = Observed::NotAsked;
    assert_eq!(suspects(&evidence), Vec::<String>::new());
}

#[test]
fn a_finding_says_by_how_much_the_errors_followed_its_change() {
    let evidence = with(
        errors("10:30:12", 1_500, 5, 2),
        vec![event("10:30:00", "ModifyTargetGroup", &[WEB])],
    );
    let changes = changes(&Case::new(&evidence)).told;
    let diagnosis = crate::diagnose(&evidence);
    assert_eq!(diagnosis.changes, changes);
    let mut findings = diagnosis.findings;
    findings.truncate(1);
    findings[0].explains = 1;
    findings[0].resources = vec![WEB.to_owned()];
    findings[0].because = "It is so.".to_owned();
    tell(&changes, &mut findings);
    assert!(
        findings[0]
            .because
            .starts_with("It is so. ModifyTargetGroup at 10:30:00 by ana came before: the 502s began 12 s after it"),
        "{}",
        findings[0].because
    );
}

#[test]
fn what_is_left_out_is_counted_and_is_no_suspect() {
    let quiet = (0..CHANGES_KEPT + 40).map(|n| {
        let clock = format!("09:{:02}:{:02}", n / 60, n % 60);
        event(&clock, "ModifyRule", &["rule/1"])
    });
    let suspect = event("10:30:00", "RevokeSecurityGroupIngress", &["sg-1"]);
    let evidence = with(
        errors("10:30:12", 1_500, 5, 1),
        quiet.chain([suspect]).collect(),
    );
    assert_eq!(suspects(&evidence), ["RevokeSecurityGroupIngress"]);
    let diagnosis = crate::diagnose(&evidence);
    assert_eq!(diagnosis.changes.len(), CHANGES_KEPT);
    assert_eq!(diagnosis.changes_left_out, 41);
    let tables = crate::tables::tables(&evidence, crate::Step::TargetHealth);
    let table = tables.iter().find(|table| table.id == "changes").unwrap();
    assert!(table.note.contains("41 more changes are not here"));
}
