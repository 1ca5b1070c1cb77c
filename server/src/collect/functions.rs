//! Lambda targets.

use diagnosis::{
    Observed, Step,
    evidence::{LambdaFunction, Part, target_groups::TargetType},
};

use super::{
    gather::{Gather, why},
    load_balancer::each,
    run::Run,
};

/// A Lambda group has one function; so many groups are looked at.
const FUNCTIONS: usize = 50;

#[derive(Debug)]
pub(super) struct Functions {
    pub(super) seen: Observed<Vec<LambdaFunction>>,
    pub(super) log_groups: Vec<String>,
}

impl Run {
    pub(super) async fn functions(&self, step: Step) -> &Functions {
        let functions = self
            .cells
            .functions
            .get(|| async {
                let functions = self.fetch_functions(step).await;
                self.part(Part::LambdaFunctions(functions.seen.clone()))
                    .await;
                functions
            })
            .await;
        self.uses(step, functions.seen.source());
        functions
    }

    /// What the functions report themselves, where a target is one: beside the log's rows it tells a
    /// timeout from an error.
    pub(super) async fn function_metrics(&self, step: Step) {
        if !self.target_ids(step, TargetType::Lambda).await.is_empty() {
            self.target_metrics(step).await;
        }
    }

    async fn fetch_functions(&self, step: Step) -> Functions {
        let mut gather = Gather::new(self.started);
        self.rest_on_targets(step, &mut gather, &[TargetType::Lambda])
            .await;
        let targets = self.target_ids(step, TargetType::Lambda).await;
        if targets.len() > FUNCTIONS {
            gather.gap(format!(
                "functions: the first {FUNCTIONS} of {} were read",
                targets.len()
            ));
        }
        let read = each(
            targets.into_iter().take(FUNCTIONS),
            |(arn, group)| async move {
                let (recorder, aws) = (&self.recorder, &self.aws);
                let (configuration, concurrency, allowed) = tokio::join!(
                    aws.function(recorder, step, &arn),
                    aws.function_concurrency(recorder, step, &arn),
                    aws.invoke_allowed(recorder, step, &arn, &group),
                );
                let mut source = configuration.source().to_vec();
                source.extend(concurrency.source());
                source.extend(allowed.source());
                let gaps: Vec<String> = [
                    why(&configuration).map(|why| format!("configuration: {why}")),
                    why(&concurrency).map(|why| format!("concurrency: {why}")),
                    why(&allowed).map(|why| format!("policy: {why}")),
                ]
                .into_iter()
                .flatten()
                .collect();
                let seen = configuration.seen();
                let function = LambdaFunction {
                    reserved_concurrency: concurrency.seen().copied().flatten(),
                    invoke_allowed: allowed.seen().copied(),
                    gap: (!gaps.is_empty()).then(|| gaps.join("; ")),
                    arn,
                    target_group_arn: Some(group),
                    ..seen.map(|one| one.function.clone()).unwrap_or_default()
                };
                (function, seen.map(|one| one.log_group.clone()), source)
            },
        );
        let mut functions = Vec::new();
        let mut log_groups = Vec::new();
        for (function, log_group, source) in read.await {
            gather.cite(&source);
            functions.push(function);
            log_groups.extend(log_group);
        }
        Functions {
            seen: gather.finish(functions),
            log_groups,
        }
    }
}
