//! `/healthz` and `/readyz`, for whoever watches the server.

use std::sync::Arc;

use axum::extract::State;

use super::error::Error;
use crate::{app::App, db};

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// The store answers too.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Error> {
    if app.stop.is_cancelled() {
        return Err(Error::Stopping);
    }
    db::is_ready(&app.db).await?;
    Ok("ok\n")
}
