//! Runs: the steps of an investigation make their calls, and what happens is written to Postgres
//! as it happens. An observation counts as made once its row is committed.

mod source;
pub mod sweep;
mod work;
pub(crate) mod write;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use diagnosis::{
    Step,
    api::{EventKind, Run},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    app::App,
    db::{
        self, events,
        investigations::{self, Row},
        listener, observations, runs,
    },
};

/// The runs that this process works on.
#[derive(Debug)]
pub struct Runs {
    /// This process' number: whoever holds its advisory lock works on its runs.
    pub(crate) process: i64,
    jobs: Mutex<HashMap<Uuid, Arc<Job>>>,
    tasks: TaskTracker,
}

/// Why a run cannot begin or be cancelled.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("There is no such investigation")]
    NoInvestigation,
    #[error("A run of this investigation is under way")]
    Running,
    #[error("No run of this investigation is under way")]
    NotRunning,
    #[error("The server is stopping")]
    Stopping,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// One run that this process works on.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) investigation: Row,
    pub(crate) run: u32,
    pub(crate) steps: Vec<Step>,
    pub(crate) first_n: u32,
    cancel: CancellationToken,
    why: OnceLock<Why>,
}

/// Why a run ends before its steps do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Person,
    Stopping,
    TooLong,
    /// The row says that it is no longer ours.
    Lost,
    /// Postgres did not take what was seen.
    Unwritable,
}

/// Begins a run of the steps and returns once it is on record; the calls follow.
pub async fn start(
    app: &Arc<App>,
    id: Uuid,
    steps: Vec<Step>,
    person: Option<&str>,
) -> Result<Run, RunError> {
    if app.stop.is_cancelled() {
        return Err(RunError::Stopping);
    }
    let now = db::now();
    let mut tx = app.db.begin().await?;
    let row = investigations::lock(&mut tx, id)
        .await?
        .ok_or(RunError::NoInvestigation)?;
    let run = match runs::insert(&mut tx, id, row.window, &steps, app.runs.process, now).await {
        Err(error) if db::violates(&error, runs::ONE_AT_A_TIME) => return Err(RunError::Running),
        inserted => inserted?,
    };
    let first_n = observations::next_n(&mut tx, id).await?;
    events::append(
        &mut tx,
        id,
        &EventKind::RunStarted { run: run.clone() },
        person,
        now,
    )
    .await?;
    let job = Arc::new(Job {
        investigation: row,
        run: run.n,
        steps,
        first_n,
        cancel: CancellationToken::new(),
        why: OnceLock::new(),
    });
    // Before others can see the run: from then on the sweep expects its job to be here.
    app.runs.jobs().insert(id, job.clone());
    if let Err(error) = tx.commit().await {
        app.runs.jobs().remove(&id);
        return Err(error.into());
    }
    let worker = app.clone();
    app.runs.tasks.spawn(async move {
        work::work(&worker, &job).await;
        worker.runs.jobs().remove(&id);
    });
    Ok(run)
}

/// Asks whichever process works on the run to stop it.
pub async fn cancel(app: &App, id: Uuid) -> Result<Run, RunError> {
    let mut tx = app.db.begin().await?;
    investigations::find(&mut tx, id)
        .await?
        .ok_or(RunError::NoInvestigation)?;
    let run = runs::ask_to_cancel(&mut tx, id)
        .await?
        .ok_or(RunError::NotRunning)?;
    listener::notify_cancel(&mut tx).await?;
    tx.commit().await?;
    Ok(run)
}

impl Runs {
    pub(crate) fn new() -> Self {
        Self {
            process: rand::random(),
            jobs: Mutex::default(),
            tasks: TaskTracker::new(),
        }
    }

    pub(crate) fn job(&self, investigation: Uuid) -> Option<Arc<Job>> {
        self.jobs().get(&investigation).cloned()
    }

    /// Interrupts every run and waits until that is on record.
    pub(crate) async fn stop(&self, patience: Duration) {
        for job in self.jobs().values() {
            job.end_early(Why::Stopping);
        }
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some runs did not end in time; the next start marks them interrupted");
        }
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    /// The first reason counts.
    pub(crate) fn end_early(&self, why: Why) {
        let _ = self.why.set(why);
        self.cancel.cancel();
    }
}
