//! Past incidents: found by their words, and shown beside a new one that is like them.

use diagnosis::api::{Investigation, InvestigationList, SeenBefore};
use serde_json::json;

use super::server::Server;

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

async fn found(server: &Server, q: &str) -> Vec<String> {
    let list: InvestigationList = server.get(&format!("/investigations?q={q}")).await.json();
    list.investigations.into_iter().map(|one| one.id).collect()
}

#[tokio::test]
async fn a_search_finds_titles_findings_owners_and_notes() {
    let server = Server::start().await;
    let (one, two) = (server.imported().await, server.imported().await);
    server
        .post(
            &format!("/investigations/{}/notes", one.id),
            json!({"text": "Rolled back the checkout release, and it was quiet."}),
        )
        .await;
    let owned = json!({"owner": "Grace Hopper"});
    server
        .call("PATCH", &format!("/investigations/{}", two.id), Some(owned))
        .await;
    assert_eq!(found(&server, "checkout%20quiet").await, [one.id.as_str()]);
    assert_eq!(
        found(&server, "%22rolled%20back%22").await,
        [one.id.as_str()]
    );
    assert_eq!(found(&server, "hopper").await, [two.id.as_str()]);
    assert_eq!(found(&server, "checkout%20hopper").await, [] as [&str; 0]);
    for odd in ["%27%20or%20", "%22%22%22", "%26%7C%21", "%00"] {
        let answer = server.get(&format!("/investigations?q={odd}")).await;
        assert_eq!(answer.status, 200, "{odd}");
    }
}

#[tokio::test]
async fn what_happened_before_is_shown_with_how_it_ended() {
    let server = Server::start().await;
    let first = server.imported().await;
    server
        .post(
            &format!("/investigations/{}/notes", first.id),
            json!({"text": "Raised the keep-alive to 75 s."}),
        )
        .await;
    server
        .call_as(
            "Ana",
            "PATCH",
            &format!("/investigations/{}", first.id),
            Some(json!({"status": "resolved"})),
        )
        .await;
    let second = server.imported().await;
    let path = format!("/investigations/{}/seen-before", second.id);
    let (one, again): (SeenBefore, SeenBefore) = (
        server.get(&path).await.json(),
        server.get(&path).await.json(),
    );
    assert_eq!(one, again);
    let before = &one.investigations[..];
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].id, first.id);
    assert!(before[0].same_load_balancer);
    assert!(!before[0].same_first_finding, "neither has a finding");
    assert_eq!(before[0].settled_by.as_deref(), Some("Ana"));
    assert!(before[0].settled_at.is_some());
    assert_eq!(
        before[0].last_note.as_deref(),
        Some("Raised the keep-alive to 75 s.")
    );
    // Nothing came before the first.
    let none: SeenBefore = server
        .get(&format!("/investigations/{}/seen-before", first.id))
        .await
        .json();
    assert_eq!(none, SeenBefore::default());
}

#[tokio::test]
async fn incidents_with_the_same_first_finding_are_alike_and_found_by_it() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let made: Investigation = server
            .call("POST", "/practice/keep-alive-race", None)
            .await
            .json();
        server
            .call("POST", &format!("/investigations/{}/run", made.id), None)
            .await;
        server.at_rest(&made.id).await;
        ids.insert(0, made.id);
    }
    server.imported().await;
    let rule = "keep-alive-shorter-than-idle-timeout";
    assert_eq!(found(&server, rule).await, ids);
    let before: SeenBefore = server
        .get(&format!("/investigations/{}/seen-before", ids[0]))
        .await
        .json();
    assert_eq!(before.investigations.len(), 1);
    assert_eq!(before.investigations[0].id, ids[1]);
    assert!(before.investigations[0].same_first_finding);
}

#[tokio::test]
async fn nothing_is_seen_before_what_is_not_there() {
    let server = Server::start().await;
    server
        .get(&format!("/investigations/{UNKNOWN}/seen-before"))
        .await
        .problem(404, "no-investigation");
}
