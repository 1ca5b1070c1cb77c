//! The diagnosis document: `GET …/diagnosis` and `lb502 diagnose --json`.
//!
//! Same evidence, same document, byte for byte (but for `took_ms` of a repeated call).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    coverage::Source,
    evidence::{LoadBalancerType, Window},
    keep_alive::KeepAlive,
    neighbours::Neighbour,
    observation::Observation,
    skew::Skew,
    step::Step,
    timeout_chain::TimeoutChain,
    what_changed::DatedChange,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diagnosis {
    pub load_balancer: LoadBalancerRef,
    pub window: Window,
    pub ledger: Ledger,
    /// The other codes of the window, in order: what each means, who made it, what explains it. Those
    /// that the window does not have are not here.
    #[serde(default)]
    pub neighbours: Vec<Neighbour>,
    pub verdict: Verdict,
    /// The verdict in one or two sentences, for people.
    pub in_words: String,
    /// What keeps the verdict from being surer, each with how to get it; most telling first.
    pub missing: Vec<String>,
    /// Ranked: the first is the answer.
    pub findings: Vec<Finding>,
    /// What the targets' keep-alive timeouts seem to be, by target group.
    #[serde(default)]
    pub keep_alive: Vec<KeepAlive>,
    /// From the client inwards who waits how long, which of these numbers break the chain, and which
    /// would be safe.
    #[serde(default)]
    pub timeout_chain: TimeoutChain,
    /// What the 502s are bound to, strongest first, then what they are not bound to.
    #[serde(default)]
    pub skew: Vec<Skew>,
    /// Which sources could be looked at, and how to close each gap.
    #[serde(default)]
    pub coverage: Vec<Source>,
    /// All six, in order.
    pub steps: Vec<StepResult>,
    /// What changed near the window, in order of time; those that the errors follow are suspects.
    #[serde(default)]
    pub changes: Vec<DatedChange>,
    /// How many more there were than stand in `changes`: no suspects, and further from the errors.
    #[serde(default)]
    pub changes_left_out: u64,
    pub observations: Vec<Observation>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoadBalancerRef {
    pub arn: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: LoadBalancerType,
    pub region: String,
    pub account: String,
}

/// Every 502 of the window in exactly one place:
/// `attributed + unexplained == made_by_load_balancer + made_by_target`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ledger {
    pub source: LedgerSource,
    pub made_by_load_balancer: u64,
    pub made_by_target: u64,
    pub attributed: u64,
    pub unexplained: u64,
    /// The other codes of the window, by status code; 503 and 504 are always there when counted.
    pub neighbours: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LedgerSource {
    AccessLog,
    /// Counts per minute only: coarser.
    Metrics,
    #[default]
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    CauseFound,
    LikelyCause,
    NoFaultFound,
    CannotTell,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    pub step: Step,
    pub strength: Strength,
    pub title: String,
    /// The proof in sentences, with its numbers.
    pub because: String,
    /// 502s that this finding accounts for.
    pub explains: u64,
    /// Other codes that it accounts for, by status code.
    pub explains_neighbours: BTreeMap<String, u64>,
    /// ARNs or ids.
    pub resources: Vec<String>,
    /// Observations, by `n`.
    pub cites: Vec<u32>,
    /// Up to three lines of the log that it explains: the first, one of the middle, the last.
    #[serde(default)]
    pub rows: Vec<RawRow>,
    /// Traces of the same fault, as other rules saw them: what they claim, this finding explains.
    #[serde(default)]
    pub also_seen: Vec<AlsoSeen>,
    /// The rule whose finding explains all that this one claims: a fault that stands beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_by: Option<String>,
    pub fix: Fix,
}

/// One line of the log, as logged (at most 2,000 characters), with what decides in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RawRow {
    pub line: String,
    /// In order of their place in the line.
    pub deciding: Vec<DecidingField>,
    /// What the line alone does not say, and other lines do.
    pub computed: Vec<ComputedValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecidingField {
    /// AWS's name of the field.
    pub name: String,
    /// The bytes of `line` (UTF-8) that it takes: `from` inclusive, `to` exclusive.
    pub from: u32,
    pub to: u32,
    /// What it tells here.
    pub tells: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComputedValue {
    pub name: String,
    pub value: String,
    pub tells: String,
}

/// A finding that was folded into another one, because all that it claims is explained there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlsoSeen {
    /// The rule's id.
    pub rule: String,
    pub title: String,
    /// How many faults it claimed.
    pub claimed: u64,
}

/// Ordered from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A fault or risk in the configuration that no observed 502 is tied to.
    Possible,
    /// Signature fits and configuration allows it, but another cause would leave the same trace.
    Likely,
    /// The evidence names this cause for specific 502s, and nothing contradicts it.
    Proven,
}

/// What a person may do; lb502 itself never changes anything in AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fix {
    pub summary: String,
    /// Commands, every value shell-quoted.
    pub cli: Vec<String>,
    /// `https://…console.aws.amazon.com/…`, or empty.
    pub console: String,
    pub terraform: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepResult {
    pub step: Step,
    pub state: StepState,
    pub rules: Vec<RuleResult>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Every call that the step needs was answered in full.
    Done,
    /// Some were denied, failed or cut short.
    Partial,
    /// All were.
    Failed,
    NotRun,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleResult {
    pub rule: String,
    pub answer: RuleAnswer,
    pub because: String,
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleAnswer {
    Found,
    Clear,
    CannotTell,
}
