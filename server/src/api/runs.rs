//! `/investigations/{id}/run`, `…/run/cancel` and `…/steps/{step}/run`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State, http::StatusCode};
use diagnosis::{
    Step,
    api::{Problem, Started},
};

use super::{
    error::Error,
    extract::{self, Path},
    person::Person,
};
use crate::{app::App, runs};

type Accepted = (StatusCode, Answer<Started>);

/// Begins a run of all six steps.
#[utoipa::path(post, path = "/investigations/{id}/run", tag = "runs", params(("id" = String, Path)),
    responses((status = 202, body = Started), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn all(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    person: Person,
) -> Result<Accepted, Error> {
    begin(&app, &id, Step::ALL.to_vec(), &person).await
}

/// Begins a run of one step.
#[utoipa::path(post, path = "/investigations/{id}/steps/{step}/run", tag = "runs",
    params(("id" = String, Path), ("step" = Step, Path)),
    responses((status = 202, body = Started), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path((id, step)): Path<(String, String)>,
    person: Person,
) -> Result<Accepted, Error> {
    let step = Step::from_id(&step).ok_or(Error::NotFound {
        what: "step",
        name: step,
    })?;
    begin(&app, &id, vec![step], &person).await
}

/// Stops the run that is under way; what it saw stays.
#[utoipa::path(post, path = "/investigations/{id}/run/cancel", tag = "runs", params(("id" = String, Path)),
    responses((status = 202, body = Started), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Accepted, Error> {
    let id = extract::id(&id)?;
    let run = runs::cancel(&app, id)
        .await
        .map_err(|error| Error::from_run(error, id))?;
    Ok((StatusCode::ACCEPTED, Answer(Started { run })))
}

async fn begin(
    app: &Arc<App>,
    id: &str,
    steps: Vec<Step>,
    person: &Person,
) -> Result<Accepted, Error> {
    let id = extract::id(id)?;
    let run = runs::start(app, id, steps, person.name())
        .await
        .map_err(|error| Error::from_run(error, id))?;
    Ok((StatusCode::ACCEPTED, Answer(Started { run })))
}
