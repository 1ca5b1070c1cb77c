use super::*;
use crate::{
    document::Strength,
    evidence::{Change, LoadBalancerType, TargetGroupAttributes},
    fixture::*,
};

/// `i-2` is deregistered at 10:20:00, with this delay.
fn drained(delay: u32) -> crate::Evidence {
    let mut evidence = healthy();
    evidence.target_group_attributes.insert(
        WEB.to_owned(),
        seen(TargetGroupAttributes {
            deregistration_delay: delay,
            ..TargetGroupAttributes::default()
        }),
    );
    evidence.cloudtrail = seen(vec![Change {
        at: at("10:20:00"),
        name: "DeregisterTargets".to_owned(),
        who: "deploy-bot".to_owned(),
        resources: vec![WEB.to_owned(), "i-2".to_owned()],
        summary: String::new(),
        error: None,
    }]);
    evidence
}

#[test]
fn a_request_that_broke_before_the_drain_was_over_is_the_near_miss() {
    let mut evidence = drained(60);
    set_rows(&mut evidence, vec![hung_up("10:20:31", 2, 70.0)]);
    assert_clear(&RULE, &evidence);
}

#[test]
fn a_short_request_at_that_moment_is_not_cut_by_the_delay() {
    let mut evidence = drained(60);
    set_rows(&mut evidence, vec![hung_up("10:21:01", 2, 0.4)]);
    assert_clear(&RULE, &evidence);
}

#[test]
fn requests_that_end_with_the_drain_are_proven() {
    let mut evidence = drained(60);
    set_rows(
        &mut evidence,
        vec![hung_up("10:21:01", 2, 96.0), hung_up("10:21:02", 2, 63.5)],
    );
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(because.contains("for 63.50 s to 96 s"), "{because}");
    let fix = &ask(&RULE, &evidence).findings[0].fix;
    assert!(
        fix.cli[0].contains("'Key=deregistration_delay.timeout_seconds,Value=192'"),
        "{:?}",
        fix.cli
    );
}

#[test]
fn with_no_delay_at_all_it_is_likely() {
    let mut evidence = drained(0);
    set_rows(
        &mut evidence,
        vec![hung_up("10:20:01", 2, 3.0), hung_up("10:20:01.5", 2, 1.2)],
    );
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn classic_without_draining_is_likely_and_with_it_cannot_be_told() {
    let mut evidence = drained(0);
    evidence.load_balancer.kind = LoadBalancerType::Classic;
    if let crate::Observed::Seen { value, .. } = &mut evidence.cloudtrail {
        value[0].name = "DeregisterInstancesFromLoadBalancer".to_owned();
        value[0].resources = vec!["shop".to_owned(), "i-2".to_owned()];
    }
    let rows = ["10:19:57", "10:19:58", "10:19:59"].map(|clock| FaultRow {
        elb_status_code: 504,
        target: None,
        target_group_arn: None,
        ..refused(clock, 2)
    });
    set_rows(&mut evidence, rows.to_vec());
    let because = assert_found(&RULE, &evidence, Strength::Likely);
    assert!(because.contains("connection draining is off"), "{because}");
    if let crate::Observed::Seen { value, .. } = &mut evidence.attributes {
        value.connection_draining = Some(300);
    }
    assert_clear(&RULE, &evidence);
}

#[test]
fn an_unknown_delay_or_event_is_not_clear() {
    let rows = vec![hung_up("10:21:01", 2, 96.0)];
    let mut evidence = drained(60);
    set_rows(&mut evidence, rows.clone());
    evidence.target_group_attributes.insert(
        WEB.to_owned(),
        denied("elasticloadbalancing:DescribeTargetGroupAttributes"),
    );
    assert_cannot_tell(
        &RULE,
        &evidence,
        "elasticloadbalancing:DescribeTargetGroupAttributes",
    );
    let mut evidence = drained(60);
    set_rows(&mut evidence, rows);
    evidence.cloudtrail = denied("cloudtrail:LookupEvents");
    assert_cannot_tell(&RULE, &evidence, "cloudtrail:LookupEvents");
}
