//! Calls to `/api/v1`. Every failure comes back as a [`Problem`], so that a page has one thing to show.

use diagnosis::api::Problem;
use gloo_net::http::{Method, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use leptos::{
    prelude::*,
    task::spawn_local,
    web_sys::{AbortSignal, js_sys},
};
use std::{fmt::Display, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};

use crate::{json, storage};

const BASE: &str = "/api/v1";
/// Longer than the server gives AWS for one listing; a call that takes longer will not come back.
const TIME_LIMIT_MS: u32 = 60_000;
const PROBE_EVERY_MS: u32 = 3_000;
/// The `type` of a problem that this page made itself: the server did not answer at all.
const AWAY: &str = "urn:lb502:server-away";

pub(crate) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    decode(&exchange(Method::GET, path, None, None).await?)
}

pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(
    path: &str,
    body: &B,
) -> Result<T, Problem> {
    decode(&exchange(Method::POST, path, Some(encode(body)?), None).await?)
}

/// A POST that carries nothing and whose answer does not matter beyond having worked.
pub(crate) async fn tell(path: &str) -> Result<(), Problem> {
    exchange(Method::POST, path, None, None).await.map(drop)
}

/// A POST that carries nothing.
pub(crate) async fn start<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    decode(&exchange(Method::POST, path, None, None).await?)
}

pub(crate) async fn put<B: Serialize, T: DeserializeOwned>(
    path: &str,
    body: &B,
) -> Result<T, Problem> {
    decode(&exchange(Method::PUT, path, Some(encode(body)?), None).await?)
}

/// Ends what the address names.
pub(crate) async fn delete<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    decode(&exchange(Method::DELETE, path, None, None).await?)
}

/// Changes what has not changed since `version`, else 412.
pub(crate) async fn patch<B: Serialize, T: DeserializeOwned>(
    path: &str,
    version: i64,
    body: &B,
) -> Result<T, Problem> {
    let body = Some(encode(body)?);
    decode(&exchange(Method::PATCH, path, body, Some(&etag(version))).await?)
}

/// Replaces what has not changed since `version`, else 412.
pub(crate) async fn put_at<B: Serialize, T: DeserializeOwned>(
    path: &str,
    version: i64,
    body: &B,
) -> Result<T, Problem> {
    let body = Some(encode(body)?);
    decode(&exchange(Method::PUT, path, body, Some(&etag(version))).await?)
}

/// A POST for what has not changed since `version`, else 412.
pub(crate) async fn start_at<T: DeserializeOwned>(path: &str, version: i64) -> Result<T, Problem> {
    decode(&exchange(Method::POST, path, None, Some(&etag(version))).await?)
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// One part of a path or one value of a query, from text that may hold anything.
pub(crate) fn escape(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// The address of something that the browser fetches itself.
pub(crate) fn address(path: &str) -> String {
    format!("{BASE}{path}")
}

/// The address of the event stream that goes on after event `after`. It sends no headers, so the name is in it.
pub(crate) fn events_address(investigation: &str, after: i64) -> String {
    format!(
        "{BASE}/investigations/{}/events?after={after}&person={}",
        escape(investigation),
        person()
    )
}

/// The address of the stream that says when what a share link shows has changed since event `after`.
pub(crate) fn shared_events_address(token: &str, after: i64) -> String {
    format!("{BASE}/shared/{}/events?after={after}", escape(token))
}

/// Who sits at this browser, as they once said with a note: for the record, not for permission.
fn person() -> String {
    escape(storage::read("author").unwrap_or_default().trim())
}

pub(crate) fn is_away(problem: &Problem) -> bool {
    problem.kind == AWAY
}

/// Not generic, and boxed, so that it stands in the program once.
fn exchange<'a>(
    method: Method,
    path: &'a str,
    body: Option<String>,
    if_match: Option<&'a str>,
) -> Pin<Box<dyn Future<Output = Result<String, Problem>> + 'a>> {
    Box::pin(exchanged(method, path, body, if_match))
}

async fn exchanged(
    method: Method,
    path: &str,
    body: Option<String>,
    if_match: Option<&str>,
) -> Result<String, Problem> {
    let mut request = RequestBuilder::new(&format!("{BASE}{path}"))
        .method(method)
        .header("Accept", "application/json")
        .header("lb502-person", &person())
        .abort_signal(Some(&AbortSignal::timeout_with_u32(TIME_LIMIT_MS)));
    if let Some(version) = if_match {
        request = request.header("If-Match", version);
    }
    let sent = match body {
        Some(body) => match request
            .header("Content-Type", "application/json")
            .body(body)
        {
            Ok(request) => request.send().await,
            Err(error) => Err(error),
        },
        None => request.send().await,
    };
    let response = sent.map_err(|_| away())?;
    let text = response.text().await.map_err(|_| away())?;
    if response.ok() {
        return Ok(text);
    }
    // Something between the browser and lb502 may answer with a page of its own.
    Err(json::from_str(&text).unwrap_or_else(|_| Problem {
        kind: "about:blank".to_owned(),
        title: "The server refused".to_owned(),
        status: response.status(),
        detail: format!(
            "It answered with status {} and no reason.",
            response.status()
        ),
        what_to_do: "Try again; if it stays, the server's log says why.".to_owned(),
        ..Problem::default()
    }))
}

fn away() -> Problem {
    Problem {
        kind: AWAY.to_owned(),
        title: "The lb502 server does not answer".to_owned(),
        detail: "It may be restarting, or this machine lost the network.".to_owned(),
        what_to_do: "Nothing is lost: this page goes on by itself as soon as it answers."
            .to_owned(),
        ..Problem::default()
    }
}

fn encode(body: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(body).map_err(|error| unreadable(&error))
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    json::from_str(text).map_err(|error| unreadable(&error))
}

fn unreadable(error: &impl Display) -> Problem {
    Problem {
        kind: "about:blank".to_owned(),
        title: "The page and the server do not understand each other".to_owned(),
        detail: format!("An answer could not be read: {error}."),
        what_to_do: "Reload the page: the server may have been updated.".to_owned(),
        ..Problem::default()
    }
}

/// Whether the server answers, for the whole page.
#[derive(Clone, Copy)]
pub(crate) struct Connection {
    away: RwSignal<bool>,
    /// Grows each time the server is back: pages fetch again.
    revived: RwSignal<u32>,
}

impl Connection {
    pub(crate) fn provide() {
        provide_context(Self {
            away: RwSignal::new(false),
            revived: RwSignal::new(0),
        });
    }

    pub(crate) fn get() -> Self {
        expect_context::<Self>()
    }

    /// Track it to fetch again after the server was away.
    pub(crate) fn revived(self) -> u32 {
        self.revived.get()
    }

    /// Takes note of how a call ended.
    pub(crate) fn note<T>(self, result: &Result<T, Problem>) {
        if let Err(problem) = result
            && is_away(problem)
        {
            self.lost();
        }
    }

    /// Shows the notice and asks for the server until it is back.
    pub(crate) fn lost(self) {
        if self.away.get_untracked() {
            return;
        }
        self.away.set(true);
        spawn_local(async move {
            loop {
                TimeoutFuture::new(PROBE_EVERY_MS).await;
                match exchange(Method::GET, "/environment", None, None).await {
                    Err(problem) if is_away(&problem) => {}
                    _ => break,
                }
            }
            self.away.set(false);
            self.revived.update(|times| *times += 1);
        });
    }
}

#[component]
pub(crate) fn AwayNotice() -> impl IntoView {
    let away = Connection::get().away;
    view! {
        <div role="alert">
            <Show when=move || away.get()>
                <div class="away">
                    <p>
                        <strong>"The lb502 server does not answer."</strong>
                        " What you see is the last known state. Trying again every few seconds…"
                    </p>
                </div>
            </Show>
        </div>
    }
}
