//! CloudWatch: of the load balancer and its groups, and of the targets themselves.

use diagnosis::{
    Observed, Step,
    evidence::{Metrics, Part, target_groups::TargetType},
};

use super::{gather::Gather, run::Run, wanted};
use crate::aws::Wanted;

/// Bounds on what is kept for an investigation: a day by the minute is 1,600 points a series.
const GROUPS: usize = 25;
const INSTANCES: usize = 50;
const SERVICES: usize = 20;
const FUNCTIONS: usize = 20;

impl Run {
    pub(super) async fn metrics(&self, step: Step) -> &Observed<Metrics> {
        let seen = self
            .cells
            .metrics
            .get(|| async {
                let mut gather = Gather::new(self.started);
                let groups = gather.rest_on("target groups", self.target_groups(step).await);
                let groups = groups.unwrap_or_default();
                if groups.len() > GROUPS {
                    gather.gap(format!(
                        "asked for the first {GROUPS} of {} target groups",
                        groups.len()
                    ));
                }
                let groups = &groups[..groups.len().min(GROUPS)];
                let mut wanted = wanted::stretch(self.window, self.started);
                wanted.metrics = wanted::of_load_balancer(&self.load_balancer, groups);
                let day_before = wanted::day_before(&mut wanted, &self.load_balancer.arn);
                let found = self.series(step, gather, &[wanted, day_before]).await;
                self.part(Part::Metrics(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    pub(super) async fn target_metrics(&self, step: Step) -> &Observed<Metrics> {
        let seen = self
            .cells
            .target_metrics
            .get(|| async {
                let found = self.fetch_target_metrics(step).await;
                self.part(Part::TargetMetrics(found.clone())).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_target_metrics(&self, step: Step) -> Observed<Metrics> {
        let mut gather = Gather::new(self.started);
        self.rest_on_targets(
            step,
            &mut gather,
            &[TargetType::Instance, TargetType::Lambda],
        )
        .await;
        let (instances, ecs, functions, registered) = tokio::join!(
            self.instances(step),
            self.ecs(step),
            self.target_ids(step, TargetType::Lambda),
            self.target_ids(step, TargetType::Instance),
        );
        let mut wanted = wanted::stretch(self.window, self.started);
        let mut instances = gather.rest_on("instances", instances).unwrap_or_default();
        // Those that have left report nothing any more, and their silence is no gap.
        instances.retain(|one| registered.iter().any(|(id, _)| *id == one.id));
        let services = gather
            .rest_on("ECS services", &ecs.seen)
            .unwrap_or_default()
            .services;
        for (what, number, most) in [
            ("instances", instances.len(), INSTANCES),
            ("ECS services", services.len(), SERVICES),
            ("functions", functions.len(), FUNCTIONS),
        ] {
            if number > most {
                gather.gap(format!("asked for the first {most} of {number} {what}"));
            }
        }
        wanted.metrics.extend(
            instances
                .iter()
                .take(INSTANCES)
                .flat_map(wanted::of_instance),
        );
        wanted
            .metrics
            .extend(services.iter().take(SERVICES).flat_map(wanted::of_service));
        wanted.metrics.extend(
            functions
                .iter()
                .take(FUNCTIONS)
                .flat_map(|(arn, _)| wanted::of_function(arn)),
        );
        self.series(step, gather, &[wanted]).await
    }

    /// All of them together; the first says from when to when.
    async fn series(&self, step: Step, mut gather: Gather, wanted: &[Wanted]) -> Observed<Metrics> {
        let (from, to) = wanted
            .first()
            .map_or((self.window.from, self.window.to), |first| {
                (first.from, first.to)
            });
        let mut metrics = Metrics {
            from,
            to,
            series: Vec::new(),
        };
        let asked = wanted
            .iter()
            .map(|wanted| self.aws.metric_series(&self.recorder, step, wanted));
        for found in futures_util::future::join_all(asked)
            .await
            .into_iter()
            .flatten()
        {
            metrics
                .series
                .extend(gather.take("metrics", found).into_iter().flatten());
        }
        gather.finish(metrics)
    }
}
