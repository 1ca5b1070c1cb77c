//! ## What it looks for
//!
//! TLS listeners whose security policy still takes TLS 1.0 or 1.1.
//!
//! ## Why this makes a 502
//!
//! It does not: the policy faces the clients. It is a risk that is seen in passing. But the policy
//! also decides what is offered to targets: without TLS 1.3 in it, targets that take nothing less
//! cannot be reached (`target-tls-handshake-failed`).
//!
//! ## How to be sure
//!
//! Compare the policy's name with AWS's table of protocols per policy.
//!
//! ## How to fix it
//!
//! Choose `ELBSecurityPolicy-TLS13-1-2-2021-06` or a newer one, after a look at the TLS versions that
//! clients use (the access log's `ssl_protocol`).
//!
//! ## References
//!
//! - "Security policies for your Application Load Balancer": protocols by policy
//! - "Troubleshoot your Application Load Balancers", HTTP 502: the policy towards targets

use crate::{
    document::{Fix, Strength},
    evidence::Listener,
    fix,
    need::Need,
    rule::{Answer, Case, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "listener-policy-outdated",
    step: Step::Tls,
    specificity: 30,
    source: include_str!("listener_policy_outdated.rs"),
    check,
};

/// Predefined policies that take TLS 1.0 or 1.1. [V] AWS's table of protocols by policy.
const OUTDATED: &[&str] = &[
    "ELBSecurityPolicy-2011-08",
    "ELBSecurityPolicy-2014-01",
    "ELBSecurityPolicy-2014-10",
    "ELBSecurityPolicy-2015-02",
    "ELBSecurityPolicy-2015-03",
    "ELBSecurityPolicy-2015-05",
    "ELBSecurityPolicy-2016-08",
    "ELBSecurityPolicy-FS-2018-06",
    "ELBSecurityPolicy-FS-1-1-2019-08",
    "ELBSecurityPolicy-TLS-1-0-2015-04",
    "ELBSecurityPolicy-TLS-1-1-2017-01",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS13-1-1-2021-06",
    "ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04",
];

fn check(case: &Case<'_>) -> Answer {
    let listeners = case
        .evidence
        .listeners
        .seen()
        .map_or(&[][..], Vec::as_slice);
    let outdated: Vec<&Listener> = listeners
        .iter()
        .filter(|listener| speaks_tls(listener))
        .filter(|listener| {
            listener
                .ssl_policy
                .as_deref()
                .is_some_and(|policy| OUTDATED.contains(&policy))
        })
        .collect();
    if !outdated.is_empty() {
        return Answer::found(draft(case, &outdated));
    }
    let missing = case.missing(&[Need::Listeners]);
    if !missing.is_empty() {
        return Answer::cannot_tell("Not every listener was seen.", missing);
    }
    Answer::clear(if listeners.iter().any(speaks_tls) {
        "No listener's policy is known to take TLS 1.0 or 1.1."
    } else {
        "No listener speaks TLS."
    })
}

/// A policy may be named where the protocol makes nothing of it.
fn speaks_tls(listener: &Listener) -> bool {
    matches!(listener.protocol.as_str(), "HTTPS" | "SSL" | "TLS")
}

fn draft(case: &Case<'_>, listeners: &[&Listener]) -> Draft {
    let region = &case.evidence.load_balancer.region;
    let newer = "ELBSecurityPolicy-TLS13-1-2-2021-06";
    let names: Vec<String> = listeners
        .iter()
        .map(|listener| {
            format!(
                "{} on port {}",
                listener.ssl_policy.as_deref().unwrap_or_default(),
                listener.port
            )
        })
        .collect();
    Draft {
        strength: Strength::Possible,
        title: "A listener still takes TLS 1.0 or 1.1".to_owned(),
        because: format!("{}. It makes no 502.", words::list(&names, 3)),
        claims: Claims::Nothing,
        resources: listeners
            .iter()
            .map(|listener| listener.arn.clone())
            .collect(),
        cites: case.sources(&[Need::Listeners]),
        fix: Fix {
            summary: format!("Choose the policy {newer} once no client needs the old versions."),
            cli: if case.is_classic() {
                Vec::new()
            } else {
                listeners
                    .iter()
                    .map(|listener| {
                        fix::aws(
                            &format!(
                                "elbv2 modify-listener --listener-arn {} --ssl-policy {newer}",
                                fix::quote(&listener.arn)
                            ),
                            region,
                        )
                    })
                    .collect()
            },
            console: fix::load_balancer_console(&case.evidence.load_balancer),
            terraform: format!(
                "# in the aws_lb_listener\nssl_policy = {}\n",
                fix::terraform_string(newer)
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Evidence,
        fixture::{assert_cannot_tell, assert_clear, assert_found, denied, healthy},
        observed::Observed,
    };

    fn policy(name: &str) -> Evidence {
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.listeners {
            value[0].protocol = "HTTPS".to_owned();
            value[0].ssl_policy = Some(name.to_owned());
        }
        evidence
    }

    #[test]
    fn current_policies_and_plain_listeners_are_clear() {
        assert_clear(&RULE, &healthy());
        assert_clear(&RULE, &policy("ELBSecurityPolicy-TLS13-1-2-2021-06"));
        assert_clear(&RULE, &policy("ELBSecurityPolicy-TLS-1-2-2017-01"));
    }

    #[test]
    fn old_versions_are_a_risk() {
        assert_found(
            &RULE,
            &policy("ELBSecurityPolicy-2016-08"),
            Strength::Possible,
        );
    }

    #[test]
    fn a_plain_listener_has_no_use_for_a_policy() {
        let mut evidence = policy("ELBSecurityPolicy-2016-08");
        if let Observed::Seen { value, .. } = &mut evidence.listeners {
            value[0].protocol = "HTTP".to_owned();
        }
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn unseen_listeners_are_not_clear() {
        let mut evidence = healthy();
        evidence.listeners = denied("elasticloadbalancing:DescribeListeners");
        assert_cannot_tell(&RULE, &evidence, "DescribeListeners");
    }
}
