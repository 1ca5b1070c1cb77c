//! `/investigations/{id}/share-links` and `/shared/{token}`.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Request, header},
};
use diagnosis::api::{
    CreatedShareLink, EventKind, Investigation, Masking, ShareLink, ShareLinkList, ShareMode,
    ShareState, SharedInvestigation, Timeline,
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{
    binary::{Process, lb502},
    recorded,
    server::{Answer, Server, nowhere},
    store,
};

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";
/// Written like a token, and none.
const NO_TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const ACCOUNT: &str = "123456789012";

async fn make(server: &Server, id: &str, wanted: Value) -> CreatedShareLink {
    let path = format!("/investigations/{id}/share-links");
    let answer = server.call_as("Ada", "POST", &path, Some(wanted)).await;
    assert_eq!(
        answer.status,
        201,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()
}

async fn links(server: &Server, id: &str) -> Vec<ShareLink> {
    let list: ShareLinkList = server
        .get(&format!("/investigations/{id}/share-links"))
        .await
        .json();
    list.share_links
}

async fn revoke(server: &Server, id: &str, link: &ShareLink) -> Answer {
    let path = format!("/investigations/{id}/share-links/{}", link.id);
    server.call_as("Zo%C3%AB", "DELETE", &path, None).await
}

async fn open(server: &Server, token: &str) -> Answer {
    server.get(&format!("/shared/{token}")).await
}

async fn note(server: &Server, id: &str, text: &str) {
    let path = format!("/investigations/{id}/notes");
    let answer = server.post(&path, json!({"text": text})).await;
    assert_eq!(answer.status, 201);
}

async fn told(server: &Server, made: &Investigation) -> Vec<(String, Option<String>)> {
    let path = format!(
        "/investigations/{}/timeline?after={}",
        made.id, made.last_event_id
    );
    let timeline: Timeline = server.get(&path).await.json();
    let events = timeline.events.into_iter();
    events
        .map(|event| (event.kind.name().to_owned(), event.person))
        .collect()
}

async fn expire(server: &Server, after: &str) {
    let statement = format!(
        "update share_links set made_at = now() - interval '8 days', expires_at = now() + interval '{after}'"
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&server.app.db)
        .await
        .unwrap();
}

/// The words of a stream, one after the other.
struct Shared {
    body: Body,
}

impl Shared {
    async fn open(server: &Server, token: &str, after: i64) -> Self {
        let path = format!("/api/v1/shared/{token}/events?after={after}");
        let response = server.response(&path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-robots-tag"], "noindex, nofollow");
        Self {
            body: response.into_body(),
        }
    }

    /// The next message; `None` when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        let mut stream = std::mem::take(&mut self.body).into_data_stream();
        let patience = super::server::PATIENCE;
        let chunk = tokio::time::timeout(patience, stream.next())
            .await
            .expect("a message in time")?;
        self.body = Body::from_stream(stream);
        Some(String::from_utf8(chunk.unwrap().to_vec()).unwrap())
    }
}

#[tokio::test]
async fn a_link_shows_the_investigation_to_whoever_has_its_token() {
    let server = Server::start().await;
    let made = server.imported().await;
    let created = make(&server, &made.id, json!({"masking": "none"})).await;
    assert_eq!(created.path, format!("/shared/{}", created.token));
    let days = (created.link.expires_at - created.link.made_at).num_days();
    assert_eq!((created.link.mode, days), (ShareMode::Frozen, 7));

    let answer = open(&server, &created.token).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    let shared: SharedInvestigation = answer.json();
    assert_eq!(shared.title, made.title);
    assert_eq!(shared.verdict, made.diagnosis.verdict);
    assert_eq!(shared.observations.len(), made.diagnosis.observations.len());
    assert_eq!(shared.load_balancer, made.diagnosis.load_balancer);

    let answer = open(&server, &created.token).await;
    assert_eq!(
        answer.json::<SharedInvestigation>(),
        shared,
        "twice the same"
    );
    let listed = &links(&server, &made.id).await[0];
    assert_eq!((listed.uses, listed.state), (2, ShareState::Open));
    assert_eq!(listed.made_by.as_deref(), Some("Ada"));
    assert!(listed.last_used_at >= Some(listed.made_at));
    let created = ("share_link_created".to_owned(), Some("Ada".to_owned()));
    let used = ("share_link_used".to_owned(), None);
    assert_eq!(
        told(&server, &made).await,
        [created, used],
        "the first use alone"
    );
}

#[tokio::test]
async fn the_token_is_told_once_and_kept_nowhere() {
    let server = Server::start().await;
    let made = server.imported().await;
    let one = make(&server, &made.id, json!({})).await;
    let two = make(&server, &made.id, json!({})).await;
    assert_ne!(one.token, two.token);
    open(&server, &one.token).await;
    let kept: Vec<String> = sqlx::query_scalar(
        "select share_links::text from share_links union all select events::text from events",
    )
    .fetch_all(&server.app.db)
    .await
    .unwrap();
    assert!(kept.len() > 3);
    for token in [&one.token, &two.token] {
        assert!(kept.iter().all(|row| !row.contains(token.as_str())));
    }
    let list = server
        .get(&format!("/investigations/{}/share-links", made.id))
        .await;
    let list = String::from_utf8(list.body).unwrap();
    assert!(
        !list.contains(&one.token) && !list.contains("token"),
        "{list}"
    );
    let listed: Vec<_> = links(&server, &made.id).await;
    assert_eq!(
        [&listed[0].id, &listed[1].id],
        [&two.link.id, &one.link.id],
        "newest first"
    );
}

#[tokio::test]
async fn frozen_stays_as_it_was_and_live_goes_on() {
    let server = Server::start().await;
    let made = server.imported().await;
    let frozen = make(&server, &made.id, json!({"mode": "frozen"})).await;
    let live = make(&server, &made.id, json!({"mode": "live"})).await;
    note(&server, &made.id, "Rolled back.").await;
    let change = json!({"status": "resolved", "title": "Solved"});
    let path = format!("/investigations/{}", made.id);
    server.call("PATCH", &path, Some(change)).await;
    let seen: SharedInvestigation = open(&server, &frozen.token).await.json();
    assert_eq!((seen.title, seen.notes.len()), (made.title, 0));
    let seen: SharedInvestigation = open(&server, &live.token).await.json();
    assert_eq!((seen.title.as_str(), seen.notes.len()), ("Solved", 1));
    assert_eq!(seen.notes[0].text, "Rolled back.");
}

#[tokio::test]
async fn what_never_was_has_expired_or_was_revoked_looks_the_same() {
    let server = Server::start().await;
    let made = server.imported().await;
    let revoked = make(&server, &made.id, json!({})).await;
    assert_eq!(revoke(&server, &made.id, &revoked.link).await.status, 200);
    let expired = make(&server, &made.id, json!({})).await;
    expire(&server, "-1 second").await;
    let mut answers = Vec::new();
    for token in [NO_TOKEN, &revoked.token, &expired.token, "x"] {
        for rest in ["", "/events"] {
            let answer = server.get(&format!("/shared/{token}{rest}")).await;
            answer.problem(404, "no-share-link");
            answers.push((answer.headers, answer.body));
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    let states: Vec<_> = links(&server, &made.id).await;
    let states: Vec<_> = states.iter().map(|link| (link.state, link.uses)).collect();
    assert_eq!(states, [(ShareState::Expired, 0), (ShareState::Revoked, 0)]);
}

#[tokio::test]
async fn revoking_is_for_good_and_told_once() {
    let server = Server::start().await;
    let made = server.imported().await;
    let created = make(&server, &made.id, json!({})).await;
    let first: ShareLink = revoke(&server, &made.id, &created.link).await.json();
    assert_eq!(first.state, ShareState::Revoked);
    assert_eq!(first.revoked_by.as_deref(), Some("Zoë"));
    let again = revoke(&server, &made.id, &created.link).await;
    assert_eq!(
        again.json::<ShareLink>(),
        first,
        "once more changes nothing"
    );
    let names: Vec<_> = told(&server, &made).await;
    assert_eq!(
        names[1],
        ("share_link_revoked".to_owned(), Some("Zoë".to_owned()))
    );
    assert_eq!(names.len(), 2, "{names:?}");
    let kept: Option<Value> = sqlx::query_scalar("select snapshot from share_links")
        .fetch_one(&server.app.db)
        .await
        .unwrap();
    assert_eq!(kept, None, "what it showed is forgotten");
}

#[tokio::test]
async fn what_is_unknown_is_not_found() {
    let server = Server::start().await;
    let (made, other) = (server.imported().await, server.imported().await);
    let created = make(&server, &made.id, json!({})).await;
    for id in [UNKNOWN, "x"] {
        let path = format!("/investigations/{id}/share-links");
        server
            .post(&path, json!({}))
            .await
            .problem(404, "no-investigation");
        server.get(&path).await.problem(404, "no-investigation");
    }
    for link in [UNKNOWN, "x"] {
        let path = format!("/investigations/{}/share-links/{link}", made.id);
        server
            .call("DELETE", &path, None)
            .await
            .problem(404, "not-found");
    }
    // A link is revoked where it belongs.
    revoke(&server, &other.id, &created.link)
        .await
        .problem(404, "not-found");
    assert_eq!(open(&server, &created.token).await.status, 200);
}

#[tokio::test]
async fn bad_input_makes_no_link() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/share-links", made.id);
    for hours in [0, 2161, u32::MAX] {
        let refused = server.post(&path, json!({"expires_in_hours": hours})).await;
        let problem = refused.problem(422, "bad-field");
        assert_eq!(problem.field.as_deref(), Some("expires_in_hours"));
    }
    for body in [
        json!({"mode": "edit"}),
        json!({"masking": "some"}),
        json!({"expires_in_hours": -1}),
        json!({"token": "mine"}),
    ] {
        server.post(&path, body).await.problem(422, "bad-body");
    }
    assert_eq!(links(&server, &made.id).await, []);
    let longest = make(&server, &made.id, json!({"expires_in_hours": 2160})).await;
    let days = (longest.link.expires_at - longest.link.made_at).num_days();
    assert_eq!(days, 90);
}

#[tokio::test]
async fn an_investigation_has_at_most_a_hundred_open_links() {
    let server = Server::start().await;
    let made = server.imported().await;
    let one = make(&server, &made.id, json!({})).await;
    for _ in 1..100 {
        make(
            &server,
            &made.id,
            json!({"mode": "live", "masking": "none"}),
        )
        .await;
    }
    let path = format!("/investigations/{}/share-links", made.id);
    server
        .post(&path, json!({}))
        .await
        .problem(409, "too-many-share-links");
    revoke(&server, &made.id, &one.link).await;
    make(&server, &made.id, json!({})).await;
}

#[tokio::test]
async fn masked_is_the_default_and_holds_no_account() {
    let server = Server::start().await;
    let made = server.imported().await;
    note(
        &server,
        &made.id,
        "198.51.100.7 sees it at https://shop.example.com/cart?session=s3cr3t-99",
    )
    .await;
    for mode in ["frozen", "live"] {
        let masked = make(&server, &made.id, json!({"mode": mode})).await;
        assert_eq!(masked.link.masking, Masking::Default);
        let body = String::from_utf8(open(&server, &masked.token).await.body).unwrap();
        for secret in [ACCOUNT, "198.51.100.7", "s3cr3t"] {
            assert!(!body.contains(secret), "{secret}: {body}");
        }
        let shared: SharedInvestigation = serde_json::from_str(&body).unwrap();
        assert_eq!(shared.masking, Masking::Default);
        assert_eq!(shared.load_balancer.account, "000000000001");
        assert_eq!(
            shared.notes[0].text,
            "client-1 sees it at https://shop.example.com/cart?query-1"
        );
        assert_eq!(shared.verdict, made.diagnosis.verdict);
    }
    let plain = make(&server, &made.id, json!({"masking": "none"})).await;
    let body = String::from_utf8(open(&server, &plain.token).await.body).unwrap();
    for secret in [ACCOUNT, recorded::ARN, "198.51.100.7", "s3cr3t-99"] {
        assert!(body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_live_stream_says_when_to_look_again_and_closes_when_the_link_is_revoked() {
    let pool = store::database().await;
    let one = Server::on(pool.clone(), nowhere()).await;
    let two = Server::on(pool, nowhere()).await;
    let made = one.imported().await;
    let live = make(&one, &made.id, json!({"mode": "live"})).await;
    let frozen = make(&one, &made.id, json!({"mode": "frozen"})).await;
    let seen: SharedInvestigation = open(&one, &live.token).await.json();
    let mut following = Shared::open(&one, &live.token, seen.last_event_id).await;
    let mut still = Shared::open(&one, &frozen.token, 0).await;
    note(&two, &made.id, "from another process").await;
    let said = following.next().await.unwrap();
    assert_eq!(
        said, "event: changed\ndata: {}\n\n",
        "it tells nothing of the investigation"
    );

    for (link, stream) in [(&live.link, &mut following), (&frozen.link, &mut still)] {
        let began = Instant::now();
        assert_eq!(revoke(&two, &made.id, link).await.status, 200);
        loop {
            let said = stream.next().await.expect("it says that it ends");
            if said.starts_with("event: gone") {
                break;
            }
            assert_eq!(said, "event: changed\ndata: {}\n\n");
        }
        assert_eq!(stream.next().await, None);
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_link_expires() {
    let server = Server::start().await;
    let made = server.imported().await;
    let live = make(&server, &made.id, json!({"mode": "live"})).await;
    expire(&server, "2 seconds").await;
    let mut stream = Shared::open(&server, &live.token, i64::from(u32::MAX)).await;
    let began = Instant::now();
    assert!(stream.next().await.unwrap().starts_with("event: gone"));
    assert_eq!(stream.next().await, None);
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn nothing_can_be_written_through_a_link() {
    let server = Server::start().await;
    let made = server.imported().await;
    let live = make(&server, &made.id, json!({"mode": "live"})).await;
    let path = format!("/shared/{}", live.token);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for rest in ["", "/events"] {
            let answer = server
                .call(method, &format!("{path}{rest}"), Some(json!({"text": "x"})))
                .await;
            answer.problem(405, "method");
        }
    }
    for rest in ["/notes", "/run", "/export", "/share-links", "/timeline"] {
        server
            .call("POST", &format!("{path}{rest}"), None)
            .await
            .problem(404, "no-route");
        server
            .get(&format!("{path}{rest}"))
            .await
            .problem(404, "no-route");
    }
    // Not even a name.
    server.call_as("Eve", "GET", &path, None).await;
    let people: Vec<_> = told(&server, &made)
        .await
        .into_iter()
        .map(|(_, person)| person)
        .collect();
    assert_eq!(people, [Some("Ada".to_owned()), None]);
    let after = server.investigation(&made.id).await;
    assert_eq!((after.version, after.notes.len()), (made.version, 0));
}

#[tokio::test]
async fn with_a_password_the_token_opens_the_link_and_nothing_else() {
    let server = Server::start().await;
    let made = server.imported().await;
    let live = make(&server, &made.id, json!({"mode": "live"})).await;
    let server = server.with_password("open sesame");
    let send = async |method: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "lb502.example");
        server.send(request.body(Body::empty()).unwrap()).await
    };
    let token = &live.token;
    let page = send("GET", &format!("/shared/{token}")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html");
    assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let document = send("GET", &format!("/api/v1/shared/{token}")).await;
    assert_eq!(document.json::<SharedInvestigation>().title, made.title);
    // The page is the same whether there is such a link or not; what it shows is not there.
    let other = send("GET", &format!("/shared/{NO_TOKEN}")).await;
    assert_eq!((other.status, other.body), (page.status, page.body));
    send("GET", &format!("/api/v1/shared/{NO_TOKEN}"))
        .await
        .problem(404, "no-share-link");
    for path in [
        "/".to_owned(),
        "/index.html".to_owned(),
        "/healthz".to_owned(),
        "/x.js".to_owned(),
        "/shared".to_owned(),
        "/shared/x".to_owned(),
        format!("/shared/{token}/more"),
        format!("/investigations/{}", made.id),
        format!("/api/v1/investigations/{}", made.id),
        format!("/api/v1/investigations/{}/share-links", made.id),
        format!("/api/v1/shared/{token}/export"),
        "/api/v1/openapi.json".to_owned(),
        "/api/v1/environment".to_owned(),
    ] {
        send("GET", &path).await.problem(401, "password");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for path in [
            format!("/shared/{token}"),
            format!("/api/v1/shared/{token}"),
        ] {
            send(method, &path).await.problem(401, "password");
        }
    }
}

#[tokio::test]
async fn without_a_password_only_loopback_names_see_it() {
    let server = Server::start().await;
    let made = server.imported().await;
    let live = make(&server, &made.id, json!({})).await;
    for path in [
        format!("/shared/{}", live.token),
        format!("/api/v1/shared/{}", live.token),
    ] {
        let request = Request::get(path).header(header::HOST, "evil.example");
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        answer.problem(421, "host");
    }
}

#[tokio::test]
async fn the_timeline_tells_of_the_link_and_not_of_its_token() {
    let server = Server::start().await;
    let made = server.imported().await;
    let created = make(&server, &made.id, json!({"mode": "live"})).await;
    let path = format!(
        "/investigations/{}/timeline?after={}",
        made.id, made.last_event_id
    );
    let timeline: Timeline = server.get(&path).await.json();
    let EventKind::ShareLinkCreated { link } = &timeline.events[0].kind else {
        panic!("{timeline:?}");
    };
    assert_eq!((&link.id, link.mode), (&created.link.id, ShareMode::Live));
    assert_eq!(link.expires_at, created.link.expires_at);
}

#[tokio::test]
async fn no_log_holds_a_token_however_much_it_says() {
    let data = store::fresh_folder();
    let log = data.path().join("log");
    let mut command = lb502(data.path());
    command
        .env("LB502_LOG", "trace")
        .stderr(std::fs::File::create(&log).unwrap());
    let process = Process::serve(command).await;
    let made: Investigation = process.post("/practice/keep-alive-race", json!(null)).await;
    let path = format!("/investigations/{}/share-links", made.id);
    let created: CreatedShareLink = process.post(&path, json!({"mode": "live"})).await;
    let shared: SharedInvestigation = process.get(&format!("/shared/{}", created.token)).await;
    assert_eq!(shared.title, made.title);
    let page = format!("http://{}{}", process.address, created.path);
    assert_eq!(
        crate::lab::client()
            .get(page)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(process.interrupt().await, Some(0));
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(!said.is_empty(), "it says as much as it can");
    assert!(!said.contains(&created.token), "a token is in the log");
}
