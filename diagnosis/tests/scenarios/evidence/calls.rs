//! One call for each part.

use chrono::{DateTime, Utc};
use diagnosis::{Evidence, Observation, Step, need::Need, observation::Outcome};

use super::{CALLS, number};

/// One call for each part; every step used those that it reads.
pub(super) fn calls(evidence: &mut Evidence, now: DateTime<Utc>) {
    for (need, service, operation) in CALLS {
        let step = Step::ALL
            .into_iter()
            .find(|step| Need::of(*step).contains(&need))
            .unwrap_or(Step::TargetHealth);
        evidence.observe(Observation {
            n: number(need),
            step,
            service: service.to_owned(),
            operation: operation.to_owned(),
            region: "eu-west-1".to_owned(),
            at: now,
            took_ms: 80,
            outcome: Outcome::Seen,
            detail: need.name().to_owned(),
            cli: format!("aws {service} …"),
        });
    }
    for step in Step::ALL {
        let used = Need::of(step)
            .iter()
            .filter(|need| !need.source(evidence).is_empty())
            .map(|need| number(*need))
            .collect();
        evidence.steps.insert(step, used);
    }
}
