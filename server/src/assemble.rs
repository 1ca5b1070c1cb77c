//! What Postgres keeps of an investigation, put together again: evidence, and the whole answer.

use std::sync::Arc;

use diagnosis::{
    Diagnosis, Evidence, Step,
    api::{Investigation, Run, RunState, StepView},
    bundle::{self, Bundle},
    evidence::Part,
    tables::tables,
};
use sqlx::PgConnection;

use crate::db::{
    answers, events,
    investigations::Row,
    notes, observations,
    parts::{self, Kept},
    runs::{self, Until},
};

/// The parts and observations of the investigation's window folded together. The same rows give the
/// same evidence.
pub async fn evidence(db: &mut PgConnection, row: &Row) -> sqlx::Result<Evidence> {
    evidence_until(db, row, Until::newest(row.window)).await
}

/// The evidence as it was after a run, with the answers of today.
pub async fn evidence_until(
    db: &mut PgConnection,
    row: &Row,
    until: Until,
) -> sqlx::Result<Evidence> {
    let kept = parts::list(db, row.id, until).await?;
    fold(db, row, until, kept).await
}

/// What the evidence says; `None` where nothing was seen: then there is no verdict either.
pub async fn judged(db: &mut PgConnection, row: &Row) -> sqlx::Result<Option<Diagnosis>> {
    let evidence = evidence(db, row).await?;
    Ok((!evidence.steps.is_empty()).then(|| diagnosis::diagnose(&evidence)))
}

/// Everything that `GET /investigations/{id}` answers. `db` is to be one snapshot.
pub async fn investigation(db: &mut PgConnection, row: Row) -> sqlx::Result<Investigation> {
    let runs = runs::list(db, row.id).await?;
    let until = Until::newest(row.window);
    let kept = parts::list(db, row.id, until).await?;
    let running = running_steps(&runs, &kept);
    let evidence = Arc::new(fold(db, &row, until, kept).await?);
    let mut judged = judge(evidence.clone()).await?;
    // The calls that were made for another window stay on record beside those that were judged.
    judged.diagnosis.observations = observations::list(db, row.id).await?;
    Ok(Investigation {
        id: row.id.to_string(),
        title: row.title,
        status: row.status,
        practice: row.practice.is_some(),
        owner: row.owner,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
        last_event_id: events::last_id(db, row.id).await?,
        steps: judged
            .tables
            .into_iter()
            .map(|(step, tables)| StepView {
                step,
                running: running.contains(&step),
                tables,
            })
            .collect(),
        diagnosis: judged.diagnosis,
        runs,
        notes: notes::list(db, row.id).await?,
        answers: evidence.answers.clone(),
    })
}

/// The evidence bundle of an investigation. `db` is to be one snapshot.
pub async fn export(db: &mut PgConnection, row: Row) -> sqlx::Result<Bundle> {
    let until = Until::newest(row.window);
    let kept = parts::list(db, row.id, until).await?;
    let observations = observations::recorded(db, row.id, until).await?;
    let newest = observations
        .iter()
        .map(|recorded| recorded.observation.at)
        .max();
    Ok(Bundle {
        bundle_version: bundle::VERSION,
        title: row.title,
        load_balancer: row.load_balancer,
        window: row.window,
        recorded_at: newest.unwrap_or(row.created_at),
        answers: answers::list(db, row.id).await?,
        observations,
        parts: kept.into_iter().map(|kept| kept.part).collect(),
    })
}

struct Judged {
    diagnosis: Diagnosis,
    tables: Vec<(Step, Vec<diagnosis::tables::Table>)>,
}

/// Judging a large access log takes tens of milliseconds: not where connections are served.
async fn judge(evidence: Arc<Evidence>) -> sqlx::Result<Judged> {
    tokio::task::spawn_blocking(move || Judged {
        diagnosis: diagnosis::diagnose(&evidence),
        tables: Step::ALL
            .into_iter()
            .map(|step| (step, tables(&evidence, step)))
            .collect(),
    })
    .await
    .map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))
}

async fn fold(
    db: &mut PgConnection,
    row: &Row,
    until: Until,
    kept: Vec<Kept>,
) -> sqlx::Result<Evidence> {
    let observations = observations::of_window(db, row.id, until).await?;
    // "Now" is when the newest call was made, also for evidence that was recorded long ago.
    let first = observations.first().map(|observation| observation.at);
    let observed_at = first.unwrap_or(row.created_at);
    let mut evidence = Evidence::new(row.load_balancer.clone(), until.window, observed_at);
    for kept in kept {
        evidence.absorb(kept.part);
    }
    for observation in observations {
        evidence.observe(observation);
    }
    evidence.answers = answers::list(db, row.id).await?;
    Ok(evidence)
}

/// The steps of the run under way that it has not ended yet.
fn running_steps(runs: &[Run], kept: &[Kept]) -> Vec<Step> {
    let Some(run) = runs.iter().find(|run| run.state == RunState::Running) else {
        return Vec::new();
    };
    let ended = |wanted: Step| {
        kept.iter().any(|kept| {
            kept.run == run.n && matches!(kept.part, Part::StepEnded { step, .. } if step == wanted)
        })
    };
    run.steps
        .iter()
        .copied()
        .filter(|step| !ended(*step))
        .collect()
}
