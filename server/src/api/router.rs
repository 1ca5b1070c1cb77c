//! Everything that the server answers to.

use std::sync::Arc;

use axum::{Json, Router, extract::DefaultBodyLimit, http::Uri, middleware, routing::any};
use tower_http::{catch_panic::CatchPanicLayer, csrf::CsrfLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answers, bundles, compare, diagnosis, environment, error::Error, events, guard, handoff,
    health, investigations, load_balancers, notes, observations, page, password::Password,
    practice, rules, runs, seen_before, share_links, shared, timeline, watch,
};
use crate::app::App;

/// Bytes of a request's body.
const BODY_MAX: usize = 256 << 10;
const BUNDLE_MAX: usize = 64 << 20;

#[derive(OpenApi)]
#[openapi(info(
    title = "lb502",
    description = "Finds out why an AWS load balancer answers 502 Bad Gateway. Errors are \
                   application/problem+json: what is wrong, which field, what to do."
))]
struct Description;

/// The whole server. With a password every page and call asks for it, but for what a share link shows;
/// without, only loopback names are answered.
pub fn router(app: Arc<App>, password: Option<Password>) -> Router {
    let (api, description) = api().split_for_parts();
    let api = api
        .route(
            "/openapi.json",
            axum::routing::get(async move || Json(description.clone())),
        )
        .fallback(no_route)
        .method_not_allowed_fallback(async || Error::Method)
        .with_state(app.clone());
    let health = Router::new()
        .route("/healthz", axum::routing::get(health::live))
        .route("/readyz", axum::routing::get(health::ready))
        .method_not_allowed_fallback(async || Error::Method)
        .with_state(app);
    Router::new()
        .nest("/api/v1", api)
        .route("/api", any(no_route))
        .route("/api/{*rest}", any(no_route))
        .merge(health)
        .merge(page::router())
        // From the inside to the outside.
        .layer(middleware::from_fn(guard::in_time))
        .layer(CsrfLayer::new().with_rejection_response(guard::cross_site))
        .layer(middleware::from_fn_with_state(password, guard::known))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(middleware::from_fn_with_state(
            page::policy(),
            guard::headers,
        ))
}

/// The OpenAPI document, as `GET /api/v1/openapi.json` answers it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    api().split_for_parts().1
}

fn api() -> OpenApiRouter<Arc<App>> {
    let slow = OpenApiRouter::new()
        .routes(routes!(bundles::import))
        .layer(DefaultBodyLimit::max(BUNDLE_MAX));
    let quick = OpenApiRouter::new()
        // What AWS has, and what this server can do.
        .routes(routes!(environment::get_environment))
        .routes(routes!(load_balancers::list))
        // Investigations.
        .routes(routes!(investigations::create, investigations::list))
        .routes(routes!(investigations::get, investigations::patch))
        .routes(routes!(runs::all))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::one))
        .routes(routes!(compare::get_comparison))
        .routes(routes!(watch::start, watch::get_watch, watch::stop))
        .routes(routes!(events::stream_events))
        .routes(routes!(timeline::get_timeline))
        .routes(routes!(seen_before::get_seen_before))
        .routes(routes!(diagnosis::get_diagnosis))
        .routes(routes!(observations::get_observation))
        .routes(routes!(notes::create_note))
        .routes(routes!(answers::put_answer))
        .routes(routes!(handoff::get_handoff, handoff::put_handoff))
        .routes(routes!(handoff::send_handoff))
        .routes(routes!(handoff::accept_handoff))
        .routes(routes!(bundles::export))
        // For people outside.
        .routes(routes!(
            share_links::create_share_link,
            share_links::list_share_links
        ))
        .routes(routes!(share_links::revoke_share_link))
        .routes(routes!(shared::get_shared))
        .routes(routes!(shared::stream_shared))
        // Without AWS.
        .routes(routes!(practice::open))
        .routes(routes!(rules::get_rule))
        .layer(DefaultBodyLimit::max(BODY_MAX));
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(quick)
        .merge(slow)
}

async fn no_route(uri: Uri) -> Error {
    Error::NoRoute(uri.path().to_owned())
}
