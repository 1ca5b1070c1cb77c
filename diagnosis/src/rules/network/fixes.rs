//! How to open a gate again: the fixes of this step's rules, by what is shut.

use super::shut::Shut;
use crate::{
    document::Fix,
    fix,
    reachability::{Decider, Gate},
};

/// The target's security groups.
pub(super) fn groups<'a>(shut: &Shut<'_, 'a>) -> &'a [String] {
    match shut.by {
        Decider::NoSecurityGroupRule { groups } => groups,
        _ => &[],
    }
}

/// Lets the load balancer's group in on the port.
pub(super) fn let_in(shut: &Shut<'_, '_>) -> Fix {
    let region = shut.region();
    let group = groups(shut).first().map_or("", String::as_str);
    let from = shut
        .case
        .evidence
        .load_balancer
        .security_groups
        .first()
        .map_or("", String::as_str);
    let port = shut.port;
    Fix {
        summary: format!(
            "Allow TCP {port} into {group} from the load balancer's security group {from}."
        ),
        cli: vec![fix::aws(
            &format!(
                "ec2 authorize-security-group-ingress --group-id {} --protocol tcp --port {port} --source-group {}",
                fix::quote(group),
                fix::quote(from)
            ),
            region,
        )],
        console: fix::ec2_console(
            region,
            &format!("SecurityGroup:groupId={}", fix::encode(group)),
        ),
        terraform: format!(
            "resource \"aws_vpc_security_group_ingress_rule\" \"from_load_balancer\" {{\n  security_group_id            = {}\n  referenced_security_group_id = {}\n  ip_protocol                  = \"tcp\"\n  from_port                    = {port}\n  to_port                      = {port}\n}}\n",
            fix::terraform_string(group),
            fix::terraform_string(from)
        ),
    }
}

/// Lets the load balancer's own group out to the targets' subnets.
pub(super) fn let_out(shut: &Shut<'_, '_>) -> Fix {
    let region = shut.region();
    let evidence = shut.case.evidence;
    let own = evidence.load_balancer.security_groups.first();
    let own = own.map_or("", String::as_str);
    let port = shut.port;
    let cidrs: Vec<String> = shut
        .target_subnets()
        .iter()
        .filter_map(|subnet| shut.cidr(subnet).map(str::to_owned))
        .collect();
    Fix {
        summary: format!("Allow TCP {port} out of {own} to the targets' subnets (or their security group)."),
        cli: cidrs
            .iter()
            .map(|cidr| {
                let permission = format!(
                    "IpProtocol=tcp,FromPort={port},ToPort={port},IpRanges=[{{CidrIp={cidr}}}]"
                );
                fix::aws(
                    &format!(
                        "ec2 authorize-security-group-egress --group-id {} --ip-permissions {}",
                        fix::quote(own),
                        fix::quote(&permission)
                    ),
                    region,
                )
            })
            .collect(),
        console: fix::ec2_console(region, &format!("SecurityGroup:groupId={}", fix::encode(own))),
        terraform: cidrs
            .first()
            .map(|cidr| {
                format!(
                    "resource \"aws_vpc_security_group_egress_rule\" \"to_targets\" {{\n  security_group_id = {}\n  cidr_ipv4         = {}\n  ip_protocol       = \"tcp\"\n  from_port         = {port}\n  to_port           = {port}\n}}\n",
                    fix::terraform_string(own),
                    fix::terraform_string(cidr)
                )
            })
            .unwrap_or_default(),
    }
}

/// The network ACL that decides, and the number of the entry.
pub(super) fn acl<'a>(shut: &Shut<'_, 'a>) -> (&'a str, u32) {
    match shut.by {
        Decider::NetworkAclEntry { acl, number } => (acl, number),
        _ => ("", 0),
    }
}

/// Allows TCP on `ports` at the gate that is shut.
pub(super) fn allow_entry(shut: &Shut<'_, '_>, ports: (u16, u16)) -> Fix {
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

/// The table, and the route in it that leads nowhere.
pub(super) fn table<'a>(shut: &Shut<'_, 'a>) -> (&'a str, Option<(&'a str, &'a str)>) {
    match shut.by {
        Decider::Route {
            table,
            destination,
            target,
        } => (table, Some((destination, target))),
        Decider::NoRoute { table } => (table, None),
        _ => ("", None),
    }
}

/// Shows the table: where the way should lead is not in evidence.
pub(super) fn route_again(shut: &Shut<'_, '_>) -> Fix {
    let region = shut.region();
    let (table, dead) = table(shut);
    Fix {
        summary: match dead {
            Some((destination, target)) => {
                format!("Repair {target}, or point the route {destination} of {table} elsewhere.")
            }
            None => format!("Add a route to the other end to {table}."),
        },
        // Where the way should lead is not in evidence: the command shows the table.
        cli: vec![fix::aws(
            &format!("ec2 describe-route-tables --route-table-ids {}", fix::quote(table)),
            region,
        )],
        console: fix::console(
            region,
            &format!("vpcconsole/home?region={region}#RouteTableDetails:RouteTableId={}", fix::encode(table)),
        ),
        terraform: dead.map_or_else(String::new, |(destination, _)| {
            format!(
                "# Point this at a gateway or connection that exists.\nresource \"aws_route\" \"to_targets\" {{\n  route_table_id         = {}\n  destination_cidr_block = {}\n  transit_gateway_id     = var.transit_gateway_id\n}}\n",
                fix::terraform_string(table),
                fix::terraform_string(destination)
            )
        }),
    }
}
