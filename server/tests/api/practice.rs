//! `/practice/{name}`: the recorded incidents, replayed.

use diagnosis::{
    api::{Environment, Investigation, RunState},
    document::{StepState, Verdict},
};

use super::server::Server;

#[tokio::test]
async fn both_incidents_replay_to_their_cause() {
    let server = Server::start().await;
    let environment: Environment = server.get("/environment").await.json();
    let names = environment
        .practice
        .iter()
        .map(|one| one.name.as_str())
        .collect::<Vec<_>>();
    assert_eq!(names, ["keep-alive-race", "security-group-closed"]);
    for (name, rule) in [
        ("keep-alive-race", "keep-alive-shorter-than-idle-timeout"),
        ("security-group-closed", "security-group-blocks-target"),
    ] {
        let answer = server
            .call("POST", &format!("/practice/{name}"), None)
            .await;
        assert_eq!(answer.status, 201);
        let made: Investigation = answer.json();
        assert!(made.practice);
        assert!(
            made.diagnosis
                .steps
                .iter()
                .all(|step| step.state == StepState::NotRun)
        );
        let mut stream = server.events(&made.id, Some(made.last_event_id)).await;
        server
            .call("POST", &format!("/investigations/{}/run", made.id), None)
            .await;
        let events = stream.until_run_ended().await;
        let count = |kind: &str| {
            events
                .iter()
                .filter(|event| event.kind.name() == kind)
                .count()
        };
        let ended = server.at_rest(&made.id).await;
        assert_eq!(ended.runs[0].state, RunState::Done);
        assert_eq!(count("step_started"), 6);
        assert_eq!(count("step_ended"), 6);
        assert_eq!(
            count("observation_started"),
            ended.diagnosis.observations.len()
        );
        assert_eq!(
            count("observation_ended"),
            ended.diagnosis.observations.len()
        );
        assert_eq!(ended.diagnosis.verdict, Verdict::CauseFound, "{name}");
        assert_eq!(ended.diagnosis.findings[0].rule, rule);
        assert!(
            ended
                .diagnosis
                .steps
                .iter()
                .all(|step| step.state == StepState::Done)
        );
    }
}

#[tokio::test]
async fn one_step_after_the_other_leads_to_the_same_as_all_at_once() {
    let server = Server::start().await;
    let open = async || -> Investigation {
        server
            .call("POST", "/practice/keep-alive-race", None)
            .await
            .json()
    };
    let (all, single) = (open().await, open().await);
    server
        .call("POST", &format!("/investigations/{}/run", all.id), None)
        .await;
    let all = server.at_rest(&all.id).await;
    for step in diagnosis::Step::ALL {
        let path = format!("/investigations/{}/steps/{step}/run", single.id);
        assert_eq!(server.call("POST", &path, None).await.status, 202);
        let so_far = server.at_rest(&single.id).await;
        assert_eq!(so_far.runs[0].steps, [step]);
    }
    let single = server.at_rest(&single.id).await;
    assert_eq!(single.diagnosis, all.diagnosis);
    assert_eq!(single.runs.len(), 6);
}

#[tokio::test]
async fn a_second_replay_changes_nothing() {
    let server = Server::start().await;
    let made: Investigation = server
        .call("POST", "/practice/keep-alive-race", None)
        .await
        .json();
    let run = format!("/investigations/{}/run", made.id);
    server.call("POST", &run, None).await;
    let first = server.at_rest(&made.id).await;
    server.call("POST", &run, None).await;
    let second = server.at_rest(&made.id).await;
    assert_eq!(second.runs.len(), 2);
    assert_eq!(second.diagnosis, first.diagnosis);
}

#[tokio::test]
async fn a_person_can_stop_a_run() {
    let server = Server::start().await;
    let made: Investigation = server
        .call("POST", "/practice/keep-alive-race", None)
        .await
        .json();
    let run = format!("/investigations/{}/run", made.id);
    let mut stream = server.events(&made.id, None).await;
    server.call("POST", &run, None).await;
    while stream.next().await.kind.name() != "observation_ended" {}
    assert_eq!(
        server
            .call("POST", &format!("{run}/cancel"), None)
            .await
            .status,
        202
    );
    let stopped = server.at_rest(&made.id).await;
    assert_eq!(stopped.runs[0].state, RunState::Cancelled);
    assert!(
        !stopped.diagnosis.observations.is_empty(),
        "what was seen stays"
    );
    server.call("POST", &run, None).await;
    assert_eq!(server.at_rest(&made.id).await.runs[0].state, RunState::Done);
}
