use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    document::{Diagnosis, LoadBalancerRef, Verdict},
    evidence::Window,
    observation::Observation,
    step::Step,
    tables::Table,
};

/// `POST /investigations`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvestigation {
    /// Name, ARN, DNS name or URL.
    pub load_balancer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// RFC 3339. With `to`; else `last`; else the last hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// `15m`, `1h`, `24h`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// `PATCH /investigations/{id}`; needs If-Match with the investigation's ETag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchInvestigation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    Mitigated,
    Resolved,
}

impl Status {
    /// The word that it has in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }
}

/// One incident's session, whole. Also the body of 201 and of PATCH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Investigation {
    pub id: String,
    pub title: String,
    pub status: Status,
    /// Replayed from recorded evidence: nothing was asked of AWS.
    pub practice: bool,
    pub owner: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Grows with every change; the ETag is `"<version>"`.
    pub version: i64,
    /// The id of the newest event that this answer includes: where to resume the stream.
    pub last_event_id: i64,
    /// What the evidence of the runs so far says. Before the first run: every step `not_run`.
    pub diagnosis: Diagnosis,
    /// All six, in order.
    pub steps: Vec<StepView>,
    /// Newest first.
    pub runs: Vec<Run>,
    /// Oldest first.
    pub notes: Vec<Note>,
    pub answers: BTreeMap<String, String>,
}

/// What the page shows of a step beside `diagnosis.steps[…]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepView {
    pub step: Step,
    /// A run is working on it now.
    pub running: bool,
    pub tables: Vec<Table>,
}

/// `GET /investigations?status=&load_balancer=&q=&cursor=`, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvestigationList {
    pub investigations: Vec<InvestigationSummary>,
    /// Pass it as `cursor` for the next page; `None` on the last.
    pub next_cursor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvestigationSummary {
    pub id: String,
    pub title: String,
    pub status: Status,
    pub practice: bool,
    pub load_balancer: LoadBalancerRef,
    pub window: Window,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// `None` before the first run ended.
    pub verdict: Option<Verdict>,
    /// Title of the first finding.
    pub first_finding: Option<String>,
}

/// `GET /investigations/{id}/seen-before`: those of the same load balancer first, then newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenBefore {
    pub investigations: Vec<Alike>,
}

/// An earlier investigation that has something in common with this one, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alike {
    pub id: String,
    pub title: String,
    pub status: Status,
    pub owner: Option<String>,
    /// Its load balancer's name.
    pub load_balancer: String,
    pub same_load_balancer: bool,
    pub same_first_finding: bool,
    /// Title of its first finding.
    pub first_finding: Option<String>,
    pub window: Window,
    pub created_at: DateTime<Utc>,
    /// When it became mitigated or resolved.
    pub settled_at: Option<DateTime<Utc>>,
    /// Who said so.
    pub settled_by: Option<String>,
    /// The newest note: mostly what was done in the end.
    pub last_note: Option<String>,
}

/// 202 of `POST …/run` and `POST …/steps/{step}/run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Started {
    pub run: Run,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Run {
    /// Counts from 1 within the investigation.
    pub n: u32,
    pub steps: Vec<Step>,
    pub state: RunState,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed or was interrupted.
    pub reason: Option<String>,
    /// The window that it looked at; `None` where that was not kept yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Running,
    Done,
    /// By a person.
    Cancelled,
    /// The server stopped in the middle; running again completes it.
    Interrupted,
    /// Could not begin: no credentials, load balancer gone.
    Failed,
}

/// `POST /investigations/{id}/notes`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateNote {
    /// 1–10,000 characters.
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Note {
    pub id: String,
    pub step: Option<Step>,
    pub text: String,
    pub author: Option<String>,
    pub at: DateTime<Utc>,
}

/// `GET /investigations/{id}/observations/{n}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObservationDetail {
    pub observation: Observation,
    /// The call's input.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub asked: serde_json::Value,
    /// What came back, as evidence (not AWS's raw bytes), cut at 64 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub answered: serde_json::Value,
}
