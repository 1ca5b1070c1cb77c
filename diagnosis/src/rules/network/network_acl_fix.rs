//! How to mend a network ACL: one entry in front of the one that denies.

use super::shut::Shut;
use crate::{
    document::Fix,
    fix,
    reachability::{Decider, Gate},
};

pub(super) fn acl<'a>(shut: &Shut<'_, 'a>) -> (&'a str, u32) {
    match shut.by {
        Decider::NetworkAclEntry { acl, number } => (acl, number),
        _ => ("", 0),
    }
}

/// Allows TCP on `ports` at the gate that is shut.
pub(super) fn allow(shut: &Shut<'_, '_>, ports: (u16, u16)) -> Fix {
    let region = shut.region();
    let (acl, denying) = acl(shut);
    let egress = matches!(shut.gate, Gate::RequestAclOut | Gate::ReturnAclOut);
    // The other end: the target's subnet at the load balancer's ACL, and the reverse.
    let others: Vec<String> = match shut.gate {
        Gate::RequestAclOut | Gate::ReturnAclIn => shut.target_subnets(),
        _ => shut.subnets().into_iter().map(str::to_owned).collect(),
    };
    let cidrs: Vec<&str> = others
        .iter()
        .filter_map(|subnet| shut.cidr(subnet))
        .collect();
    let numbers = free_numbers(shut, acl, egress, denying);
    let (way, direction) = if egress {
        ("out", " --egress")
    } else {
        ("in", " --ingress")
    };
    Fix {
        summary: format!(
            "Allow TCP {} {way} of {acl} with a rule number below {}.",
            in_words(ports),
            if denying < 32_767 { denying.to_string() } else { "*".to_owned() }
        ),
        cli: cidrs
            .iter()
            .zip(&numbers)
            .map(|(cidr, number)| {
                fix::aws(
                    &format!(
                        "ec2 create-network-acl-entry --network-acl-id {}{direction} --rule-number {number} --protocol tcp --port-range From={},To={} --cidr-block {} --rule-action allow",
                        fix::quote(acl),
                        ports.0,
                        ports.1,
                        fix::quote(cidr)
                    ),
                    region,
                )
            })
            .collect(),
        console: fix::console(
            region,
            &format!("vpcconsole/home?region={region}#NetworkAclDetails:networkAclId={}", fix::encode(acl)),
        ),
        terraform: cidrs
            .iter()
            .zip(&numbers)
            .map(|(cidr, number)| {
                format!(
                    "resource \"aws_network_acl_rule\" \"lb502_{number}\" {{\n  network_acl_id = {}\n  rule_number    = {number}\n  egress         = {egress}\n  protocol       = \"tcp\"\n  rule_action    = \"allow\"\n  cidr_block     = {}\n  from_port      = {}\n  to_port        = {}\n}}\n",
                    fix::terraform_string(acl),
                    fix::terraform_string(cidr),
                    ports.0,
                    ports.1
                )
            })
            .collect(),
    }
}

fn in_words(ports: (u16, u16)) -> String {
    if ports.0 == ports.1 {
        ports.0.to_string()
    } else {
        format!("{}–{}", ports.0, ports.1)
    }
}

/// Numbers that stand before the entry that denies and are not taken, the nearest first.
fn free_numbers(shut: &Shut<'_, '_>, acl: &str, egress: bool, denying: u32) -> Vec<u32> {
    let taken: Vec<u32> = shut
        .case
        .evidence
        .network_acls
        .seen()
        .into_iter()
        .flatten()
        .filter(|of| of.id == acl)
        .flat_map(|of| &of.entries)
        .filter(|entry| entry.egress == egress)
        .map(|entry| entry.rule_number)
        .collect();
    let last = taken.iter().filter(|number| **number < 32_767).max();
    // Behind the last of one's own rules there is room up to the final one.
    let start = match (denying, last) {
        (32_767, Some(last)) => last.saturating_add(20).min(32_766),
        (32_767, None) => 110,
        (denying, _) => denying.saturating_sub(1),
    };
    (1..=start)
        .rev()
        .filter(|number| !taken.contains(number))
        .take(8)
        .collect()
}
