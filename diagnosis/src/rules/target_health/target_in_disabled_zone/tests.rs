use super::*;
use crate::{
    document::Strength,
    evidence::{NetworkInterface, TargetGroupAttributes, TargetHealth, load_balancer::Zone},
    fixture::*,
};

fn in_zone(n: u8, letter: char, state: &str, reason: Option<&str>) -> TargetHealth {
    TargetHealth {
        zone: Some(format!("eu-west-1{letter}")),
        ..target(n, state, reason)
    }
}

fn no_target(clock: &str, node: &str) -> FaultRow {
    FaultRow {
        elb_status_code: 503,
        target: None,
        node: Some(node.to_owned()),
        ..refused(clock, 1)
    }
}

/// The load balancer uses zones a and b.
fn in_two_zones(targets: Vec<TargetHealth>) -> crate::Evidence {
    let mut evidence = healthy();
    evidence.load_balancer.zones = ["a", "b"]
        .map(|letter| Zone {
            name: format!("eu-west-1{letter}"),
            subnet_id: format!("subnet-{letter}"),
        })
        .to_vec();
    set_health(&mut evidence, targets);
    evidence
}

fn without_cross_zone(targets: Vec<TargetHealth>) -> crate::Evidence {
    let mut evidence = in_two_zones(targets);
    evidence.target_group_attributes.insert(
        WEB.to_owned(),
        seen(TargetGroupAttributes {
            cross_zone: Some("false".to_owned()),
            ..TargetGroupAttributes::default()
        }),
    );
    evidence
}

#[test]
fn a_group_that_no_listener_uses_is_the_near_miss() {
    let mut evidence = in_two_zones(vec![in_zone(1, 'a', "unused", Some("Target.NotInUse"))]);
    evidence.listeners = seen(Vec::new());
    assert_clear(&RULE, &evidence);
}

#[test]
fn zones_that_agree_are_clear() {
    assert_clear(&RULE, &in_two_zones(vec![in_zone(1, 'a', "healthy", None)]));
    // With cross-zone on an empty zone does no harm.
    assert_clear(&RULE, &in_two_zones(vec![in_zone(1, 'b', "healthy", None)]));
}

#[test]
fn one_unused_target_among_others_is_a_risk_without_errors() {
    let mut evidence = in_two_zones(vec![
        in_zone(1, 'a', "healthy", None),
        in_zone(2, 'c', "unused", Some("Target.NotInUse")),
    ]);
    set_rows(&mut evidence, vec![no_target("10:10:00", "10.0.8.5")]);
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("i-2 in eu-west-1c"), "{because}");
    assert!(
        because.contains("uses eu-west-1a and eu-west-1b"),
        "{because}"
    );
}

#[test]
fn with_all_targets_unused_every_request_is_a_503() {
    let mut evidence = in_two_zones(vec![in_zone(2, 'c', "unused", Some("Target.NotInUse"))]);
    set_rows(
        &mut evidence,
        vec![no_target("10:10:00", "10.0.8.5"), refused("10:12:00", 1)],
    );
    // Their state is that of now; the metric is that of then.
    assert_found(&RULE, &evidence, Strength::Likely);
    set_series(
        &mut evidence,
        series(WEB, "HealthyHostCount", "Maximum", &[]),
    );
    assert_found(&RULE, &evidence, Strength::Proven);
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Rows(vec![0])
    );
    set_series(
        &mut evidence,
        series(WEB, "HealthyHostCount", "Maximum", &[("10:10:00", 2.0)]),
    );
    assert_found(&RULE, &evidence, Strength::Possible);
}

#[test]
fn the_zone_of_an_address_comes_from_its_interface_or_subnet() {
    let mut evidence = in_two_zones(vec![TargetHealth {
        id: "10.0.30.7".to_owned(),
        zone: None,
        ..target(1, "unused", Some("Target.NotInUse"))
    }]);
    assert_clear(&RULE, &evidence);
    evidence.network_interfaces = seen(vec![NetworkInterface {
        zone: Some("eu-west-1c".to_owned()),
        private_ips: vec!["10.0.30.7".to_owned()],
        ..NetworkInterface::default()
    }]);
    let because = assert_found(&RULE, &evidence, Strength::Possible);
    assert!(because.contains("in eu-west-1c"), "{because}");
}

#[test]
fn a_zone_without_a_healthy_target_and_cross_zone_off() {
    let mut evidence = without_cross_zone(vec![
        in_zone(1, 'a', "healthy", None),
        in_zone(2, 'b', "unhealthy", Some("Target.Timeout")),
    ]);
    assert_found(&RULE, &evidence, Strength::Possible);
    set_rows(
        &mut evidence,
        vec![no_target("10:10:00", "10.0.9.5"), refused("10:11:00", 2)],
    );
    assert_found(&RULE, &evidence, Strength::Likely);
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Rows(vec![0, 1])
    );
}

#[test]
fn the_nodes_zone_proves_it_or_speaks_against() {
    let mut evidence = without_cross_zone(vec![in_zone(1, 'a', "healthy", None)]);
    evidence.network_interfaces = seen(
        [("a", "10.0.8.5"), ("b", "10.0.9.5")]
            .map(|(letter, address)| NetworkInterface {
                description: "ELB app/shop/50dc6c495c0c9188".to_owned(),
                zone: Some(format!("eu-west-1{letter}")),
                private_ips: vec![address.to_owned()],
                ..NetworkInterface::default()
            })
            .to_vec(),
    );
    set_rows(&mut evidence, vec![no_target("10:10:00", "10.0.9.5")]);
    assert_found(&RULE, &evidence, Strength::Proven);
    set_rows(&mut evidence, vec![no_target("10:10:00", "10.0.8.5")]);
    assert_found(&RULE, &evidence, Strength::Possible);
}

#[test]
fn health_that_was_not_seen_is_not_clear() {
    let mut evidence = in_two_zones(Vec::new());
    evidence.target_health.insert(
        WEB.to_owned(),
        denied("elasticloadbalancing:DescribeTargetHealth"),
    );
    assert_cannot_tell(
        &RULE,
        &evidence,
        "elasticloadbalancing:DescribeTargetHealth",
    );
}
