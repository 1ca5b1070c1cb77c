//! How far each step got.

use crate::{
    document::StepState,
    evidence::Evidence,
    need::{self, Need},
    observation::Outcome,
    step::Step,
};

/// `not_run` until the step has ended once; `failed` when none of its calls was answered; `done` when
/// all were, and nothing that it reads has a hole.
pub fn state(evidence: &Evidence, step: Step) -> StepState {
    let Some(used) = evidence.steps.get(&step) else {
        return StepState::NotRun;
    };
    let seen = used
        .iter()
        .filter(|n| {
            evidence
                .observations
                .binary_search_by_key(*n, |observation| observation.n)
                .is_ok_and(|place| evidence.observations[place].outcome == Outcome::Seen)
        })
        .count();
    if seen == 0 && !used.is_empty() {
        StepState::Failed
    } else if seen < used.len() || has_holes(evidence, step) {
        StepState::Partial
    } else {
        StepState::Done
    }
}

fn has_holes(evidence: &Evidence, step: Step) -> bool {
    Need::of(step).iter().any(|need| {
        // Logs that are off were read in full: there is nothing to read.
        let nothing_to_read = *need == Need::AccessLog && need::access_logs_are_off(evidence);
        // What is delivered late was read as far as it was there: all calls of the step were answered.
        let is_only_late = *need == Need::CloudTrail && evidence.cloudtrail.whole().is_some();
        !nothing_to_read && !is_only_late && !need.missing(evidence).is_empty()
    })
}
