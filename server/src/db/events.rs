//! The table `events`.

use chrono::{DateTime, Utc};
use diagnosis::api::{Event, EventKind};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_json, json, text};

struct Record {
    id: i64,
    at: DateTime<Utc>,
    person: Option<String>,
    kind: Value,
}

/// Appends an event and wakes every process that streams it, when the transaction commits.
///
/// The investigation's row is to be locked: ids are taken before a transaction commits, so two
/// writers at once could make a later id visible first, and a reader would skip the earlier.
#[tracing::instrument(name = "db.events.append", skip_all)]
pub async fn append(
    db: &mut PgConnection,
    investigation: Uuid,
    kind: &EventKind,
    person: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with appended as (
               insert into events (investigation, at, person, kind)
               values ($1, $2, $3, $4)
               returning id
           )
           select id as "id!"
           from appended, pg_notify('lb502_events', $5)"#,
        investigation,
        now,
        person.map(text),
        json(kind)?,
        investigation.to_string(),
    )
    .fetch_one(db)
    .await
}

/// The events after `after`, oldest first, at most `limit`.
#[tracing::instrument(name = "db.events.after", skip_all)]
pub async fn after(
    db: &mut PgConnection,
    investigation: Uuid,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Record,
        "select id, at, person, kind
         from events
         where investigation = $1 and id > $2
         order by id
         limit $3",
        investigation,
        after,
        limit,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Event::try_from)
    .collect()
}

/// The same without the progress of runs: what people want to read again.
#[tracing::instrument(name = "db.events.timeline", skip_all)]
pub async fn timeline(
    db: &mut PgConnection,
    investigation: Uuid,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Record,
        "select id, at, person, kind
         from events
         where investigation = $1 and id > $2
           and kind ->> 'kind' not in
               ('step_started', 'step_ended', 'observation_started', 'observation_ended')
         order by id
         limit $3",
        investigation,
        after,
        limit,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Event::try_from)
    .collect()
}

/// The newest event's id; 0 before the first.
#[tracing::instrument(name = "db.events.last_id", skip_all)]
pub async fn last_id(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select coalesce(max(id), 0) as "last!"
           from events
           where investigation = $1"#,
        investigation
    )
    .fetch_one(db)
    .await
}

impl TryFrom<Record> for Event {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            id: record.id,
            at: record.at,
            person: record.person,
            kind: from_json(record.kind)?,
        })
    }
}
