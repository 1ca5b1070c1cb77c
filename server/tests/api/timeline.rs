//! `/investigations/{id}/timeline`, and who did what.

use diagnosis::api::{EventKind, FieldChange, Timeline};
use serde_json::json;

use super::server::Server;

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

async fn timeline(server: &Server, id: &str, after: i64) -> Timeline {
    let path = format!("/investigations/{id}/timeline?after={after}");
    server.get(&path).await.json()
}

#[tokio::test]
async fn it_tells_what_was_done_by_whom() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}", made.id);
    let change = json!({"status": "mitigated", "owner": "Zoë"});
    server
        .call_as("Zo%C3%AB", "PATCH", &path, Some(change))
        .await;
    let answer = json!({"answer": "yes, at 01:10"});
    let question = format!("{path}/answers/deployed");
    server.call_as("Ada", "PUT", &question, Some(answer)).await;
    let note = json!({"text": "Rolled back."});
    server
        .call_as("Ada", "POST", &format!("{path}/notes"), Some(note))
        .await;

    let told = timeline(&server, &made.id, made.last_event_id).await.events;
    let people: Vec<_> = told.iter().map(|event| event.person.as_deref()).collect();
    assert_eq!(people, [Some("Zoë"), Some("Ada"), Some("Ada")]);
    let changed = |field: &str, from: Option<&str>, to: &str| FieldChange {
        field: field.to_owned(),
        from: from.map(str::to_owned),
        to: Some(to.to_owned()),
    };
    let EventKind::InvestigationChanged { changes, .. } = &told[0].kind else {
        panic!("{:?}", told[0]);
    };
    let expected = [
        changed("status", Some("open"), "mitigated"),
        changed("owner", None, "Zoë"),
    ];
    assert_eq!(changes[..], expected);
    let EventKind::InvestigationChanged { changes, .. } = &told[1].kind else {
        panic!("{:?}", told[1]);
    };
    assert_eq!(
        changes[..],
        [changed("answers.deployed", Some("no"), "yes, at 01:10")]
    );
    let EventKind::NoteAdded { note } = &told[2].kind else {
        panic!("{:?}", told[2]);
    };
    assert_eq!(
        note.author.as_deref(),
        Some("Ada"),
        "who sends a note wrote it"
    );
}

#[tokio::test]
async fn a_run_leaves_its_findings_and_not_its_progress() {
    let server = Server::start().await;
    let made = server.imported().await;
    let told = timeline(&server, &made.id, 0).await.events;
    let [event] = &told[..] else {
        panic!("{told:?}")
    };
    let EventKind::RunEnded {
        verdict, findings, ..
    } = &event.kind
    else {
        panic!("{event:?}");
    };
    assert_eq!(*verdict, made.diagnosis.verdict);
    let rules: Vec<_> = findings.iter().map(|line| &line.rule).collect();
    let expected: Vec<_> = made
        .diagnosis
        .findings
        .iter()
        .map(|one| &one.rule)
        .collect();
    assert_eq!(rules, expected);
}

#[tokio::test]
async fn it_is_read_page_by_page() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/notes", made.id);
    for n in 0..210 {
        server
            .post(&path, json!({"text": format!("note {n}")}))
            .await;
    }
    let first = timeline(&server, &made.id, 0).await;
    assert_eq!(first.events.len(), 200);
    let second = timeline(&server, &made.id, first.next_after.unwrap()).await;
    assert_eq!((second.events.len(), second.next_after), (11, None));
    assert!(first.events[199].id < second.events[0].id);
}

#[tokio::test]
async fn what_happened_is_never_rewritten() {
    let server = Server::start().await;
    server.imported().await;
    for statement in ["update events set person = 'Eve'", "delete from events"] {
        let refused = sqlx::query(statement).execute(&server.app.db).await;
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("only ever appended")
        );
    }
    // As a whole an investigation can still go.
    sqlx::query("delete from investigations")
        .execute(&server.app.db)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unknown_investigation_has_none() {
    let server = Server::start().await;
    let path = format!("/investigations/{UNKNOWN}/timeline");
    server.get(&path).await.problem(404, "no-investigation");
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/notes", made.id);
    let long = "x".repeat(101);
    let refused = server
        .call_as(&long, "POST", &path, Some(json!({"text": "a"})))
        .await;
    let problem = refused.problem(422, "bad-field");
    assert_eq!(problem.field.as_deref(), Some("person"));
}
