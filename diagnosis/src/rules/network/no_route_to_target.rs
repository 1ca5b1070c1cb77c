//! ## What it looks for
//!
//! For every subnet of the load balancer and every target: whether the subnet's route table (its own
//! or the VPC's main one) has an active route to the target, and the target's subnet one back. The
//! longest prefix that fits decides; a route in the state `blackhole` leads nowhere.
//!
//! ## Why this makes a 502
//!
//! Within one VPC the local route is always there. Targets by address may stand in a peered VPC or
//! behind a transit gateway, a VPN or Direct Connect, and those routes come and go. Without one,
//! packets are dropped: a node waits ten seconds and answers 504 for the target, or 502 where the
//! network says at once that the host cannot be reached.
//!
//! ## How to be sure
//!
//! Every request to the targets behind the route fails with all three times at -1. What the network
//! on the other side does with the packets cannot be seen from here.
//!
//! ## How to fix it
//!
//! Put the route back in the table that is named, or repair what it points to (the peering
//! connection, the transit gateway's attachment).
//!
//! ## References
//!
//! - VPC guide, "Configure route tables": route priority, blackhole routes
//! - "Troubleshoot your Application Load Balancers", HTTP 502 (ICMP host unreachable) and HTTP 504

use super::{
    fixes::{route_again, table},
    shut::{Question, Wording, judge},
};
use crate::{
    need::Need,
    reachability::{Decider, Gate, Purpose},
    rule::{Answer, Case, Rule},
    step::Step,
};

pub(super) const RULE: Rule = Rule {
    id: "no-route-to-target",
    step: Step::Network,
    specificity: 86,
    source: include_str!("no_route_to_target.rs"),
    check,
};

const QUESTION: Question = Question {
    gates: &[Gate::RequestRoute, Gate::ReturnRoute],
    purposes: &[Purpose::Traffic],
    needs: &[Need::RouteTables, Need::PrefixLists],
    what: "the routes between the load balancer's subnets and the targets",
    stateless: true,
};

fn check(case: &Case<'_>) -> Answer {
    judge(case, &QUESTION, |shut| {
        let (to, fault) = match (shut.gate, shut.by) {
            (Gate::ReturnRoute, Decider::Route { .. }) => {
                ("back to the load balancer", "is a blackhole")
            }
            (Gate::ReturnRoute, _) => ("back to the load balancer", "leads there"),
            (_, Decider::Route { .. }) => ("to the targets", "is a blackhole"),
            _ => ("to the targets", "leads there"),
        };
        Wording {
            title: format!("No route {to} ({})", shut.targets_in_words()),
            because: format!(
                "{} {fault} ({}).",
                crate::words::capital(&shut.by.to_string()),
                shut.gate.in_words()
            ),
            resources: vec![table(shut).0.to_owned()],
            fix: route_again(shut),
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
        evidence::{
            Evidence, TargetHealth, access_log::FaultRow, network::Route, target_groups::TargetType,
        },
        fixture::{
            ask, assert_cannot_tell, assert_clear, assert_found, denied, set_health, set_rows,
        },
    };

    /// One target by address, outside the VPC.
    fn peered(state: Option<&str>) -> Evidence {
        let mut evidence = networked();
        edit(&mut evidence.target_groups)[0].target_type = TargetType::Ip;
        set_health(
            &mut evidence,
            vec![TargetHealth {
                id: "172.20.4.7".to_owned(),
                port: Some(8080),
                zone: Some("all".to_owned()),
                state: "unhealthy".to_owned(),
                reason: Some("Target.Timeout".to_owned()),
                ..TargetHealth::default()
            }],
        );
        if let Some(state) = state {
            edit(&mut evidence.route_tables)[0].routes.push(Route {
                destination: "172.20.0.0/16".to_owned(),
                target: "pcx-1".to_owned(),
                state: state.to_owned(),
            });
        }
        evidence
    }

    #[test]
    fn local_and_peering_routes_are_clear() {
        assert_clear(&RULE, &networked());
        assert_clear(&RULE, &peered(Some("active")));
        assert!(
            ask(&RULE, &peered(Some("active")))
                .because
                .contains("as far as its own tables tell")
        );
    }

    #[test]
    fn a_blackhole_and_a_missing_route_are_found() {
        let mut evidence = peered(Some("blackhole"));
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(
            because.contains("Route 172.20.0.0/16 → pcx-1 of rtb-1 is a blackhole"),
            "{because}"
        );
        set_rows(
            &mut evidence,
            vec![FaultRow {
                target: Some("172.20.4.7:8080".to_owned()),
                ..timed_out("10:20:10", 1)
            }],
        );
        assert_found(&RULE, &evidence, Strength::Proven);
        let because = assert_found(&RULE, &peered(None), Strength::Likely);
        assert!(
            because.contains("No route in rtb-1 leads there"),
            "{because}"
        );
    }

    #[test]
    fn a_refused_call_is_not_clear() {
        let mut evidence = networked();
        evidence.route_tables = denied("ec2:DescribeRouteTables");
        assert_cannot_tell(&RULE, &evidence, "ec2:DescribeRouteTables");
    }
}
