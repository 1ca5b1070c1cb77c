//! A run's shape: shared calls, numbering, cancelling.

use std::{collections::HashSet, time::Duration};

use diagnosis::{Observed, Step};
use lb502::{aws::read_only, collect::Progress};
use tokio_util::sync::CancellationToken;

use super::asking::{ask, ask_until, holds_together, scope};
use crate::lab::Lab;

#[tokio::test]
async fn steps_together_never_repeat_a_call_and_only_read() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    let asked = ask(&lab, scope(&lab, &incident, &Step::ALL).await).await;
    holds_together(&asked, &Step::ALL);

    let commands: HashSet<&str> = asked
        .evidence
        .observations
        .iter()
        .map(|one| one.cli.as_str())
        .collect();
    assert_eq!(commands.len(), asked.evidence.observations.len());

    let known = read_only::actions();
    for call in lab.calls().await {
        let action = call["iam_action"].as_str().unwrap();
        assert!(known.contains(&action), "{call}");
        // A name is looked for among Application and Classic load balancers: one of them has it.
        if call["operation"] != "DescribeLoadBalancers" {
            assert_eq!(call["outcome"], "ok", "{call}");
        }
    }
}

#[tokio::test]
async fn a_step_alone_sees_all_that_it_reads() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    for step in Step::ALL {
        let mut scope = scope(&lab, &incident, &[step]).await;
        scope.first_n = 1;
        let asked = ask(&lab, scope).await;
        holds_together(&asked, &[step]);
        for need in diagnosis::need::Need::of(step) {
            assert_eq!(
                need.missing(&asked.evidence),
                Vec::<String>::new(),
                "{step}: {need:?}"
            );
        }
        assert!(!asked.evidence.steps[&step].is_empty());
    }
}

#[tokio::test]
async fn a_cancelled_run_ends_soon_and_in_order() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    let scope = scope(&lab, &incident, &Step::ALL).await;
    lab.fault("elasticloadbalancing", "DescribeTargetGroups", "hang")
        .await;
    let cancel = CancellationToken::new();
    let started = std::time::Instant::now();
    let asked = ask_until(&lab, scope, cancel.clone(), |progress| {
        if let Progress::CallStarted { operation, .. } = progress
            && operation == "DescribeTargetGroups"
        {
            let cancel = cancel.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                cancel.cancel();
            });
        }
    })
    .await;
    assert!(started.elapsed() < Duration::from_secs(5));
    holds_together(&asked, &Step::ALL);
    assert!(matches!(
        &asked.evidence.target_groups,
        Observed::Failed { reason, .. } if reason == "cancelled"
    ));
}

#[tokio::test]
async fn a_listener_that_goes_away_stops_nothing() {
    let lab = Lab::start(&["healthy"]).await;
    let incident = lab.incident("healthy").await;
    let scope = scope(&lab, &incident, &[Step::Load]).await;
    let (send, receive) = tokio::sync::mpsc::channel(1);
    drop(receive);
    let aws = super::asking::aws(&lab).await;
    let run = lb502::collect::collect(&aws, scope, send, CancellationToken::new());
    tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .unwrap();
}
