//! The healthy load balancer with its network: nodes in two public subnets, three instances in a
//! private one, security groups that refer to one another.

use chrono::TimeDelta;

use crate::{
    evidence::{
        Change, Evidence, NetworkAcl, NetworkInterface, RouteTable, SecurityGroup, Subnet,
        access_log::FaultRow,
        load_balancer::Zone,
        network::{NetworkAclEntry, Route, SecurityGroupRule},
    },
    fixture::{at, healthy, refused, seen},
    observed::Observed,
};

pub(crate) fn networked() -> Evidence {
    let mut evidence = healthy();
    let load_balancer = &mut evidence.load_balancer;
    load_balancer.vpc_id = "vpc-1".to_owned();
    load_balancer.security_groups = vec!["sg-lb".to_owned()];
    load_balancer.zones = ["a", "b"]
        .map(|zone| Zone {
            name: format!("eu-west-1{zone}"),
            subnet_id: format!("subnet-{zone}"),
        })
        .to_vec();
    let subnet = |id: &str, cidr: &str| Subnet {
        id: id.to_owned(),
        vpc_id: "vpc-1".to_owned(),
        zone: "eu-west-1a".to_owned(),
        cidr: cidr.to_owned(),
        ..Subnet::default()
    };
    evidence.subnets = seen(vec![
        subnet("subnet-a", "10.0.8.0/24"),
        subnet("subnet-b", "10.0.9.0/24"),
        subnet("subnet-t", "10.0.1.0/24"),
    ]);
    evidence.network_interfaces = seen(
        [("subnet-a", "10.0.8.5"), ("subnet-b", "10.0.9.5")]
            .map(|(subnet, address)| NetworkInterface {
                id: format!("eni-{subnet}"),
                description: "ELB app/shop/50dc6c495c0c9188".to_owned(),
                subnet_id: Some(subnet.to_owned()),
                private_ips: vec![address.to_owned()],
                ..NetworkInterface::default()
            })
            .to_vec(),
    );
    for instance in edit(&mut evidence.instances) {
        instance.subnet_id = Some("subnet-t".to_owned());
        instance.vpc_id = Some("vpc-1".to_owned());
        instance.security_groups = vec!["sg-web".to_owned()];
    }
    evidence.route_tables = seen(vec![RouteTable {
        id: "rtb-1".to_owned(),
        vpc_id: "vpc-1".to_owned(),
        main: true,
        routes: vec![Route {
            destination: "10.0.0.0/16".to_owned(),
            target: "local".to_owned(),
            state: "active".to_owned(),
        }],
        ..RouteTable::default()
    }]);
    evidence.network_acls = seen(
        [
            ("acl-lb", vec!["subnet-a", "subnet-b"]),
            ("acl-web", vec!["subnet-t"]),
        ]
        .into_iter()
        .map(|(id, subnets)| NetworkAcl {
            id: id.to_owned(),
            vpc_id: "vpc-1".to_owned(),
            default: false,
            subnet_ids: subnets.into_iter().map(str::to_owned).collect(),
            entries: [false, true]
                .map(|egress| entry(100, egress, true))
                .to_vec(),
        })
        .collect(),
    );
    evidence.security_groups = seen(vec![
        group("sg-lb", true, |rule| {
            rule.cidr_ipv4 = Some("0.0.0.0/0".to_owned())
        }),
        group("sg-web", false, |rule| {
            rule.protocol = "tcp".to_owned();
            rule.from_port = Some(8080);
            rule.to_port = Some(8080);
            rule.referenced_group_id = Some("sg-lb".to_owned());
        }),
    ]);
    evidence
}

fn group(id: &str, egress: bool, set: impl FnOnce(&mut SecurityGroupRule)) -> SecurityGroup {
    let mut rule = SecurityGroupRule {
        id: format!("sgr-{id}"),
        egress,
        protocol: "-1".to_owned(),
        ..SecurityGroupRule::default()
    };
    set(&mut rule);
    SecurityGroup {
        id: id.to_owned(),
        name: id.to_owned(),
        vpc_id: "vpc-1".to_owned(),
        rules: vec![rule],
    }
}

pub(crate) fn entry(rule_number: u32, egress: bool, allow: bool) -> NetworkAclEntry {
    NetworkAclEntry {
        rule_number,
        egress,
        protocol: "-1".to_owned(),
        allow,
        cidr: "0.0.0.0/0".to_owned(),
        from_port: None,
        to_port: None,
    }
}

pub(crate) fn edit<T>(observed: &mut Observed<Vec<T>>) -> &mut Vec<T> {
    match observed {
        Observed::Seen { value, .. } => value,
        _ => panic!("not seen"),
    }
}

/// A 504 for target `n` that never got a connection: ten seconds, `-1/-1/-1`.
pub(crate) fn timed_out(clock: &str, n: u8) -> FaultRow {
    FaultRow {
        elb_status_code: 504,
        request_creation_time: Some(at(clock) - TimeDelta::seconds(10)),
        ..refused(clock, n)
    }
}

pub(crate) fn changed(clock: &str, name: &str, resource: &str) -> Change {
    Change {
        at: at(clock),
        name: name.to_owned(),
        who: "marek".to_owned(),
        resources: vec![resource.to_owned()],
        summary: String::new(),
        error: None,
    }
}
