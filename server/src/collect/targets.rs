//! Target groups, their targets, and what EC2 knows of these.

use diagnosis::{
    Observed, Step,
    evidence::{
        Instance, Part, TargetGroup, TargetGroupAttributes, TargetHealth, target_groups::TargetType,
    },
};

use super::{
    gather::Gather,
    load_balancer::each,
    run::{ByGroup, Run},
};

/// EC2's own bound of the values of one filter.
const FILTER: usize = 200;
const STATUS: usize = 100;
/// Instances that are looked at (a target group has 1,000 unless raised).
const INSTANCES: usize = 2_000;

impl Run {
    pub(super) async fn target_groups(&self, step: Step) -> &Observed<Vec<TargetGroup>> {
        let seen = self
            .cells
            .target_groups
            .get(|| async {
                let found = if self.is_classic() {
                    let classic = self.classic(step).await.clone();
                    classic.map(|found| found.map(|one| one.target_group).into_iter().collect())
                } else {
                    self.aws
                        .target_groups(&self.recorder, step, &self.load_balancer.arn)
                        .await
                };
                self.part(Part::TargetGroups(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    /// Groups that were seen.
    pub(super) async fn groups(&self, step: Step) -> &[TargetGroup] {
        self.target_groups(step)
            .await
            .seen()
            .map_or(&[], Vec::as_slice)
    }

    pub(super) async fn target_group_attributes(
        &self,
        step: Step,
    ) -> &ByGroup<TargetGroupAttributes> {
        let seen = self
            .cells
            .target_group_attributes
            .get(|| {
                self.by_group(
                    step,
                    |group| async move {
                        if self.is_classic() {
                            return self.classic_group_attributes(step).await;
                        }
                        self.aws
                            .target_group_attributes(&self.recorder, step, &group.arn)
                            .await
                    },
                    |target_group, value| Part::TargetGroupAttributes {
                        target_group,
                        value,
                    },
                )
            })
            .await;
        self.uses_all(step, seen);
        seen
    }

    /// Classic keeps draining and cross-zone with the load balancer's own attributes.
    async fn classic_group_attributes(&self, step: Step) -> Observed<TargetGroupAttributes> {
        self.attributes(step)
            .await
            .clone()
            .map(|attributes| TargetGroupAttributes {
                deregistration_delay: attributes.connection_draining.unwrap_or(0),
                cross_zone: attributes.cross_zone.map(|on| on.to_string()),
                ..TargetGroupAttributes::default()
            })
    }

    pub(super) async fn target_health(&self, step: Step) -> &ByGroup<Vec<TargetHealth>> {
        let seen = self
            .cells
            .target_health
            .get(|| {
                self.by_group(
                    step,
                    |group| async move {
                        let (aws, recorder) = (&self.aws, &self.recorder);
                        if self.is_classic() {
                            let name = &self.load_balancer.name;
                            return aws.classic_health(recorder, step, name, group.port).await;
                        }
                        aws.target_health(recorder, step, &group.arn).await
                    },
                    |target_group, value| Part::TargetHealth {
                        target_group,
                        value,
                    },
                )
            })
            .await;
        self.uses_all(step, seen);
        seen
    }

    /// Makes `call` for each group, all together, and hands each answer over as a part of its own.
    async fn by_group<'s, T: Clone, F: Future<Output = Observed<T>>>(
        &'s self,
        step: Step,
        call: impl Fn(&'s TargetGroup) -> F,
        part: impl Fn(String, Observed<T>) -> Part,
    ) -> ByGroup<T> {
        let groups = self.groups(step).await;
        let read = each(groups, |group| {
            let value = call(group);
            let part = &part;
            async move {
                let value = value.await;
                self.part(part(group.arn.clone(), value.clone())).await;
                (group.arn.clone(), value)
            }
        });
        read.await.into_iter().collect()
    }

    /// Ids of the registered targets of one kind, each once, with their group.
    pub(super) async fn target_ids(&self, step: Step, kind: TargetType) -> Vec<(String, String)> {
        let groups = self.groups(step).await;
        let health = self.target_health(step).await;
        let mut ids: Vec<(String, String)> = groups
            .iter()
            .filter(|group| group.target_type == kind)
            .filter_map(|group| Some((group, health.get(&group.arn)?.seen()?)))
            .flat_map(|(group, targets)| {
                targets
                    .iter()
                    .map(|target| (target.id.clone(), group.arn.clone()))
            })
            .collect();
        ids.sort();
        ids.dedup_by(|a, b| a.0 == b.0);
        ids
    }

    /// What the targets are known from, for a value that can be no better: `None` where a group's
    /// targets were not seen.
    pub(super) async fn rest_on_targets(
        &self,
        step: Step,
        gather: &mut Gather,
        kinds: &[TargetType],
    ) {
        gather.rest_on("target groups", self.target_groups(step).await);
        let health = self.target_health(step).await;
        for group in self.groups(step).await {
            if kinds.contains(&group.target_type)
                && let Some(health) = health.get(&group.arn)
            {
                gather.rest_on(&format!("target health of {}", group.name), health);
            }
        }
    }

    pub(super) async fn instances(&self, step: Step) -> &Observed<Vec<Instance>> {
        let seen = self
            .cells
            .instances
            .get(|| async {
                let found = self.fetch_instances(step).await;
                self.part(Part::Instances(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_instances(&self, step: Step) -> Observed<Vec<Instance>> {
        let mut gather = Gather::new(self.started);
        self.rest_on_targets(step, &mut gather, &[TargetType::Instance])
            .await;
        let mut ids: Vec<String> = self
            .target_ids(step, TargetType::Instance)
            .await
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let left = self.left_instances(step, &ids).await;
        ids.extend(left);
        if ids.len() > INSTANCES {
            gather.gap(format!(
                "instances: the first {INSTANCES} of {} were read",
                ids.len()
            ));
        }
        let ids = &ids[..ids.len().min(INSTANCES)];
        let read = each(ids.chunks(FILTER), |ids| {
            self.aws.instances(&self.recorder, step, ids)
        });
        let mut instances: Vec<Instance> = Vec::new();
        for found in read.await {
            instances.extend(gather.take("instances", found).into_iter().flatten());
        }
        let known: Vec<String> = instances
            .iter()
            .filter(|one| one.state != "missing")
            .map(|one| one.id.clone())
            .collect();
        let read = each(known.chunks(STATUS), |ids| {
            self.aws.instance_status(&self.recorder, step, ids)
        });
        for found in read.await {
            let status = gather
                .take("instance status checks", found)
                .unwrap_or_default();
            for one in &mut instances {
                if let Some((system, own)) = status.get(&one.id) {
                    one.system_status.clone_from(system);
                    one.instance_status.clone_from(own);
                }
            }
        }
        gather.finish(instances)
    }

    /// Instances that Auto Scaling took out near the window: their addresses stand in the access log.
    async fn left_instances(&self, step: Step, registered: &[String]) -> Vec<String> {
        if registered.is_empty() {
            return Vec::new();
        }
        let activities = self.auto_scaling(step).await.seen();
        let mut left: Vec<String> = activities
            .into_iter()
            .flatten()
            .flat_map(|activity| &activity.resources)
            .filter(|name| name.starts_with("i-") && !registered.contains(name))
            .take(FILTER)
            .cloned()
            .collect();
        left.sort();
        left.dedup();
        left
    }

    fn uses_all<T>(&self, step: Step, seen: &ByGroup<T>) {
        for observed in seen.values() {
            self.uses(step, observed.source());
        }
    }
}
