use super::*;
use crate::{document::Strength, evidence::Change, fixture::*};

fn event(clock: &str, name: &str, resources: &[&str]) -> Change {
    Change {
        at: at(clock),
        name: name.to_owned(),
        who: "nightly-job".to_owned(),
        resources: resources.iter().map(|id| (*id).to_owned()).collect(),
        summary: format!("{name} {}", resources.join(" ")),
        error: None,
    }
}

/// `i-2` is stopped at 10:20:00 while registered; its health check takes 155 s to notice.
fn stopped() -> crate::Evidence {
    let mut evidence = healthy();
    if let crate::Observed::Seen { value, .. } = &mut evidence.target_groups {
        value[0].health_check.unhealthy_threshold = 5;
    }
    evidence.cloudtrail = seen(vec![event("10:20:00", "StopInstances", &["i-2"])]);
    let rows = (0..14).map(|n| refused(&format!("10:2{}:{:02}", n / 6, (n % 6) * 10 + 5), 2));
    set_rows(&mut evidence, rows.collect());
    evidence
}

#[test]
fn a_target_that_was_deregistered_first_is_the_near_miss() {
    let mut evidence = stopped();
    evidence.cloudtrail = seen(vec![
        event("10:15:00", "DeregisterTargets", &[WEB, "i-2"]),
        event("10:20:00", "StopInstances", &["i-2"]),
    ]);
    assert_clear(&RULE, &evidence);
}

#[test]
fn what_breaks_within_the_minute_of_the_stop_belongs_to_the_stop() {
    let mut evidence = stopped();
    if let crate::Observed::Seen { value, .. } = &mut evidence.access_log {
        value.rows.truncate(6);
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn errors_until_the_health_check_notices_are_proven() {
    let because = assert_found(&RULE, &stopped(), Strength::Proven);
    assert!(
        because.contains("up to 155 s to notice (5 × 30 s and its time-out of 5 s)"),
        "{because}"
    );
    assert!(because.contains("until 135 s after the stop"), "{because}");
}

#[test]
fn a_machine_that_auto_scaling_found_dead_is_likely() {
    let mut evidence = stopped();
    evidence.cloudtrail = seen(Vec::new());
    evidence.auto_scaling = seen(vec![Change {
        at: at("10:23:00"),
        name: "Terminating EC2 instance".to_owned(),
        who: "Auto Scaling group web".to_owned(),
        resources: vec!["web".to_owned(), "i-2".to_owned()],
        summary: "Terminating EC2 instance: i-2 (Successful). At 10:22:58Z an instance was taken out of \
                  service in response to an EC2 health check indicating it has been terminated or stopped."
            .to_owned(),
        error: None,
    }]);
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn unseen_events_hide_a_stop() {
    let mut evidence = stopped();
    evidence.cloudtrail = denied("cloudtrail:LookupEvents");
    assert_cannot_tell(&RULE, &evidence, "cloudtrail:LookupEvents");
}
