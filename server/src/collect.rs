//! Which calls a step needs, in which order; each reported as it ends. A collector never judges.

use diagnosis::{
    Observation, Step,
    evidence::{LoadBalancer, Part, Window},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::aws::Aws;

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
pub async fn collect(
    aws: &Aws,
    scope: Scope,
    progress: mpsc::Sender<Progress>,
    cancel: CancellationToken,
) {
    let _ = (aws, scope, progress, cancel);
}
