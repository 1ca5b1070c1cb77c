//! ECS services that register with the target groups.

use std::collections::BTreeSet;

use diagnosis::{
    Observed, Step,
    evidence::{Ecs, Part, ecs::EcsService, ecs::StoppedTask, target_groups::TargetType},
};

use super::{
    gather::{Gather, why},
    load_balancer::each,
    run::Run,
};

/// ECS cannot be asked by target group: its services are looked through, up to these bounds.
const CLUSTERS: usize = 25;
const SERVICES: usize = 200;
const DESCRIBED: usize = 10;
const TASKS: usize = 100;

#[derive(Debug)]
pub(super) struct Services {
    pub(super) seen: Observed<Ecs>,
    pub(super) log_groups: Vec<String>,
    /// Why log groups may be missing.
    pub(super) log_gap: Option<Observed<()>>,
}

impl Run {
    pub(super) async fn ecs(&self, step: Step) -> &Services {
        let services = self
            .cells
            .ecs
            .get(|| async {
                let services = self.fetch_ecs(step).await;
                self.part(Part::Ecs(services.seen.clone())).await;
                services
            })
            .await;
        self.uses(step, services.seen.source());
        services
    }

    async fn fetch_ecs(&self, step: Step) -> Services {
        let mut gather = Gather::new(self.started);
        gather.rest_on("target groups", self.target_groups(step).await);
        let groups: Vec<String> = self
            .groups(step)
            .await
            .iter()
            .filter(|group| matches!(group.target_type, TargetType::Instance | TargetType::Ip))
            .map(|group| group.arn.clone())
            .collect();
        let mut services = Vec::new();
        if !groups.is_empty() {
            let clusters = self.aws.clusters(&self.recorder, step).await;
            let clusters = gather.take("ECS clusters", clusters).unwrap_or_default();
            if clusters.len() > CLUSTERS {
                gather.gap(format!(
                    "ECS: the first {CLUSTERS} of {} clusters were read",
                    clusters.len()
                ));
            }
            let read = each(clusters.iter().take(CLUSTERS), |cluster| {
                self.services_of(step, cluster, &groups)
            });
            for found in read.await {
                services.extend(gather.take("ECS services", found).into_iter().flatten());
            }
        }
        let mut log_groups = BTreeSet::new();
        let mut log_gap = None;
        let mut stopped_tasks = Vec::new();
        let (definitions, stopped) = tokio::join!(
            each(&services, |service: &EcsService| async {
                match &service.task_definition {
                    Some(arn) => Some(self.aws.task_definition(&self.recorder, step, arn).await),
                    None => None,
                }
            }),
            each(&services, |service| self.stopped_of(step, service)),
        );
        for (service, definition) in services.iter_mut().zip(definitions) {
            let Some(definition) = definition else {
                continue;
            };
            if let Some(why) = why(&definition) {
                service.stop_timeout = None;
                log_gap = Some(definition.clone().map(|_| ()));
                gather.gap(format!("task definition of {}: {why}", service.name));
            }
            gather.cite(definition.source());
            if let Some(definition) = definition.seen() {
                // 30 s is what ECS does where nothing is set.
                service.stop_timeout = Some(definition.stop_timeout.unwrap_or(30));
                log_groups.extend(definition.log_groups.iter().cloned());
            }
        }
        for found in stopped {
            stopped_tasks.extend(
                gather
                    .take("stopped ECS tasks", found)
                    .into_iter()
                    .flatten(),
            );
        }
        stopped_tasks.sort_by(|a, b| (b.stopped_at, &b.arn).cmp(&(a.stopped_at, &a.arn)));
        services.sort_by(|a, b| a.arn.cmp(&b.arn));
        let seen = gather.finish(Ecs {
            services,
            stopped_tasks,
        });
        if seen.seen().is_none() {
            log_gap = Some(seen.clone().map(|_| ()));
        }
        Services {
            seen,
            log_groups: log_groups.into_iter().collect(),
            log_gap,
        }
    }

    async fn services_of(
        &self,
        step: Step,
        cluster: &str,
        groups: &[String],
    ) -> Observed<Vec<EcsService>> {
        let mut gather = Gather::new(self.started);
        let arns = self.aws.service_arns(&self.recorder, step, cluster).await;
        let arns = gather.take("list of services", arns).unwrap_or_default();
        if arns.len() > SERVICES {
            gather.gap(format!(
                "the first {SERVICES} of {} in {cluster} were read",
                arns.len()
            ));
        }
        let arns = &arns[..arns.len().min(SERVICES)];
        let read = each(arns.chunks(DESCRIBED), |arns| {
            self.aws
                .services(&self.recorder, step, cluster, arns, groups, self.around())
        });
        let mut services = Vec::new();
        for found in read.await {
            services.extend(gather.take("services", found).into_iter().flatten());
        }
        gather.finish(services)
    }

    async fn stopped_of(&self, step: Step, service: &EcsService) -> Observed<Vec<StoppedTask>> {
        let (cluster, name) = (&service.cluster, &service.name);
        let mut gather = Gather::new(self.started);
        let arns = self
            .aws
            .stopped_task_arns(&self.recorder, step, cluster, name)
            .await;
        let arns = gather.take("list of tasks", arns).unwrap_or_default();
        let read = each(arns.chunks(TASKS), |arns| {
            self.aws
                .stopped_tasks(&self.recorder, step, cluster, name, arns)
        });
        let mut tasks = Vec::new();
        for found in read.await {
            tasks.extend(gather.take("tasks", found).into_iter().flatten());
        }
        gather.finish(tasks)
    }
}
