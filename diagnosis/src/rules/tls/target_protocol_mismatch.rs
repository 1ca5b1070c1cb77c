//! ## What it looks for
//!
//! Target groups whose protocol does not fit the port: HTTPS in front of a port that speaks plain
//! HTTP, or HTTP in front of one that speaks TLS. The port's number alone says nothing; what counts
//! is that every target of the group fails its health checks on that port, in the way that the wrong
//! protocol makes them fail.
//!
//! ## Why this makes a 502
//!
//! A TLS hello is no HTTP request and the reverse: the target closes the connection, or answers
//! something that cannot be parsed, and both are 502. Many servers answer plain HTTP on a TLS port
//! with 400, which shows as a health check with the wrong code.
//!
//! ## How to be sure
//!
//! From inside the VPC, `curl -v http://<target>` and `curl -vk https://<target>`: one of them works,
//! and it should be the group's protocol.
//!
//! ## How to fix it
//!
//! The protocol of a target group cannot be changed: make one with the right protocol and point the
//! listener's rule at it, or register the targets with the port that speaks the group's protocol.
//!
//! ## References
//!
//! - "Health checks for Application Load Balancer target groups": reason codes
//! - "Troubleshoot your Application Load Balancers", HTTP 502: malformed response, SSL handshake error
//! - [I] Which failure each mix-up makes is inferred from how common servers answer, so this is
//!   `likely` at most.

use crate::{
    document::{Fix, Strength},
    evidence::{TargetGroup, TargetHealth, access_log::Shape},
    fix,
    need::Need,
    rule::{Answer, Case, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-protocol-mismatch",
    step: Step::Tls,
    specificity: 68,
    source: include_str!("target_protocol_mismatch.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let mut missing = case.missing(&[Need::TargetGroups, Need::TargetHealth]);
    let mut findings = Vec::new();
    for group in case.target_groups() {
        if case.in_use(group) == Some(false) {
            continue;
        }
        let health = case.health(&group.arn);
        let targets: &[TargetHealth] = health.seen().map_or(&[], |targets| targets.as_slice());
        match group.protocol.as_deref() {
            Some("HTTP") if all_answer_400(group, targets) => {
                findings.push(plain_on_tls(case, group, targets));
            }
            Some("HTTPS") if all_unhealthy(group, targets) => {
                let errors =
                    case.target_group_series(&group.arn, "TargetTLSNegotiationErrorCount", "Sum");
                match case.total(errors) {
                    Some(0) => {}
                    Some(errors) => findings.extend(tls_on_plain(case, group, targets, errors)),
                    None => missing.extend(case.missing(&[Need::Metrics])),
                }
            }
            _ => {}
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            ..Answer::default()
        };
    }
    missing.dedup();
    if missing.is_empty() {
        Answer::clear(
            "In no target group do all targets fail as the wrong protocol makes them fail.",
        )
    } else {
        Answer::cannot_tell(
            "Health and TLS errors of the targets were not seen in full.",
            missing,
        )
    }
}

/// The check speaks the group's protocol on the port of the requests.
fn checks_the_traffic(group: &TargetGroup) -> bool {
    let check = &group.health_check;
    check.enabled
        && check.protocol == group.protocol
        && check.port.as_deref().is_none_or(|port| {
            port == "traffic-port"
                || Some(port) == group.port.map(|port| port.to_string()).as_deref()
        })
}

fn all_unhealthy(group: &TargetGroup, targets: &[TargetHealth]) -> bool {
    checks_the_traffic(group)
        && !targets.is_empty()
        && targets.iter().all(|target| target.state == "unhealthy")
}

fn all_answer_400(group: &TargetGroup, targets: &[TargetHealth]) -> bool {
    all_unhealthy(group, targets)
        && targets.iter().all(|target| {
            target.reason.as_deref() == Some("Target.ResponseCodeMismatch")
                && target
                    .description
                    .as_deref()
                    .is_some_and(|words| words.contains("[400]"))
        })
        && group.port.is_some_and(speaks_tls_by_custom)
}

fn speaks_tls_by_custom(port: u16) -> bool {
    matches!(port, 443 | 4443 | 8443 | 9443)
}

fn speaks_plain_by_custom(port: u16) -> bool {
    matches!(port, 80 | 3000 | 5000 | 8000 | 8080 | 8888 | 9000)
}

fn plain_on_tls(case: &Case<'_>, group: &TargetGroup, targets: &[TargetHealth]) -> Draft {
    let port = group.port.unwrap_or_default();
    let because = format!(
        "{} speaks HTTP to port {port}, and all of its {} answer health checks with 400, as servers do that expect TLS there.",
        group.name,
        words::count(targets.len() as u64, "target", "targets")
    );
    draft(case, group, because, "HTTPS")
}

fn tls_on_plain(
    case: &Case<'_>,
    group: &TargetGroup,
    targets: &[TargetHealth],
    errors: u64,
) -> Option<Draft> {
    let port = group.port.filter(|port| speaks_plain_by_custom(*port))?;
    let because = format!(
        "{} speaks HTTPS to port {port}, all of its {} fail their health checks and {} failed: the port may speak plain HTTP.",
        group.name,
        words::count(targets.len() as u64, "target", "targets"),
        words::count(errors, "TLS handshake", "TLS handshakes")
    );
    Some(draft(case, group, because, "HTTP"))
}

fn draft(case: &Case<'_>, group: &TargetGroup, mut because: String, right: &str) -> Draft {
    let region = &case.evidence.load_balancer.region;
    let rows = case.places(|row| {
        row.elb_status_code == 502
            && !row.made_by_target()
            && row.target_group_arn.as_ref() == Some(&group.arn)
            && row.shape() != Shape::Other
    });
    let mut cites = case.sources(&[Need::TargetGroups, Need::TargetHealth, Need::Metrics]);
    if !rows.is_empty() {
        because += &format!(
            " {} of this group fit.",
            words::count(case.requests(&rows), "502", "502s")
        );
        cites.extend(case.sources(&[Need::AccessLog]));
    }
    let address = case
        .targets()
        .iter()
        .filter(|target| target.target_group.arn == group.arn)
        .find_map(|target| target.addresses.first());
    Draft {
        strength: if rows.is_empty() {
            Strength::Possible
        } else {
            Strength::Likely
        },
        title: format!("{} may speak the wrong protocol to its targets", group.name),
        because,
        claims: if rows.is_empty() {
            Claims::Nothing
        } else {
            Claims::Rows(rows)
        },
        resources: vec![group.arn.clone()],
        cites,
        fix: Fix {
            summary: format!(
                "Try both protocols from inside the VPC; if {right} works, make a target group with it."
            ),
            cli: address
                .map(|address| {
                    vec![
                        format!("curl -v {}", fix::quote(&format!("http://{address}/"))),
                        format!("curl -vk {}", fix::quote(&format!("https://{address}/"))),
                    ]
                })
                .unwrap_or_default(),
            console: fix::target_group_console(region, &group.arn),
            terraform: format!(
                "# in a new aws_lb_target_group\nprotocol = {}\n",
                fix::terraform_string(right)
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Evidence,
        fixture::{
            WEB, assert_cannot_tell, assert_clear, assert_found, denied, healthy, hung_up, refused,
            series, set_health, set_rows, set_series, target,
        },
        observed::Observed,
    };

    fn group(protocol: &str, port: u16, reason: &str, description: &str) -> Evidence {
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.target_groups {
            value[0].protocol = Some(protocol.to_owned());
            value[0].health_check.protocol = Some(protocol.to_owned());
            value[0].port = Some(port);
        }
        set_health(
            &mut evidence,
            (1..=3)
                .map(|n| TargetHealth {
                    description: Some(description.to_owned()),
                    ..target(n, "unhealthy", Some(reason))
                })
                .collect(),
        );
        evidence
    }

    #[test]
    fn healthy_targets_are_clear() {
        assert_clear(&RULE, &healthy());
    }

    #[test]
    fn plain_http_to_a_tls_port() {
        let words = "Health checks failed with these codes: [400]";
        let mut evidence = group("HTTP", 8443, "Target.ResponseCodeMismatch", words);
        assert_found(&RULE, &evidence, Strength::Possible);
        set_rows(&mut evidence, vec![hung_up("10:20:00", 1, 0.0)]);
        assert_found(&RULE, &evidence, Strength::Likely);
        // Another port may well answer 400 for its own reasons.
        assert_clear(
            &RULE,
            &group("HTTP", 8080, "Target.ResponseCodeMismatch", words),
        );
    }

    #[test]
    fn tls_to_a_plain_port() {
        let mut evidence = group(
            "HTTPS",
            8080,
            "Target.FailedHealthChecks",
            "Health checks failed",
        );
        assert_clear(&RULE, &evidence);
        let errors = series(
            WEB,
            "TargetTLSNegotiationErrorCount",
            "Sum",
            &[("10:20:00", 7.0)],
        );
        set_series(&mut evidence, errors);
        set_rows(&mut evidence, vec![refused("10:20:00", 1)]);
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(because.contains("7 TLS handshakes failed"), "{because}");
        evidence.metrics = denied("cloudwatch:GetMetricData");
        assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
    }
}
