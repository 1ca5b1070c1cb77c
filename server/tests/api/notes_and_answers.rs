//! `/investigations/{id}/notes` and `/investigations/{id}/answers/{question}`.

use diagnosis::api::{Investigation, Note};
use serde_json::json;

use super::server::Server;

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

#[tokio::test]
async fn notes_stand_in_the_order_in_which_they_were_written() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/notes", made.id);
    let mut stream = server.events(&made.id, Some(made.last_event_id)).await;
    let first = server
        .post(&path, json!({"text": " <script>alert(1)</script> \u{0}"}))
        .await;
    assert_eq!(first.status, 201);
    let first: Note = first.json();
    let second = json!({"text": "Rolled back.", "step": "tls", "author": "Ada"});
    let second: Note = server.post(&path, second).await.json();
    assert_eq!(second.author.as_deref(), Some("Ada"));
    let read = server.investigation(&made.id).await;
    assert_eq!(read.notes, [first, second]);
    for _ in 0..2 {
        assert_eq!(stream.next().await.kind.name(), "note_added");
    }
    assert_eq!(
        read.version, made.version,
        "a note changes nothing that somebody edits"
    );
}

#[tokio::test]
async fn a_note_that_says_nothing_is_refused() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/notes", made.id);
    for text in ["", " \n ", &"x".repeat(10_001)] {
        let problem = server
            .post(&path, json!({"text": text}))
            .await
            .problem(422, "bad-field");
        assert_eq!(problem.field.as_deref(), Some("text"));
    }
    server
        .post(&path, json!({"text": "a", "step": "dns"}))
        .await
        .problem(422, "bad-body");
    let unknown = format!("/investigations/{UNKNOWN}/notes");
    server
        .post(&unknown, json!({"text": "a"}))
        .await
        .problem(404, "no-investigation");
    assert_eq!(server.investigation(&made.id).await.notes, []);
}

#[tokio::test]
async fn a_later_answer_replaces_an_earlier_one() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/answers/deployed", made.id);
    for answer in ["yes, at 01:10", "yes, at 01:10", "no"] {
        let read = server
            .call("PUT", &path, Some(json!({"answer": answer})))
            .await;
        let read: Investigation = read.json();
        assert_eq!(read.answers["deployed"], answer);
    }
    assert_eq!(
        server.investigation(&made.id).await.version,
        made.version + 3
    );
    server
        .call("PUT", &path, Some(json!({"answer": ""})))
        .await
        .problem(422, "bad-field");
    let odd = format!("/investigations/{}/answers/Not%20an%20id", made.id);
    server
        .call("PUT", &odd, Some(json!({"answer": "a"})))
        .await
        .problem(404, "not-found");
    let unknown = format!("/investigations/{UNKNOWN}/answers/deployed");
    server
        .call("PUT", &unknown, Some(json!({"answer": "a"})))
        .await
        .problem(404, "no-investigation");
}
