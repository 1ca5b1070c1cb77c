//! `/investigations/{id}/seen-before`: whether this happened before, and how it ended.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::api::{Problem, SeenBefore};

use super::{
    error::Error,
    extract::{self, Path},
};
use crate::{app::App, db::investigations};

/// More would be a list, not a hint.
const MOST: i64 = 10;

/// Earlier investigations of the same load balancer or with the same first finding.
#[utoipa::path(get, path = "/investigations/{id}/seen-before", tag = "investigations",
    params(("id" = String, Path)),
    responses((status = 200, body = SeenBefore), (status = 404, body = Problem)))]
pub(super) async fn get_seen_before(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Answer<SeenBefore>, Error> {
    let id = extract::id(&id)?;
    let mut connection = app.db.acquire().await?;
    investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let investigations = investigations::alike(&mut connection, id, MOST).await?;
    Ok(Answer(SeenBefore { investigations }))
}
