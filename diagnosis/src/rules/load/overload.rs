//! What the rules about capacity share: which errors load could explain, and whether a narrower
//! cause of the step is seen to be absent.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    case::{Case, bounded},
    document::{RuleAnswer, Strength},
    evidence::access_log::FaultRow,
    rule::{Claims, Rule},
    words,
};

/// Errors that the load balancer made because a target did not deliver. A Classic load balancer
/// answers 503 where it has no room left.
pub(super) fn could_be_load(case: &Case<'_>, row: &FaultRow) -> bool {
    let code = match row.elb_status_code {
        502 | 504 => true,
        503 => case.is_classic(),
        _ => false,
    };
    code && row.target_status_code.is_none()
}

/// Every error is known and none of them could be load.
pub(super) fn nothing_to_explain(case: &Case<'_>) -> bool {
    let no_502 =
        case.load_balancer_502s() == Some(0) && case.missing_rows_of_known_log().is_empty();
    no_502 && !case.rows().iter().any(|row| could_be_load(case, row))
}

/// Of so much of the errors, per cent, on one target of several it is said that they are that
/// target's own. [I]
const ONE_TARGET_PERCENT: u64 = 80;

/// And if it serves no more than this of the group's requests, per cent. [I]
const SERVES_AT_MOST_PERCENT: u64 = 60;

/// Whether the errors at these places lie on one target of several: load comes to all of them.
pub(super) fn on_one_target(case: &Case<'_>, places: &[usize]) -> bool {
    let Some(log) = case.access_log() else {
        return false;
    };
    let mut errors: BTreeMap<&str, u64> = BTreeMap::new();
    let mut total = 0_u64;
    for place in places {
        let row = &case.rows()[*place];
        total += bounded(row.count);
        if let Some(target) = &row.target {
            *errors.entry(target).or_default() += bounded(row.count);
        }
    }
    let Some((worst, most)) = errors.into_iter().max_by_key(|(_, n)| *n) else {
        return false;
    };
    let Some(own) = log.targets.iter().find(|counts| counts.target == worst) else {
        return false;
    };
    let of_group: u64 = log
        .targets
        .iter()
        .filter(|counts| counts.target_group_arn == own.target_group_arn && counts.target != "-")
        .map(|counts| bounded(counts.requests))
        .sum();
    words::percent(most, total) >= ONE_TARGET_PERCENT
        && words::percent(bounded(own.requests), of_group) <= SERVES_AT_MOST_PERCENT
}

/// What narrower rules say.
#[derive(Default)]
pub(super) struct Narrower {
    /// Titles of what they found, likely at least.
    pub(super) found: Vec<String>,
    /// The rows that these claim.
    pub(super) rows: BTreeSet<usize>,
    /// What they lack, where they cannot tell.
    pub(super) open: Vec<String>,
}

impl Narrower {
    pub(super) fn of<'r>(case: &Case<'_>, rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let mut narrower = Self::default();
        for rule in rules {
            let answer = (rule.check)(case);
            for finding in &answer.findings {
                if finding.strength > Strength::Possible {
                    narrower.found.push(finding.title.clone());
                    if let Claims::Rows(rows) = &finding.claims {
                        narrower.rows.extend(rows);
                    }
                }
            }
            if answer.answer() == RuleAnswer::CannotTell {
                // Containers outside ECS and foreign addresses have no CPU that anybody could ask
                // for: that is no hole in what was seen.
                let open = answer.missing.into_iter();
                narrower
                    .open
                    .extend(open.filter(|words| words != super::target_cpu_saturated::NO_CPU));
            }
        }
        narrower
    }
}
