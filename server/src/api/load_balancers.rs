//! `/load-balancers`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::api::{LoadBalancerList, Problem};
use serde::Deserialize;

use super::{error::Error, extract::Query};
use crate::{app::App, aws::region_of, problem::of_aws};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Else the one that an ARN or DNS name in `q` carries, else the server's own.
    region: Option<String>,
    /// Name, ARN, DNS name or URL, or a part of the name.
    q: Option<String>,
}

/// The load balancers of a region, those with 502s in the last hour first.
#[utoipa::path(get, path = "/load-balancers", tag = "aws", params(ListQuery),
    responses((status = 200, body = LoadBalancerList), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Answer<LoadBalancerList>, Error> {
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (region, q) = (filled(query.region), filled(query.q));
    let region = region.as_deref().or_else(|| region_of(q.as_deref()?));
    let aws = app
        .access
        .connect(region)
        .await
        .map_err(|error| of_aws(&error))?;
    let list = aws
        .list_load_balancers(q.as_deref())
        .await
        .map_err(|error| of_aws(&error))?;
    Ok(Answer(list))
}
