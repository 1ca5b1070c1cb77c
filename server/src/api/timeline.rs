//! `/investigations/{id}/timeline`: what happened and who did it, to be read again.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::api::{Problem, Timeline};
use serde::Deserialize;

use super::{
    error::Error,
    events::event_id,
    extract::{self, Path, Query},
};
use crate::{
    app::App,
    db::{events, investigations},
};

/// Events of one page.
const PAGE: usize = 200;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TimelineQuery {
    /// Only what happened after this event: `next_after` of the page before.
    after: Option<String>,
}

/// Every run, note, answer and change with its time and person, oldest first, 200 a page.
#[utoipa::path(get, path = "/investigations/{id}/timeline", tag = "investigations",
    params(("id" = String, Path), TimelineQuery),
    responses((status = 200, body = Timeline), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn get_timeline(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<TimelineQuery>,
) -> Result<Answer<Timeline>, Error> {
    let id = extract::id(&id)?;
    let after = event_id(query.after.as_deref())?;
    let mut connection = app.db.acquire().await?;
    investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let mut events = events::timeline(&mut connection, id, after, PAGE as i64 + 1).await?;
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let last = events.last().filter(|_| more);
    Ok(Answer(Timeline {
        next_after: last.map(|event| event.id),
        events,
    }))
}
