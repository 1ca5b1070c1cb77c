//! What two runs of an investigation saw differently: verdict, 502s, findings, rules, and what AWS
//! showed of the load balancer and what is behind it.
//!
//! What one side did not see in full is said, and never called removed, cleared or gone.

mod errors;
mod findings;
mod settings;
#[cfg(test)]
mod tests;

use crate::{
    Diagnosis, Evidence, Step,
    api::{Comparison, Run, RunSide},
    case::Case,
    diagnose,
    document::StepState,
};

/// A run, and the evidence as it was after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    pub run: Run,
    pub evidence: Evidence,
}

pub fn compare(from: &Side, to: &Side) -> Comparison {
    let judged = (diagnose(&from.evidence), diagnose(&to.evidence));
    let (findings, findings_unchanged) = findings::findings(&judged.0, &judged.1);
    let settings = settings::differences(&from.evidence, &to.evidence);
    Comparison {
        from: side(from, &judged.0),
        to: side(to, &judged.1),
        errors: errors::compared(&Case::new(&from.evidence), &Case::new(&to.evidence)),
        findings,
        findings_unchanged,
        rules: findings::rules(&judged.0, &judged.1),
        settings: settings.changes,
        settings_left_out: settings.left_out,
        not_seen: settings.not_seen,
        not_seen_left_out: settings.not_seen_left_out,
    }
}

fn side(side: &Side, judged: &Diagnosis) -> RunSide {
    let steps = |wanted: &dyn Fn(Step, StepState) -> bool| {
        let steps = judged.steps.iter();
        steps
            .filter(|result| wanted(result.step, result.state))
            .map(|result| result.step)
            .collect()
    };
    RunSide {
        run: side.run.clone(),
        window: side.evidence.window,
        verdict: judged.verdict,
        in_words: judged.in_words.clone(),
        carried_over: steps(&|step, state| {
            state != StepState::NotRun && !side.run.steps.contains(&step)
        }),
        not_run: steps(&|_, state| state == StepState::NotRun),
    }
}
