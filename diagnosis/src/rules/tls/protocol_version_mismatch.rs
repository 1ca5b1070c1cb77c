//! ## What it looks for
//!
//! Requests that the load balancer answered 464: their protocol does not fit the target group's
//! protocol version (HTTP/1.1 to an HTTP/2 or gRPC group, gRPC to an HTTP/1.1 group, HTTP/2 without
//! POST to a gRPC group).
//!
//! ## Why this makes a 502
//!
//! It makes a 464, not a 502; clients and proxies that do not know that code often report it as a bad
//! gateway. The reverse (a group set to HTTP/2 in front of a target that speaks HTTP/1.1) ends as a
//! 502 whose answer could not be parsed.
//!
//! ## How to be sure
//!
//! The access log's `type` and `target_group_arn` of the 464 rows against the group's protocol
//! version.
//!
//! ## How to fix it
//!
//! The version of a group cannot be changed: make one with the right version and point the listener's
//! rule at it.
//!
//! ## References
//!
//! - "Troubleshoot your Application Load Balancers", HTTP 464
//! - "Target groups for your Application Load Balancers": protocol versions

use std::collections::BTreeSet;

use crate::{
    document::{Fix, Strength},
    fix,
    need::Need,
    rule::{Answer, Case, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "protocol-version-mismatch",
    step: Step::Tls,
    specificity: 72,
    source: include_str!("protocol_version_mismatch.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    if case.is_classic() {
        return Answer::clear("Classic Load Balancers know no protocol versions.");
    }
    let rows = case.places(|row| row.elb_status_code == 464);
    if !rows.is_empty() {
        return Answer::found(draft(case, rows));
    }
    let missing = case.missing(&[Need::AccessLog]);
    if missing.is_empty() {
        Answer::clear("No request of the window was answered 464.")
    } else {
        Answer::cannot_tell("Only the access log tells a 464 from other codes.", missing)
    }
}

fn draft(case: &Case<'_>, rows: Vec<usize>) -> Draft {
    let groups: BTreeSet<&str> = rows
        .iter()
        .filter_map(|place| case.rows()[*place].target_group_arn.as_deref())
        .collect();
    let named: Vec<String> = groups
        .iter()
        .map(|arn| match case.target_group(arn) {
            Some(group) => format!(
                "{} ({})",
                group.name,
                group.protocol_version.as_deref().unwrap_or("HTTP1")
            ),
            None => (*arn).to_owned(),
        })
        .collect();
    let kinds: BTreeSet<&str> = rows
        .iter()
        .map(|place| case.rows()[*place].kind.as_str())
        .collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    Draft {
        strength: Strength::Proven,
        title: "Requests do not speak the target group's protocol version (464, not 502)".to_owned(),
        because: format!(
            "{} of type {} were answered 464{}.",
            words::count(case.requests(&rows), "request", "requests"),
            words::list(&kinds, 4),
            if named.is_empty() {
                String::new()
            } else {
                format!(" on the way to {}", words::list(&named, 3))
            }
        ),
        claims: Claims::Rows(rows),
        resources: groups.iter().map(|arn| (*arn).to_owned()).collect(),
        cites: case.sources(&[Need::AccessLog, Need::TargetGroups]),
        fix: Fix {
            summary: "Make a target group with the protocol version that clients speak and point the listener's rule at it.".to_owned(),
            cli: groups
                .iter()
                .take(3)
                .map(|arn| {
                    fix::aws(
                        &format!("elbv2 describe-target-groups --target-group-arns {}", fix::quote(arn)),
                        &case.evidence.load_balancer.region,
                    )
                })
                .collect(),
            console: fix::load_balancer_console(&case.evidence.load_balancer),
            terraform: "# in a new aws_lb_target_group\nprotocol_version = \"HTTP1\" # or \"HTTP2\", \"GRPC\"\n".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::access_log::FaultRow,
        fixture::{
            assert_cannot_tell, assert_clear, assert_found, denied, healthy, refused, set_rows,
        },
    };

    #[test]
    fn no_464_is_clear_and_one_is_proven() {
        assert_clear(&RULE, &healthy());
        let mut evidence = healthy();
        set_rows(
            &mut evidence,
            vec![FaultRow {
                elb_status_code: 464,
                ..refused("10:20:00", 1)
            }],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert_eq!(
            because,
            "1 request of type http were answered 464 on the way to web (HTTP1)."
        );
    }

    #[test]
    fn an_unread_log_is_not_clear() {
        let mut evidence = healthy();
        evidence.access_log = denied("s3:GetObject");
        assert_cannot_tell(&RULE, &evidence, "s3:GetObject");
    }
}
