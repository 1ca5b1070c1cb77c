//! ## What it looks for
//!
//! Target groups whose health checks use a port of their own: whether the target's security groups
//! let the load balancer's nodes in on that port, where they do let them in on the traffic port.
//!
//! ## Why this makes a 502
//!
//! Requests would get through, but the load balancer never learns it. The checks time out
//! (`Target.Timeout`) and healthy targets leave the rotation. What remains is overloaded, or none
//! remains and the load balancer sends requests to every target, the broken ones among them.
//!
//! ## How to be sure
//!
//! The target's health reason is `Target.Timeout`, and the health check's port is not among those
//! that its security groups allow.
//!
//! ## How to fix it
//!
//! Let the load balancer's security group in on the health check's port, or check on the traffic
//! port.
//!
//! ## References
//!
//! - Application Load Balancer guide, "Security groups for your Application Load Balancer"
//! - "Health checks for Application Load Balancer target groups": reason codes

use super::{
    fixes::{groups, let_in},
    shut::{Question, Wording, judge},
};
use crate::{
    need::Need,
    reachability::{Gate, Purpose},
    rule::{Answer, Case, Rule},
    step::Step,
};

pub(super) const RULE: Rule = Rule {
    id: "security-group-blocks-health-check",
    step: Step::Network,
    specificity: 75,
    source: include_str!("security_group_blocks_health_check.rs"),
    check,
};

const QUESTION: Question = Question {
    gates: &[Gate::TargetInbound],
    purposes: &[Purpose::HealthCheck],
    needs: &[Need::SecurityGroups, Need::PrefixLists],
    what: "the inbound rules of the targets' security groups on the health check's port",
    stateless: false,
};

fn check(case: &Case<'_>) -> Answer {
    judge(case, &QUESTION, |shut| Wording {
        title: format!(
            "Security group lets no health check in on port {} ({})",
            shut.port,
            shut.targets_in_words()
        ),
        because: format!(
            "{} lets the load balancer in on {}.",
            crate::words::capital(&shut.by.to_string()),
            shut.port_in_words()
        ),
        resources: groups(shut).to_vec(),
        fix: let_in(shut),
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
        rule::Claims,
    };

    #[test]
    fn checks_on_the_traffic_port_are_clear() {
        assert_clear(&RULE, &networked());
    }

    #[test]
    fn a_port_of_its_own_that_nothing_allows_is_found() {
        let mut evidence = networked();
        edit(&mut evidence.target_groups)[0].health_check.port = Some("9000".to_owned());
        assert_found(&RULE, &evidence, Strength::Possible);
        set_health(
            &mut evidence,
            (1..=3)
                .map(|n| target(n, "unhealthy", Some("Target.Timeout")))
                .collect(),
        );
        // Failed requests went over the other port: they are not this rule's.
        set_rows(&mut evidence, vec![timed_out("10:20:10", 1)]);
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(because.contains("health check port 9000"), "{because}");
        assert_eq!(ask(&RULE, &evidence).findings[0].claims, Claims::Nothing);
    }

    #[test]
    fn a_refused_call_is_not_clear() {
        let mut evidence = networked();
        edit(&mut evidence.target_groups)[0].health_check.port = Some("9000".to_owned());
        evidence.security_groups = denied("ec2:DescribeSecurityGroups");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeSecurityGroups");
    }
}
