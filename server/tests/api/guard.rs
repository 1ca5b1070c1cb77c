//! Who is let in, and what every answer carries.

use axum::{
    body::Body,
    http::{Request, header, request::Builder},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use diagnosis::api::InvestigationList;

use super::server::{Answer, Server};

async fn send(server: &Server, request: Builder) -> Answer {
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn only_loopback_names_are_answered() {
    let server = Server::start().await;
    for path in [
        "/",
        "/healthz",
        "/api/v1/environment",
        "/api/v1/openapi.json",
        "/any/page",
    ] {
        for host in ["localhost", "localhost:5020", "127.0.0.1:1", "[::1]:5020"] {
            let answer = send(&server, Request::get(path).header(header::HOST, host)).await;
            assert_eq!(answer.status, 200, "{path} {host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:5020",
            "10.0.0.1",
            "",
        ] {
            let answer = send(&server, Request::get(path).header(header::HOST, host)).await;
            answer.problem(421, "host");
        }
        send(&server, Request::get(path)).await.problem(421, "host");
        let twice = Request::get(path)
            .header(header::HOST, "localhost")
            .header(header::HOST, "evil.example");
        send(&server, twice).await.problem(421, "host");
    }
}

#[tokio::test]
async fn writes_from_other_sites_are_refused() {
    let server = Server::start().await;
    let made = server.imported().await;
    let run = || {
        Request::post(format!("/api/v1/investigations/{}/run", made.id))
            .header(header::HOST, "localhost:5020")
    };
    for site in ["cross-site", "same-site"] {
        send(&server, run().header("sec-fetch-site", site))
            .await
            .problem(403, "cross-site");
    }
    let origin = run().header(header::ORIGIN, "https://evil.example");
    send(&server, origin).await.problem(403, "cross-site");
    let other_port = run().header(header::ORIGIN, "http://localhost:8080");
    send(&server, other_port).await.problem(403, "cross-site");
    assert_eq!(server.investigation(&made.id).await.runs.len(), 1);
    let own = run()
        .header("sec-fetch-site", "same-origin")
        .header(header::ORIGIN, "http://localhost:5020");
    assert_eq!(send(&server, own).await.status, 202);
}

#[tokio::test]
async fn with_a_password_everything_asks_for_it() {
    let server = Server::start().await.with_password("open sesame");
    let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("oncall:{password}")));
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/api/v1/environment",
        "/api/v1/openapi.json",
        "/api/nothing",
        "/x.js",
    ] {
        let asked = || Request::get(path).header(header::HOST, "lb502.example");
        let answer = send(&server, asked()).await;
        answer.problem(401, "password");
        assert!(
            answer.headers[header::WWW_AUTHENTICATE]
                .to_str()
                .unwrap()
                .starts_with("Basic")
        );
        let wrong = asked().header(header::AUTHORIZATION, basic("open"));
        send(&server, wrong).await.problem(401, "password");
        let right = asked().header(header::AUTHORIZATION, basic("open sesame"));
        assert_ne!(send(&server, right).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_the_page() {
    let server = Server::start().await;
    let host = "localhost";
    for (request, status) in [
        (Request::get("/").header(header::HOST, host), 200),
        (
            Request::get("/api/v1/investigations").header(header::HOST, host),
            200,
        ),
        (
            Request::get("/api/v1/nothing").header(header::HOST, host),
            404,
        ),
        (Request::get("/").header(header::HOST, "evil.example"), 421),
    ] {
        let answer = send(&server, request).await;
        assert_eq!(answer.status, status);
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        assert!(answer.headers.contains_key(header::CACHE_CONTROL));
    }
    let list = send(
        &server,
        Request::get("/api/v1/investigations").header(header::HOST, host),
    )
    .await;
    let _: InvestigationList = list.json();
    assert_eq!(list.headers[header::CACHE_CONTROL], "no-store");
}
