//! `/investigations` and `/investigations/{id}`.

use axum::{
    body::Body,
    http::{Request, header},
};
use diagnosis::{
    api::{Investigation, InvestigationList, RunState, Status},
    document::StepState,
};
use serde_json::{Value, json};

use super::{
    recorded,
    server::{Answer, Server},
};

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

#[tokio::test]
async fn an_investigation_is_read_whole() {
    let server = Server::start().await;
    let made = server.imported().await;
    let answer = server.get(&format!("/investigations/{}", made.id)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[header::ETAG], "\"1\"");
    let read: Investigation = answer.json();
    assert_eq!(read, made, "what is answered first is what is read later");
    assert_eq!(read.steps.len(), 6);
    assert_eq!(read.diagnosis.observations.len(), 3);
    assert_eq!(read.diagnosis.load_balancer.arn, recorded::ARN);
    assert_eq!(read.runs.len(), 1);
    assert_eq!(read.runs[0].state, RunState::Done);
    assert!(read.last_event_id > 0);
}

#[tokio::test]
async fn reading_twice_answers_the_same_bytes() {
    let server = Server::start().await;
    let made = server.imported().await;
    for path in ["", "/diagnosis", "/observations/2", "/export"] {
        let path = format!("/investigations/{}{path}", made.id);
        let (first, second) = (server.get(&path).await, server.get(&path).await);
        assert_eq!(first.status, 200, "{path}");
        assert_eq!(first.body, second.body, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let server = Server::start().await;
    for id in [UNKNOWN, "1", "not-an-id", "%27%3B--", "..%2f..", "%00"] {
        for path in ["", "/diagnosis", "/observations/1", "/events", "/export"] {
            let answer = server.get(&format!("/investigations/{id}{path}")).await;
            answer.problem(404, "no-investigation");
        }
        for path in ["/run", "/run/cancel", "/steps/tls/run"] {
            let answer = server
                .call("POST", &format!("/investigations/{id}{path}"), None)
                .await;
            answer.problem(404, "no-investigation");
        }
    }
    let made = server.imported().await;
    for n in ["0", "4", "-1", "x", "99999999999"] {
        let answer = server
            .get(&format!("/investigations/{}/observations/{n}", made.id))
            .await;
        answer.problem(404, "not-found");
    }
}

#[tokio::test]
async fn one_call_is_shown_with_what_was_asked_and_answered() {
    let server = Server::start().await;
    let made = server.imported().await;
    let call: Value = server
        .get(&format!("/investigations/{}/observations/2", made.id))
        .await
        .json();
    assert_eq!(call["observation"]["operation"], "DescribeTargetHealth");
    assert_eq!(call["observation"]["outcome"], "denied");
    assert_eq!(call["asked"]["LoadBalancerArn"], recorded::ARN);
    assert_eq!(call["answered"]["items"], json!([]));
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for _ in 0..52 {
        made.push(server.imported().await.id);
    }
    made.reverse();
    let first: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(first.investigations.len(), 50);
    let cursor = first.next_cursor.expect("there is more");
    let rest = server
        .get(&format!("/investigations?cursor={cursor}"))
        .await;
    let rest: InvestigationList = rest.json();
    assert_eq!(rest.next_cursor, None);
    let listed = first.investigations.iter().chain(&rest.investigations);
    assert_eq!(listed.map(|one| one.id.clone()).collect::<Vec<_>>(), made);

    let count = async |query: &str| {
        let list: InvestigationList = server.get(&format!("/investigations?{query}")).await.json();
        list.investigations.len()
    };
    assert_eq!(count("status=resolved").await, 0);
    assert_eq!(count("status=open&q=OF%20WEB").await, 50);
    assert_eq!(
        count("q=%25").await,
        0,
        "a wildcard is a character like any other"
    );
    assert_eq!(count("load_balancer=web").await, 50);
    assert_eq!(count(&format!("load_balancer={}", recorded::ARN)).await, 50);
    assert_eq!(count("load_balancer=we").await, 0);
    server
        .get("/investigations?status=closed")
        .await
        .problem(400, "bad-query");
    server
        .get("/investigations?cursor=x")
        .await
        .problem(422, "bad-field");
}

async fn patch(server: &Server, id: &str, version: Option<&str>, body: Value) -> Answer {
    let mut request = Request::patch(format!("/api/v1/investigations/{id}"))
        .header(header::HOST, "127.0.0.1")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(version) = version {
        request = request.header(header::IF_MATCH, version);
    }
    server
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn a_change_needs_the_version_that_it_is_for() {
    let server = Server::start().await;
    let made = server.imported().await;
    let body = json!({"title": "The 2 a.m. one", "status": "mitigated", "owner": "Ada"});
    patch(&server, &made.id, None, body.clone())
        .await
        .problem(428, "if-match");
    patch(&server, &made.id, Some("\"7\""), body.clone())
        .await
        .problem(412, "changed");
    assert_eq!(
        server.investigation(&made.id).await,
        made,
        "nothing has changed"
    );

    let answer = patch(&server, &made.id, Some("\"1\""), body.clone()).await;
    assert_eq!(answer.headers[header::ETAG], "\"2\"");
    let changed: Investigation = answer.json();
    assert_eq!(changed.title, "The 2 a.m. one");
    assert_eq!(changed.status, Status::Mitigated);
    assert_eq!(changed.owner.as_deref(), Some("Ada"));
    assert_eq!(changed.version, 2);
    patch(&server, &made.id, Some("\"1\""), body)
        .await
        .problem(412, "changed");
    patch(&server, UNKNOWN, Some("\"1\""), json!({}))
        .await
        .problem(404, "no-investigation");
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_told_to_read_again() {
    let server = Server::start().await;
    let made = server.imported().await;
    let (one, two) = tokio::join!(
        patch(&server, &made.id, Some("\"1\""), json!({"title": "one"})),
        patch(&server, &made.id, Some("\"1\""), json!({"title": "two"})),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn another_window_forgets_what_was_seen_of_this_one() {
    let server = Server::start().await;
    let made = server.imported().await;
    assert!(
        made.diagnosis
            .steps
            .iter()
            .any(|step| step.state != StepState::NotRun)
    );
    let window = json!({"window": {"from": "2026-11-20T03:00:00Z", "to": "2026-11-20T04:00:00Z"}});
    let changed: Investigation = patch(&server, &made.id, Some("\"1\""), window).await.json();
    assert_eq!(changed.diagnosis.window.from, recorded::at("03:00:00"));
    assert!(
        changed
            .diagnosis
            .steps
            .iter()
            .all(|step| step.state == StepState::NotRun)
    );
    assert_eq!(
        changed.diagnosis.observations.len(),
        3,
        "the calls were made and stay"
    );
    let list: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(list.investigations[0].verdict, None);
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_whole() {
    let server = Server::start().await;
    let made = server.imported().await;
    let long = "x".repeat(201);
    for (body, kind) in [
        (json!({"title": "", "status": "resolved"}), "bad-field"),
        (json!({"title": long}), "bad-field"),
        (json!({"title": "two\nlines"}), "bad-field"),
        (json!({"owner": long}), "bad-field"),
        (json!({"status": "closed"}), "bad-body"),
        (json!({"colour": "red"}), "bad-body"),
        (
            json!({"window": {"from": "2026-11-20T04:00:00Z", "to": "2026-11-20T03:00:00Z"}}),
            "bad-window",
        ),
        (
            json!({"window": {"from": "2026-11-18T04:00:00Z", "to": "2026-11-20T03:00:00Z"}}),
            "bad-window",
        ),
        (
            json!({"window": {"from": "2999-11-18T04:00:00Z", "to": "2999-11-18T05:00:00Z"}}),
            "bad-window",
        ),
    ] {
        patch(&server, &made.id, Some("\"1\""), body)
            .await
            .problem(422, kind);
    }
    assert_eq!(server.investigation(&made.id).await, made);
}
