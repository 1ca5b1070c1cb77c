//! The tables `handoff_drafts` and `handoffs`.

use chrono::{DateTime, Utc};
use diagnosis::{
    api::{HandoffText, SentHandoff},
    handoff::Added,
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_json, json, text};

struct Record {
    n: i32,
    addressee: String,
    text: Value,
    sent_by: Option<String>,
    sent_at: DateTime<Utc>,
    accepted_by: Option<String>,
    accepted_at: Option<DateTime<Utc>>,
}

/// The draft and its version; empty and 0 before anybody wrote to it.
#[tracing::instrument(name = "db.handoffs.draft", skip_all)]
pub async fn draft(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<(i64, Added)> {
    let row = sqlx::query!(
        "select version, added
         from handoff_drafts
         where investigation = $1",
        investigation
    )
    .fetch_optional(db)
    .await?;
    match row {
        Some(row) => Ok((row.version, from_json(row.added)?)),
        None => Ok((0, Added::default())),
    }
}

/// Writes the draft, and its next version. The investigation's row is to be locked.
#[tracing::instrument(name = "db.handoffs.put_draft", skip_all)]
pub async fn put_draft(
    db: &mut PgConnection,
    investigation: Uuid,
    added: &Added,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into handoff_drafts (investigation, version, added)
         values ($1, 1, $2)
         on conflict (investigation) do update
         set version = handoff_drafts.version + 1, added = excluded.added
         returning version",
        investigation,
        json(added)?,
    )
    .fetch_one(db)
    .await
}

/// Newest first.
#[tracing::instrument(name = "db.handoffs.list", skip_all)]
pub async fn list(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<SentHandoff>> {
    sqlx::query_as!(
        Record,
        "select n, addressee, text, sent_by, sent_at, accepted_by, accepted_at
         from handoffs
         where investigation = $1
         order by n desc",
        investigation
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(SentHandoff::try_from)
    .collect()
}

/// Keeps a note as it is sent. The investigation's row is to be locked.
#[tracing::instrument(name = "db.handoffs.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    investigation: Uuid,
    sent: &HandoffText,
    sent_by: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<SentHandoff> {
    sqlx::query_as!(
        Record,
        "insert into handoffs (investigation, n, addressee, text, sent_by, sent_at)
         select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5
         from handoffs
         where investigation = $1
         returning n, addressee, text, sent_by, sent_at, accepted_by, accepted_at",
        investigation,
        text(&sent.note.to),
        json(sent)?,
        sent_by.map(text),
        now,
    )
    .fetch_one(db)
    .await?
    .try_into()
}

/// Marks a note as accepted; `None` where there is none of that number that nobody has accepted.
#[tracing::instrument(name = "db.handoffs.accept", skip_all)]
pub async fn accept(
    db: &mut PgConnection,
    investigation: Uuid,
    n: u32,
    person: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<SentHandoff>> {
    sqlx::query_as!(
        Record,
        "update handoffs
         set accepted_by = $3, accepted_at = $4
         where investigation = $1 and n = $2 and accepted_at is null
         returning n, addressee, text, sent_by, sent_at, accepted_by, accepted_at",
        investigation,
        n.cast_signed(),
        text(person),
        now,
    )
    .fetch_optional(db)
    .await?
    .map(SentHandoff::try_from)
    .transpose()
}

impl TryFrom<Record> for SentHandoff {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            n: record.n.cast_unsigned(),
            sent_by: record.sent_by,
            sent_at: record.sent_at,
            to: record.addressee,
            accepted_by: record.accepted_by,
            accepted_at: record.accepted_at,
            text: from_json(record.text)?,
        })
    }
}
