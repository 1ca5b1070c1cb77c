//! `/investigations/{id}/run` and its relatives, where AWS is not needed.

use diagnosis::api::{RunState, Started};

use super::{
    server::{Server, nowhere},
    store,
};

#[tokio::test]
async fn a_run_that_cannot_begin_says_why_and_keeps_what_was_known() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/run", made.id);
    let answer = server.call("POST", &path, None).await;
    assert_eq!(answer.status, 202);
    let started: Started = answer.json();
    assert_eq!((started.run.n, started.run.state), (2, RunState::Running));
    let ended = server.at_rest(&made.id).await;
    assert_eq!(ended.runs.len(), 2);
    assert_ne!(ended.runs[0].state, RunState::Running);
    assert!(ended.diagnosis.observations.len() >= made.diagnosis.observations.len());
}

#[tokio::test]
async fn of_two_people_one_gets_the_run() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/run", made.id);
    let (one, two) = tokio::join!(
        server.call("POST", &path, None),
        server.call("POST", &path, None)
    );
    let (good, bad) = if one.status == 202 {
        (one, two)
    } else {
        (two, one)
    };
    assert_eq!(good.status, 202);
    bad.problem(409, "running");
    server.at_rest(&made.id).await;
    let cancel = format!("{path}/cancel");
    server
        .call("POST", &cancel, None)
        .await
        .problem(409, "not-running");
}

#[tokio::test]
async fn a_server_that_stops_begins_nothing() {
    let server = Server::on(store::database().await, nowhere()).await;
    let made = server.imported().await;
    server.app.stop().await;
    let path = format!("/investigations/{}/run", made.id);
    server
        .call("POST", &path, None)
        .await
        .problem(503, "stopping");
}
