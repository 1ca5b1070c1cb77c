use super::*;
use crate::{evidence::Change, fixture::*};

fn line(clock: &str, stream: &str, message: &str) -> AppLogLine {
    AppLogLine {
        at: at(clock),
        group: "/shop/web".to_owned(),
        stream: stream.to_owned(),
        message: message.to_owned(),
    }
}

fn with(rows: Vec<FaultRow>, lines: Vec<AppLogLine>) -> crate::Evidence {
    let mut evidence = healthy();
    set_rows(&mut evidence, rows);
    evidence.app_log = seen(AppLog {
        groups: vec!["/shop/web".to_owned()],
        lines,
    });
    evidence
}

const KILLED: &str = "Out of memory: Killed process 311 (node)";

fn crash() -> crate::Evidence {
    with(
        vec![
            hung_up("10:20:01", 2, 3.2),
            hung_up("10:20:01.2", 2, 0.4),
            refused("10:20:09", 2),
        ],
        vec![line("10:20:00", "web/i-2", KILLED)],
    )
}

#[test]
fn lines_at_times_without_rows_are_the_near_miss() {
    let rows = vec![hung_up("10:20:01", 2, 3.2), hung_up("10:41:07", 1, 0.4)];
    let lines = vec![
        line("10:05:00", "web", KILLED),
        line("10:33:12", "web", "WORKER TIMEOUT (pid:12)"),
    ];
    assert_clear(&RULE, &with(rows, lines));
}

#[test]
fn a_line_of_another_targets_stream_does_not_count() {
    let mut evidence = crash();
    evidence.app_log = seen(AppLog {
        groups: vec!["/shop/web".to_owned()],
        lines: vec![line("10:20:00", "web/i-1", KILLED)],
    });
    assert_clear(&RULE, &evidence);
}

#[test]
fn an_error_that_the_server_survives_does_not_count() {
    let rows = vec![hung_up("10:20:01", 2, 3.2)];
    let lines = vec![line(
        "10:20:01",
        "web",
        "Traceback (most recent call last):",
    )];
    assert_clear(&RULE, &with(rows, lines));
}

#[test]
fn a_kill_at_the_rows_is_proven() {
    let because = assert_found(&RULE, &crash(), Strength::Proven);
    assert!(because.contains("3 rows lie within seconds"), "{because}");
    assert!(
        because.contains("10:20:00 \"Out of memory: Killed process 311 (node)\""),
        "{because}"
    );
    assert!(because.contains("names the target"), "{because}");
}

#[test]
fn lines_all_over_the_window_prove_nothing_by_lying_beside_rows() {
    let rows = (0..12)
        .map(|n| hung_up(&format!("10:{:02}:30", n * 5), 1, 2.0))
        .collect();
    let lines = (0..60)
        .map(|n| line(&format!("10:{n:02}:27"), "web", "WORKER TIMEOUT (pid:7)"))
        .collect();
    let evidence = with(rows, lines);
    // A line every minute lies beside a third of the window; twelve of twelve is no chance even then.
    assert_found(&RULE, &evidence, Strength::Proven);
    let rows = (0..12)
        .map(|n| hung_up(&format!("10:{:02}:{:02}", n * 5, n * 5), 1, 2.0))
        .collect();
    let lines = (0..60)
        .map(|n| line(&format!("10:{n:02}:27"), "web", "WORKER TIMEOUT (pid:7)"))
        .collect();
    assert_clear(&RULE, &with(rows, lines));
}

#[test]
fn what_somebody_stopped_is_no_restart_of_its_own() {
    let mut evidence = crash();
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:19:50"),
        name: "RebootInstances".to_owned(),
        who: "ines".to_owned(),
        resources: vec!["i-2".to_owned()],
        summary: String::new(),
        error: None,
    }]);
    assert_clear(&RULE, &evidence);
    let mut evidence = crash();
    if let crate::Observed::Seen { value, .. } = &mut evidence.app_log {
        let told = line("10:19:40", "web/i-2", "received SIGTERM");
        value.lines.insert(0, told);
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn with_changes_unseen_it_is_likely_and_a_begin_alone_a_hint() {
    let mut evidence = crash();
    evidence.ecs = denied("ecs:ListTasks");
    assert_found(&RULE, &evidence, Strength::Likely);
    let mut evidence = crash();
    evidence.app_log = seen(AppLog {
        groups: vec!["/shop/web".to_owned()],
        lines: vec![line("10:20:06", "web", "Booting worker with pid: 99")],
    });
    assert_found(&RULE, &evidence, Strength::Likely);
    evidence.cloudtrail = denied("cloudtrail:LookupEvents");
    assert_found(&RULE, &evidence, Strength::Possible);
}

#[test]
fn a_log_that_was_not_read_in_full_is_not_silent() {
    let mut evidence = crash();
    evidence.app_log = denied("logs:FilterLogEvents");
    assert_cannot_tell(&RULE, &evidence, "logs:FilterLogEvents");
    evidence.app_log = crate::Observed::NotAsked;
    assert_cannot_tell(&RULE, &evidence, "no log group");
    evidence.app_log = crate::Observed::Seen {
        value: AppLog {
            groups: vec!["/shop/web".to_owned()],
            lines: Vec::new(),
        },
        source: vec![1],
        at: at("11:05:00"),
        incomplete: Some("900 more lines were left out".to_owned()),
    };
    assert_cannot_tell(&RULE, &evidence, "900 more lines");
    assert_clear(&RULE, &healthy());
}
