//! The table `parts`.

use diagnosis::evidence::Part;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    runs::Until,
    words::{from_json, json, text},
};

/// Keeps a part; within a run a newer one of the same field replaces the older.
#[tracing::instrument(name = "db.parts.upsert", skip_all)]
pub async fn upsert(
    db: &mut PgConnection,
    investigation: Uuid,
    run: u32,
    part: &Part,
) -> sqlx::Result<()> {
    let json = json(part)?;
    sqlx::query!(
        "insert into parts (investigation, run, key, part)
         values ($1, $2, $3, $4)
         on conflict (investigation, run, key) do update
         set part = excluded.part",
        investigation,
        run.cast_signed(),
        key(&json),
        json,
    )
    .execute(db)
    .await
    .map(drop)
}

/// A part, and the run that read it last.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub run: u32,
    pub part: Part,
}

/// The newest of each field over the runs of one window, up to a run.
#[tracing::instrument(name = "db.parts.list", skip_all)]
pub async fn list(
    db: &mut PgConnection,
    investigation: Uuid,
    until: Until,
) -> sqlx::Result<Vec<Kept>> {
    let rows = sqlx::query!(
        "select distinct on (parts.key) parts.run, parts.part
         from parts
         join runs on runs.investigation = parts.investigation and runs.n = parts.run
         where parts.investigation = $1
           and runs.window_from = $2
           and runs.window_to = $3
           and runs.n <= $4
         order by parts.key, parts.run desc",
        investigation,
        until.window.from,
        until.window.to,
        until.run,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Kept {
                run: row.run.cast_unsigned(),
                part: from_json(row.part)?,
            })
        })
        .collect()
}

/// Which field of the evidence a part is: `target_health arn:…`, `step_ended network`, `metrics`.
fn key(json: &serde_json::Value) -> String {
    let field = json["part"].as_str().unwrap_or_default();
    let of = ["target_group", "step"]
        .into_iter()
        .find_map(|name| json["content"][name].as_str());
    match of {
        Some(of) => text(&format!("{field} {of}")),
        None => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use diagnosis::{Observed, Step};

    use super::*;

    #[test]
    fn each_field_has_its_own_key() {
        let health = |target_group: &str| Part::TargetHealth {
            target_group: target_group.into(),
            value: Observed::NotAsked,
        };
        let ended = |step| Part::StepEnded {
            step,
            observations: Vec::new(),
        };
        let parts = [
            health("a"),
            health("b"),
            ended(Step::Network),
            ended(Step::Tls),
            Part::Metrics(Observed::NotAsked),
            Part::Listeners(Observed::NotAsked),
        ];
        let keys = parts.map(|part| key(&json(&part).unwrap()));
        assert_eq!(
            keys,
            [
                "target_health a",
                "target_health b",
                "step_ended network",
                "step_ended tls",
                "metrics",
                "listeners"
            ]
        );
    }
}
