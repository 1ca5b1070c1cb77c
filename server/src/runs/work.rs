//! One run from its first call to its last word.

use std::time::Duration;

use diagnosis::api::RunState;
use tokio::sync::mpsc;

use super::{Job, Why, source, write};
use crate::{app::App, collect::Progress};

/// A run that takes longer is broken off; AWS answers in seconds, and every call has its own limit.
const LONGEST: Duration = Duration::from_secs(600);
/// What is written in one transaction when calls end faster than Postgres commits.
const BATCH: usize = 64;
/// Postgres is back within 5 s after a crash; longer than this it is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the calls under way get to end in once the run is to end.
const GRACE: Duration = Duration::from_secs(8);
const AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn work(app: &App, job: &Job) {
    let (progress, seen) = mpsc::channel(BATCH);
    let collecting = tokio::spawn(source::collect(
        app.access.clone(),
        job.investigation.clone(),
        job.steps.clone(),
        job.first_n,
        progress,
        job.cancel.clone(),
    ));
    let too_long = async {
        tokio::time::sleep(LONGEST).await;
        job.end_early(Why::TooLong);
        std::future::pending().await
    };
    let ignored = async {
        job.cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
        collecting.abort();
        std::future::pending().await
    };
    tokio::select! {
        () = keep(app, job, seen) => {}
        () = too_long => {}
        () = ignored => {}
    }
    let ended = collecting.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a run broke off");
        Err("A fault in lb502 broke the run off; its log says more.".to_owned())
    });
    end(app, job, ended).await;
}

/// Writes what happens until the collector has no more to say.
async fn keep(app: &App, job: &Job, mut seen: mpsc::Receiver<Progress>) {
    let mut batch = Vec::with_capacity(BATCH);
    while seen.recv_many(&mut batch, BATCH).await > 0 {
        if job.why.get() == Some(&Why::Lost) {
            batch.clear();
            continue;
        }
        let began = tokio::time::Instant::now();
        loop {
            match write::progress(app, job, &batch).await {
                Ok(true) => break,
                Ok(false) => {
                    job.end_early(Why::Lost);
                    break;
                }
                Err(error) if began.elapsed() < PATIENCE => {
                    tracing::warn!(%error, "what a run saw could not be written; trying again");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => {
                    tracing::error!(%error, "what a run saw could not be written");
                    job.end_early(Why::Unwritable);
                    break;
                }
            }
        }
        batch.clear();
    }
}

async fn end(app: &App, job: &Job, ended: Result<(), String>) {
    let (state, reason) = match (job.why.get(), ended) {
        (Some(Why::Lost), _) => return,
        (Some(Why::Person), _) => (RunState::Cancelled, Some("Stopped by a person.".to_owned())),
        (Some(Why::Stopping), _) => (
            RunState::Interrupted,
            Some(
                "The server was stopped in the middle of the run. Run again to complete it."
                    .to_owned(),
            ),
        ),
        (Some(Why::TooLong), _) => (
            RunState::Interrupted,
            Some(
                "The run took longer than 10 minutes. Run again, perhaps one step at a time."
                    .to_owned(),
            ),
        ),
        (Some(Why::Unwritable), _) => (
            RunState::Interrupted,
            Some("Postgres did not take what was seen. Run again to complete it.".to_owned()),
        ),
        (None, Err(reason)) => (RunState::Failed, Some(reason)),
        (None, Ok(())) => (RunState::Done, None),
    };
    let began = tokio::time::Instant::now();
    loop {
        let id = job.investigation.id;
        match write::end(app, id, job.run, state, reason.as_deref()).await {
            Ok(()) => return,
            Err(error) if began.elapsed() < PATIENCE && !app.stop.is_cancelled() => {
                tracing::warn!(%error, "the end of a run could not be written; trying again");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::error!(%error, "the end of a run could not be written; the sweep will");
                return;
            }
        }
    }
}
