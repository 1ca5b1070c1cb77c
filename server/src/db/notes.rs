//! The table `notes`.

use chrono::{DateTime, Utc};
use diagnosis::api::{CreateNote, Note};
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_word, text};

struct Record {
    id: Uuid,
    step: Option<String>,
    text: String,
    author: Option<String>,
    at: DateTime<Utc>,
}

#[tracing::instrument(name = "db.notes.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    investigation: Uuid,
    note: &CreateNote,
    now: DateTime<Utc>,
) -> sqlx::Result<Note> {
    sqlx::query_as!(
        Record,
        "insert into notes (id, investigation, step, text, author, at)
         values ($1, $2, $3, $4, $5, $6)
         returning id, step, text, author, at",
        Uuid::now_v7(),
        investigation,
        note.step.map(|step| step.id()),
        text(&note.text),
        note.author.as_deref().map(text),
        now,
    )
    .fetch_one(db)
    .await?
    .try_into()
}

/// Oldest first.
#[tracing::instrument(name = "db.notes.list", skip_all)]
pub async fn list(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<Note>> {
    sqlx::query_as!(
        Record,
        "select id, step, text, author, at
         from notes
         where investigation = $1
         order by at, id",
        investigation
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Note::try_from)
    .collect()
}

impl TryFrom<Record> for Note {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            id: record.id.to_string(),
            step: record.step.map(from_word).transpose()?,
            text: record.text,
            author: record.author,
            at: record.at,
        })
    }
}
