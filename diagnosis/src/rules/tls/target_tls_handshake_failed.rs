//! ## What it looks for
//!
//! HTTPS target groups with TargetTLSNegotiationErrorCount in the window, and the 502s of the same
//! group and the same minutes that never got a connection (all three times -1).
//!
//! ## Why this makes a 502
//!
//! The load balancer could not agree with the target on a TLS session: no protocol version or cipher
//! in common, no certificate on the target, a target that insists on a server name (SNI), or a port
//! that does not speak TLS. Which versions and ciphers the load balancer offers to targets follows
//! from the listener's policy: a policy with TLS 1.3 offers `ELBSecurityPolicy-TLS13-1-0-2021-06`,
//! any other offers `ELBSecurityPolicy-2016-08`, which ends at TLS 1.2. What is *not* a cause: a
//! self-signed, expired or wrongly named certificate on the target, because the load balancer does
//! not check it.
//!
//! ## How to be sure
//!
//! From a machine in the VPC, `openssl s_client -connect <target> -tls1_2` shows what the target
//! accepts. Where the errors are of all targets of the group, look at the port and the policy; where
//! they are of some, look at what is different about those.
//!
//! ## How to fix it
//!
//! Let the target accept TLS 1.2 with one of the offered ciphers and present any certificate without
//! asking for a server name, or choose a listener policy with TLS 1.3. A port that speaks plain HTTP
//! needs a target group with the protocol HTTP.
//!
//! ## References
//!
//! - "Troubleshoot your Application Load Balancers", HTTP 502: SSL handshake error; the policy towards
//!   targets
//! - "CloudWatch metrics for your Application Load Balancer": TargetTLSNegotiationErrorCount, by target
//!   group
//! - "Target groups for your Application Load Balancers": target certificates are not validated
//! - [S] That such rows show -1/-1/-1, and the server name, rest on reports, not on AWS's text.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::{
    case::minute_of,
    document::{Fix, Strength},
    evidence::{TargetGroup, access_log::Shape},
    fix,
    need::Need,
    rule::{Answer, Case, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-tls-handshake-failed",
    step: Step::Tls,
    specificity: 70,
    source: include_str!("target_tls_handshake_failed.rs"),
    check,
};

/// A policy with TLS 1.3, to choose where the listener's has none.
const NEWER_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

fn check(case: &Case<'_>) -> Answer {
    let groups: Vec<&TargetGroup> = case
        .target_groups()
        .iter()
        .filter(|group| matches!(group.protocol.as_deref(), Some("HTTPS" | "SSL")))
        .collect();
    let mut missing = case.missing(&[Need::TargetGroups]);
    if groups.is_empty() {
        return if missing.is_empty() {
            Answer::clear("No target group speaks TLS to its targets.")
        } else {
            Answer::cannot_tell("Which target groups speak TLS was not seen.", missing)
        };
    }
    if case.is_classic() {
        return classic(case);
    }
    let mut findings = Vec::new();
    for group in groups {
        match case.target_group_series(&group.arn, "TargetTLSNegotiationErrorCount", "Sum") {
            Some(series) => findings.extend(finding(case, group, &case.per_minute(series))),
            None => missing.extend(not_seen(case, group)),
        }
    }
    if !findings.is_empty() {
        return Answer {
            findings,
            ..Answer::default()
        };
    }
    missing.extend(case.missing(&[Need::Metrics]));
    missing.dedup();
    if missing.is_empty() {
        Answer::clear("TargetTLSNegotiationErrorCount is silent for every HTTPS target group.")
    } else {
        Answer::cannot_tell("TLS errors of targets were not counted in full.", missing)
    }
}

fn not_seen(case: &Case<'_>, group: &TargetGroup) -> Vec<String> {
    let missing = case.missing(&[Need::Metrics]);
    if missing.is_empty() {
        vec![format!(
            "TargetTLSNegotiationErrorCount of {}: not asked",
            group.name
        )]
    } else {
        missing
    }
}

/// Classic load balancers count no TLS errors of their instances.
fn classic(case: &Case<'_>) -> Answer {
    let missing = case.missing(&[Need::AccessLog]);
    let failed = case.places(|row| row.shape() == Shape::NotConnected);
    if missing.is_empty() && failed.is_empty() {
        Answer::clear("Every request of the log got a connection to an instance.")
    } else {
        let mut all = vec![
            "TLS errors of instances: Classic Load Balancers do not count them; try openssl s_client from inside the VPC"
                .to_owned(),
        ];
        all.extend(missing);
        Answer::cannot_tell("Nothing counts TLS errors towards instances.", all)
    }
}

fn finding(
    case: &Case<'_>,
    group: &TargetGroup,
    errors: &BTreeMap<DateTime<Utc>, u64>,
) -> Option<Draft> {
    if errors.is_empty() {
        return None;
    }
    let total: u64 = errors.values().sum();
    let refused = case
        .target_group_series(&group.arn, "TargetConnectionErrorCount", "Sum")
        .map(|series| case.per_minute(series));
    let refused_too = errors.keys().any(|minute| {
        refused
            .as_ref()
            .is_none_or(|refused| refused.contains_key(minute))
    });

    let mut said = vec![format!(
        "{} could not agree on TLS with targets of {} ({} in the window, in {}).",
        words::capital("the load balancer"),
        group.name,
        words::count(total, "failed handshake", "failed handshakes"),
        words::count(errors.len() as u64, "minute", "minutes")
    )];
    let mut cites = case.sources(&[Need::Metrics, Need::TargetGroups, Need::Listeners]);
    let mut resources = vec![group.arn.clone()];
    let mut strength;
    let claims;
    if case.evidence.access_log.seen().is_some() {
        cites.extend(case.sources(&[Need::AccessLog]));
        let rows = case.places(|row| {
            row.elb_status_code == 502
                && row.shape() == Shape::NotConnected
                && row.target_status_code.is_none()
                && row.target_group_arn.as_ref() == Some(&group.arn)
                && errors.contains_key(&minute_of(row.time))
        });
        let targets: BTreeSet<&str> = rows
            .iter()
            .filter_map(|place| case.rows()[*place].target.as_deref())
            .collect();
        resources.extend(targets.iter().take(50).map(|target| (*target).to_owned()));
        let targets: Vec<&str> = targets.into_iter().collect();
        if rows.is_empty() {
            strength = Strength::Possible;
            said.push(
                "No 502 of the log falls into those minutes for want of a connection.".to_owned(),
            );
        } else {
            strength = Strength::Proven;
            said.push(format!(
                "{} of the same group in the same minutes never got a connection (-1/-1/-1), all to {}.",
                words::count(case.requests(&rows), "502", "502s"),
                words::list(&targets, 4)
            ));
        }
        claims = if rows.is_empty() {
            Claims::Nothing
        } else {
            Claims::Rows(rows)
        };
    } else {
        let minutes: Vec<(DateTime<Utc>, u64)> = case
            .minutes_with_502()
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(minute, bad)| errors.get(&minute).map(|n| (minute, bad.min(*n))))
            .collect();
        if minutes.is_empty() {
            strength = Strength::Possible;
            said.push("No 502 was counted in those minutes.".to_owned());
        } else {
            strength = Strength::Proven;
            said.push(format!(
                "{} were counted in the same minutes; without an access log they cannot be told apart one by one.",
                words::count(minutes.iter().map(|(_, n)| n).sum(), "502", "502s")
            ));
        }
        claims = if minutes.is_empty() {
            Claims::Nothing
        } else {
            Claims::Minutes(minutes)
        };
    }
    if refused_too && strength == Strength::Proven {
        strength = Strength::Likely;
        said.push(
            "TargetConnectionErrorCount is not silent then either, so some may be refused connections."
                .to_owned(),
        );
    }
    let policy = listener_policy(case, group);
    if let Some(policy) = policy {
        said.push(if has_tls_1_3(policy) {
            format!("The listener's policy {policy} offers targets ELBSecurityPolicy-TLS13-1-0-2021-06.")
        } else {
            format!(
                "The listener's policy {policy} has no TLS 1.3, so targets are offered ELBSecurityPolicy-2016-08: TLS 1.2 at most."
            )
        });
    }
    Some(Draft {
        strength,
        title: format!("TLS handshakes with targets of {} fail", group.name),
        because: said.join(" "),
        claims,
        resources,
        cites,
        fix: mend(case, group, policy),
    })
}

/// The policy of an HTTPS listener that forwards to the group.
fn listener_policy<'a>(case: &Case<'a>, group: &TargetGroup) -> Option<&'a str> {
    listener(case, group)?.ssl_policy.as_deref()
}

fn listener<'a>(case: &Case<'a>, group: &TargetGroup) -> Option<&'a crate::evidence::Listener> {
    case.evidence.listeners.seen()?.iter().find(|listener| {
        listener.ssl_policy.is_some()
            && listener
                .rules
                .iter()
                .flat_map(|rule| &rule.forwards_to)
                .any(|forward| forward.target_group_arn == group.arn)
    })
}

fn has_tls_1_3(policy: &str) -> bool {
    policy.contains("TLS13")
}

fn mend(case: &Case<'_>, group: &TargetGroup, policy: Option<&str>) -> Fix {
    let region = &case.evidence.load_balancer.region;
    let mut cli = Vec::new();
    let address = case
        .targets()
        .iter()
        .filter(|target| target.target_group.arn == group.arn)
        .find_map(|target| target.addresses.first());
    if let Some(address) = address {
        // From a machine inside the VPC.
        cli.push(format!(
            "openssl s_client -connect {} -tls1_2 </dev/null",
            fix::quote(address)
        ));
    }
    let older = policy.is_some_and(|policy| !has_tls_1_3(policy));
    let listener = listener(case, group).filter(|_| older);
    if let Some(listener) = listener {
        cli.push(fix::aws(
            &format!(
                "elbv2 modify-listener --listener-arn {} --ssl-policy {NEWER_POLICY}",
                fix::quote(&listener.arn)
            ),
            region,
        ));
    }
    Fix {
        summary: if older {
            format!(
                "Let the targets accept TLS 1.2 with a common cipher, or give the listener a policy with TLS 1.3 ({NEWER_POLICY}), which then is offered to targets too."
            )
        } else {
            "Let the targets accept one of the offered versions and ciphers, with any certificate and without asking for a server name; if the port speaks plain HTTP, use a target group with that protocol."
                .to_owned()
        },
        cli,
        console: fix::target_group_console(region, &group.arn),
        terraform: listener.map_or_else(String::new, |_| {
            format!(
                "# in the aws_lb_listener of this load balancer\nssl_policy = {}\n",
                fix::terraform_string(NEWER_POLICY)
            )
        }),
    }
}

#[cfg(test)]
mod tests;
