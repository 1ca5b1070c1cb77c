//! `/investigations/{id}/compare`, and what each run leaves behind.

use diagnosis::{
    api::{Comparison, Investigation, InvestigationList, RunState},
    document::{StepState, Verdict},
};
use serde_json::{Value, json};

use super::{recorded, server::Server};

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

/// A practice incident that was run twice; in the second run AWS says another idle timeout.
async fn run_twice(server: &Server) -> Investigation {
    let made: Investigation = server
        .call("POST", "/practice/keep-alive-race", None)
        .await
        .json();
    for _ in 0..2 {
        let path = format!("/investigations/{}/run", made.id);
        assert_eq!(server.call("POST", &path, None).await.status, 202);
        server.at_rest(&made.id).await;
    }
    let changed = sqlx::query(
        "update parts
         set part = jsonb_set(part, '{content,value,idle_timeout}', '4')
         where run = 2 and key = 'attributes'",
    );
    let changed = changed.execute(&server.app.db).await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    server.investigation(&made.id).await
}

async fn compare(server: &Server, id: &str, query: &str) -> Comparison {
    let path = format!("/investigations/{id}/compare{query}");
    server.get(&path).await.json()
}

#[tokio::test]
async fn two_runs_are_held_against_each_other() {
    let server = Server::start().await;
    let made = run_twice(&server).await;
    let compared = compare(&server, &made.id, "").await;
    assert_eq!((compared.from.run.n, compared.to.run.n), (1, 2));
    assert_eq!(compared.from.window, made.diagnosis.window);
    assert_eq!(compared.from.verdict, Verdict::CauseFound);
    assert_eq!(compared.to.verdict, made.diagnosis.verdict);
    let [change] = &compared.settings[..] else {
        panic!("{:#?}", compared.settings)
    };
    assert_eq!(change.field, "idle_timeout.timeout_seconds");
    assert_eq!(change.to.as_deref(), Some("4"));
    assert!(compared.errors.comparable, "{:?}", compared.errors);
    assert!(
        !compared.rules.is_empty(),
        "another idle timeout is another answer"
    );

    // The other way round, and again.
    let back = compare(&server, &made.id, "?from=2&to=1").await;
    assert_eq!(back.settings[0].from.as_deref(), Some("4"));
    assert_eq!(back, compare(&server, &made.id, "?from=2&to=1").await);
    let defaults = compare(&server, &made.id, "?from=2").await;
    assert_eq!((defaults.from.run.n, defaults.to.run.n), (2, 1));
}

#[tokio::test]
async fn one_run_is_nothing_to_compare() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/compare", made.id);
    for query in ["", "?from=1", "?to=1"] {
        let answer = server.get(&format!("{path}{query}")).await;
        answer.problem(409, "nothing-to-compare");
    }
    for query in [
        "?from=2",
        "?to=0",
        "?from=x",
        "?to=-1",
        "?from=99999999999",
        "?from=",
    ] {
        let answer = server.get(&format!("{path}{query}")).await;
        answer.problem(404, "not-found");
    }
    let same = server.get(&format!("{path}?from=1&to=1")).await;
    assert_eq!(same.problem(422, "bad-field").field.as_deref(), Some("to"));
}

#[tokio::test]
async fn an_unknown_investigation_has_no_runs() {
    let server = Server::start().await;
    for id in [UNKNOWN, "1", "%00"] {
        let answer = server.get(&format!("/investigations/{id}/compare")).await;
        answer.problem(404, "no-investigation");
    }
}

/// Changes the window, as a person does.
async fn look_at(server: &Server, id: &str, from: &str, to: &str) -> Investigation {
    let window = json!({"window": {"from": recorded::at(from), "to": recorded::at(to)}});
    let path = format!("/investigations/{id}");
    let changed = server.call("PATCH", &path, Some(window)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    changed.json()
}

#[tokio::test]
async fn a_window_that_is_chosen_again_finds_its_evidence_again() {
    let server = Server::start().await;
    let made = server.imported().await;
    assert_eq!(made.runs[0].window, Some(made.diagnosis.window));
    let other = look_at(&server, &made.id, "03:00:00", "04:00:00").await;
    let not_run = |found: &Investigation| {
        let mut steps = found.diagnosis.steps.iter();
        steps.all(|step| step.state == StepState::NotRun)
    };
    assert!(not_run(&other), "nothing is known of this window");
    let bundle: Value = server
        .get(&format!("/investigations/{}/export", made.id))
        .await
        .json();
    assert_eq!(bundle["parts"], json!([]));

    // Two runs of two windows: each with what it saw.
    server
        .call("POST", &format!("/investigations/{}/run", made.id), None)
        .await;
    let second = server.at_rest(&made.id).await;
    assert_eq!(second.runs[0].state, RunState::Done);
    let compared = compare(&server, &made.id, "").await;
    assert_eq!(compared.from.window, made.diagnosis.window);
    assert_eq!(compared.to.window, other.diagnosis.window);
    assert!(!compared.errors.comparable);
    assert!(
        compared.settings.is_empty(),
        "AWS was not reached: {:?}",
        compared.settings
    );
    assert!(!compared.not_seen.is_empty());

    let back = look_at(&server, &made.id, "01:00:00", "02:00:00").await;
    assert_eq!(back.diagnosis.steps, made.diagnosis.steps);
    assert_eq!(back.diagnosis.findings, made.diagnosis.findings);
    assert!(
        back.diagnosis.observations.len() > made.diagnosis.observations.len(),
        "all calls stay on record"
    );
    let list: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(list.investigations[0].verdict, Some(made.diagnosis.verdict));
    let bundle: Value = server
        .get(&format!("/investigations/{}/export", made.id))
        .await
        .json();
    let mine = serde_json::to_value(recorded::bundle()).unwrap();
    assert_eq!(
        bundle["parts"].as_array().unwrap().len(),
        mine["parts"].as_array().unwrap().len()
    );
    assert_eq!(bundle["observations"].as_array().unwrap().len(), 3);
}
