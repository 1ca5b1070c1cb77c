//! `/investigations/{id}/export` and `/investigations/import`.

use std::sync::Arc;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use diagnosis::{
    api::{Investigation, Problem},
    bundle::Bundle,
};

use super::{
    error::Error,
    extract::{self, Json, Path},
    investigations as whole,
};
use crate::{
    app::App,
    assemble, bundles,
    db::{self, investigations},
};

/// Everything that was observed, in one file that replays anywhere.
#[utoipa::path(get, path = "/investigations/{id}/export", tag = "bundles", params(("id" = String, Path)),
    responses((status = 200, description = "The evidence bundle", body = Object), (status = 404, body = Problem)))]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Error> {
    let id = extract::id(&id)?;
    let mut tx = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let bundle = assemble::export(&mut tx, row).await?;
    let name = format!("attachment; filename=\"lb502-{id}.json\"");
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    Ok(([(header::CONTENT_DISPOSITION, name)], Answer(bundle)))
}

/// Opens an investigation from an evidence bundle.
#[utoipa::path(post, path = "/investigations/import", tag = "bundles",
    request_body(content = Object, description = "An evidence bundle", content_type = "application/json"),
    responses((status = 201, body = Investigation), (status = 422, body = Problem)))]
pub(super) async fn import(
    State(app): State<Arc<App>>,
    Json(bundle): Json<Bundle>,
) -> Result<impl IntoResponse, Error> {
    bundles::check(&bundle)?;
    let id = bundles::store(&app.db, &bundle, app.runs.process).await?;
    Ok(whole::created(whole::read(&app, id).await?))
}
