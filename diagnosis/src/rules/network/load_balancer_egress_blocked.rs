//! ## What it looks for
//!
//! For every target that takes requests: whether any outbound rule of the load balancer's own
//! security groups lets it out to the target, on the traffic port and on the health check's.
//!
//! ## Why this makes a 502
//!
//! Security groups allow everything out when they are made, but tools that manage them (Terraform
//! among them) remove that rule. What is not allowed is dropped, so the node waits ten seconds for a
//! connection. Most of the time the answer is then 504, not 502: lb502 says which code was seen.
//!
//! ## How to be sure
//!
//! Every target behind the missing rule fails, in every zone, with all three times at -1 in the
//! access log, and its health checks time out.
//!
//! ## How to fix it
//!
//! Let the load balancer's security group out to the targets' security group on their port.
//!
//! ## References
//!
//! - Application Load Balancer guide, "Security groups for your Application Load Balancer" (outbound
//!   rules)
//! - "Troubleshoot your Application Load Balancers", HTTP 504: no connection within 10 seconds

use super::{
    fixes::let_out,
    shut::{Question, Wording, judge},
};
use crate::{
    need::Need,
    reachability::{Gate, Purpose},
    rule::{Answer, Case, Rule},
    step::Step,
};

pub(super) const RULE: Rule = Rule {
    id: "load-balancer-egress-blocked",
    step: Step::Network,
    specificity: 82,
    source: include_str!("load_balancer_egress_blocked.rs"),
    check,
};

const QUESTION: Question = Question {
    gates: &[Gate::LoadBalancerOutbound],
    purposes: &[Purpose::Traffic, Purpose::HealthCheck],
    needs: &[Need::SecurityGroups, Need::PrefixLists],
    what: "the outbound rules of the load balancer's security groups",
    stateless: false,
};

fn check(case: &Case<'_>) -> Answer {
    judge(case, &QUESTION, |shut| {
        let own = &shut.case.evidence.load_balancer.security_groups;
        Wording {
            title: format!(
                "The load balancer's security group lets nothing out on {} ({})",
                shut.port_in_words(),
                shut.targets_in_words()
            ),
            because: format!(
                "{} lets the load balancer out to the targets on {}.",
                crate::words::capital(&shut.by.to_string()),
                shut.port_in_words()
            ),
            resources: own.clone(),
            fix: let_out(shut),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{edit, networked, timed_out},
        *,
    };
    use crate::{
        document::Strength,
        fixture::{
            ask, assert_cannot_tell, assert_clear, assert_found, denied, set_health, set_rows,
            target,
        },
    };

    #[test]
    fn open_outbound_rules_are_clear() {
        assert_clear(&RULE, &networked());
    }

    #[test]
    fn no_outbound_rule_is_found() {
        let mut evidence = networked();
        edit(&mut evidence.security_groups)[0].rules[0].cidr_ipv4 =
            Some("192.168.0.0/16".to_owned());
        assert_found(&RULE, &evidence, Strength::Possible);
        set_health(
            &mut evidence,
            vec![target(1, "unhealthy", Some("Target.Timeout"))],
        );
        set_rows(&mut evidence, vec![timed_out("10:20:10", 1)]);
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("No rule of sg-lb lets the load balancer out"),
            "{because}"
        );
        assert_eq!(
            ask(&RULE, &evidence).findings[0].fix.cli,
            [
                "aws ec2 authorize-security-group-egress --group-id sg-lb --ip-permissions 'IpProtocol=tcp,FromPort=8080,ToPort=8080,IpRanges=[{CidrIp=10.0.1.0/24}]' --region eu-west-1"
            ]
        );
    }

    #[test]
    fn a_refused_call_is_not_clear() {
        let mut evidence = networked();
        evidence.security_groups = denied("ec2:DescribeSecurityGroups");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeSecurityGroups");
    }
}
