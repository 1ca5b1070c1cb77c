//! `/investigations/{id}/observations/{n}`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::api::{ObservationDetail, Problem};

use super::{
    error::Error,
    extract::{self, Path},
};
use crate::{
    app::App,
    db::{investigations, observations},
};

/// One AWS call: what was asked, when, and what came back.
#[utoipa::path(get, path = "/investigations/{id}/observations/{n}", tag = "investigations",
    params(("id" = String, Path), ("n" = u32, Path)),
    responses((status = 200, body = ObservationDetail), (status = 404, body = Problem)))]
pub(super) async fn get_observation(
    State(app): State<Arc<App>>,
    Path((id, n)): Path<(String, String)>,
) -> Result<Answer<ObservationDetail>, Error> {
    let id = extract::id(&id)?;
    let mut connection = app.db.acquire().await?;
    investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let found = match n.parse() {
        Ok(n) => observations::find(&mut connection, id, n).await?,
        Err(_) => None,
    };
    found.map(Answer).ok_or(Error::NotFound {
        what: "observation",
        name: n,
    })
}
