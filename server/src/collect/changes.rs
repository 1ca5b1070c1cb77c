//! Who or what changed something near the window.

use std::collections::HashSet;

use diagnosis::{
    Observed, Step,
    evidence::{Change, Part, target_groups::TargetType},
};

use super::{gather::Gather, load_balancer::each, run::Run};

const AUTO_SCALING_GROUPS: usize = 20;

impl Run {
    pub(super) async fn cloudtrail(&self, step: Step) -> &Observed<Vec<Change>> {
        let seen = self
            .cells
            .cloudtrail
            .get(|| async {
                let around = self.around();
                let found = self
                    .aws
                    .changes(
                        &self.recorder,
                        step,
                        around,
                        self.resources(step),
                        self.started,
                    )
                    .await;
                self.part(Part::CloudTrail(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    /// Everything of the load balancer, its groups, targets and network that an event may name.
    async fn resources(&self, step: Step) -> HashSet<String> {
        let load_balancer = &self.load_balancer;
        let mut named: HashSet<String> =
            HashSet::from([load_balancer.arn.clone(), load_balancer.name.clone()]);
        named.extend(load_balancer.security_groups.iter().cloned());
        named.extend(
            load_balancer
                .zones
                .iter()
                .map(|zone| zone.subnet_id.clone()),
        );
        let (listeners, groups, health, instances, ecs, acls, tables, scaling) = tokio::join!(
            self.listeners(step),
            self.groups(step),
            self.target_health(step),
            self.instances(step),
            self.ecs(step),
            self.network_acls(step),
            self.route_tables(step),
            self.auto_scaling(step),
        );
        for listener in listeners.seen().into_iter().flatten() {
            named.insert(listener.arn.clone());
            named.extend(listener.rules.iter().map(|rule| rule.arn.clone()));
            named.extend(listener.certificate_arns.iter().cloned());
        }
        for group in groups {
            named.insert(group.arn.clone());
            if group.target_type == TargetType::Lambda {
                let targets = health
                    .get(&group.arn)
                    .and_then(Observed::seen)
                    .into_iter()
                    .flatten();
                named
                    .extend(targets.filter_map(|one| one.id.rsplit(':').next().map(str::to_owned)));
            }
        }
        named.extend(
            health
                .values()
                .filter_map(Observed::seen)
                .flatten()
                .map(|target| target.id.clone()),
        );
        let mut subnets: HashSet<String> = load_balancer
            .zones
            .iter()
            .map(|zone| zone.subnet_id.clone())
            .collect();
        for instance in instances.seen().into_iter().flatten() {
            named.extend(instance.security_groups.iter().cloned());
            subnets.extend(instance.subnet_id.clone());
        }
        for service in ecs.seen.seen().into_iter().flat_map(|ecs| &ecs.services) {
            named.insert(service.arn.clone());
            named.insert(service.name.clone());
        }
        // Targets that have left: an event calls a task by its ARN or by the last part of it.
        for task in ecs
            .seen
            .seen()
            .into_iter()
            .flat_map(|ecs| &ecs.stopped_tasks)
        {
            named.insert(task.arn.clone());
            named.extend(task.arn.rsplit('/').next().map(str::to_owned));
            named.extend(task.ip.iter().chain(&task.ipv6).cloned());
        }
        for activity in scaling.seen().into_iter().flatten() {
            named.extend(activity.resources.iter().cloned());
        }
        for acl in acls.seen().into_iter().flatten() {
            if acl.subnet_ids.iter().any(|id| subnets.contains(id)) {
                named.insert(acl.id.clone());
            }
        }
        for table in tables.seen().into_iter().flatten() {
            if table.main || table.subnet_ids.iter().any(|id| subnets.contains(id)) {
                named.insert(table.id.clone());
            }
        }
        named.extend(subnets);
        named.retain(|name| !name.is_empty());
        named
    }

    pub(super) async fn auto_scaling(&self, step: Step) -> &Observed<Vec<Change>> {
        let seen = self
            .cells
            .auto_scaling
            .get(|| async {
                let found = self.fetch_auto_scaling(step).await;
                self.part(Part::AutoScaling(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_auto_scaling(&self, step: Step) -> Observed<Vec<Change>> {
        let mut gather = Gather::new(self.started);
        gather.rest_on("target groups", self.target_groups(step).await);
        let groups: Vec<String> = self
            .groups(step)
            .await
            .iter()
            .map(|group| group.arn.clone())
            .collect();
        let found = self
            .aws
            .auto_scaling_groups(&self.recorder, step, &self.load_balancer, &groups)
            .await;
        let names = gather
            .take("Auto Scaling groups", found)
            .unwrap_or_default();
        if names.len() > AUTO_SCALING_GROUPS {
            gather.gap(format!(
                "Auto Scaling: the first {AUTO_SCALING_GROUPS} of {} groups were read",
                names.len()
            ));
        }
        let read = each(names.iter().take(AUTO_SCALING_GROUPS), |name| {
            self.aws
                .scaling_activities(&self.recorder, step, name, self.around())
        });
        let mut changes: Vec<Change> = Vec::new();
        for found in read.await {
            changes.extend(
                gather
                    .take("Auto Scaling activities", found)
                    .into_iter()
                    .flatten(),
            );
        }
        changes.sort_by(|a, b| (a.at, &a.summary).cmp(&(b.at, &b.summary)));
        gather.finish(changes)
    }
}
