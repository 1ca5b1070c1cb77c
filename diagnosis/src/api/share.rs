use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::investigation::Status;
use crate::{
    coverage::Coverage,
    document::{Fix, Ledger, LoadBalancerRef, RawRow, RuleResult, StepState, Strength, Verdict},
    evidence::Window,
    observation::Outcome,
    skew::SkewAnswer,
    step::Step,
    tables::Table,
    what_changed::ChangeSource,
};

mod project;

/// `POST /investigations/{id}/share-links`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateShareLink {
    #[serde(default)]
    pub mode: ShareMode,
    #[serde(default)]
    pub masking: Masking,
    /// 1 to 2,160 (90 days); 168 (7 days) where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_hours: Option<u32>,
}

/// What a link shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShareMode {
    /// The investigation as it was when the link was made.
    #[default]
    Frozen,
    /// The investigation as it is, for reading.
    Live,
}

/// What is masked in it; see [`crate::masking`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Masking {
    /// Account ids, client addresses, query strings and user agents.
    #[default]
    Default,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    Open,
    Expired,
    Revoked,
}

/// A link, for the people of the investigation. Never its token: only whoever made it saw that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareLink {
    pub id: String,
    pub mode: ShareMode,
    pub masking: Masking,
    pub state: ShareState,
    pub made_at: DateTime<Utc>,
    /// In their own words; `None` where nobody said. So is `revoked_by`.
    pub made_by: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
    /// How often it was opened.
    pub uses: u64,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// 201 of `POST …/share-links`: the only answer that ever holds the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedShareLink {
    pub link: ShareLink,
    pub token: String,
    /// Where the page shows it, on whatever name this server goes by: `/shared/<token>`.
    pub path: String,
}

/// `GET /investigations/{id}/share-links`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareLinkList {
    /// Newest first, at most 500.
    pub share_links: Vec<ShareLink>,
}

/// A link in one line, as the timeline tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareLinkLine {
    pub id: String,
    pub mode: ShareMode,
    pub masking: Masking,
    pub expires_at: DateTime<Utc>,
}

impl From<&ShareLink> for ShareLinkLine {
    fn from(link: &ShareLink) -> Self {
        Self {
            id: link.id.clone(),
            mode: link.mode,
            masking: link.masking,
            expires_at: link.expires_at,
        }
    }
}

/// `GET /shared/{token}`: everything that leaves through a link, and nothing else. What is not
/// named here stays; a test holds the list of names. What a frozen link shows is kept in this shape: a
/// field that comes later needs a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedInvestigation {
    pub mode: ShareMode,
    pub masking: Masking,
    /// When what it says was so.
    pub as_of: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Where the stream of a live link goes on from.
    pub last_event_id: i64,
    pub title: String,
    pub status: Status,
    pub practice: bool,
    /// A run was under way.
    pub running: bool,
    pub load_balancer: LoadBalancerRef,
    pub window: Window,
    pub ledger: Ledger,
    pub verdict: Verdict,
    pub in_words: String,
    pub missing: Vec<String>,
    pub findings: Vec<SharedFinding>,
    pub neighbours: Vec<SharedNeighbour>,
    pub skew: Vec<SharedSkew>,
    pub coverage: Vec<SharedSource>,
    pub steps: Vec<SharedStep>,
    pub changes: Vec<SharedChange>,
    pub observations: Vec<SharedObservation>,
    pub notes: Vec<SharedNote>,
    pub answers: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedFinding {
    pub rule: String,
    pub step: Step,
    pub strength: Strength,
    pub title: String,
    pub because: String,
    pub explains: u64,
    pub explains_neighbours: BTreeMap<String, u64>,
    pub resources: Vec<String>,
    pub cites: Vec<u32>,
    pub rows: Vec<RawRow>,
    pub explained_by: Option<String>,
    pub fix: Fix,
}

/// Another code of the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedNeighbour {
    pub code: String,
    pub count: u64,
    pub made_by_load_balancer: u64,
    pub made_by_target: u64,
    pub unexplained: u64,
    pub means: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedSkew {
    pub answer: SkewAnswer,
    pub sentence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedSource {
    pub title: String,
    pub state: Coverage,
    pub because: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedStep {
    pub step: Step,
    pub state: StepState,
    pub rules: Vec<RuleResult>,
    pub tables: Vec<Table>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedChange {
    pub at: DateTime<Utc>,
    pub source: ChangeSource,
    pub name: String,
    pub who: String,
    pub in_words: String,
    pub refused: Option<String>,
    /// How the errors followed it.
    pub suspect: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedObservation {
    pub n: u32,
    pub step: Step,
    pub service: String,
    pub operation: String,
    pub region: String,
    pub at: DateTime<Utc>,
    pub took_ms: u64,
    pub outcome: Outcome,
    pub detail: String,
    pub cli: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedNote {
    pub step: Option<Step>,
    pub text: String,
    pub author: Option<String>,
    pub at: DateTime<Utc>,
}
