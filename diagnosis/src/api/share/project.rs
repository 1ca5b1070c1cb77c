//! What of an investigation leaves through a link, field by field.

use chrono::{DateTime, Utc};

use super::{
    Masking, ShareMode, SharedChange, SharedFinding, SharedInvestigation, SharedNeighbour,
    SharedNote, SharedObservation, SharedSkew, SharedSource, SharedStep,
};
use crate::{
    api::{Investigation, Note, RunState},
    coverage::Source,
    document::{Diagnosis, Finding},
    neighbours::Neighbour,
    observation::Observation,
    skew::Skew,
    step::Step,
    what_changed::DatedChange,
};

impl SharedInvestigation {
    /// Not masked yet: [`crate::masking`] does that to the whole.
    pub fn of(
        investigation: &Investigation,
        mode: ShareMode,
        as_of: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        let diagnosis = &investigation.diagnosis;
        Self {
            mode,
            masking: Masking::None,
            as_of,
            expires_at,
            last_event_id: investigation.last_event_id,
            title: investigation.title.clone(),
            status: investigation.status,
            practice: investigation.practice,
            running: investigation
                .runs
                .iter()
                .any(|run| run.state == RunState::Running),
            load_balancer: diagnosis.load_balancer.clone(),
            window: diagnosis.window,
            ledger: diagnosis.ledger.clone(),
            verdict: diagnosis.verdict,
            in_words: diagnosis.in_words.clone(),
            missing: diagnosis.missing.clone(),
            findings: diagnosis.findings.iter().map(SharedFinding::from).collect(),
            neighbours: diagnosis
                .neighbours
                .iter()
                .map(SharedNeighbour::from)
                .collect(),
            skew: diagnosis.skew.iter().map(SharedSkew::from).collect(),
            coverage: diagnosis.coverage.iter().map(SharedSource::from).collect(),
            steps: steps(investigation, diagnosis),
            changes: diagnosis.changes.iter().map(SharedChange::from).collect(),
            observations: diagnosis
                .observations
                .iter()
                .map(SharedObservation::from)
                .collect(),
            notes: investigation.notes.iter().map(SharedNote::from).collect(),
            answers: investigation.answers.clone(),
        }
    }
}

fn steps(investigation: &Investigation, diagnosis: &Diagnosis) -> Vec<SharedStep> {
    let tables = |step: Step| {
        let views = investigation.steps.iter();
        let mut of_step = views.filter(|view| view.step == step);
        of_step
            .next()
            .map(|view| view.tables.clone())
            .unwrap_or_default()
    };
    let results = diagnosis.steps.iter();
    results
        .map(|result| SharedStep {
            step: result.step,
            state: result.state,
            rules: result.rules.clone(),
            tables: tables(result.step),
        })
        .collect()
}

impl From<&Finding> for SharedFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.clone(),
            step: finding.step,
            strength: finding.strength,
            title: finding.title.clone(),
            because: finding.because.clone(),
            explains: finding.explains,
            explains_neighbours: finding.explains_neighbours.clone(),
            resources: finding.resources.clone(),
            cites: finding.cites.clone(),
            rows: finding.rows.clone(),
            explained_by: finding.explained_by.clone(),
            fix: finding.fix.clone(),
        }
    }
}

impl From<&Neighbour> for SharedNeighbour {
    fn from(neighbour: &Neighbour) -> Self {
        Self {
            code: neighbour.code.clone(),
            count: neighbour.count,
            made_by_load_balancer: neighbour.made_by_load_balancer,
            made_by_target: neighbour.made_by_target,
            unexplained: neighbour.unexplained,
            means: neighbour.means.clone(),
        }
    }
}

impl From<&Skew> for SharedSkew {
    fn from(skew: &Skew) -> Self {
        Self {
            answer: skew.answer,
            sentence: skew.sentence.clone(),
        }
    }
}

impl From<&Source> for SharedSource {
    fn from(source: &Source) -> Self {
        Self {
            title: source.title.clone(),
            state: source.state,
            because: source.because.clone(),
        }
    }
}

impl From<&DatedChange> for SharedChange {
    fn from(change: &DatedChange) -> Self {
        Self {
            at: change.at,
            source: change.source,
            name: change.name.clone(),
            who: change.who.clone(),
            in_words: change.in_words.clone(),
            refused: change.refused.clone(),
            suspect: change.suspect.as_ref().map(|seen| seen.in_words.clone()),
        }
    }
}

impl From<&Observation> for SharedObservation {
    fn from(observation: &Observation) -> Self {
        Self {
            n: observation.n,
            step: observation.step,
            service: observation.service.clone(),
            operation: observation.operation.clone(),
            region: observation.region.clone(),
            at: observation.at,
            took_ms: observation.took_ms,
            outcome: observation.outcome,
            detail: observation.detail.clone(),
            cli: observation.cli.clone(),
        }
    }
}

impl From<&Note> for SharedNote {
    fn from(note: &Note) -> Self {
        Self {
            step: note.step,
            text: note.text.clone(),
            author: note.author.clone(),
            at: note.at,
        }
    }
}
