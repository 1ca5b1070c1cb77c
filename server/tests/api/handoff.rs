//! `/investigations/{id}/handoff`: draft, sent, accepted.

use axum::{
    body::Body,
    http::{Request, header},
};
use diagnosis::api::{Handoff, Timeline};
use serde_json::{Value, json};

use super::server::{Answer, Server};

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

fn path(id: &str, rest: &str) -> String {
    format!("/investigations/{id}/handoff{rest}")
}

/// For the version that `if_match` names, where it names one.
async fn at(
    server: &Server,
    method: &str,
    path: &str,
    if_match: Option<i64>,
    body: Value,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::HOST, "localhost:5020")
        .header(header::CONTENT_TYPE, "application/json")
        .header("lb502-person", "Ana");
    if let Some(version) = if_match {
        request = request.header(header::IF_MATCH, format!("\"{version}\""));
    }
    server
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

fn added(to: &str) -> Value {
    json!({"to": to, "judgement": "It is the proxy.", "next_check": "502s on web-3?",
           "next_check_at": "2026-11-22T06:00:00Z"})
}

async fn read(server: &Server, id: &str) -> Handoff {
    server.get(&path(id, "")).await.json()
}

/// A note to Ben, sent by Ana.
async fn sent(server: &Server, id: &str) -> Handoff {
    server
        .call_as("Ana", "PUT", &path(id, ""), Some(added("Ben")))
        .await;
    server
        .call_as("Ana", "POST", &path(id, "/send"), None)
        .await
        .json()
}

#[tokio::test]
async fn the_note_is_written_from_the_record_before_anybody_wrote_to_it() {
    let server = Server::start().await;
    let made = server.imported().await;
    let (one, two) = (read(&server, &made.id).await, read(&server, &made.id).await);
    assert_eq!(
        (one.version, &one.sent[..], &one.deliveries[..]),
        (0, &[][..], &[][..])
    );
    let markdown = &one.draft.text.markdown;
    for part in ["## Conditions", "## Actions", "## Needs"] {
        assert!(markdown.contains(part), "{markdown}");
    }
    assert_eq!(
        one.draft.text.note.conditions,
        two.draft.text.note.conditions
    );
    for method in ["GET", "PUT"] {
        server
            .call(
                method,
                &path(UNKNOWN, ""),
                (method == "PUT").then(|| added("Ben")),
            )
            .await
            .problem(404, "no-investigation");
    }
}

#[tokio::test]
async fn of_two_who_write_at_once_the_second_is_told_and_loses_nothing() {
    let server = Server::start().await;
    let made = server.imported().await;
    let first = at(&server, "PUT", &path(&made.id, ""), Some(0), added("Ben")).await;
    assert_eq!(first.headers[header::ETAG], "\"1\"");
    at(&server, "PUT", &path(&made.id, ""), Some(0), added("Carl"))
        .await
        .problem(412, "changed");
    at(&server, "PUT", &path(&made.id, ""), None, added("Carl"))
        .await
        .problem(428, "if-match");
    let kept = read(&server, &made.id).await;
    assert_eq!((kept.version, kept.draft.added.to.as_str()), (1, "Ben"));
    let needs = serde_json::to_string(&kept.draft.text.note.needs).unwrap();
    assert!(
        needs.contains("It is the proxy.") && needs.contains("2026-11-22 06:00 UTC"),
        "{needs}"
    );
}

#[tokio::test]
async fn what_is_too_long_or_for_nobody_is_refused() {
    let server = Server::start().await;
    let made = server.imported().await;
    for (field, text) in [
        ("to", "x".repeat(101)),
        ("to", "a\nb".to_owned()),
        ("judgement", "x".repeat(4_001)),
        ("next_check", "x".repeat(501)),
    ] {
        let problem = server
            .call("PUT", &path(&made.id, ""), Some(json!({ field: text })))
            .await
            .problem(422, "bad-field");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    let problem = server
        .call("POST", &path(&made.id, "/send"), None)
        .await
        .problem(422, "bad-field");
    assert_eq!(problem.field.as_deref(), Some("to"));
    let unchanged = read(&server, &made.id).await;
    assert_eq!((unchanged.version, unchanged.sent.len()), (0, 0));
}

#[tokio::test]
async fn a_note_that_was_sent_never_changes() {
    let server = Server::start().await;
    let made = server.imported().await;
    let after = sent(&server, &made.id).await;
    assert_eq!(after.draft.added, diagnosis::handoff::Added::default());
    let note = after.sent[0].clone();
    assert_eq!(
        (note.n, note.to.as_str(), note.sent_by.as_deref()),
        (1, "Ben", Some("Ana"))
    );
    server
        .post(
            &format!("/investigations/{}/notes", made.id),
            json!({"text": "Later."}),
        )
        .await;
    assert_eq!(read(&server, &made.id).await.sent, [note]);
    // Not even by somebody at the store.
    let rewritten = sqlx::query("update handoffs set text = '{}'")
        .execute(&server.app.db)
        .await;
    assert!(rewritten.is_err());
    let deleted = sqlx::query("delete from handoffs")
        .execute(&server.app.db)
        .await;
    assert!(deleted.is_err());
    server
        .call("POST", &path(UNKNOWN, "/send"), None)
        .await
        .problem(404, "no-investigation");
}

#[tokio::test]
async fn whoever_accepts_is_the_owner_and_both_times_are_kept() {
    let server = Server::start().await;
    let made = server.imported().await;
    let note = sent(&server, &made.id).await.sent.remove(0);
    let accept = path(&made.id, "/accept");
    server
        .post(&accept, json!({"n": 1}))
        .await
        .problem(422, "bad-field");
    let taken: Handoff = server
        .call_as("Ben", "POST", &accept, Some(json!({"n": 1})))
        .await
        .json();
    assert_eq!(taken.owner.as_deref(), Some("Ben"));
    assert_eq!(taken.sent[0].accepted_by.as_deref(), Some("Ben"));
    assert!(taken.sent[0].accepted_at.unwrap() >= note.sent_at);
    assert_eq!(taken.sent[0].sent_at, note.sent_at);
    assert_eq!(
        server.investigation(&made.id).await.owner.as_deref(),
        Some("Ben")
    );
    // Again by the same person: nothing changes. By another: they are told who was first.
    let again: Handoff = server
        .post(&accept, json!({"n": 1, "person": "Ben"}))
        .await
        .json();
    assert_eq!(again.sent, taken.sent);
    let problem = server
        .post(&accept, json!({"n": 1, "person": "Carl"}))
        .await
        .problem(409, "handoff");
    assert!(problem.detail.contains("Ben"), "{}", problem.detail);
    let timeline: Timeline = server
        .get(&format!("/investigations/{}/timeline", made.id))
        .await
        .json();
    let told: Vec<_> = timeline
        .events
        .iter()
        .map(|event| event.kind.name())
        .collect();
    assert!(
        told.ends_with(&["handoff_sent", "handoff_accepted", "investigation_changed"]),
        "{told:?}"
    );
}

#[tokio::test]
async fn only_the_newest_note_can_be_accepted() {
    let server = Server::start().await;
    let made = server.imported().await;
    let accept = path(&made.id, "/accept");
    let by_ben = |n: u32| json!({"n": n, "person": "Ben"});
    server
        .post(&accept, by_ben(1))
        .await
        .problem(404, "not-found");
    sent(&server, &made.id).await;
    sent(&server, &made.id).await;
    server
        .post(&accept, by_ben(1))
        .await
        .problem(409, "handoff");
    server
        .post(&path(UNKNOWN, "/accept"), by_ben(1))
        .await
        .problem(404, "no-investigation");
    let taken: Handoff = server.post(&accept, by_ben(2)).await.json();
    assert_eq!(taken.sent[1].accepted_by, None);
}
