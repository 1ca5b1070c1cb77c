//! ## What it looks for
//!
//! For every subnet of the load balancer and every target that takes requests: whether any inbound
//! rule of the target's security groups lets the load balancer's nodes in on the traffic port. Rules
//! that name the load balancer's security group, an IPv4 or IPv6 block or a prefix list all count;
//! several groups count together.
//!
//! ## Why this makes a 502
//!
//! A security group drops what it does not allow, without a word. The node waits ten seconds for a
//! connection and then answers for the target. Most of the time that answer is 504, not 502: lb502
//! says which code was seen. Health checks time out too (`Target.Timeout`), and once they have, the
//! target gets no more requests.
//!
//! ## How to be sure
//!
//! The access log shows rows of exactly these targets with all three times at -1, ten seconds after
//! the request came. Connections that stood before a rule was removed go on for a while, because
//! security groups track them. The inbound rules that are named here are those of now; CloudTrail
//! tells when they were changed.
//!
//! ## How to fix it
//!
//! Let the load balancer's security group in on the target's port. Naming the group is better than
//! naming addresses: nodes change theirs.
//!
//! ## References
//!
//! - Application Load Balancer guide, "Security groups for your Application Load Balancer" (which
//!   rules targets need)
//! - "Troubleshoot your Application Load Balancers", HTTP 504: no connection within 10 seconds
//! - [I] That the code is mostly 504 and seldom 502 is inferred from these two.

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
    id: "security-group-blocks-target",
    step: Step::Network,
    specificity: 80,
    source: include_str!("security_group_blocks_target.rs"),
    check,
};

const QUESTION: Question = Question {
    gates: &[Gate::TargetInbound],
    purposes: &[Purpose::Traffic],
    needs: &[Need::SecurityGroups, Need::PrefixLists],
    what: "the inbound rules of the targets' security groups",
    stateless: false,
};

fn check(case: &Case<'_>) -> Answer {
    judge(case, &QUESTION, |shut| Wording {
        title: format!(
            "Security group lets no load balancer node in on {} ({})",
            shut.port_in_words(),
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
        super::fixture::{changed, edit, networked, timed_out},
        *,
    };
    use crate::{
        document::Strength,
        evidence::Evidence,
        fixture::{
            ask, assert_cannot_tell, assert_clear, assert_found, denied, hung_up, refused, seen,
            set_health, set_rows, target,
        },
        observed::Observed,
        rule::Claims,
    };

    /// The rule that let the load balancer in is gone, and the targets fail their checks.
    fn closed() -> Evidence {
        let mut evidence = networked();
        edit(&mut evidence.security_groups)[1].rules.clear();
        set_health(
            &mut evidence,
            (1..=3)
                .map(|n| target(n, "unhealthy", Some("Target.Timeout")))
                .collect(),
        );
        evidence
    }

    #[test]
    fn an_allowed_load_balancer_is_clear() {
        assert_clear(&RULE, &networked());
        assert!(
            ask(&RULE, &networked())
                .because
                .contains("sgr-sg-web of sg-web")
        );
    }

    #[test]
    fn failed_connections_to_exactly_these_targets_prove_it() {
        let mut evidence = closed();
        set_rows(
            &mut evidence,
            vec![
                timed_out("10:20:10", 1),
                refused("10:21:00", 2),
                hung_up("10:22:00", 3, 4.0),
            ],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("No rule of sg-web lets the load balancer in on port 8080"),
            "{because}"
        );
        assert!(because.contains("mostly show as 504"), "{because}");
        let finding = &ask(&RULE, &evidence).findings[0];
        assert_eq!(finding.claims, Claims::Rows(vec![0, 1]));
        assert!(finding.resources.starts_with(&["sg-web".to_owned()]));
        assert_eq!(
            finding.fix.cli,
            [
                "aws ec2 authorize-security-group-ingress --group-id sg-web --protocol tcp --port 8080 --source-group sg-lb --region eu-west-1"
            ]
        );
    }

    #[test]
    fn answers_meanwhile_speak_against_it_unless_the_change_is_known() {
        let mut evidence = closed();
        let mut late = timed_out("10:40:10", 1);
        late.idle_ms = Some(500);
        set_rows(&mut evidence, vec![timed_out("10:20:10", 1), late]);
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(
            because.contains("answered other requests meanwhile"),
            "{because}"
        );

        evidence.cloudtrail = seen(vec![changed(
            "10:19:00",
            "RevokeSecurityGroupIngress",
            "sg-web",
        )]);
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("RevokeSecurityGroupIngress by marek at 10:19:00"),
            "{because}"
        );
    }

    #[test]
    fn failures_before_the_change_have_another_cause() {
        let mut evidence = closed();
        evidence.cloudtrail = seen(vec![changed(
            "10:30:00",
            "RevokeSecurityGroupIngress",
            "sg-web",
        )]);
        set_rows(
            &mut evidence,
            vec![timed_out("10:20:10", 1), timed_out("10:31:00", 1)],
        );
        assert_eq!(
            ask(&RULE, &evidence).findings[0].claims,
            Claims::Rows(vec![1])
        );
    }

    #[test]
    fn without_rows_health_checks_make_it_likely_and_nothing_makes_it_possible() {
        assert_found(&RULE, &closed(), Strength::Likely);
        let mut healthy = closed();
        set_health(
            &mut healthy,
            (1..=3).map(|n| target(n, "healthy", None)).collect(),
        );
        let because = assert_found(&RULE, &healthy, Strength::Possible);
        assert!(because.contains("changed after the window"), "{because}");
        set_rows(&mut healthy, vec![timed_out("10:20:10", 1)]);
        let because = assert_found(&RULE, &healthy, Strength::Likely);
        assert!(
            because.contains("health checks on the same port pass"),
            "{because}"
        );
    }

    #[test]
    fn what_was_not_seen_is_not_clear() {
        let mut evidence = networked();
        evidence.security_groups = denied("ec2:DescribeSecurityGroups");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeSecurityGroups");
        let mut evidence = networked();
        evidence.instances = denied("ec2:DescribeInstances");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeInstances");
        let mut evidence = networked();
        evidence.security_groups = Observed::NotAsked;
        assert_cannot_tell(&RULE, &evidence, "run the step");
    }

    #[test]
    fn groups_without_requests_and_draining_targets_do_not_matter() {
        let mut unused = closed();
        for listener in edit(&mut unused.listeners) {
            listener.rules[0].forwards_to[0].weight = 0;
        }
        assert_clear(&RULE, &unused);
        let mut draining = closed();
        set_health(&mut draining, vec![target(1, "draining", None)]);
        assert_clear(&RULE, &draining);
    }
}
