//! What is wrong with a request is said, with the right status, and leaves nothing behind.

use axum::{
    body::Body,
    http::{Request, header},
};
use diagnosis::api::InvestigationList;
use serde_json::json;

use super::{recorded, server::Server};

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let server = Server::start().await;
    let send = async |content_type: &str, body: String| {
        let request = Request::post("/api/v1/investigations")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, content_type);
        server.send(request.body(Body::from(body)).unwrap()).await
    };
    let json = "application/json";
    send(json, "{".into()).await.problem(400, "not-json");
    send(json, String::new()).await.problem(400, "not-json");
    send("text/plain", "{}".into())
        .await
        .problem(415, "not-json");
    send(json, "{}".into()).await.problem(422, "bad-body");
    send(json, "{\"load_balancer\": 7}".into())
        .await
        .problem(422, "bad-body");
    send(json, "{\"load_balancer\": \"a\", \"colour\": 1}".into())
        .await
        .problem(422, "bad-body");
    send(json, "[]".into()).await.problem(422, "bad-body");
    let deep = format!("{{\"load_balancer\": {}", "[".repeat(10_000));
    send(json, deep).await.problem(422, "bad-body");
    send(json, format!("\"{}\"", "x".repeat(300 << 10)))
        .await
        .problem(413, "too-large");
    assert_empty(&server).await;
}

#[tokio::test]
async fn a_window_that_cannot_be_is_refused_before_aws_is_asked() {
    let server = Server::start().await;
    for (window, field) in [
        (json!({"last": "25h"}), "last"),
        (json!({"last": "soon"}), "last"),
        (
            json!({"last": "1h", "from": "2026-11-20T01:00:00Z"}),
            "last",
        ),
        (json!({"to": "2026-11-20T01:00:00Z"}), "from"),
        (json!({"from": "yesterday"}), "from"),
        (
            json!({"from": "2026-11-20T02:00:00Z", "to": "2026-11-20T01:00:00Z"}),
            "to",
        ),
        (
            json!({"from": "2999-11-20T02:00:00Z", "to": "2999-11-20T03:00:00Z"}),
            "from",
        ),
        (
            json!({"from": "2026-11-18T02:00:00Z", "to": "2026-11-20T03:00:00Z"}),
            "from",
        ),
    ] {
        let mut body = window;
        body["load_balancer"] = json!("web");
        let problem = server
            .post("/investigations", body)
            .await
            .problem(422, "bad-window");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    assert_empty(&server).await;
}

#[tokio::test]
async fn a_load_balancer_that_cannot_be_is_refused() {
    let server = Server::start().await;
    let ask = async |body| server.post("/investigations", body).await;
    let none = ask(json!({"load_balancer": " "}))
        .await
        .problem(422, "no-load-balancer");
    assert_eq!(none.field.as_deref(), Some("load_balancer"));
    let two = json!({"load_balancer": recorded::ARN, "region": "us-east-1"});
    let two = ask(two).await.problem(422, "other-region");
    assert_eq!(two.field.as_deref(), Some("region"));
    let nowhere = json!({"load_balancer": "web", "region": "atlantis-1"});
    ask(nowhere).await.problem(422, "unknown-region");
    ask(json!({"load_balancer": "x".repeat(5_000)}))
        .await
        .problem(422, "unknown-load-balancer");
    ask(json!({"load_balancer": "a\u{0}b"}))
        .await
        .problem(422, "unknown-load-balancer");
    ask(json!({"load_balancer": "web", "title": ""}))
        .await
        .problem(422, "bad-field");
    ask(json!({"load_balancer": "web"}))
        .await
        .problem(503, "aws-unreachable");
    assert_empty(&server).await;
}

#[tokio::test]
async fn an_address_or_method_that_is_not_there_is_said_so() {
    let server = Server::start().await;
    server.get("/nothing").await.problem(404, "no-route");
    server.get("").await.problem(404, "no-route");
    server
        .call("DELETE", "/investigations", None)
        .await
        .problem(405, "method");
    server.get("/practice/x").await.problem(405, "method");
    server
        .get("/rules/no-such-rule")
        .await
        .problem(404, "not-found");
    server
        .call("POST", "/practice/..%2f..%2fetc", None)
        .await
        .problem(404, "not-found");
    let made = server.imported().await;
    let step = format!("/investigations/{}/steps/dns/run", made.id);
    server
        .call("POST", &step, None)
        .await
        .problem(404, "not-found");
    let raw = async |method: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost");
        server.send(request.body(Body::empty()).unwrap()).await
    };
    raw("GET", "/api").await.problem(404, "no-route");
    raw("GET", "/api/v2/investigations")
        .await
        .problem(404, "no-route");
    raw("POST", "/investigations").await.problem(405, "method");
    raw("GET", "/gone-0123.wasm")
        .await
        .problem(404, "not-found");
}

async fn assert_empty(server: &Server) {
    let list: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(list.investigations, [], "nothing half-made stays behind");
}
