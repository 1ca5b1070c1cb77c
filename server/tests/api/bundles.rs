//! `/investigations/{id}/export` and `/investigations/import`.

use diagnosis::{api::InvestigationList, bundle::Bundle};
use serde_json::{Value, json};

use super::{recorded, server::Server};

#[tokio::test]
async fn what_is_exported_is_what_was_imported() {
    let server = Server::start().await;
    let made = server.imported().await;
    let answer = server
        .get(&format!("/investigations/{}/export", made.id))
        .await;
    let name = format!("attachment; filename=\"lb502-{}.json\"", made.id);
    assert_eq!(answer.headers["content-disposition"], name.as_str());
    let exported: Bundle = answer.json();
    // NUL is what Postgres cannot keep; all else is there.
    let text = serde_json::to_string(&recorded::bundle())
        .unwrap()
        .replace("\\u0000", "\u{fffd}");
    let expected: Bundle = serde_json::from_str(&text).unwrap();
    assert_eq!(exported.observations, expected.observations);
    assert_eq!(exported.answers, expected.answers);
    assert_eq!(exported.window, expected.window);
    assert_eq!(exported.load_balancer, expected.load_balancer);
    assert_eq!(diagnosis::diagnose(&exported.evidence()), made.diagnosis);
    assert_eq!(diagnosis::diagnose(&expected.evidence()), made.diagnosis);
}

#[tokio::test]
async fn importing_twice_makes_two() {
    let server = Server::start().await;
    let (one, two) = (server.imported().await, server.imported().await);
    assert_ne!(one.id, two.id);
    assert_eq!(one.diagnosis, two.diagnosis);
}

#[tokio::test]
async fn a_bundle_that_cannot_be_read_leaves_nothing_behind() {
    let server = Server::start().await;
    let good = serde_json::to_value(recorded::bundle()).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut bundle = good.clone();
        *bundle.pointer_mut(pointer).unwrap() = value;
        bundle
    };
    for (bundle, kind) in [
        (changed("/bundle_version", json!(2)), "bad-bundle"),
        (changed("/bundle_version", json!(0)), "bad-bundle"),
        (changed("/observations/0/n", json!(2)), "bad-bundle"),
        (changed("/observations/0/n", json!(0)), "bad-bundle"),
        (
            changed("/observations/0/n", json!(4_000_000_000_u32)),
            "bad-bundle",
        ),
        (
            changed("/window/to", json!("2026-11-20T01:00:00Z")),
            "bad-bundle",
        ),
        (changed("/observations/0/step", json!("dns")), "bad-body"),
        (
            changed("/parts/0", json!({"part": "weather", "content": 1})),
            "bad-body",
        ),
        (json!({}), "bad-body"),
        (json!([]), "bad-body"),
    ] {
        server
            .post("/investigations/import", bundle)
            .await
            .problem(422, kind);
    }
    let list: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(list.investigations, []);
}
