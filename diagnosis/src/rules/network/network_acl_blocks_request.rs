//! ## What it looks for
//!
//! For every subnet of the load balancer and every target in another subnet: whether the network ACL
//! of the load balancer's subnet lets requests out, and that of the target's subnet lets them in, on
//! the traffic port and on the health check's. Rules count in the order of their numbers; the first
//! that fits decides.
//!
//! ## Why this makes a 502
//!
//! A network ACL drops what it denies, for new connections and for those that stand. The node waits
//! ten seconds for a connection, or until the idle timeout for an answer, and then answers for the
//! target. Most of the time that answer is 504, not 502: lb502 says which code was seen.
//!
//! ## How to be sure
//!
//! Only targets behind this ACL fail, from only the nodes in front of it, and they do so from the
//! minute in which the ACL was changed.
//!
//! ## How to fix it
//!
//! Add an entry that allows the port with a number below the one that denies. Network ACLs keep no
//! state: the answers need an entry of their own.
//!
//! ## References
//!
//! - VPC guide, "Control subnet traffic with network access control lists" (order, no state)
//! - "Troubleshoot your Application Load Balancers": recommended network ACL rules, HTTP 504

use super::{
    fixes::{acl, allow_entry},
    shut::{Question, Wording, judge},
};
use crate::{
    need::Need,
    reachability::{Gate, Purpose},
    rule::{Answer, Case, Rule},
    step::Step,
};

pub(super) const RULE: Rule = Rule {
    id: "network-acl-blocks-request",
    step: Step::Network,
    specificity: 84,
    source: include_str!("network_acl_blocks_request.rs"),
    check,
};

const QUESTION: Question = Question {
    gates: &[Gate::RequestAclOut, Gate::RequestAclIn],
    purposes: &[Purpose::Traffic, Purpose::HealthCheck],
    needs: &[Need::NetworkAcls],
    what: "the network ACLs on the way to the targets",
    stateless: true,
};

fn check(case: &Case<'_>) -> Answer {
    judge(case, &QUESTION, |shut| Wording {
        title: format!(
            "Network ACL {} drops requests on {} ({})",
            acl(shut).0,
            shut.port_in_words(),
            shut.targets_in_words()
        ),
        because: format!(
            "{} denies {} ({}).",
            crate::words::capital(&shut.by.to_string()),
            shut.port_in_words(),
            shut.gate.in_words()
        ),
        resources: vec![acl(shut).0.to_owned()],
        fix: allow_entry(shut, (shut.port, shut.port)),
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{edit, entry, networked, timed_out},
        *,
    };
    use crate::{
        document::Strength,
        evidence::network::NetworkAclEntry,
        fixture::{
            ask, assert_cannot_tell, assert_clear, assert_found, denied, set_health, set_rows,
            target,
        },
        rule::Claims,
    };

    #[test]
    fn open_acls_are_clear() {
        assert_clear(&RULE, &networked());
    }

    #[test]
    fn a_denied_port_is_found_by_its_rule_number() {
        let mut evidence = networked();
        let deny = NetworkAclEntry {
            protocol: "6".to_owned(),
            from_port: Some(8000),
            to_port: Some(8999),
            ..entry(90, false, false)
        };
        edit(&mut evidence.network_acls)[1].entries.push(deny);
        set_health(
            &mut evidence,
            vec![target(1, "unhealthy", Some("Target.Timeout"))],
        );
        set_rows(&mut evidence, vec![timed_out("10:20:10", 1)]);
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("Rule 90 of acl-web denies port 8080"),
            "{because}"
        );
        let finding = &ask(&RULE, &evidence).findings[0];
        assert_eq!(
            finding.fix.cli[0],
            "aws ec2 create-network-acl-entry --network-acl-id acl-web --ingress --rule-number 89 --protocol tcp --port-range From=8080,To=8080 --cidr-block 10.0.8.0/24 --rule-action allow --region eu-west-1"
        );
        assert_eq!(finding.fix.cli.len(), 2);
    }

    #[test]
    fn one_zone_shut_claims_the_rows_of_its_nodes_only() {
        let mut evidence = networked();
        let deny = NetworkAclEntry {
            cidr: "10.0.9.0/24".to_owned(),
            ..entry(90, false, false)
        };
        edit(&mut evidence.network_acls)[1].entries.push(deny);
        let from = |node: &str| {
            let mut row = timed_out("10:20:10", 1);
            row.node = Some(node.to_owned());
            row
        };
        set_rows(&mut evidence, vec![from("10.0.8.5"), from("10.0.9.5")]);
        assert_found(&RULE, &evidence, Strength::Proven);
        assert_eq!(
            ask(&RULE, &evidence).findings[0].claims,
            Claims::Rows(vec![1])
        );
        // A public address does not tell which subnet the node stands in.
        set_rows(&mut evidence, vec![from("203.0.113.80")]);
        assert_found(&RULE, &evidence, Strength::Likely);
    }

    #[test]
    fn a_refused_call_is_not_clear() {
        let mut evidence = networked();
        evidence.network_acls = denied("ec2:DescribeNetworkAcls");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeNetworkAcls");
    }
}
