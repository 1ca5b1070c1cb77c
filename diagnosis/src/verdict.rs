//! Ranking of findings and the verdict of an investigation.

use crate::{
    document::{Diagnosis, Ledger, LoadBalancerRef, StepResult, StepState, Verdict},
    evidence::Evidence,
    step::Step,
};

pub fn judge(evidence: &Evidence) -> Diagnosis {
    let load_balancer = &evidence.load_balancer;
    Diagnosis {
        load_balancer: LoadBalancerRef {
            arn: load_balancer.arn.clone(),
            name: load_balancer.name.clone(),
            kind: load_balancer.kind,
            region: load_balancer.region.clone(),
            account: load_balancer.account.clone(),
        },
        window: evidence.window,
        ledger: Ledger::default(),
        verdict: Verdict::CannotTell,
        in_words: String::new(),
        missing: Vec::new(),
        findings: Vec::new(),
        steps: Step::ALL
            .map(|step| StepResult {
                step,
                state: StepState::NotRun,
                rules: Vec::new(),
            })
            .into(),
        observations: evidence.observations.clone(),
    }
}
