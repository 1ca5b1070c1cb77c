//! Which calls a step needs, in which order; each reported as it ends. A collector never judges.
//!
//! A [`Run`](run::Run) holds one cell for each piece of evidence. The steps run together and ask
//! for the pieces they need; who asks first makes the calls, the others wait for the same answer.
//! What depends on what is what the pieces ask of each other:
//!
//! 1. the load balancer, CloudTrail
//! 2. attributes, listeners, target groups, the VPC's subnets, routes and network ACLs
//! 3. rules, certificates, target health, the list of log objects
//! 4. instances, functions, services, network interfaces, log objects, metrics
//! 5. security groups, prefix lists, what the targets report

mod cell;
mod certificates;
mod changes;
mod ecs;
mod functions;
mod gather;
mod load_balancer;
mod logs;
mod metrics;
mod network;
mod run;
mod steps;
mod targets;
mod wanted;

pub(crate) use wanted::counters;

use std::sync::Arc;

use diagnosis::{
    Observation, Step,
    evidence::{LoadBalancer, Part, Window},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::aws::{Aws, Recorder};
use run::Run;

/// What a run is about.
#[derive(Clone, Debug)]
pub struct Scope {
    pub load_balancer: LoadBalancer,
    pub window: Window,
    /// In any order; each at most once.
    pub steps: Vec<Step>,
    /// The number of the run's first observation.
    pub first_n: u32,
}

/// What happens in a run, in the order in which it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    StepStarted(Step),
    CallStarted {
        n: u32,
        step: Step,
        service: String,
        operation: String,
        region: String,
    },
    CallEnded {
        observation: Observation,
        /// The call's input.
        asked: serde_json::Value,
        /// What came back as evidence, for people (bounded).
        answered: serde_json::Value,
    },
    /// Sent after the calls that it was read from have ended. A `Part::StepEnded` ends each step.
    Part(Part),
}

/// Makes the calls of the scope's steps, together where they do not wait for each other, and
/// sends what happens. Returns when every step has ended, or soon after `cancel`; never fails: what
/// could not be seen is in the parts. `progress` is bounded: a slow reader slows the run.
///
/// The calls go to the load balancer's own region, whichever region `aws` is for.
pub async fn collect(
    aws: &Aws,
    scope: Scope,
    progress: mpsc::Sender<Progress>,
    cancel: CancellationToken,
) {
    // A region that does not exist cannot be that of a load balancer that was found.
    let aws = aws
        .in_region(&scope.load_balancer.region)
        .await
        .unwrap_or_else(|_| aws.clone());
    let recorder = Recorder::new(scope.first_n, progress, cancel);
    let run = Arc::new(Run::new(aws, recorder, scope.load_balancer, scope.window));
    let mut steps = JoinSet::new();
    let mut asked = scope.steps;
    asked.sort();
    asked.dedup();
    for step in &asked {
        run.send(Progress::StepStarted(*step)).await;
    }
    for step in asked {
        let run = Arc::clone(&run);
        steps.spawn(async move {
            // In a task of its own: whatever breaks in a step, the step still ends.
            let inner = tokio::spawn({
                let run = Arc::clone(&run);
                async move { steps::run(&run, step).await }
            });
            if let Err(error) = inner.await {
                tracing::error!(%error, %step, "a step broke off");
            }
            run.end(step).await;
        });
    }
    while steps.join_next().await.is_some() {}
}
