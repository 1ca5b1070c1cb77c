//! The table `observations`.

use chrono::{DateTime, Utc};
use diagnosis::{Observation, api::ObservationDetail, bundle::RecordedObservation};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    runs::Until,
    words::{from_word, json, text, word},
};

struct Record {
    n: i32,
    step: String,
    service: String,
    operation: String,
    region: String,
    at: DateTime<Utc>,
    took_ms: i64,
    outcome: String,
    detail: String,
    cli: String,
    asked: Value,
    answered: Value,
}

/// Writes a call down. A recorded incident that is replayed again repeats its numbers in a run of its own.
#[tracing::instrument(name = "db.observations.upsert", skip_all)]
pub async fn upsert(
    db: &mut PgConnection,
    investigation: Uuid,
    run: u32,
    observation: &Observation,
    asked: &Value,
    answered: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into observations
             (investigation, n, run, step, service, operation, region, at, took_ms, outcome,
              detail, cli, asked, answered)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (investigation, n, run) do update
         set step = excluded.step, service = excluded.service,
             operation = excluded.operation, region = excluded.region, at = excluded.at,
             took_ms = excluded.took_ms, outcome = excluded.outcome, detail = excluded.detail,
             cli = excluded.cli, asked = excluded.asked, answered = excluded.answered",
        investigation,
        observation.n.cast_signed(),
        run.cast_signed(),
        observation.step.id(),
        text(&observation.service),
        text(&observation.operation),
        text(&observation.region),
        observation.at,
        i64::try_from(observation.took_ms).unwrap_or(i64::MAX),
        word(&observation.outcome)?,
        text(&observation.detail),
        text(&observation.cli),
        json(asked)?,
        json(answered)?,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Every call, in order of `n`, without what was asked and answered.
#[tracing::instrument(name = "db.observations.list", skip_all)]
pub async fn list(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<Observation>> {
    sqlx::query_as!(
        Record,
        r#"select distinct on (n) n, step, service, operation, region, at, took_ms, outcome,
                  detail, cli, 'null'::jsonb as "asked!", 'null'::jsonb as "answered!"
           from observations
           where investigation = $1
           order by n, run desc"#,
        investigation
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|record| Ok(RecordedObservation::try_from(record)?.observation))
    .collect()
}

/// The calls of the runs of one window, up to a run: what its evidence was read from.
#[tracing::instrument(name = "db.observations.of_window", skip_all)]
pub async fn of_window(
    db: &mut PgConnection,
    investigation: Uuid,
    until: Until,
) -> sqlx::Result<Vec<Observation>> {
    sqlx::query_as!(
        Record,
        r#"select distinct on (observations.n) observations.n, step, service, operation, region, at,
                  took_ms, outcome, detail, cli,
                  'null'::jsonb as "asked!", 'null'::jsonb as "answered!"
           from observations
           join runs on runs.investigation = observations.investigation
                    and runs.n = observations.run
           where observations.investigation = $1
             and runs.window_from = $2
             and runs.window_to = $3
             and runs.n <= $4
           order by observations.n, observations.run desc"#,
        investigation,
        until.window.from,
        until.window.to,
        until.run,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(|record| Ok(RecordedObservation::try_from(record)?.observation))
    .collect()
}

/// The same, whole.
#[tracing::instrument(name = "db.observations.recorded", skip_all)]
pub async fn recorded(
    db: &mut PgConnection,
    investigation: Uuid,
    until: Until,
) -> sqlx::Result<Vec<RecordedObservation>> {
    sqlx::query_as!(
        Record,
        "select distinct on (observations.n) observations.n, step, service, operation, region, at,
                took_ms, outcome, detail, cli, asked, answered
         from observations
         join runs on runs.investigation = observations.investigation
                  and runs.n = observations.run
         where observations.investigation = $1
           and runs.window_from = $2
           and runs.window_to = $3
           and runs.n <= $4
         order by observations.n, observations.run desc",
        investigation,
        until.window.from,
        until.window.to,
        until.run,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(RecordedObservation::try_from)
    .collect()
}

#[tracing::instrument(name = "db.observations.find", skip_all)]
pub async fn find(
    db: &mut PgConnection,
    investigation: Uuid,
    n: i32,
) -> sqlx::Result<Option<ObservationDetail>> {
    sqlx::query_as!(
        Record,
        "select n, step, service, operation, region, at, took_ms, outcome, detail, cli, asked, answered
         from observations
         where investigation = $1 and n = $2
         order by run desc
         limit 1",
        investigation,
        n,
    )
    .fetch_optional(db)
    .await?
    .map(|record| {
        let recorded = RecordedObservation::try_from(record)?;
        Ok(ObservationDetail {
            observation: recorded.observation,
            asked: recorded.asked,
            answered: recorded.answered,
        })
    })
    .transpose()
}

/// The number that the next call gets.
#[tracing::instrument(name = "db.observations.next_n", skip_all)]
pub async fn next_n(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<u32> {
    sqlx::query_scalar!(
        r#"select coalesce(max(n), 0) + 1 as "next!"
           from observations
           where investigation = $1"#,
        investigation
    )
    .fetch_one(db)
    .await
    .map(i32::cast_unsigned)
}

impl TryFrom<Record> for RecordedObservation {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            observation: Observation {
                n: record.n.cast_unsigned(),
                step: from_word(record.step)?,
                service: record.service,
                operation: record.operation,
                region: record.region,
                at: record.at,
                took_ms: record.took_ms.cast_unsigned(),
                outcome: from_word(record.outcome)?,
                detail: record.detail,
                cli: record.cli,
            },
            asked: record.asked,
            answered: record.answered,
        })
    }
}
