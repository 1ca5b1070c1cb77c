//! The network: open, but for what the scenario closes.

use diagnosis::{
    Evidence,
    evidence::{
        NetworkAcl, NetworkInterface, RouteTable, SecurityGroup, Subnet,
        network::{NetworkAclEntry, Route, SecurityGroupRule},
    },
    need::Need,
};

use super::{Seen, Told};

pub(super) fn network(evidence: &mut Evidence, told: &Told, seen: &Seen) {
    let subnet = |id: &str, cidr: &str, zone: &str| Subnet {
        id: id.to_owned(),
        vpc_id: "vpc-1".to_owned(),
        zone: format!("eu-west-1{zone}"),
        cidr: cidr.to_owned(),
        ..Subnet::default()
    };
    evidence.subnets = seen.part(
        Need::Subnets,
        vec![
            subnet("subnet-a", "10.0.8.0/24", "a"),
            subnet("subnet-b", "10.0.9.0/24", "b"),
            subnet("subnet-t", "10.0.1.0/24", "a"),
        ],
    );
    evidence.network_interfaces = seen.part(
        Need::NetworkInterfaces,
        [("subnet-a", "10.0.8.5"), ("subnet-b", "10.0.9.5")]
            .map(|(subnet, address)| NetworkInterface {
                id: format!("eni-{subnet}"),
                description: "ELB app/shop/50dc6c495c0c9188".to_owned(),
                subnet_id: Some(subnet.to_owned()),
                vpc_id: Some("vpc-1".to_owned()),
                private_ips: vec![address.to_owned()],
                security_groups: vec!["sg-lb".to_owned()],
                ..NetworkInterface::default()
            })
            .to_vec(),
    );
    evidence.route_tables = seen.part(
        Need::RouteTables,
        vec![RouteTable {
            id: "rtb-1".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            main: true,
            routes: vec![Route {
                destination: "10.0.0.0/16".to_owned(),
                target: "local".to_owned(),
                state: "active".to_owned(),
            }]
            .into_iter()
            .chain((told.network == "no-route").then(|| Route {
                destination: "172.20.0.0/16".to_owned(),
                target: "pcx-1".to_owned(),
                state: "blackhole".to_owned(),
            }))
            .collect(),
            ..RouteTable::default()
        }],
    );
    let entry = |rule_number, egress, allow| NetworkAclEntry {
        rule_number,
        egress,
        protocol: "-1".to_owned(),
        allow,
        cidr: "0.0.0.0/0".to_owned(),
        from_port: None,
        to_port: None,
    };
    let mut acl = NetworkAcl {
        id: "acl-lb".to_owned(),
        vpc_id: "vpc-1".to_owned(),
        subnet_ids: vec!["subnet-a".to_owned(), "subnet-b".to_owned()],
        entries: vec![entry(100, false, true), entry(100, true, true)],
        ..NetworkAcl::default()
    };
    if told.network == "no-return" {
        acl.entries.push(NetworkAclEntry {
            protocol: "6".to_owned(),
            cidr: "10.0.1.0/24".to_owned(),
            from_port: Some(1024),
            to_port: Some(65535),
            ..entry(90, false, false)
        });
    }
    let mut of_targets = NetworkAcl {
        id: "acl-web".to_owned(),
        subnet_ids: vec!["subnet-t".to_owned()],
        entries: vec![entry(100, false, true), entry(100, true, true)],
        ..acl.clone()
    };
    if told.network == "no-request" {
        of_targets.entries.push(NetworkAclEntry {
            protocol: "6".to_owned(),
            from_port: Some(8000),
            to_port: Some(8999),
            ..entry(90, false, false)
        });
    }
    evidence.network_acls = seen.part(Need::NetworkAcls, vec![acl, of_targets]);
    let open = |id: &str, egress: bool| SecurityGroupRule {
        id: id.to_owned(),
        egress,
        protocol: "-1".to_owned(),
        cidr_ipv4: Some("0.0.0.0/0".to_owned()),
        ..SecurityGroupRule::default()
    };
    let group = |id: &str, rules: Vec<SecurityGroupRule>| SecurityGroup {
        id: id.to_owned(),
        name: id.to_owned(),
        vpc_id: "vpc-1".to_owned(),
        rules,
    };
    let mut inbound = vec![open("sgr-web-out", true)];
    if told.network != "closed" {
        inbound.push(SecurityGroupRule {
            id: "sgr-web-in".to_owned(),
            protocol: if told.network == "health-check-closed" {
                "tcp"
            } else {
                "-1"
            }
            .to_owned(),
            from_port: (told.network == "health-check-closed").then_some(8080),
            to_port: (told.network == "health-check-closed").then_some(8080),
            referenced_group_id: Some("sg-lb".to_owned()),
            ..SecurityGroupRule::default()
        });
    }
    evidence.security_groups = seen.part(
        Need::SecurityGroups,
        vec![
            group(
                "sg-lb",
                [open("sgr-lb-in", false)]
                    .into_iter()
                    .chain((told.network != "no-egress").then(|| open("sgr-lb-out", true)))
                    .collect(),
            ),
            group("sg-web", inbound),
        ],
    );
    evidence.prefix_lists = seen.part(Need::PrefixLists, Vec::new());
}
