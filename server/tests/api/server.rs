//! The router in process: calls, answers, and streams.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
};
use diagnosis::api::{Event, Here, Investigation, Problem};
use futures_util::StreamExt;
use lb502::{
    access::Access,
    api::{Password, router::router},
    app::App,
    webhook::Webhook,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt;

use super::{recorded, store};

/// On a machine as busy as can be.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    router: Router,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Where AWS cannot be reached.
    pub(crate) async fn start() -> Self {
        Self::on(store::database().await, nowhere()).await
    }

    pub(crate) async fn on(pool: PgPool, access: Access) -> Self {
        Self::telling(pool, access, None).await
    }

    /// With somewhere to tell of handoffs.
    pub(crate) async fn telling(pool: PgPool, access: Access, webhook: Option<Webhook>) -> Self {
        let app = App::start(pool, access, webhook).await;
        Self {
            router: router(app.clone(), None),
            app,
        }
    }

    pub(crate) fn with_password(mut self, password: &str) -> Self {
        self.router = router(self.app.clone(), Password::new(password));
        self
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_as("", method, path, body).await
    }

    /// As somebody who says their name (percent-encoded).
    pub(crate) async fn call_as(
        &self,
        person: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, "localhost:5020")
            .header(header::IF_MATCH, "*")
            .header("lb502-person", person);
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    /// The answer before its body has been read.
    pub(crate) async fn response(&self, path: &str) -> Response {
        let request = Request::get(path).header(header::HOST, "localhost:5020");
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, 64 << 20).await.unwrap().to_vec(),
        }
    }

    pub(crate) async fn investigation(&self, id: &str) -> Investigation {
        self.get(&format!("/investigations/{id}")).await.json()
    }

    /// An investigation with evidence in it, from the recorded bundle.
    pub(crate) async fn imported(&self) -> Investigation {
        let bundle = serde_json::to_value(recorded::bundle()).unwrap();
        self.post("/investigations/import", bundle).await.json()
    }

    /// Opens the event stream; what comes before `last` has been seen.
    pub(crate) async fn events(&self, id: &str, last: Option<i64>) -> Events {
        self.events_as("", id, last).await
    }

    pub(crate) async fn events_as(&self, person: &str, id: &str, last: Option<i64>) -> Events {
        let uri = format!("/api/v1/investigations/{id}/events?person={person}");
        let mut request = Request::get(uri).header(header::HOST, "localhost:5020");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await;
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Events {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// Waits until no run is under way.
    pub(crate) async fn at_rest(&self, id: &str) -> Investigation {
        let began = tokio::time::Instant::now();
        loop {
            let investigation = self.investigation(id).await;
            let running = investigation.runs.iter().any(|run| run.ended_at.is_none());
            if !running {
                return investigation;
            }
            assert!(began.elapsed() < PATIENCE, "the run does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// An endpoint at which nothing listens, so that no test can reach AWS.
pub(crate) fn nowhere() -> Access {
    at("http://127.0.0.1:9")
}

pub(crate) fn at(endpoint: &str) -> Access {
    Access::Given {
        endpoint: endpoint.to_owned(),
        region: "eu-west-1".to_owned(),
        access_key: "lab".to_owned(),
        secret_key: "lab".to_owned(),
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The answer is a problem: words in every sentence, and the status that it says.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Problem {
        let problem: Problem = self.json();
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(problem.kind, format!("urn:lb502:{kind}"), "{problem:?}");
        assert_eq!(
            (self.status.as_u16(), problem.status),
            (status, status),
            "{problem:?}"
        );
        assert!(!problem.title.is_empty(), "{problem:?}");
        assert!(!problem.detail.is_empty(), "{problem:?}");
        assert!(!problem.what_to_do.is_empty(), "{problem:?}");
        problem
    }
}

pub(crate) struct Events {
    body: Body,
    text: String,
}

impl Events {
    /// The next event; its three lines agree with each other.
    pub(crate) async fn next(&mut self) -> Event {
        self.next_or_end().await.expect("the stream goes on")
    }

    /// `None` when the server ended the stream.
    pub(crate) async fn next_or_end(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = event(&self.message().await?) {
                return Some(event);
            }
        }
    }

    /// Who is here, as soon as that is what is wanted.
    pub(crate) async fn here(&mut self, wanted: &[Option<&str>]) {
        loop {
            let message = self.message().await.expect("the stream goes on");
            let Some(data) = message.strip_prefix("event: here\ndata: ") else {
                continue;
            };
            let here: Here = serde_json::from_str(data).unwrap();
            let people = here.viewers.iter().map(|viewer| viewer.person.as_deref());
            if people.eq(wanted.iter().copied()) {
                return;
            }
        }
    }

    async fn message(&mut self) -> Option<String> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(message);
            }
            let mut stream = std::mem::take(&mut self.body).into_data_stream();
            let chunk = tokio::time::timeout(PATIENCE, stream.next())
                .await
                .expect("an event in time");
            let chunk = chunk?;
            self.text += std::str::from_utf8(&chunk.unwrap()).unwrap();
            self.body = Body::from_stream(stream);
        }
    }

    /// Every event until the run's last.
    pub(crate) async fn until_run_ended(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let ended = event.kind.name() == "run_ended";
            events.push(event);
            if ended {
                return events;
            }
        }
    }
}

fn event(message: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut lines = message.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    if field("event") == Some("here") {
        assert_eq!(field("id"), None, "it is nowhere to resume from");
        return None;
    }
    let event: Event = serde_json::from_str(field("data")?).unwrap();
    assert_eq!(field("id"), Some(event.id.to_string().as_str()));
    assert_eq!(field("event"), Some(event.kind.name()));
    Some(event)
}

/// The body of `POST /investigations`.
pub(crate) fn asking_for(load_balancer: &str) -> Value {
    json!({"load_balancer": load_balancer})
}
