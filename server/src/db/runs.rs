//! The table `runs`.

use chrono::{DateTime, Utc};
use diagnosis::{
    Step,
    api::{Run, RunState},
    evidence::Window,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_word, text, word};

/// The constraint that two runs at a time violate.
pub const ONE_AT_A_TIME: &str = "runs_one_at_a_time";

struct Record {
    n: i32,
    steps: Vec<String>,
    state: String,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    window_from: Option<DateTime<Utc>>,
    window_to: Option<DateTime<Utc>>,
}

/// Which runs evidence is folded from: those of one window, up to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    pub window: Window,
    pub run: i32,
}

impl Until {
    /// All runs of the window.
    pub fn newest(window: Window) -> Self {
        Self {
            window,
            run: i32::MAX,
        }
    }

    /// As it was after this run; `None` where its window was not kept.
    pub fn after(run: &Run) -> Option<Self> {
        Some(Self {
            window: run.window?,
            run: run.n.cast_signed(),
        })
    }
}

/// Begins a run as the work of `process`; fails on [`ONE_AT_A_TIME`] while another is running.
#[tracing::instrument(name = "db.runs.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    investigation: Uuid,
    window: Window,
    steps: &[Step],
    process: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Run> {
    let steps = steps.iter().map(|step| step.id().to_owned());
    sqlx::query_as!(
        Record,
        "insert into runs
             (investigation, n, steps, state, process, started_at, window_from, window_to)
         select $1, coalesce(max(n), 0) + 1, $2, 'running', $3, $4, $5, $6
         from runs
         where investigation = $1
         returning n, steps, state, started_at, ended_at, reason, window_from, window_to",
        investigation,
        &steps.collect::<Vec<_>>(),
        process,
        now,
        window.from,
        window.to,
    )
    .fetch_one(db)
    .await?
    .try_into()
}

/// Newest first.
#[tracing::instrument(name = "db.runs.list", skip_all)]
pub async fn list(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<Run>> {
    sqlx::query_as!(
        Record,
        "select n, steps, state, started_at, ended_at, reason, window_from, window_to
         from runs
         where investigation = $1
         order by n desc",
        investigation
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Run::try_from)
    .collect()
}

/// The runs that ended with evidence of a window that is known, newest first: what can be compared.
#[tracing::instrument(name = "db.runs.with_evidence", skip_all)]
pub async fn with_evidence(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<Run>> {
    sqlx::query_as!(
        Record,
        "select n, steps, state, started_at, ended_at, reason, window_from, window_to
         from runs
         where investigation = $1
           and state <> 'running'
           and window_from is not null
           and exists (
               select from parts
               where parts.investigation = runs.investigation and parts.run = runs.n
           )
         order by n desc",
        investigation
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Run::try_from)
    .collect()
}

/// The run that is running, if it is the work of `process`, for as long as the transaction lasts:
/// nobody can call it interrupted or cancelled in between. `None`: it is no longer ours to write.
#[tracing::instrument(name = "db.runs.hold", skip_all)]
pub async fn hold(
    db: &mut PgConnection,
    investigation: Uuid,
    n: u32,
    process: i64,
) -> sqlx::Result<Option<()>> {
    sqlx::query!(
        "select n
         from runs
         where investigation = $1 and n = $2 and process = $3 and state = 'running'
         for update",
        investigation,
        n.cast_signed(),
        process,
    )
    .fetch_optional(db)
    .await
    .map(|row| row.map(drop))
}

/// Ends a run that is running; `None` when it is not.
#[tracing::instrument(name = "db.runs.end", skip_all)]
pub async fn end(
    db: &mut PgConnection,
    investigation: Uuid,
    n: u32,
    state: RunState,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Run>> {
    sqlx::query_as!(
        Record,
        "update runs
         set state = $3, reason = $4, ended_at = $5
         where investigation = $1 and n = $2 and state = 'running'
         returning n, steps, state, started_at, ended_at, reason, window_from, window_to",
        investigation,
        n.cast_signed(),
        word(&state)?,
        reason.map(text),
        now,
    )
    .fetch_optional(db)
    .await?
    .map(Run::try_from)
    .transpose()
}

/// Asks whoever works on the running run to stop; the run, or `None` when nothing is running.
#[tracing::instrument(name = "db.runs.ask_to_cancel", skip_all)]
pub async fn ask_to_cancel(
    db: &mut PgConnection,
    investigation: Uuid,
) -> sqlx::Result<Option<Run>> {
    sqlx::query_as!(
        Record,
        "update runs
         set cancel_asked = true
         where investigation = $1 and state = 'running'
         returning n, steps, state, started_at, ended_at, reason, window_from, window_to",
        investigation
    )
    .fetch_optional(db)
    .await?
    .map(Run::try_from)
    .transpose()
}

/// Of the runs that `process` works on, those that somebody asked to stop.
#[tracing::instrument(name = "db.runs.asked_to_cancel", skip_all)]
pub async fn asked_to_cancel(
    db: &mut PgConnection,
    process: i64,
) -> sqlx::Result<Vec<(Uuid, u32)>> {
    let rows = sqlx::query!(
        "select investigation, n
         from runs
         where process = $1 and state = 'running' and cancel_asked",
        process
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.investigation, row.n.cast_unsigned()))
        .collect())
}

/// Every run that is running, with the process that works on it.
#[tracing::instrument(name = "db.runs.running", skip_all)]
pub async fn running(db: &mut PgConnection) -> sqlx::Result<Vec<(Uuid, u32, i64)>> {
    let rows = sqlx::query!(
        "select investigation, n, process
         from runs
         where state = 'running'"
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.investigation, row.n.cast_unsigned(), row.process))
        .collect())
}

impl TryFrom<Record> for Run {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            n: record.n.cast_unsigned(),
            steps: record
                .steps
                .into_iter()
                .map(from_word)
                .collect::<sqlx::Result<_>>()?,
            state: from_word(record.state)?,
            started_at: record.started_at,
            ended_at: record.ended_at,
            reason: record.reason,
            window: record
                .window_from
                .zip(record.window_to)
                .map(|(from, to)| Window { from, to }),
        })
    }
}
