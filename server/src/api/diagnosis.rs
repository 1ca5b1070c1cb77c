//! `/investigations/{id}/diagnosis`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::{Diagnosis, api::Problem};

use super::{
    error::Error,
    extract::{self, Path},
    investigations,
};
use crate::app::App;

/// The diagnosis document: what `lb502 diagnose --json` prints.
#[utoipa::path(get, path = "/investigations/{id}/diagnosis", tag = "investigations",
    params(("id" = String, Path)),
    responses((status = 200, body = Diagnosis), (status = 404, body = Problem)))]
pub(super) async fn get_diagnosis(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Answer<Diagnosis>, Error> {
    let investigation = investigations::read(&app, extract::id(&id)?).await?;
    Ok(Answer(investigation.diagnosis))
}
