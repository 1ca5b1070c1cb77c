//! Subnets, routes, security groups, network ACLs and prefix lists: EC2's side of the network.

use aws_sdk_ec2::types;
use diagnosis::{
    Observed, Step,
    evidence::{
        NetworkAcl, PrefixList, RouteTable, SecurityGroup, Subnet,
        network::{NetworkAclEntry, Route, SecurityGroupRule},
    },
};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    ec2::filter,
    pages::pages,
    read_only,
    text::{count, port},
};

const PAGES: u32 = 50;

/// One listing with EC2's NextToken, filtered by one filter.
macro_rules! listing {
    ($aws:ident, $recorder:ident, $step:ident, $call:expr, $operation:ident, $field:ident, $name:expr, $values:expr, $make:expr, $noun:literal) => {{
        let values: &[String] = $values;
        let ask = Ask::new($call, json!({"Filters": [{"Name": $name, "Values": values}]}));
        $aws.observe($recorder, $step, ask, async {
            let read = pages(PAGES, |token| {
                let request = $aws
                    .inner
                    .ec2
                    .$operation()
                    .filters(filter($name, values))
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let found = answer.$field().iter().map($make).collect();
                    Ok((found, answer.next_token().map(str::to_owned)))
                }
            })
            .await?;
            Ok(read.reading(|found| found, |found: &Vec<_>| count(found.len(), $noun)))
        })
        .await
    }};
}

impl Aws {
    pub(crate) async fn subnets(
        &self,
        recorder: &Recorder,
        step: Step,
        vpc_id: &str,
    ) -> Observed<Vec<Subnet>> {
        let vpc = [vpc_id.to_owned()];
        listing!(
            self,
            recorder,
            step,
            read_only::DESCRIBE_SUBNETS,
            describe_subnets,
            subnets,
            "vpc-id",
            &vpc,
            subnet,
            "subnet"
        )
    }

    pub(crate) async fn route_tables(
        &self,
        recorder: &Recorder,
        step: Step,
        vpc_id: &str,
    ) -> Observed<Vec<RouteTable>> {
        let vpc = [vpc_id.to_owned()];
        listing!(
            self,
            recorder,
            step,
            read_only::DESCRIBE_ROUTE_TABLES,
            describe_route_tables,
            route_tables,
            "vpc-id",
            &vpc,
            route_table,
            "route table"
        )
    }

    pub(crate) async fn network_acls(
        &self,
        recorder: &Recorder,
        step: Step,
        vpc_id: &str,
    ) -> Observed<Vec<NetworkAcl>> {
        let vpc = [vpc_id.to_owned()];
        listing!(
            self,
            recorder,
            step,
            read_only::DESCRIBE_NETWORK_ACLS,
            describe_network_acls,
            network_acls,
            "vpc-id",
            &vpc,
            network_acl,
            "network ACL"
        )
    }

    /// Groups without their rules: see [`Aws::security_group_rules`]. At most 200 ids.
    pub(crate) async fn security_groups(
        &self,
        recorder: &Recorder,
        step: Step,
        ids: &[String],
    ) -> Observed<Vec<SecurityGroup>> {
        listing!(
            self,
            recorder,
            step,
            read_only::DESCRIBE_SECURITY_GROUPS,
            describe_security_groups,
            security_groups,
            "group-id",
            ids,
            security_group,
            "security group"
        )
    }

    /// Rules with the id of their group. At most 200 ids.
    pub(crate) async fn security_group_rules(
        &self,
        recorder: &Recorder,
        step: Step,
        ids: &[String],
    ) -> Observed<Vec<(String, SecurityGroupRule)>> {
        listing!(
            self,
            recorder,
            step,
            read_only::DESCRIBE_SECURITY_GROUP_RULES,
            describe_security_group_rules,
            security_group_rules,
            "group-id",
            ids,
            rule,
            "security group rule"
        )
    }

    /// Names of prefix lists, without their entries: see [`Aws::prefix_list_entries`].
    pub(crate) async fn prefix_lists(
        &self,
        recorder: &Recorder,
        step: Step,
        ids: &[String],
    ) -> Observed<Vec<PrefixList>> {
        listing!(
            self,
            recorder,
            step,
            read_only::DESCRIBE_MANAGED_PREFIX_LISTS,
            describe_managed_prefix_lists,
            prefix_lists,
            "prefix-list-id",
            ids,
            prefix_list,
            "prefix list"
        )
    }

    pub(crate) async fn prefix_list_entries(
        &self,
        recorder: &Recorder,
        step: Step,
        id: &str,
    ) -> Observed<Vec<String>> {
        let ask = Ask::new(
            read_only::GET_MANAGED_PREFIX_LIST_ENTRIES,
            json!({"PrefixListId": id}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .ec2
                    .get_managed_prefix_list_entries()
                    .prefix_list_id(id)
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let cidrs = answer
                        .entries()
                        .iter()
                        .filter_map(|entry| entry.cidr().map(str::to_owned))
                        .collect();
                    Ok((cidrs, answer.next_token().map(str::to_owned)))
                }
            })
            .await?;
            Ok(read.reading(|found| found, |found: &Vec<_>| count(found.len(), "entry")))
        })
        .await
    }
}

fn subnet(found: &types::Subnet) -> Subnet {
    Subnet {
        id: found.subnet_id().unwrap_or_default().to_owned(),
        vpc_id: found.vpc_id().unwrap_or_default().to_owned(),
        zone: found.availability_zone().unwrap_or_default().to_owned(),
        cidr: found.cidr_block().unwrap_or_default().to_owned(),
        ipv6_cidrs: found
            .ipv6_cidr_block_association_set()
            .iter()
            .filter_map(|one| one.ipv6_cidr_block().map(str::to_owned))
            .collect(),
        available_addresses: found
            .available_ip_address_count()
            .and_then(|count| u32::try_from(count).ok()),
    }
}

fn route_table(found: &types::RouteTable) -> RouteTable {
    RouteTable {
        id: found.route_table_id().unwrap_or_default().to_owned(),
        vpc_id: found.vpc_id().unwrap_or_default().to_owned(),
        main: found
            .associations()
            .iter()
            .any(|one| one.main() == Some(true)),
        subnet_ids: found
            .associations()
            .iter()
            .filter_map(|one| one.subnet_id().map(str::to_owned))
            .collect(),
        routes: found.routes().iter().map(route).collect(),
    }
}

fn route(found: &types::Route) -> Route {
    let first = |ids: &[Option<&str>]| {
        ids.iter()
            .flatten()
            .find(|id| !id.is_empty())
            .copied()
            .unwrap_or_default()
            .to_owned()
    };
    Route {
        destination: first(&[
            found.destination_cidr_block(),
            found.destination_ipv6_cidr_block(),
            found.destination_prefix_list_id(),
        ]),
        target: first(&[
            found.gateway_id(),
            found.nat_gateway_id(),
            found.transit_gateway_id(),
            found.vpc_peering_connection_id(),
            found.network_interface_id(),
            found.instance_id(),
            found.egress_only_internet_gateway_id(),
            found.local_gateway_id(),
            found.carrier_gateway_id(),
            found.core_network_arn(),
            found.odb_network_arn(),
        ]),
        state: found.state().map_or("", |state| state.as_str()).to_owned(),
    }
}

fn security_group(found: &types::SecurityGroup) -> SecurityGroup {
    SecurityGroup {
        id: found.group_id().unwrap_or_default().to_owned(),
        name: found.group_name().unwrap_or_default().to_owned(),
        vpc_id: found.vpc_id().unwrap_or_default().to_owned(),
        rules: Vec::new(),
    }
}

fn rule(found: &types::SecurityGroupRule) -> (String, SecurityGroupRule) {
    let rule = SecurityGroupRule {
        id: found
            .security_group_rule_id()
            .unwrap_or_default()
            .to_owned(),
        egress: found.is_egress().unwrap_or_default(),
        protocol: found.ip_protocol().unwrap_or_default().to_owned(),
        from_port: port(found.from_port()),
        to_port: port(found.to_port()),
        cidr_ipv4: found.cidr_ipv4().map(str::to_owned),
        cidr_ipv6: found.cidr_ipv6().map(str::to_owned),
        prefix_list_id: found.prefix_list_id().map(str::to_owned),
        referenced_group_id: found
            .referenced_group_info()
            .and_then(|info| info.group_id())
            .map(str::to_owned),
        description: found
            .description()
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
    };
    (found.group_id().unwrap_or_default().to_owned(), rule)
}

fn network_acl(found: &types::NetworkAcl) -> NetworkAcl {
    let mut entries: Vec<NetworkAclEntry> = found.entries().iter().map(acl_entry).collect();
    entries.sort_by_key(|entry| (entry.egress, entry.rule_number, entry.cidr.clone()));
    NetworkAcl {
        id: found.network_acl_id().unwrap_or_default().to_owned(),
        vpc_id: found.vpc_id().unwrap_or_default().to_owned(),
        default: found.is_default().unwrap_or_default(),
        subnet_ids: found
            .associations()
            .iter()
            .filter_map(|one| one.subnet_id().map(str::to_owned))
            .collect(),
        entries,
    }
}

fn acl_entry(found: &types::NetworkAclEntry) -> NetworkAclEntry {
    let range = found.port_range();
    NetworkAclEntry {
        rule_number: found
            .rule_number()
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or_default(),
        egress: found.egress().unwrap_or_default(),
        protocol: found.protocol().unwrap_or_default().to_owned(),
        allow: found.rule_action() == Some(&types::RuleAction::Allow),
        cidr: found
            .cidr_block()
            .or(found.ipv6_cidr_block())
            .unwrap_or_default()
            .to_owned(),
        from_port: range.and_then(|range| port(range.from())),
        to_port: range.and_then(|range| port(range.to())),
    }
}

fn prefix_list(found: &types::ManagedPrefixList) -> PrefixList {
    PrefixList {
        id: found.prefix_list_id().unwrap_or_default().to_owned(),
        name: found.prefix_list_name().unwrap_or_default().to_owned(),
        cidrs: Vec::new(),
        gap: None,
    }
}
