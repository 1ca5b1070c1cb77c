//! What a run saw, written down: rows and events become visible together.

use chrono::{DateTime, Utc};
use diagnosis::{
    api::{DeliveryCause, EventKind, FindingLine, Run, RunState},
    document::{Diagnosis, StepState, Verdict},
    evidence::Part,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Job;
use crate::{
    app::App,
    assemble,
    collect::Progress,
    db::{
        self, deliveries, events,
        investigations::{self, Row},
        observations, parts, runs,
    },
};

/// The most that is kept of one call's answer, in bytes of JSON.
const ANSWER_MAX: usize = 64 << 10;

/// One transaction for the whole batch. `false`: the run is no longer ours to write.
pub(super) async fn progress(app: &App, job: &Job, batch: &[Progress]) -> sqlx::Result<bool> {
    let id = job.investigation.id;
    let mut tx = app.db.begin().await?;
    if investigations::lock(&mut tx, id).await?.is_none()
        || runs::hold(&mut tx, id, job.run, app.runs.process)
            .await?
            .is_none()
    {
        return Ok(false);
    }
    for progress in batch {
        if let Some(kind) = keep(&mut tx, job, progress).await? {
            events::append(&mut tx, id, &kind, None, db::now()).await?;
        }
    }
    tx.commit().await.map(|()| true)
}

/// The last word of a run: its state, what it led to, and the event that says so.
pub(super) async fn end(
    app: &App,
    id: Uuid,
    run: u32,
    state: RunState,
    reason: Option<&str>,
) -> sqlx::Result<()> {
    let mut tx = app.db.begin().await?;
    let Some(row) = investigations::lock(&mut tx, id).await? else {
        return Ok(());
    };
    let now = db::now();
    let Some(run) = runs::end(&mut tx, id, run, state, reason, now).await? else {
        return Ok(());
    };
    let judged = assemble::judged(&mut tx, &row).await?;
    let before = investigations::judge(&mut tx, id, judged.as_ref(), now).await?;
    let kind = run_ended(run, judged.as_ref());
    events::append(&mut tx, id, &kind, None, now).await?;
    tell(app, &mut tx, &row, before, judged.as_ref(), now).await?;
    tx.commit().await?;
    app.wake_webhook();
    Ok(())
}

/// Writes the webhook's message where the verdict is another than after the run before.
async fn tell(
    app: &App,
    db: &mut PgConnection,
    row: &Row,
    before: Option<Verdict>,
    judged: Option<&Diagnosis>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if let (Some(webhook), Some(before), Some(judged)) = (&app.webhook, before, judged)
        && before != judged.verdict
        && row.practice.is_none()
    {
        let body = webhook.verdict_changed(row.id, &row.title, before, judged);
        let cause = DeliveryCause::VerdictChanged;
        deliveries::insert(db, row.id, cause, &body, now).await?;
    }
    Ok(())
}

/// The event of a run's end; `None`: it saw nothing.
pub(crate) fn run_ended(run: Run, judged: Option<&Diagnosis>) -> EventKind {
    EventKind::RunEnded {
        run,
        verdict: judged.map_or(Verdict::CannotTell, |judged| judged.verdict),
        findings: judged.map_or_else(Vec::new, FindingLine::of),
    }
}

/// Keeps one thing that happened, and says which event tells of it.
async fn keep(
    db: &mut PgConnection,
    job: &Job,
    progress: &Progress,
) -> sqlx::Result<Option<EventKind>> {
    let id = job.investigation.id;
    Ok(Some(match progress {
        Progress::StepStarted(step) => EventKind::StepStarted { step: *step },
        Progress::CallStarted {
            n,
            step,
            service,
            operation,
            region,
        } => EventKind::ObservationStarted {
            n: *n,
            step: *step,
            service: service.clone(),
            operation: operation.clone(),
            region: region.clone(),
        },
        Progress::CallEnded {
            observation,
            asked,
            answered,
        } => {
            let answered = bounded(answered);
            observations::upsert(db, id, job.run, observation, asked, &answered).await?;
            EventKind::ObservationEnded {
                observation: observation.clone(),
            }
        }
        Progress::Part(part) => {
            parts::upsert(db, id, job.run, part).await?;
            let Part::StepEnded { step, .. } = part else {
                return Ok(None);
            };
            let evidence = assemble::evidence(db, &job.investigation).await?;
            let state = diagnosis::diagnose(&evidence)
                .steps
                .iter()
                .find(|result| result.step == *step)
                .map_or(StepState::NotRun, |result| result.state);
            EventKind::StepEnded { step: *step, state }
        }
    }))
}

/// An answer that is too large is kept as the beginning of its text.
fn bounded(answered: &Value) -> Value {
    let text = answered.to_string();
    if text.len() <= ANSWER_MAX {
        return answered.clone();
    }
    // Quotes and backslashes are escaped once more inside a string: half leaves room for that.
    json!({ "cut_after_bytes": ANSWER_MAX / 2, "beginning": text[..text.floor_char_boundary(ANSWER_MAX / 2)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_answer_is_cut_between_characters() {
        let small = json!({"a": "é"});
        assert_eq!(bounded(&small), small);
        let large = bounded(&json!("é\"".repeat(ANSWER_MAX)));
        assert!(large["beginning"].as_str().unwrap().starts_with("\"é"));
        assert!(large.to_string().len() <= ANSWER_MAX + 64);
    }
}
