//! ## What it looks for
//!
//! For every target and every subnet of the load balancer that is not its own: whether the network
//! ACL of the target's subnet lets answers out to the nodes, and that of the load balancer's subnet
//! lets them in, on all of the ports 1024–65535 that nodes connect from.
//!
//! ## Why this makes a 502
//!
//! Network ACLs keep no state: an answer needs a rule of its own. Without it requests arrive and
//! answers vanish. New connections time out after ten seconds, those that stood wait until the idle
//! timeout. Both are 504, not 502; people who look for a 502 often find this one. Where only some of
//! the ports are denied, only some connections fail.
//!
//! ## How to be sure
//!
//! Only targets behind this ACL fail, from the minute in which it was changed. The target's own log
//! may show that the requests came in and were answered.
//!
//! ## How to fix it
//!
//! Allow TCP 1024–65535 out to the load balancer's subnets with a number below the entry that denies
//! (or in from the targets' subnets, where it is the load balancer's own ACL).
//!
//! ## References
//!
//! - "Troubleshoot your Application Load Balancers", HTTP 504: the network ACL does not allow the
//!   ephemeral ports 1024–65535
//! - VPC guide, "Control subnet traffic with network access control lists" (order, no state)

use super::{
    fixes::{acl, allow_entry},
    shut::{Question, Wording, judge},
};
use crate::{
    need::Need,
    reachability::{Gate, Purpose, RETURN_PORTS},
    rule::{Answer, Case, Rule},
    step::Step,
};

pub(super) const RULE: Rule = Rule {
    id: "network-acl-blocks-return",
    step: Step::Network,
    specificity: 85,
    source: include_str!("network_acl_blocks_return.rs"),
    check,
};

const QUESTION: Question = Question {
    gates: &[Gate::ReturnAclOut, Gate::ReturnAclIn],
    purposes: &[Purpose::Traffic, Purpose::HealthCheck],
    needs: &[Need::NetworkAcls],
    what: "the network ACLs on the way back",
    stateless: true,
};

fn check(case: &Case<'_>) -> Answer {
    judge(case, &QUESTION, |shut| {
        let share = if shut.partly {
            "some"
        } else {
            "nearly all or all"
        };
        Wording {
            title: format!(
                "Network ACL {} drops {}answers to the load balancer ({})",
                acl(shut).0,
                if shut.partly { "some " } else { "" },
                shut.targets_in_words()
            ),
            because: format!(
                "{} denies {share} of the ports 1024–65535 that answers go to ({}).",
                crate::words::capital(&shut.by.to_string()),
                shut.gate.in_words()
            ),
            resources: vec![acl(shut).0.to_owned()],
            fix: allow_entry(shut, RETURN_PORTS),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{changed, edit, networked, timed_out},
        *,
    };
    use crate::{
        document::Strength,
        evidence::{Evidence, access_log::FaultRow, network::NetworkAclEntry},
        fixture::{
            ask, assert_cannot_tell, assert_clear, assert_found, at, denied, hung_up, seen,
            set_health, set_rows, target,
        },
        rule::Claims,
    };

    /// The targets' ACL lets out 443 only.
    fn one_way() -> Evidence {
        let mut evidence = networked();
        let entries = &mut edit(&mut evidence.network_acls)[1].entries;
        entries[1] = NetworkAclEntry {
            protocol: "6".to_owned(),
            from_port: Some(443),
            to_port: Some(443),
            ..entries[1].clone()
        };
        set_health(
            &mut evidence,
            vec![target(1, "unhealthy", Some("Target.Timeout"))],
        );
        evidence
    }

    #[test]
    fn open_acls_are_clear() {
        assert_clear(&RULE, &networked());
    }

    #[test]
    fn answers_that_cannot_leave_are_proven_by_504s() {
        let mut evidence = one_way();
        evidence.cloudtrail = seen(vec![changed(
            "10:20:00",
            "DeleteNetworkAclEntry",
            "acl-web",
        )]);
        let waited = FaultRow {
            elb_status_code: 504,
            target_processing_time: None,
            request_creation_time: Some(at("10:20:05")),
            ..hung_up("10:21:05", 1, 0.0)
        };
        set_rows(&mut evidence, vec![waited, timed_out("10:21:30", 1)]);
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains(
                "The last rule (*) of acl-web denies nearly all or all of the ports 1024–65535"
            ),
            "{because}"
        );
        assert!(because.contains("says 504, not 502"), "{because}");
        let finding = &ask(&RULE, &evidence).findings[0];
        assert_eq!(finding.claims, Claims::Rows(vec![0, 1]));
        assert!(
            finding.fix.cli[0].contains(
                "--egress --rule-number 120 --protocol tcp --port-range From=1024,To=65535"
            )
        );
    }

    #[test]
    fn some_ports_denied_are_likely_at_most() {
        let mut evidence = networked();
        edit(&mut evidence.network_acls)[0]
            .entries
            .push(NetworkAclEntry {
                rule_number: 50,
                egress: false,
                protocol: "6".to_owned(),
                allow: false,
                cidr: "10.0.1.0/24".to_owned(),
                from_port: Some(1024),
                to_port: Some(32_767),
            });
        let because = assert_found(&RULE, &evidence, Strength::Possible);
        assert!(
            because.contains("Rule 50 of acl-lb denies some of the ports"),
            "{because}"
        );
        set_rows(&mut evidence, vec![timed_out("10:20:10", 1)]);
        assert_found(&RULE, &evidence, Strength::Likely);
    }

    #[test]
    fn a_refused_call_is_not_clear() {
        let mut evidence = networked();
        evidence.network_acls = denied("ec2:DescribeNetworkAcls");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeNetworkAcls");
    }
}
