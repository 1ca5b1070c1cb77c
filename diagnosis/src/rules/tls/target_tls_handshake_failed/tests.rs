use super::*;
use crate::{
    evidence::Evidence,
    fixture::{
        WEB, ask, assert_cannot_tell, assert_clear, assert_found, at, denied, healthy, hung_up,
        refused, series, set_rows, set_series,
    },
    observed::Observed,
};

fn tls() -> Evidence {
    let mut evidence = healthy();
    if let Observed::Seen { value, .. } = &mut evidence.target_groups {
        value[0].protocol = Some("HTTPS".to_owned());
    }
    if let Observed::Seen { value, .. } = &mut evidence.listeners {
        value[0].protocol = "HTTPS".to_owned();
        value[0].ssl_policy = Some("ELBSecurityPolicy-TLS-1-2-2017-01".to_owned());
    }
    evidence
}

fn errors(evidence: &mut Evidence, name: &str, points: &[(&str, f64)]) {
    set_series(evidence, series(WEB, name, "Sum", points));
}

#[test]
fn plain_groups_and_silent_metrics_are_clear() {
    assert_clear(&RULE, &healthy());
    assert_clear(&RULE, &tls());
}

#[test]
fn rows_without_a_connection_in_those_minutes_prove_it() {
    let mut evidence = tls();
    errors(
        &mut evidence,
        "TargetTLSNegotiationErrorCount",
        &[("10:20:00", 2.0)],
    );
    set_rows(
        &mut evidence,
        vec![
            refused("10:20:05", 1),
            refused("10:20:59", 2),
            refused("10:31:00", 1),
            hung_up("10:20:30", 3, 1.0),
        ],
    );
    let because = assert_found(&RULE, &evidence, Strength::Proven);
    assert!(
        because.contains("2 failed handshakes in the window"),
        "{because}"
    );
    assert!(
        because.contains("2 502s of the same group") && because.contains("TLS 1.2 at most"),
        "{because}"
    );
    let finding = &ask(&RULE, &evidence).findings[0];
    assert_eq!(finding.claims, Claims::Rows(vec![0, 1]));
    assert_eq!(
        finding.fix.cli[0],
        "openssl s_client -connect 10.0.1.1:8080 -tls1_2 </dev/null"
    );
    assert!(finding.fix.cli[1].contains("--ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06"));

    errors(
        &mut evidence,
        "TargetConnectionErrorCount",
        &[("10:20:00", 1.0)],
    );
    assert_found(&RULE, &evidence, Strength::Likely);
}

#[test]
fn without_rows_it_is_a_risk() {
    let mut evidence = tls();
    errors(
        &mut evidence,
        "TargetTLSNegotiationErrorCount",
        &[("10:20:00", 2.0)],
    );
    assert_found(&RULE, &evidence, Strength::Possible);
    assert_eq!(ask(&RULE, &evidence).findings[0].claims, Claims::Nothing);
}

#[test]
fn without_a_log_minutes_are_claimed() {
    let mut evidence = tls();
    evidence.access_log = Observed::NotAsked;
    errors(
        &mut evidence,
        "TargetTLSNegotiationErrorCount",
        &[("10:20:00", 5.0)],
    );
    let load_balancer = evidence.load_balancer.arn.clone();
    set_series(
        &mut evidence,
        series(
            &load_balancer,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 4.0), ("10:30:00", 9.0)],
        ),
    );
    assert_found(&RULE, &evidence, Strength::Proven);
    assert_eq!(
        ask(&RULE, &evidence).findings[0].claims,
        Claims::Minutes(vec![(at("10:20:00"), 4)])
    );
}

#[test]
fn unseen_metrics_are_not_clear() {
    let mut evidence = tls();
    evidence.metrics = denied("cloudwatch:GetMetricData");
    assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
    let mut evidence = tls();
    if let Observed::Seen { value, .. } = &mut evidence.metrics {
        value.series.clear();
    }
    assert_cannot_tell(
        &RULE,
        &evidence,
        "TargetTLSNegotiationErrorCount of web: not asked",
    );
    let mut evidence = healthy();
    evidence.target_groups = denied("elasticloadbalancing:DescribeTargetGroups");
    assert_cannot_tell(&RULE, &evidence, "DescribeTargetGroups");
}
