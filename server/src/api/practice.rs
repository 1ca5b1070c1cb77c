//! `/practice/{name}`.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use diagnosis::api::{Investigation, Problem};

use super::{error::Error, extract::Path, investigations as whole};
use crate::{
    app::App,
    db::{
        self,
        investigations::{self, New},
    },
    practice,
};

/// Opens a recorded incident as an investigation of its own; its runs replay what was recorded.
#[utoipa::path(post, path = "/practice/{name}", tag = "practice", params(("name" = String, Path)),
    responses((status = 201, body = Investigation), (status = 404, body = Problem)))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<impl IntoResponse, Error> {
    let Some(incident) = practice::find(&name) else {
        return Err(Error::NotFound {
            what: "practice incident",
            name,
        });
    };
    let new = New {
        title: incident.about.title.clone(),
        practice: Some(name),
        load_balancer: incident.bundle.load_balancer.clone(),
        window: incident.bundle.window,
    };
    let mut connection = app.db.acquire().await?;
    let id = investigations::insert(&mut connection, &new, db::now()).await?;
    drop(connection);
    Ok(whole::created(whole::read(&app, id).await?))
}
