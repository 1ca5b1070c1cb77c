//! Security groups, network ACLs, route tables and prefix lists.

use super::{Item, List, Setting, balancer};
use crate::{
    Evidence,
    evidence::network::{NetworkAclEntry, Route, SecurityGroupRule},
};

pub(super) fn security_groups(evidence: &Evidence) -> List {
    let observed = &evidence.security_groups;
    let groups = observed.seen().into_iter().flatten().map(|group| {
        let place = named("security group", &group.id, &group.name);
        let rules = group.rules.iter();
        let rules = rules.map(|one| (one.id.clone(), security_group_rule(one, &place)));
        let item = Item {
            shown: group.id.clone(),
            lists: vec![List::within("SecurityGroupRules", &place).with(rules)],
            settings: Vec::new(),
            place,
        };
        (group.id.clone(), item)
    });
    List::new(
        "SecurityGroups",
        balancer::place(evidence),
        "security groups",
        observed,
    )
    .asked_by_id()
    .with(groups)
}

fn security_group_rule(rule: &SecurityGroupRule, of: &str) -> Item {
    let source = [
        &rule.cidr_ipv4,
        &rule.cidr_ipv6,
        &rule.prefix_list_id,
        &rule.referenced_group_id,
    ];
    let source = source.into_iter().flatten().next();
    let source = source.map_or("", String::as_str);
    let way = if rule.egress { "to" } else { "from" };
    let ports = ports(&rule.protocol, rule.from_port, rule.to_port);
    Item {
        place: format!("{of}, rule {}", rule.id),
        shown: format!("{}: {ports} {way} {source}", rule.id),
        settings: vec![
            ("IsEgress", Setting::of(rule.egress)),
            ("IpProtocol", Setting::of(&rule.protocol)),
            ("FromPort", Setting::maybe(rule.from_port)),
            ("ToPort", Setting::maybe(rule.to_port)),
            ("CidrIpv4", Setting::maybe(rule.cidr_ipv4.as_ref())),
            ("CidrIpv6", Setting::maybe(rule.cidr_ipv6.as_ref())),
            ("PrefixListId", Setting::maybe(rule.prefix_list_id.as_ref())),
            (
                "ReferencedGroupInfo.GroupId",
                Setting::maybe(rule.referenced_group_id.as_ref()),
            ),
        ],
        lists: Vec::new(),
    }
}

pub(super) fn network_acls(evidence: &Evidence) -> List {
    let observed = &evidence.network_acls;
    let acls = observed.seen().into_iter().flatten().map(|acl| {
        let place = format!("network ACL {}", acl.id);
        let entries = acl.entries.iter().map(|one| entry(one, &place));
        let item = Item {
            shown: acl.id.clone(),
            settings: vec![("Associations", Setting::set(&acl.subnet_ids))],
            lists: vec![List::within("Entries", &place).with(entries)],
            place,
        };
        (acl.id.clone(), item)
    });
    let of = format!("VPC {}", evidence.load_balancer.vpc_id);
    List::new("NetworkAcls", of, "network ACLs", observed).with(acls)
}

/// Within an ACL an entry is known by its direction and number.
fn entry(entry: &NetworkAclEntry, of: &str) -> (String, Item) {
    let way = if entry.egress { "egress" } else { "ingress" };
    let id = format!("{way} {}", entry.rule_number);
    let action = if entry.allow { "allow" } else { "deny" };
    let ports = ports(&entry.protocol, entry.from_port, entry.to_port);
    let item = Item {
        place: format!("{of}, {id}"),
        shown: format!("{id}: {action} {ports} {}", entry.cidr),
        settings: vec![
            ("RuleAction", Setting::of(action)),
            ("Protocol", Setting::of(&entry.protocol)),
            ("PortRange.From", Setting::maybe(entry.from_port)),
            ("PortRange.To", Setting::maybe(entry.to_port)),
            ("CidrBlock", Setting::of(&entry.cidr)),
        ],
        lists: Vec::new(),
    };
    // In an order that people count in.
    (format!("{way} {:05}", entry.rule_number), item)
}

pub(super) fn route_tables(evidence: &Evidence) -> List {
    let observed = &evidence.route_tables;
    let tables = observed.seen().into_iter().flatten().map(|table| {
        let place = format!("route table {}", table.id);
        let routes = table.routes.iter();
        let routes = routes.map(|one| (one.destination.clone(), route(one, &place)));
        let item = Item {
            shown: table.id.clone(),
            settings: vec![
                ("Associations.Main", Setting::of(table.main)),
                ("Associations", Setting::set(&table.subnet_ids)),
            ],
            lists: vec![List::within("Routes", &place).with(routes)],
            place,
        };
        (table.id.clone(), item)
    });
    let of = format!("VPC {}", evidence.load_balancer.vpc_id);
    List::new("RouteTables", of, "route tables", observed).with(tables)
}

fn route(route: &Route, of: &str) -> Item {
    Item {
        place: format!("{of}, {}", route.destination),
        shown: format!(
            "{} to {} ({})",
            route.destination, route.target, route.state
        ),
        settings: vec![
            ("Target", Setting::of(&route.target)),
            ("State", Setting::of(&route.state)),
        ],
        lists: Vec::new(),
    }
}

pub(super) fn prefix_lists(evidence: &Evidence) -> List {
    let observed = &evidence.prefix_lists;
    let lists = observed.seen().into_iter().flatten().map(|list| {
        let cidrs = match &list.gap {
            Some(gap) => Setting::NotSeen(gap.clone()),
            None => Setting::set(&list.cidrs),
        };
        let item = Item {
            place: named("prefix list", &list.id, &list.name),
            shown: list.id.clone(),
            settings: vec![("Entries", cidrs)],
            lists: Vec::new(),
        };
        (list.id.clone(), item)
    });
    List::new(
        "PrefixLists",
        balancer::place(evidence),
        "prefix lists",
        observed,
    )
    .asked_by_id()
    .with(lists)
}

fn ports(protocol: &str, from: Option<u16>, to: Option<u16>) -> String {
    let protocol = if protocol == "-1" { "all" } else { protocol };
    match (from, to) {
        (Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
        (Some(from), Some(to)) => format!("{protocol} {from}-{to}"),
        _ => protocol.to_owned(),
    }
}

fn named(what: &str, id: &str, name: &str) -> String {
    if name.is_empty() {
        format!("{what} {id}")
    } else {
        format!("{what} {id} ({name})")
    }
}
