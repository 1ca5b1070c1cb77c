use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    investigation::{Note, Run},
    share::ShareLinkLine,
    watch::WatchState,
};
use crate::{
    document::{Diagnosis, StepState, Strength, Verdict},
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
    /// Who did it, in their own words; `None` for lb502 itself, or where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
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
        /// What the evidence says after it; ranked, at most [`FINDINGS_TOLD`].
        #[serde(default)]
        findings: Vec<FindingLine>,
    },
    NoteAdded {
        note: Note,
    },
    /// A handoff note was sent; it never changes.
    HandoffSent {
        /// Counts from 1 within the investigation.
        n: u32,
        /// The person or role that it is for.
        to: String,
    },
    /// The event's person took over, and is the owner from now on.
    HandoffAccepted {
        n: u32,
    },
    WatchStarted {
        watch: u32,
        fixed_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    },
    /// It came to a result, or a person stopped it.
    WatchEnded {
        watch: u32,
        state: WatchState,
        in_words: String,
    },
    /// Title, status, window, owner or answers changed: fetch the investigation again.
    InvestigationChanged {
        version: i64,
        #[serde(default)]
        changes: Vec<FieldChange>,
    },
    /// Somebody made a link for people outside.
    ShareLinkCreated {
        link: ShareLinkLine,
    },
    /// It was opened for the first time; whoever opened it has no name here.
    ShareLinkUsed {
        link: ShareLinkLine,
    },
    ShareLinkRevoked {
        link: ShareLinkLine,
    },
}

/// How many findings the end of a run tells.
pub const FINDINGS_TOLD: usize = 10;

/// A finding in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingLine {
    /// The rule's id.
    pub rule: String,
    pub strength: Strength,
    pub title: String,
    /// 502s that it accounts for.
    pub explains: u64,
}

/// What a person changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// `title`, `status`, `window`, `owner`, or `answers.<question>`.
    pub field: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// `GET /investigations/{id}/timeline`: what happened, oldest first, without the progress of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timeline {
    pub events: Vec<Event>,
    /// Pass it as `after` for the next page; `None` on the last.
    pub next_after: Option<i64>,
}

/// The event `here` of the stream, which has no id and is not kept: who has the investigation open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Here {
    /// Those that have been here longest first; one entry for each open page.
    pub viewers: Vec<Viewer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Viewer {
    /// In their own words; `None` where nobody said.
    pub person: Option<String>,
    pub since: DateTime<Utc>,
}

impl FindingLine {
    pub fn of(diagnosis: &Diagnosis) -> Vec<Self> {
        let lines = diagnosis.findings.iter().map(|finding| Self {
            rule: finding.rule.clone(),
            strength: finding.strength,
            title: finding.title.clone(),
            explains: finding.explains,
        });
        lines.take(FINDINGS_TOLD).collect()
    }
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
            Self::HandoffSent { .. } => "handoff_sent",
            Self::HandoffAccepted { .. } => "handoff_accepted",
            Self::WatchStarted { .. } => "watch_started",
            Self::WatchEnded { .. } => "watch_ended",
            Self::InvestigationChanged { .. } => "investigation_changed",
            Self::ShareLinkCreated { .. } => "share_link_created",
            Self::ShareLinkUsed { .. } => "share_link_used",
            Self::ShareLinkRevoked { .. } => "share_link_revoked",
        }
    }
}
