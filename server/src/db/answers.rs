//! The table `answers`.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::words::text;

#[tracing::instrument(name = "db.answers.upsert", skip_all)]
pub async fn upsert(
    db: &mut PgConnection,
    investigation: Uuid,
    question: &str,
    answer: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into answers (investigation, question, answer)
         values ($1, $2, $3)
         on conflict (investigation, question) do update
         set answer = excluded.answer",
        investigation,
        text(question),
        text(answer),
    )
    .execute(db)
    .await
    .map(drop)
}

/// By question id.
#[tracing::instrument(name = "db.answers.list", skip_all)]
pub async fn list(
    db: &mut PgConnection,
    investigation: Uuid,
) -> sqlx::Result<BTreeMap<String, String>> {
    let rows = sqlx::query!(
        "select question, answer
         from answers
         where investigation = $1",
        investigation
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.question, row.answer))
        .collect())
}
