//! Several lb502 processes, and what is left when one is killed.

use diagnosis::{
    Observation,
    api::{Event, EventKind, Investigation, RunState, Started},
};
use serde_json::{Value, json};

use super::{
    binary::{Process, lb502},
    store,
};

/// Reads a stream until so many calls were acknowledged.
pub(super) async fn acknowledged(process: &Process, id: &str, count: usize) -> Vec<Observation> {
    let mut stream = process.events(id).await;
    let mut text = String::new();
    let mut seen = Vec::new();
    while seen.len() < count {
        let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
        text += std::str::from_utf8(&chunk).unwrap();
        while let Some((message, rest)) = text.split_once("\n\n") {
            let data = message.lines().find_map(|line| line.strip_prefix("data: "));
            // Without an id it says who is here, and is no event of the investigation.
            if let Some(data) =
                data.filter(|_| message.lines().any(|line| line.starts_with("id: ")))
            {
                let event: Event = serde_json::from_str(data).unwrap();
                if let EventKind::ObservationEnded { observation } = event.kind {
                    seen.push(observation);
                }
            }
            text = rest.to_owned();
        }
    }
    seen
}

#[tokio::test]
async fn a_killed_server_comes_back_with_everything_that_was_acknowledged() {
    let data = store::fresh_folder();
    let process = Process::serve(lb502(data.path())).await;
    let made: Investigation = process.post("/practice/keep-alive-race", json!(null)).await;
    let path = format!("/investigations/{}", made.id);
    let _: Started = process.post(&format!("{path}/run"), json!(null)).await;
    let seen = acknowledged(&process, &made.id, 5).await;
    process.kill().await;

    let process = Process::serve(lb502(data.path())).await;
    let read = process.at_rest(&made.id).await;
    assert_eq!(read.runs[0].state, RunState::Interrupted);
    assert!(
        read.runs[0]
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("Run again"))
    );
    for observation in &seen {
        assert!(
            read.diagnosis.observations.contains(observation),
            "{observation:?}"
        );
        let call: Value = process
            .get(&format!("{path}/observations/{}", observation.n))
            .await;
        assert_eq!(call["observation"]["operation"], observation.operation);
    }
    let _: Started = process.post(&format!("{path}/run"), json!(null)).await;
    let done = process.at_rest(&made.id).await;
    assert_eq!(
        done.runs.iter().map(|run| run.state).collect::<Vec<_>>(),
        [RunState::Done, RunState::Interrupted]
    );
    assert_eq!(
        done.diagnosis.findings[0].rule,
        "keep-alive-shorter-than-idle-timeout"
    );
    assert_eq!(process.interrupt().await, Some(0));
}

#[tokio::test]
async fn a_server_that_is_stopped_marks_its_run_itself() {
    let data = store::fresh_folder();
    let process = Process::serve(lb502(data.path())).await;
    let made: Investigation = process.post("/practice/keep-alive-race", json!(null)).await;
    let path = format!("/investigations/{}", made.id);
    let _: Started = process.post(&format!("{path}/run"), json!(null)).await;
    acknowledged(&process, &made.id, 1).await;
    assert_eq!(process.interrupt().await, Some(0));
    assert!(
        !data.path().join("postgres/postmaster.pid").exists(),
        "Postgres was stopped too"
    );

    let process = Process::serve(lb502(data.path())).await;
    let read: Investigation = process.get(&path).await;
    assert_eq!(read.runs[0].state, RunState::Interrupted);
    assert_eq!(process.interrupt().await, Some(0));
}

#[tokio::test]
async fn two_processes_on_one_folder_share_a_server_and_the_second_takes_over() {
    let data = store::fresh_folder();
    // At the same moment, on a folder without data: one makes it, the other waits.
    let (one, two) = tokio::join!(
        Process::serve(lb502(data.path())),
        Process::serve(lb502(data.path()))
    );
    let made: Investigation = one.post("/practice/keep-alive-race", json!(null)).await;
    let path = format!("/investigations/{}", made.id);
    let read: Investigation = two.get(&path).await;
    assert_eq!(read.id, made.id);

    // A run of a process that lives is nobody else's to end.
    let _: Started = two.post(&format!("{path}/run"), json!(null)).await;
    assert_eq!(one.at_rest(&made.id).await.runs[0].state, RunState::Done);

    // A run of a process that was killed is ended by the one that is left.
    let _: Started = one.post(&format!("{path}/run"), json!(null)).await;
    let seen = acknowledged(&one, &made.id, 3).await;
    one.kill().await;
    let left = two.at_rest(&made.id).await;
    assert_eq!(left.runs[0].state, RunState::Interrupted);
    assert!(
        seen.iter()
            .all(|observation| left.diagnosis.observations.contains(observation))
    );
    let _: Started = two.post(&format!("{path}/run"), json!(null)).await;
    assert_eq!(two.at_rest(&made.id).await.runs[0].state, RunState::Done);
    assert_eq!(two.interrupt().await, Some(0));
    assert!(!data.path().join("postgres/postmaster.pid").exists());
}
