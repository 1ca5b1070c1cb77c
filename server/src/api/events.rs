//! `/investigations/{id}/events`: what happens, as it happens.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_stream::stream;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse,
        sse::{self, KeepAlive, Sse},
    },
};
use diagnosis::api::{Event, Problem};
use futures_util::Stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use uuid::Uuid;

use super::{
    error::Error,
    extract::{self, Path, Query},
};
use crate::{
    app::App,
    db::{self, investigations, listener::Notice},
};

/// Read from Postgres at once.
const BATCH: i64 = 200;
/// A comment after so much silence, so that nothing on the way closes the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Without a notice the table is read after this all the same.
const LOOK: Duration = Duration::from_secs(30);
const AFTER_FAILURE: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Only events after this one; the header Last-Event-ID counts before it.
    after: Option<String>,
}

/// The events after the one that Last-Event-ID (or `after`) names, then every new one: none is
/// left out and none comes twice. Each is `id: …`, `event: <kind>`, `data: <Event as JSON>`.
#[utoipa::path(get, path = "/investigations/{id}/events", tag = "investigations",
    params(("id" = String, Path), ("last-event-id" = Option<String>, Header), EventsQuery),
    responses((status = 200, body = Event, content_type = "text/event-stream"), (status = 404, body = Problem)))]
pub(super) async fn stream_events(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Error> {
    let id = extract::id(&id)?;
    let after = after(&headers, query)?;
    let permit = app.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Error::TooManyStreams)?;
    // Before the first look at the table: what is written after it is heard.
    let notices = app.notices.subscribe();
    let mut connection = app.db.acquire().await?;
    investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    drop(connection);
    let stream = follow(app, id, after, notices, permit);
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((
        headers,
        Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)),
    ))
}

fn after(headers: &HeaderMap, query: EventsQuery) -> Result<i64, Error> {
    let header = headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or("?").to_owned());
    let Some(text) = header.or(query.after).filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    text.parse().map_err(|_| Error::Field {
        field: "after",
        detail: format!(
            "{:?} is no event's id.",
            text.chars().take(40).collect::<String>()
        ),
        what_to_do: "Give the id of the last event that was seen, or 0 for all.",
    })
}

fn follow(
    app: Arc<App>,
    id: Uuid,
    mut after: i64,
    mut notices: broadcast::Receiver<Notice>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream! {
        let _permit = permit;
        loop {
            let events = next(&app, id, after).await;
            let (more, wait) = match &events {
                Ok(events) => (events.len() as i64 == BATCH, LOOK),
                Err(error) => {
                    tracing::warn!(%error, "a stream could not read its events; trying again");
                    (false, AFTER_FAILURE)
                }
            };
            for event in events.unwrap_or_default() {
                after = event.id;
                if let Ok(message) = message(&event) {
                    yield Ok(message);
                }
            }
            if more {
                continue;
            }
            tokio::select! {
                () = app.stop.cancelled() => break,
                () = heard(&mut notices, id) => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

async fn next(app: &App, id: Uuid, after: i64) -> sqlx::Result<Vec<Event>> {
    let mut connection = app.db.acquire().await?;
    db::events::after(&mut connection, id, after, BATCH).await
}

fn message(event: &Event) -> Result<sse::Event, axum::Error> {
    sse::Event::default()
        .id(event.id.to_string())
        .event(event.kind.name())
        .json_data(event)
}

/// Until something may have been appended to this investigation.
async fn heard(notices: &mut broadcast::Receiver<Notice>, id: Uuid) {
    loop {
        match notices.recv().await {
            Ok(Notice::Events(other)) if other != id => {}
            Ok(Notice::Cancel) => {}
            Ok(Notice::Events(_) | Notice::Anything)
            | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
