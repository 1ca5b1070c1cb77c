use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::investigation::{Note, Run};
use crate::{
    document::{StepState, Verdict},
    observation::Observation,
    step::Step,
};

/// One server-sent event of an investigation: `id: <id>`, `event: <kind>`, `data: <this as JSON>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Grows without gaps that matter: resume with Last-Event-ID.
    pub id: i64,
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EventKind {
    RunStarted {
        run: Run,
    },
    StepStarted {
        step: Step,
    },
    ObservationStarted {
        n: u32,
        step: Step,
        service: String,
        operation: String,
        region: String,
    },
    ObservationEnded {
        observation: Observation,
    },
    StepEnded {
        step: Step,
        state: StepState,
    },
    RunEnded {
        run: Run,
        verdict: Verdict,
    },
    NoteAdded {
        note: Note,
    },
    /// Title, status, window, owner or answers changed: fetch the investigation again.
    InvestigationChanged {
        version: i64,
    },
}

impl EventKind {
    /// The `event:` field of the stream, the same word as `kind` in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::StepStarted { .. } => "step_started",
            Self::ObservationStarted { .. } => "observation_started",
            Self::ObservationEnded { .. } => "observation_ended",
            Self::StepEnded { .. } => "step_ended",
            Self::RunEnded { .. } => "run_ended",
            Self::NoteAdded { .. } => "note_added",
            Self::InvestigationChanged { .. } => "investigation_changed",
        }
    }
}
