//! The one way in which AWS is called.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use chrono::{SubsecRound, Utc};
use diagnosis::{Observation, Observed, Step, observation::Outcome};
use serde::Serialize;
use serde_json::Value;

use super::{
    Aws, Recorder,
    ask::Ask,
    fault::Fault,
    pages::Reading,
    text::{bounded, cut},
};

/// A listing of many pages, retries and all, ends after this long.
const LONGEST: Duration = Duration::from_secs(60);
/// Reading access logs may take longer than any other call.
pub(super) const LONGEST_READ: Duration = Duration::from_secs(180);

impl Aws {
    /// Makes one call (a listing counts as one, with all its pages) and records it. `work` is not
    /// started before its turn.
    pub(super) async fn observe<T: Serialize>(
        &self,
        recorder: &Recorder,
        step: Step,
        ask: Ask,
        work: impl Future<Output = Result<Reading<T>, Fault>> + Send,
    ) -> Observed<T> {
        self.observe_within(LONGEST, recorder, step, ask, work)
            .await
    }

    pub(super) async fn observe_within<T: Serialize>(
        &self,
        longest: Duration,
        recorder: &Recorder,
        step: Step,
        ask: Ask,
        work: impl Future<Output = Result<Reading<T>, Fault>> + Send,
    ) -> Observed<T> {
        // An SDK call's future is large: on the heap, it does not add to the stack of who waits.
        let work: Pin<Box<dyn Future<Output = Result<Reading<T>, Fault>> + Send + '_>> =
            Box::pin(work);
        let permit = tokio::select! {
            biased;
            () = recorder.cancel.cancelled() => None,
            permit = self.lane(ask.call).acquire() => permit.ok(),
        };
        if permit.is_none() {
            return Observed::Failed {
                reason: Fault::Cancelled.to_string(),
                source: Vec::new(),
            };
        }
        let n = recorder.started(step, ask.call, self.region()).await;
        let at = Utc::now().trunc_subsecs(3);
        let started = Instant::now();
        let result = tokio::select! {
            biased;
            result = tokio::time::timeout(longest, work) => result.unwrap_or(Err(Fault::TimedOut)),
            () = recorder.cancel.cancelled() => Err(Fault::Cancelled),
        };
        drop(permit);
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (outcome, detail, answered) = match &result {
            Ok(reading) => (
                reading.fault.as_ref().map_or(Outcome::Seen, outcome),
                reading.detail.clone(),
                answered(reading),
            ),
            Err(fault) => (outcome(fault), words(fault, &ask), Value::Null),
        };
        let observation = Observation {
            n,
            step,
            service: ask.call.service().to_owned(),
            operation: ask.call.operation().to_owned(),
            region: self.region().to_owned(),
            at,
            took_ms,
            outcome,
            detail: cut(&detail, 500),
            cli: ask.cli(self.region()),
        };
        tracing::debug!(
            n,
            operation = ask.call.operation(),
            took_ms,
            outcome = ?observation.outcome,
            "asked AWS"
        );
        let action = ask.call.action();
        recorder
            .ended(observation, bounded(ask.asked), answered)
            .await;
        match result {
            Ok(reading) => Observed::Seen {
                value: reading.value,
                source: vec![n],
                at,
                incomplete: reading.incomplete,
            },
            Err(Fault::Denied { action: told }) => Observed::Denied {
                action: told.unwrap_or_else(|| action.to_owned()),
                source: vec![n],
            },
            Err(fault) => Observed::Failed {
                reason: fault.to_string(),
                source: vec![n],
            },
        }
    }
}

fn outcome(fault: &Fault) -> Outcome {
    match fault {
        Fault::Denied { .. } => Outcome::Denied,
        _ => Outcome::Failed,
    }
}

fn words(fault: &Fault, ask: &Ask) -> String {
    match fault {
        Fault::Denied { action: None } => format!("IAM denies {}", ask.call.action()),
        other => other.to_string(),
    }
}

fn answered<T: Serialize>(reading: &Reading<T>) -> Value {
    reading
        .answered
        .clone()
        .unwrap_or_else(|| bounded(serde_json::to_value(&reading.value).unwrap_or_default()))
}
