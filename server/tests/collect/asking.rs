//! One run, folded into evidence.

use std::collections::HashMap;

use diagnosis::{
    Evidence, Step,
    evidence::{Part, Window},
};
use lb502::{
    aws::Aws,
    collect::{Progress, Scope, collect},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::lab::{Incident, Lab};

pub(crate) struct Asked {
    pub(crate) evidence: Evidence,
    pub(crate) progress: Vec<Progress>,
}

pub(crate) async fn aws(lab: &Lab) -> Aws {
    Aws::connect_to(&lab.endpoint, "eu-west-1", "lab", "lab")
        .await
        .unwrap()
}

pub(crate) async fn scope(lab: &Lab, incident: &Incident, steps: &[Step]) -> Scope {
    let load_balancer = aws(lab)
        .await
        .find_load_balancer(&incident.load_balancer)
        .await
        .unwrap();
    Scope {
        load_balancer,
        window: Window {
            from: incident.from.parse().unwrap(),
            to: incident.to.parse().unwrap(),
        },
        steps: steps.to_vec(),
        first_n: 1,
    }
}

pub(crate) async fn ask(lab: &Lab, scope: Scope) -> Asked {
    ask_until(lab, scope, CancellationToken::new(), |_| {}).await
}

pub(crate) async fn ask_until(
    lab: &Lab,
    scope: Scope,
    cancel: CancellationToken,
    mut seen: impl FnMut(&Progress),
) -> Asked {
    let (send, mut receive) = mpsc::channel(16);
    let aws = aws(lab).await;
    let (load_balancer, window) = (scope.load_balancer.clone(), scope.window);
    let run = tokio::spawn(async move { collect(&aws, scope, send, cancel).await });
    let mut evidence = Evidence::new(load_balancer, window, chrono::DateTime::UNIX_EPOCH);
    let mut progress = Vec::new();
    while let Some(one) = receive.recv().await {
        seen(&one);
        match &one {
            Progress::CallEnded { observation, .. } => evidence.observe(observation.clone()),
            Progress::Part(part) => evidence.absorb(part.clone()),
            _ => {}
        }
        progress.push(one);
    }
    run.await.unwrap();
    Asked { evidence, progress }
}

/// Everything that must hold of any run, whatever AWS answered.
pub(crate) fn holds_together(asked: &Asked, steps: &[Step]) {
    let mut running: HashMap<u32, Step> = HashMap::new();
    let mut next = 1;
    let mut ended: Vec<Step> = Vec::new();
    for one in &asked.progress {
        match one {
            Progress::StepStarted(step) => assert!(steps.contains(step)),
            Progress::CallStarted { n, step, .. } => {
                assert_eq!(
                    *n, next,
                    "calls are numbered in the order in which they start"
                );
                next += 1;
                running.insert(*n, *step);
            }
            Progress::CallEnded { observation, .. } => {
                assert_eq!(running.remove(&observation.n), Some(observation.step));
                assert!(observation.cli.starts_with("aws "), "{}", observation.cli);
                assert!(!observation.detail.is_empty());
            }
            Progress::Part(Part::StepEnded { step, observations }) => {
                assert!(!ended.contains(step));
                ended.push(*step);
                for n in observations {
                    assert!(
                        !running.contains_key(n),
                        "a step ends after the calls that it used"
                    );
                    assert!(*n < next);
                }
            }
            Progress::Part(_) => {}
        }
    }
    assert!(running.is_empty(), "calls that never ended: {running:?}");
    ended.sort();
    assert_eq!(ended, steps, "each step ends once");
}
