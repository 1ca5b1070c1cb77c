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
use diagnosis::api::{Event, Here, Problem, Viewer};
use futures_util::Stream;
use serde::Deserialize;
use sqlx::PgConnection;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use uuid::Uuid;

use super::{
    error::Error,
    extract::{self, Path, Query},
    person::Person,
};
use crate::{
    app::App,
    db::{self, investigations, listener::Notice, viewers},
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
    /// Who looks, so that others see who is here.
    person: Option<String>,
}

/// The events after the one that Last-Event-ID (or `after`) names, then every new one: none is
/// left out and none comes twice. Each is `id: …`, `event: <kind>`, `data: <Event as JSON>`. Between
/// them `event: here`, `data: <Here as JSON>`, without an id: who has the investigation open, at
/// first and whenever that changes.
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
    let person = Person::named(query.person.as_deref().unwrap_or_default())?;
    let after = after(&headers, query)?;
    let permit = app.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Error::TooManyStreams)?;
    // Before the first look at the table: what is written after it is heard.
    let notices = app.notices.subscribe();
    let mut connection = app.db.acquire().await?;
    investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let viewing = Viewing::begin(&app, &mut connection, id, person).await?;
    drop(connection);
    let stream = follow(app, id, after, notices, (permit, viewing));
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
    event_id(header.or(query.after).as_deref())
}

/// The id of an event, as a client names it; nothing is before the first.
pub(super) fn event_id(text: Option<&str>) -> Result<i64, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
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
    held: (OwnedSemaphorePermit, Viewing),
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream! {
        let _held = held;
        let mut told = None;
        loop {
            if let Ok(here) = here(&app, id).await
                && told.as_ref() != Some(&here)
                && let Ok(message) = sse::Event::default().event("here").json_data(&here)
            {
                told = Some(here);
                yield Ok(message);
            }
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

async fn here(app: &App, id: Uuid) -> sqlx::Result<Here> {
    let mut connection = app.db.acquire().await?;
    let viewers = viewers::list(&mut connection, id).await?;
    Ok(Here { viewers })
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

/// An open stream, on record for as long as it is open.
struct Viewing {
    app: Arc<App>,
    stream: Uuid,
    investigation: Uuid,
}

impl Viewing {
    async fn begin(
        app: &Arc<App>,
        db: &mut PgConnection,
        investigation: Uuid,
        person: Person,
    ) -> sqlx::Result<Self> {
        let viewing = Self {
            app: app.clone(),
            stream: Uuid::now_v7(),
            investigation,
        };
        let viewer = Viewer {
            person: person.0,
            since: db::now(),
        };
        viewers::insert(db, viewing.stream, investigation, app.runs.process, &viewer).await?;
        Ok(viewing)
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        let (app, stream, investigation) = (self.app.clone(), self.stream, self.investigation);
        // Where this fails, the row goes with the process.
        tokio::spawn(async move {
            let mut connection = app.db.acquire().await?;
            viewers::delete(&mut connection, stream, investigation).await
        });
    }
}

/// Until something may have been appended to this investigation, or somebody came or went.
async fn heard(notices: &mut broadcast::Receiver<Notice>, id: Uuid) {
    loop {
        match notices.recv().await {
            Ok(Notice::Events(other) | Notice::Viewers(other)) if other != id => {}
            Ok(Notice::Cancel) => {}
            Ok(Notice::Events(_) | Notice::Viewers(_) | Notice::Anything)
            | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
