//! `/investigations/{id}/compare`: what two runs saw differently.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::{
    api::{Comparison, Problem, Run},
    compare::{Side, compare},
};
use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    error::Error,
    extract::{self, Path, Query},
};
use crate::{
    app::App,
    assemble,
    db::{
        self,
        investigations::{self, Row},
        runs::{self, Until},
    },
    problem::problem,
};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareQuery {
    /// Number of the run before; without it the newest one with evidence before `to`.
    from: Option<String>,
    /// Number of the run after; without it the newest one with evidence.
    to: Option<String>,
}

/// What two runs saw differently: 502s, findings, answers of rules, and what AWS showed.
#[utoipa::path(get, path = "/investigations/{id}/compare", tag = "runs",
    params(("id" = String, Path), CompareQuery),
    responses((status = 200, body = Comparison), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn get_comparison(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<CompareQuery>,
) -> Result<Answer<Comparison>, Error> {
    let id = extract::id(&id)?;
    let mut tx = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let runs = runs::with_evidence(&mut tx, id).await?;
    let (from, to) = chosen(&runs, query.from.as_deref(), query.to.as_deref())?;
    let from = side(&mut tx, &row, from).await?;
    let to = side(&mut tx, &row, to).await?;
    tx.commit().await?;
    // Judging two large access logs takes a while: not where connections are served.
    let compared = tokio::task::spawn_blocking(move || compare(&from, &to)).await;
    compared.map(Answer).map_err(|_| Error::Panic)
}

async fn side(db: &mut PgConnection, row: &Row, run: &Run) -> Result<Side, Error> {
    let until = Until::after(run).unwrap_or(Until::newest(row.window));
    Ok(Side {
        run: run.clone(),
        evidence: assemble::evidence_until(db, row, until).await?,
    })
}

/// The two runs of `runs` (newest first) that are asked for.
fn chosen<'a>(
    runs: &'a [Run],
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(&'a Run, &'a Run), Error> {
    let named = |n: &str| {
        let run = n
            .parse()
            .ok()
            .and_then(|n: u32| runs.iter().find(|run| run.n == n));
        run.ok_or_else(|| Error::NotFound {
            what: "run that ended with evidence",
            name: n.to_owned(),
        })
    };
    let from = from.map(named).transpose()?;
    let to = match to {
        Some(to) => named(to)?,
        None => runs
            .iter()
            .find(|run| from.is_none_or(|from| from.n != run.n))
            .ok_or_else(too_few)?,
    };
    let from = match from {
        Some(from) => from,
        None => runs.iter().find(|run| run.n < to.n).ok_or_else(too_few)?,
    };
    if from.n == to.n {
        return Err(Error::Field {
            field: "to",
            detail: "Both sides are the same run.".into(),
            what_to_do: "Name two different runs.",
        });
    }
    Ok((from, to))
}

fn too_few() -> Error {
    problem(
        409,
        "nothing-to-compare",
        "Nothing to compare yet",
        "It takes two runs that ended with evidence.",
        "Run the steps again after a fix or a while later, then compare.",
    )
    .into()
}
