//! The codes of the window other than 502: what each means, who made it, what its rows show, and which
//! findings explain how many.
//!
//! A code has several documented causes ([V] DOC-TS where no other grade stands beside it). What the
//! rows say is sorted by what tells these apart, each row into exactly one [`Sign`]; the causes that
//! are faults of ours have a rule, and its finding explains them.

mod counted;
mod means;
mod signs;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    case::Case,
    document::{Finding, Strength},
};

/// One code other than 502 that the window's requests were answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Neighbour {
    /// `504`. Without an access log also `4XX` and `5XX`: what CloudWatch counts together.
    pub code: String,
    /// `made_by_load_balancer + made_by_target`; never 0.
    pub count: u64,
    pub made_by_load_balancer: u64,
    /// The target's own answer, which the load balancer passed on.
    pub made_by_target: u64,
    /// When a load balancer answers so, in one sentence; a grade stands where a part of it is not AWS's
    /// own word.
    pub means: String,
    /// What tells its causes apart; together they count each answer once.
    pub seen: Vec<Sign>,
    /// Which findings account for how many, most first.
    pub explained: Vec<ExplainedBy>,
    /// Made by the load balancer, explained by no finding, and not what a rule of the listener says
    /// (the sign `fixed-response`).
    pub unexplained: u64,
    /// What to do next, where something is unexplained; else empty.
    pub look_at: String,
}

/// What some answers of a code have in common, and which of its causes that points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sign {
    /// `connect-timed-out`; AWS's own word where the log gives one (`WAFConnectionTimeout`).
    pub id: String,
    pub count: u64,
    /// What these rows show.
    pub shows: String,
    /// What that points to.
    pub tells: String,
}

/// What one rule's findings account for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplainedBy {
    /// The rule's id.
    pub rule: String,
    /// Of the surest of them.
    pub strength: Strength,
    pub count: u64,
}

/// The sign of answers that a rule of the listener gives.
pub const FIXED_RESPONSE: &str = "fixed-response";

/// The sign of answers that are the target's own.
pub const PASSED_ON: &str = "passed-on";

/// Every code of the window that an error stands behind, in order.
pub(crate) fn of(case: &Case<'_>, findings: &[Finding]) -> Vec<Neighbour> {
    counted::counted(case)
        .iter()
        .map(|counted| {
            let code = counted.code.name();
            let explained = explained(&code, findings);
            let sum: u64 = explained.iter().map(|by| by.count).sum();
            let seen = signs::signs(case, counted);
            let as_told = seen.iter().find(|sign| sign.id == FIXED_RESPONSE);
            let unexplained = counted
                .by_load_balancer
                .saturating_sub(sum + as_told.map_or(0, |sign| sign.count));
            let look_at = match (unexplained, counted.by_target) {
                (0, 0) => "",
                (0, _) if counted.by_load_balancer > 0 => "",
                (0, _) => means::IN_THE_APPLICATION,
                _ => means::look_at(counted.code, case.is_classic()),
            };
            Neighbour {
                count: counted.by_load_balancer + counted.by_target,
                made_by_load_balancer: counted.by_load_balancer,
                made_by_target: counted.by_target,
                means: means::means(counted.code, case.is_classic()).to_owned(),
                seen,
                explained,
                unexplained,
                look_at: look_at.to_owned(),
                code,
            }
        })
        .collect()
}

fn explained(code: &str, findings: &[Finding]) -> Vec<ExplainedBy> {
    let mut by_rule: BTreeMap<&str, (Strength, u64)> = BTreeMap::new();
    for finding in findings {
        let n = finding.explains_neighbours.get(code).copied().unwrap_or(0);
        if n > 0 {
            let (strength, sum) = by_rule
                .entry(&finding.rule)
                .or_insert((finding.strength, 0));
            *strength = finding.strength.max(*strength);
            *sum += n;
        }
    }
    let mut explained: Vec<ExplainedBy> = by_rule
        .into_iter()
        .map(|(rule, (strength, count))| ExplainedBy {
            rule: rule.to_owned(),
            strength,
            count,
        })
        .collect();
    explained.sort_by_key(|by| std::cmp::Reverse(by.count));
    explained
}

#[cfg(test)]
mod tests;
