//! Looks after runs: those whose process is gone are marked interrupted, those that somebody
//! wants to stop are stopped. And after viewers: those of a process that is gone have left. Several lb502 processes may do so at once.

use std::{sync::Arc, time::Duration};

use diagnosis::api::RunState;
use sqlx::PgPool;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::{Why, write};
use crate::{
    app::App,
    db::{
        listener::Notice,
        presence::{self, Presence},
        runs, viewers,
    },
};

const EVERY: Duration = Duration::from_secs(2);
const REASON: &str = "The server stopped in the middle of the run. Run again to complete it.";

/// Once before it returns, so that a page never shows a run of the past as running; then for as
/// long as the server lives.
pub(crate) async fn start(app: &Arc<App>) {
    let mut presence = None;
    sweep(app, &mut presence).await;
    let app = app.clone();
    let mut notices = app.notices.subscribe();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = app.stop.cancelled() => {
                    // The lock is held until the runs have written their last word.
                    app.runs.tasks.wait().await;
                    return;
                }
                () = tokio::time::sleep(EVERY) => {}
                () = asked(&mut notices) => {}
            }
            sweep(&app, &mut presence).await;
        }
    });
}

async fn asked(notices: &mut tokio::sync::broadcast::Receiver<Notice>) {
    loop {
        match notices.recv().await {
            Ok(Notice::Cancel) => return,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn sweep(app: &App, presence: &mut Option<Presence>) {
    if let Err(error) = try_sweep(app, presence).await {
        tracing::warn!(%error, "runs could not be looked after; trying again");
        *presence = None;
    }
}

async fn try_sweep(app: &App, presence: &mut Option<Presence>) -> sqlx::Result<()> {
    match presence {
        Some(presence) => presence.check().await?,
        None => *presence = Some(Presence::take(&app.db, app.runs.process).await?),
    }
    let mut connection = app.db.acquire().await?;
    for (id, run) in runs::asked_to_cancel(&mut connection, app.runs.process).await? {
        if let Some(job) = app.runs.job(id).filter(|job| job.run == run) {
            job.end_early(Why::Person);
        }
    }
    viewers::sweep(&mut connection).await?;
    let running = runs::running(&mut connection).await?;
    drop(connection);
    for (id, run, process) in running {
        if is_orphan(app, id, run, process).await? {
            write::end(app, id, run, RunState::Interrupted, Some(REASON)).await?;
        }
    }
    Ok(())
}

async fn is_orphan(app: &App, id: Uuid, run: u32, process: i64) -> sqlx::Result<bool> {
    if process == app.runs.process {
        let ours = app.runs.job(id).is_some_and(|job| job.run == run);
        return Ok(!ours);
    }
    is_gone(&app.db, process).await
}

async fn is_gone(pool: &PgPool, process: i64) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    presence::is_gone(&mut tx, process).await
}
