//! Evidence bundles into the store: an import, and what `lb502 diagnose --save` keeps.

use std::collections::BTreeSet;

use diagnosis::{
    api::{Problem, RunState},
    bundle::{self, Bundle},
    evidence::Part,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    db::{
        self, answers, events,
        investigations::{self, New},
        observations, parts, runs,
    },
    problem::{at, problem},
    runs::write,
};

/// A run makes a few hundred calls.
const OBSERVATIONS_MAX: usize = 20_000;

/// Whether this build can read the bundle, and Postgres keep it.
pub fn check(bundle: &Bundle) -> Result<(), Problem> {
    let refuse = |field: &str, detail: String| {
        Err(at(
            field,
            problem(
                422,
                "bad-bundle",
                "The bundle cannot be used",
                detail,
                "Export it again with lb502 export, with the same lb502 or an older one.",
            ),
        ))
    };
    if bundle.bundle_version == 0 || bundle.bundle_version > bundle::VERSION {
        return refuse(
            "bundle_version",
            format!(
                "The bundle has version {}; this lb502 reads up to {}.",
                bundle.bundle_version,
                bundle::VERSION
            ),
        );
    }
    if bundle.window.from >= bundle.window.to {
        return refuse(
            "window",
            "The bundle's window ends before it starts.".into(),
        );
    }
    if bundle.observations.len() > OBSERVATIONS_MAX {
        return refuse(
            "observations",
            "The bundle holds more than 20,000 calls.".into(),
        );
    }
    let numbers = bundle
        .observations
        .iter()
        .map(|recorded| recorded.observation.n);
    let distinct = numbers.clone().collect::<BTreeSet<_>>();
    let fits = |n: &u32| i32::try_from(*n).is_ok() && *n > 0;
    if distinct.len() != bundle.observations.len() || !distinct.iter().all(fits) {
        return refuse(
            "observations",
            "The bundle's calls are not numbered from 1, each once.".into(),
        );
    }
    Ok(())
}

/// Opens an investigation from it: one run that is done. All or nothing.
pub async fn store(pool: &PgPool, bundle: &Bundle, process: i64) -> sqlx::Result<Uuid> {
    let now = db::now();
    let new = New {
        title: bundle
            .title
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect(),
        practice: None,
        load_balancer: bundle.load_balancer.clone(),
        window: bundle.window,
    };
    let steps = bundle.parts.iter().filter_map(|part| match part {
        Part::StepEnded { step, .. } => Some(*step),
        _ => None,
    });
    let steps = steps
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>();
    let mut tx = pool.begin().await?;
    let id = investigations::insert(&mut tx, &new, now).await?;
    for (question, answer) in &bundle.answers {
        answers::upsert(&mut tx, id, question, answer).await?;
    }
    if !bundle.observations.is_empty() || !bundle.parts.is_empty() {
        let run = runs::insert(&mut tx, id, bundle.window, &steps, process, now).await?;
        for recorded in &bundle.observations {
            let (asked, answered) = (&recorded.asked, &recorded.answered);
            observations::upsert(&mut tx, id, run.n, &recorded.observation, asked, answered)
                .await?;
        }
        for part in &bundle.parts {
            parts::upsert(&mut tx, id, run.n, part).await?;
        }
        let judged = diagnosis::diagnose(&bundle.evidence());
        investigations::judge(&mut tx, id, Some(&judged), now).await?;
        if let Some(run) = runs::end(&mut tx, id, run.n, RunState::Done, None, now).await? {
            let kind = write::run_ended(run, Some(&judged));
            events::append(&mut tx, id, &kind, None, now).await?;
        }
    }
    tx.commit().await?;
    Ok(id)
}
