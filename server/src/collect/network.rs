//! The network between the load balancer's nodes and its targets.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::{
    Observed, Step,
    evidence::{
        LoadBalancerType, NetworkAcl, NetworkInterface, Part, PrefixList, RouteTable,
        SecurityGroup, Subnet, network::SecurityGroupRule, target_groups::TargetType,
    },
};

use super::{
    gather::{Gather, all_or_nothing, why},
    load_balancer::each,
    run::Run,
};

/// EC2's own bound of the values of one filter.
const FILTER: usize = 200;
const PREFIX_LISTS: usize = 30;

/// A piece that is one call for the VPC.
macro_rules! of_vpc {
    ($piece:ident, $part:ident, $item:ty) => {
        impl Run {
            pub(super) async fn $piece(&self, step: Step) -> &Observed<Vec<$item>> {
                let seen = self
                    .cells
                    .$piece
                    .get(|| async {
                        let vpc_id = &self.load_balancer.vpc_id;
                        let found = if vpc_id.is_empty() {
                            outside_a_vpc()
                        } else {
                            self.aws.$piece(&self.recorder, step, vpc_id).await
                        };
                        let found = all_or_nothing(found);
                        self.part(Part::$part(found.clone())).await;
                        found
                    })
                    .await;
                self.uses(step, seen.source());
                seen
            }
        }
    };
}

of_vpc!(subnets, Subnets, Subnet);
of_vpc!(route_tables, RouteTables, RouteTable);
of_vpc!(network_acls, NetworkAcls, NetworkAcl);

fn outside_a_vpc<T>() -> Observed<T> {
    Observed::Failed {
        reason: "the load balancer is in no VPC".to_owned(),
        source: Vec::new(),
    }
}

impl Run {
    /// Those of the load balancer's nodes, and those of targets that are addresses.
    pub(super) async fn network_interfaces(&self, step: Step) -> &Observed<Vec<NetworkInterface>> {
        let seen = self
            .cells
            .network_interfaces
            .get(|| async {
                let found = self.fetch_interfaces(step).await;
                self.part(Part::NetworkInterfaces(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_interfaces(&self, step: Step) -> Observed<Vec<NetworkInterface>> {
        let load_balancer = &self.load_balancer;
        let vpc_id = &load_balancer.vpc_id;
        if vpc_id.is_empty() {
            return outside_a_vpc();
        }
        let mut gather = Gather::new(self.started);
        let description = match load_balancer.kind {
            LoadBalancerType::Application => {
                let id = load_balancer
                    .arn
                    .split_once("loadbalancer/")
                    .map_or("", |(_, id)| id);
                format!("ELB {id}")
            }
            LoadBalancerType::Classic => format!("ELB {}", load_balancer.name),
        };
        let nodes = [description];
        let (nodes, targets) = tokio::join!(
            self.aws
                .network_interfaces(&self.recorder, step, vpc_id, "description", &nodes),
            async {
                let addresses: Vec<String> = self
                    .target_ids(step, TargetType::Ip)
                    .await
                    .into_iter()
                    .map(|(address, _)| address)
                    .collect();
                let (v6, v4): (Vec<String>, Vec<String>) = addresses
                    .into_iter()
                    .partition(|address| address.contains(':'));
                let asked: Vec<(&'static str, Vec<String>)> = v4
                    .chunks(FILTER)
                    .map(|some| ("addresses.private-ip-address", some.to_vec()))
                    .chain(
                        v6.chunks(FILTER)
                            .map(|some| ("ipv6-addresses.ipv6-address", some.to_vec())),
                    )
                    .collect();
                each(asked, |(name, values)| async move {
                    self.aws
                        .network_interfaces(&self.recorder, step, vpc_id, name, &values)
                        .await
                })
                .await
            }
        );
        let mut found: BTreeMap<String, NetworkInterface> = BTreeMap::new();
        for interface in gather
            .take("the load balancer's nodes", nodes)
            .into_iter()
            .flatten()
        {
            found.insert(interface.id.clone(), interface);
        }
        for some in targets {
            for interface in gather
                .take("the targets' addresses", some)
                .into_iter()
                .flatten()
            {
                found.insert(interface.id.clone(), interface);
            }
        }
        gather.finish(found.into_values().collect())
    }

    /// Those of the load balancer and of its targets, with their rules.
    pub(super) async fn security_groups(&self, step: Step) -> &Observed<Vec<SecurityGroup>> {
        let seen = self
            .cells
            .security_groups
            .get(|| async {
                let found = self.fetch_security_groups(step).await;
                self.part(Part::SecurityGroups(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_security_groups(&self, step: Step) -> Observed<Vec<SecurityGroup>> {
        let (instances, interfaces) =
            tokio::join!(self.instances(step), self.network_interfaces(step));
        let mut ids: BTreeSet<String> =
            self.load_balancer.security_groups.iter().cloned().collect();
        for instance in instances.seen().into_iter().flatten() {
            ids.extend(instance.security_groups.iter().cloned());
        }
        for interface in interfaces.seen().into_iter().flatten() {
            ids.extend(interface.security_groups.iter().cloned());
        }
        let ids: Vec<String> = ids.into_iter().collect();
        let mut gather = Gather::new(self.started);
        let read = each(ids.chunks(FILTER), |ids| async move {
            tokio::join!(
                self.aws.security_groups(&self.recorder, step, ids),
                self.aws.security_group_rules(&self.recorder, step, ids),
            )
        });
        let mut groups: Vec<SecurityGroup> = Vec::new();
        let mut rules: BTreeMap<String, Vec<SecurityGroupRule>> = BTreeMap::new();
        for (some, their_rules) in read.await {
            // A group without all its rules would look shut.
            let (some, their_rules) = (all_or_nothing(some), all_or_nothing(their_rules));
            if let (Some(_), None) = (some.seen(), their_rules.seen()) {
                gather.cite(some.source());
                gather.take("security group rules", their_rules);
                continue;
            }
            groups.extend(gather.take("security groups", some).into_iter().flatten());
            for (id, rule) in gather
                .rest_on("security group rules", &their_rules)
                .into_iter()
                .flatten()
            {
                rules.entry(id).or_default().push(rule);
            }
        }
        for group in &mut groups {
            group.rules = rules.remove(&group.id).unwrap_or_default();
        }
        all_or_nothing(gather.finish(groups))
    }

    /// Those that security groups and routes name.
    pub(super) async fn prefix_lists(&self, step: Step) -> &Observed<Vec<PrefixList>> {
        let seen = self
            .cells
            .prefix_lists
            .get(|| async {
                let found = self.fetch_prefix_lists(step).await;
                self.part(Part::PrefixLists(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_prefix_lists(&self, step: Step) -> Observed<Vec<PrefixList>> {
        let mut gather = Gather::new(self.started);
        let (groups, tables) = tokio::join!(self.security_groups(step), self.route_tables(step));
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for rule in groups
            .seen()
            .into_iter()
            .flatten()
            .flat_map(|group| &group.rules)
        {
            ids.extend(rule.prefix_list_id.clone());
        }
        for route in tables
            .seen()
            .into_iter()
            .flatten()
            .flat_map(|table| &table.routes)
        {
            if route.destination.starts_with("pl-") {
                ids.insert(route.destination.clone());
            }
        }
        if ids.is_empty() {
            gather.rest_on("security groups", groups);
            gather.rest_on("route tables", tables);
            return gather.finish(Vec::new());
        }
        if ids.len() > PREFIX_LISTS {
            gather.gap(format!(
                "prefix lists: the first {PREFIX_LISTS} of {} were read",
                ids.len()
            ));
        }
        let ids: Vec<String> = ids.into_iter().take(PREFIX_LISTS).collect();
        let (names, entries) = tokio::join!(
            self.aws.prefix_lists(&self.recorder, step, &ids),
            each(&ids, |id| self.aws.prefix_list_entries(
                &self.recorder,
                step,
                id
            )),
        );
        // A list's name is for people only; without its entries it is a gap.
        gather.cite(names.source());
        let name_of = |id: &str| {
            let named = names
                .seen()
                .into_iter()
                .flatten()
                .find(|list| list.id == id);
            named.map(|list| list.name.clone()).unwrap_or_default()
        };
        let lists = ids
            .iter()
            .zip(entries)
            .map(|(id, entries)| {
                gather.cite(entries.source());
                PrefixList {
                    id: id.clone(),
                    name: name_of(id),
                    gap: why(&entries),
                    cidrs: entries.seen().cloned().unwrap_or_default(),
                }
            })
            .collect();
        gather.finish(lists)
    }
}
