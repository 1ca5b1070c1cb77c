//! `/shared/{token}`: what a share link shows. Whoever has the token reads this, and nothing else.
//!
//! A link that never was, has expired or was revoked is answered alike: its token is hashed and one
//! statement is run, whatever it is.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_stream::stream;
use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderValue, header},
    response::{
        IntoResponse,
        sse::{self, KeepAlive, Sse},
    },
};
use diagnosis::api::{EventKind, Problem, ShareLinkLine, SharedInvestigation};
use futures_util::Stream;
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast},
    time::Instant,
};

use super::{
    error::Error,
    events::event_id,
    extract::{Path, Query},
};
use crate::{
    app::App,
    db::{
        self, events, investigations,
        listener::Notice,
        share_links::{self, Open, TokenHash, Used},
    },
    share::{self, token},
};

/// A comment after so much silence, so that nothing on the way closes the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Without a notice the link is looked at after this all the same.
const LOOK: Duration = Duration::from_secs(5);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// A run writes many events: whoever reads along fetches at most so often.
const PAUSE: Duration = Duration::from_secs(1);
/// What is heard within this time is one look.
const GATHER: Duration = Duration::from_millis(150);

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SharedEventsQuery {
    /// `last_event_id` of what was read.
    after: Option<String>,
}

/// The investigation behind a link: as it was when the link was made, or as it is.
#[utoipa::path(get, path = "/shared/{token}", tag = "share links", params(("token" = String, Path)),
    responses((status = 200, body = SharedInvestigation), (status = 404, body = Problem), (status = 500, body = Problem)))]
pub(super) async fn get_shared(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
) -> Result<Answer<SharedInvestigation>, Error> {
    let now = db::now();
    let token = token::hash(&token);
    let mut tx = app.db.begin().await?;
    let used = share_links::use_open(&mut tx, &token, now).await?;
    let Used {
        investigation,
        link,
        snapshot,
    } = used.ok_or(Error::NoShare)?;
    if link.uses == 1 {
        investigations::lock(&mut tx, investigation)
            .await?
            .ok_or(Error::NoShare)?;
        let kind = EventKind::ShareLinkUsed {
            link: ShareLinkLine::from(&link),
        };
        // Nobody: a name that a stranger gives is not for our record.
        events::append(&mut tx, investigation, &kind, None, now).await?;
    }
    tx.commit().await?;
    if let Some(snapshot) = snapshot {
        return Ok(Answer(snapshot));
    }
    let mut tx = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut tx, investigation)
        .await?
        .ok_or(Error::NoShare)?;
    let document = share::document(&mut tx, row, link.mode, link.masking, link.expires_at).await?;
    tx.commit().await?;
    Ok(Answer(document))
}

/// Says when to read it again (`event: changed`, at most once a second, of a live link), and when it
/// can no longer be read (`event: gone`): then the stream ends. It tells nothing else.
#[utoipa::path(get, path = "/shared/{token}/events", tag = "share links", params(("token" = String, Path), SharedEventsQuery),
    responses((status = 200, description = "`changed` and `gone`, without data of the investigation", content_type = "text/event-stream", body = String),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn stream_shared(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    Query(query): Query<SharedEventsQuery>,
) -> Result<impl IntoResponse, Error> {
    let after = event_id(query.after.as_deref())?;
    let token = token::hash(&token);
    // Before the first look: what is written after it is heard.
    let notices = app.notices.subscribe();
    let mut connection = app.db.acquire().await?;
    let open = share_links::find_open(&mut connection, &token, db::now()).await?;
    let open = open.ok_or(Error::NoShare)?;
    drop(connection);
    let permit = app.shared_streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Error::TooManyStreams)?;
    let headers = [(
        header::HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    )];
    let stream = follow(app, token, open, after, (notices, permit));
    Ok((
        headers,
        Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)),
    ))
}

fn follow(
    app: Arc<App>,
    token: TokenHash,
    open: Open,
    after: i64,
    (mut notices, permit): (broadcast::Receiver<Notice>, OwnedSemaphorePermit),
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream! {
        let _permit = permit;
        let mut told = after;
        let mut next = Instant::now();
        loop {
            let wait = match look(&app, &token, open).await {
                Ok(None) => {
                    yield Ok(message("gone"));
                    break;
                }
                Ok(Some(last)) if open.is_live && last > told => {
                    if next <= Instant::now() {
                        yield Ok(message("changed"));
                        told = last;
                        next = Instant::now() + PAUSE;
                        LOOK
                    } else {
                        next - Instant::now()
                    }
                }
                Ok(Some(_)) => LOOK,
                Err(error) => {
                    tracing::warn!(%error, "a shared stream could not look at its link; trying again");
                    AFTER_FAILURE
                }
            };
            let left = (open.expires_at - db::now()).to_std().unwrap_or_default();
            tokio::select! {
                () = app.stop.cancelled() => break,
                () = tokio::time::sleep(wait.min(left)) => {}
                () = heard(&mut notices, open) => {
                    tokio::time::sleep(GATHER).await;
                    // What else there was to hear is looked at now.
                    notices = notices.resubscribe();
                }
            }
        }
    }
}

/// The investigation's newest event; `None` once the link is closed.
async fn look(app: &App, token: &TokenHash, open: Open) -> sqlx::Result<Option<i64>> {
    let mut connection = app.db.acquire().await?;
    if share_links::find_open(&mut connection, token, db::now())
        .await?
        .is_none()
    {
        return Ok(None);
    }
    events::last_id(&mut connection, open.investigation)
        .await
        .map(Some)
}

fn message(name: &str) -> sse::Event {
    sse::Event::default().event(name).data("{}")
}

/// Until something was appended to this investigation.
async fn heard(notices: &mut broadcast::Receiver<Notice>, open: Open) {
    loop {
        match notices.recv().await {
            Ok(Notice::Events(other)) if other != open.investigation => {}
            Ok(Notice::Cancel | Notice::Viewers(_)) => {}
            Ok(Notice::Events(_) | Notice::Anything)
            | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
