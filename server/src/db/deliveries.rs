//! The table `deliveries`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diagnosis::api::{Delivery, DeliveryCause};
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_word, text, word};

/// Deliveries of one investigation that are shown.
const SHOWN: i64 = 20;

/// One that is to be sent now.
#[derive(Clone, Debug)]
pub struct Due {
    pub id: Uuid,
    pub investigation: Uuid,
    /// Including this one.
    pub attempts: u32,
    pub cause: DeliveryCause,
    pub body: String,
}

struct Record {
    id: Uuid,
    cause: String,
    state: String,
    attempts: i32,
    made_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
}

#[tracing::instrument(name = "db.deliveries.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    investigation: Uuid,
    cause: DeliveryCause,
    body: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into deliveries (id, investigation, cause, body, next_at, made_at)
         values ($1, $2, $3, $4, $5, $5)",
        Uuid::now_v7(),
        investigation,
        word(&cause)?,
        text(body),
        now,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Takes the one that has waited longest, for `lease`: then another process may take it over.
#[tracing::instrument(name = "db.deliveries.take", skip_all)]
pub async fn take(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    lease: Duration,
) -> sqlx::Result<Option<Due>> {
    let row = sqlx::query!(
        "update deliveries
         set attempts = attempts + 1, next_at = $2
         where id = (
             select id
             from deliveries
             where state = 'waiting' and next_at <= $1
             order by next_at
             limit 1
             for update skip locked
         )
         returning id, investigation, attempts, cause, body",
        now,
        now + lease,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Due {
            id: row.id,
            investigation: row.investigation,
            attempts: row.attempts.cast_unsigned(),
            cause: from_word(row.cause)?,
            body: row.body,
        })
    })
    .transpose()
}

/// It arrived.
#[tracing::instrument(name = "db.deliveries.delivered", skip_all)]
pub async fn delivered(db: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update deliveries
         set state = 'delivered', ended_at = $2, last_error = null
         where id = $1 and state = 'waiting'",
        id,
        now,
    )
    .execute(db)
    .await
    .map(drop)
}

/// It did not; tried again at `next`, or given up.
#[tracing::instrument(name = "db.deliveries.failed", skip_all)]
pub async fn failed(
    db: &mut PgConnection,
    id: Uuid,
    why: &str,
    next: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update deliveries
         set last_error = $2,
             next_at = coalesce($3, next_at),
             state = case when $3::timestamptz is null then 'failed' else state end,
             ended_at = case when $3::timestamptz is null then $4 else ended_at end
         where id = $1 and state = 'waiting'",
        id,
        text(why),
        next,
        now,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Newest first, at most [`SHOWN`].
#[tracing::instrument(name = "db.deliveries.list", skip_all)]
pub async fn list(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Record,
        "select id, cause, state, attempts, made_at, ended_at, last_error
         from deliveries
         where investigation = $1
         order by id desc
         limit $2",
        investigation,
        SHOWN,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Delivery::try_from)
    .collect()
}

impl TryFrom<Record> for Delivery {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            id: record.id.to_string(),
            cause: from_word(record.cause)?,
            state: from_word(record.state)?,
            attempts: record.attempts.cast_unsigned(),
            made_at: record.made_at,
            ended_at: record.ended_at,
            last_error: record.last_error,
        })
    }
}
