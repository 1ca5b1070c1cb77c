//! Watches: whether a fix helped. A task of this process counts for its watches and takes over those of
//! processes that are gone; what a watch has come to is in Postgres after each count.

mod counts;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use diagnosis::{
    api::{EventKind, Watch, WatchState},
    watch,
};
use uuid::Uuid;

use crate::{
    app::App,
    db::{self, events, investigations, presence, watches},
};

/// How often it is looked which watches are due.
const EVERY: Duration = Duration::from_secs(2);
/// How often a watch is counted: CloudWatch has a new minute every minute.
const COUNT_EVERY: TimeDelta = TimeDelta::seconds(60);
/// Watches that this process counts for at once.
const AT_ONCE: usize = 4;

/// Why a watch cannot be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("There is no such investigation")]
    NoInvestigation,
    #[error("A watch of this investigation is under way")]
    Watching,
    #[error("No watch of this investigation is under way")]
    NotWatching,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Watches that are being counted at this moment.
type UnderWay = Arc<Mutex<HashSet<Uuid>>>;

/// For as long as the server lives.
pub(crate) fn start(app: &Arc<App>) {
    let app = app.clone();
    let under_way = UnderWay::default();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = app.stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = tick(&app, &under_way).await {
                tracing::warn!(%error, "watches could not be looked after; trying again");
            }
        }
    });
}

/// Puts a watch on record; `begin` makes it from its number.
pub async fn begin(
    app: &App,
    id: Uuid,
    person: Option<&str>,
    begin: impl FnOnce(u32) -> Watch,
) -> Result<Watch, WatchError> {
    let mut tx = app.db.begin().await?;
    investigations::lock(&mut tx, id)
        .await?
        .ok_or(WatchError::NoInvestigation)?;
    let watch = begin(watches::next_n(&mut tx, id).await?);
    match watches::insert(&mut tx, id, &watch, app.runs.process).await {
        Err(error) if db::violates(&error, watches::ONE_AT_A_TIME) => {
            return Err(WatchError::Watching);
        }
        inserted => inserted?,
    }
    let kind = EventKind::WatchStarted {
        watch: watch.n,
        fixed_at: watch.fixed_at,
        ends_at: watch.ends_at,
    };
    events::append(&mut tx, id, &kind, person, watch.started_at).await?;
    tx.commit().await?;
    Ok(watch)
}

/// Stops the one that is under way, whichever process counts for it.
pub async fn stop(app: &App, id: Uuid, person: Option<&str>) -> Result<Watch, WatchError> {
    let now = db::now();
    let mut tx = app.db.begin().await?;
    investigations::lock(&mut tx, id)
        .await?
        .ok_or(WatchError::NoInvestigation)?;
    let watch = watches::hold(&mut tx, id)
        .await?
        .ok_or(WatchError::NotWatching)?;
    let watch = watch::stop(watch, now);
    watches::keep(&mut tx, id, &watch, now).await?;
    events::append(&mut tx, id, &ended(&watch), person, now).await?;
    tx.commit().await?;
    Ok(watch)
}

async fn tick(app: &Arc<App>, under_way: &UnderWay) -> sqlx::Result<()> {
    take_over(app).await?;
    let counting = open(under_way).len();
    let mut connection = app.db.acquire().await?;
    // Those that are being counted are due still.
    let due = watches::due(
        &mut connection,
        app.runs.process,
        db::now(),
        2 * AT_ONCE as i64,
    )
    .await?;
    drop(connection);
    let free = AT_ONCE.saturating_sub(counting);
    let new = due
        .into_iter()
        .filter(|(id, _)| !open(under_way).contains(id));
    for (id, watch) in new.take(free).collect::<Vec<_>>() {
        open(under_way).insert(id);
        let (app, under_way) = (app.clone(), under_way.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = app.stop.cancelled() => {}
                counted = count(&app, id, watch) => if let Err(error) = counted {
                    tracing::warn!(%error, "what a watch counted could not be written; trying again");
                }
            }
            open(&under_way).remove(&id);
        });
    }
    Ok(())
}

async fn take_over(app: &App) -> sqlx::Result<()> {
    let mut tx = app.db.begin().await?;
    for process in watches::others(&mut tx, app.runs.process).await? {
        if presence::is_gone(&mut tx, process).await? {
            watches::take_over(&mut tx, process, app.runs.process).await?;
        }
    }
    tx.commit().await
}

/// Counts once and writes down what that comes to.
async fn count(app: &App, id: Uuid, watch: Watch) -> sqlx::Result<()> {
    let mut connection = app.db.acquire().await?;
    let row = investigations::find(&mut connection, id).await?;
    drop(connection);
    let Some(row) = row else {
        return Ok(());
    };
    let watch = counts::take(&app.access, &row.load_balancer, watch).await;
    let now = db::now();
    let mut tx = app.db.begin().await?;
    if investigations::lock(&mut tx, id).await?.is_none()
        || watches::hold_own(&mut tx, id, watch.n, app.runs.process)
            .await?
            .is_none()
    {
        // Somebody stopped it, or another process counts for it.
        return Ok(());
    }
    watches::keep(&mut tx, id, &watch, now + COUNT_EVERY).await?;
    if watch.state != WatchState::Watching {
        events::append(&mut tx, id, &ended(&watch), None, now).await?;
    }
    tx.commit().await
}

fn ended(watch: &Watch) -> EventKind {
    EventKind::WatchEnded {
        watch: watch.n,
        state: watch.state,
        in_words: watch.in_words.clone(),
    }
}

fn open(under_way: &UnderWay) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}
