use serde::{Deserialize, Serialize};

use super::investigation::Run;
use crate::{
    document::{LedgerSource, RuleAnswer, Strength, Verdict},
    evidence::Window,
    step::Step,
};

/// `GET /investigations/{id}/compare?from=&to=`: what two runs saw differently. People's answers are
/// those of today on both sides, so that what differs is what AWS showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    pub from: RunSide,
    pub to: RunSide,
    pub errors: ErrorsCompared,
    /// Findings that came, went, moved, or could be judged on one side only; those of `to` first, as
    /// they are ranked there.
    pub findings: Vec<FindingChange>,
    /// Findings that stand on both sides and did not move.
    pub findings_unchanged: u32,
    /// Rules that answer differently, in the order of the rule book.
    pub rules: Vec<RuleChange>,
    /// What AWS showed differently.
    pub settings: Vec<SettingChange>,
    /// Differences past the bound of `settings`.
    pub settings_left_out: u64,
    /// What one side, or neither, saw in full: nothing is said of what differs there.
    pub not_seen: Vec<NotSeen>,
    pub not_seen_left_out: u64,
}

/// One of the two runs, with the evidence as it was after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSide {
    pub run: Run,
    pub window: Window,
    pub verdict: Verdict,
    pub in_words: String,
    /// Steps that this run did not ask again: what they saw is from an earlier run.
    pub carried_over: Vec<Step>,
    /// Steps that neither this run nor an earlier one of the same window ran.
    pub not_run: Vec<Step>,
}

/// 502s and requests on both sides, from the same source where both have one in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorsCompared {
    pub from: ErrorCount,
    pub to: ErrorCount,
    /// Whether the two may be held against each other.
    pub comparable: bool,
    /// What the two come to, or why they cannot be compared.
    pub in_words: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorCount {
    pub source: LedgerSource,
    /// 502s; `None` where nothing counted them.
    pub made_by_load_balancer: Option<u64>,
    /// 502s; `None` from metrics, which have no count of them.
    pub made_by_target: Option<u64>,
    /// Log lines, or `RequestCount`.
    pub requests: Option<u64>,
    /// The 502s that were counted, per request.
    pub rate: Option<f64>,
    /// What keeps the count from being complete.
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingChange {
    /// The rule's id.
    pub rule: String,
    pub step: Step,
    pub title: String,
    pub change: FindingMove,
    /// `None` where it does not stand there.
    pub from: Option<FindingPlace>,
    pub to: Option<FindingPlace>,
    /// Where it does not stand: what its rule answers there.
    pub because: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingMove {
    Came,
    Went,
    /// Strength, the 502s that it explains, or its rank is another; or on one side it was folded
    /// into another finding as its trace.
    Moved,
    /// It stands in `to`; in `from` its rule could not tell.
    NotJudgedBefore,
    /// It stood in `from`; in `to` its rule cannot tell.
    NotJudgedAfter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingPlace {
    /// From 1: the answer.
    pub rank: u32,
    pub strength: Strength,
    /// 502s that it accounts for.
    pub explains: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleChange {
    /// The rule's id.
    pub rule: String,
    pub step: Step,
    pub from: RuleAnswer,
    pub to: RuleAnswer,
    /// Why it answers so in `to`.
    pub because: String,
}

/// One difference, in AWS's own names. All text is AWS's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingChange {
    /// `target group web`
    #[serde(rename = "where")]
    pub place: String,
    /// `HealthCheckPath`, or the list that something was added to or left: `TargetHealthDescriptions`.
    pub field: String,
    /// `None`: not set, or not in the list.
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotSeen {
    pub what: String,
    /// Why `from` did not see it in full; `None` where it did.
    pub from: Option<String>,
    pub to: Option<String>,
}
