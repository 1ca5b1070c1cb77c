//! The OpenAPI document is a snapshot: a change of the API is a visible diff.
//!
//! After a wanted change: `LB502_UPDATE=1 cargo test --release -p lb502 --test api openapi`.

use std::path::Path;

use super::server::Server;

#[tokio::test]
async fn the_document_is_the_one_on_record() {
    let document = lb502::api::router::openapi().to_pretty_json().unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("LB502_UPDATE").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        document == recorded,
        "server/openapi.json says something else; if the change is wanted, run this test with LB502_UPDATE=1"
    );
}

#[tokio::test]
async fn it_is_served() {
    let server = Server::start().await;
    let served: serde_json::Value = server.get("/openapi.json").await.json();
    let expected = serde_json::to_value(lb502::api::router::openapi()).unwrap();
    assert_eq!(served, expected);
    assert!(served["paths"]["/investigations/{id}/events"].is_object());
}
