//! The table `watches`.

use chrono::{DateTime, Utc};
use diagnosis::api::Watch;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_json, json, word};

/// The constraint that two watches at a time violate.
pub const ONE_AT_A_TIME: &str = "watches_one_at_a_time";

/// The number that the next watch gets. The investigation is to be locked.
#[tracing::instrument(name = "db.watches.next_n", skip_all)]
pub async fn next_n(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<u32> {
    sqlx::query_scalar!(
        r#"select coalesce(max(n), 0) + 1 as "next!"
           from watches
           where investigation = $1"#,
        investigation
    )
    .fetch_one(db)
    .await
    .map(i32::cast_unsigned)
}

/// Begins a watch as the work of `process`, due at once; fails on [`ONE_AT_A_TIME`] beside another.
#[tracing::instrument(name = "db.watches.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    investigation: Uuid,
    watch: &Watch,
    process: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into watches (investigation, n, state, process, next_at, watch)
         values ($1, $2, $3, $4, $5, $6)",
        investigation,
        watch.n.cast_signed(),
        word(&watch.state)?,
        process,
        watch.started_at,
        json(watch)?,
    )
    .execute(db)
    .await
    .map(drop)
}

#[tracing::instrument(name = "db.watches.newest", skip_all)]
pub async fn newest(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Option<Watch>> {
    sqlx::query_scalar!(
        "select watch
         from watches
         where investigation = $1
         order by n desc
         limit 1",
        investigation
    )
    .fetch_optional(db)
    .await?
    .map(from_json)
    .transpose()
}

/// The watch that goes on, for as long as the transaction lasts.
#[tracing::instrument(name = "db.watches.hold", skip_all)]
pub async fn hold(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Option<Watch>> {
    sqlx::query_scalar!(
        "select watch
         from watches
         where investigation = $1 and state = 'watching'
         for update",
        investigation
    )
    .fetch_optional(db)
    .await?
    .map(from_json)
    .transpose()
}

/// The same, only if it is this one and the work of `process`.
#[tracing::instrument(name = "db.watches.hold_own", skip_all)]
pub async fn hold_own(
    db: &mut PgConnection,
    investigation: Uuid,
    n: u32,
    process: i64,
) -> sqlx::Result<Option<()>> {
    sqlx::query!(
        "select n
         from watches
         where investigation = $1 and n = $2 and process = $3 and state = 'watching'
         for update",
        investigation,
        n.cast_signed(),
        process,
    )
    .fetch_optional(db)
    .await
    .map(|row| row.map(drop))
}

/// Keeps what a watch has come to; it is due again at `next_at`.
#[tracing::instrument(name = "db.watches.keep", skip_all)]
pub async fn keep(
    db: &mut PgConnection,
    investigation: Uuid,
    watch: &Watch,
    next_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update watches
         set state = $3, watch = $4, next_at = $5
         where investigation = $1 and n = $2",
        investigation,
        watch.n.cast_signed(),
        word(&watch.state)?,
        json(watch)?,
        next_at,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Of the watches of `process`, those whose counts are due, most overdue first.
#[tracing::instrument(name = "db.watches.due", skip_all)]
pub async fn due(
    db: &mut PgConnection,
    process: i64,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, Watch)>> {
    let rows = sqlx::query!(
        "select investigation, watch
         from watches
         where process = $1 and state = 'watching' and next_at <= $2
         order by next_at
         limit $3",
        process,
        now,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.investigation, from_json(row.watch)?)))
        .collect()
}

/// The other processes that have watches to count for.
#[tracing::instrument(name = "db.watches.others", skip_all)]
pub async fn others(db: &mut PgConnection, process: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select distinct process
         from watches
         where state = 'watching' and process <> $1",
        process
    )
    .fetch_all(db)
    .await
}

/// Takes over what a process that is gone has left.
#[tracing::instrument(name = "db.watches.take_over", skip_all)]
pub async fn take_over(db: &mut PgConnection, from: i64, to: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update watches
         set process = $2
         where process = $1 and state = 'watching'",
        from,
        to,
    )
    .execute(db)
    .await
    .map(drop)
}
