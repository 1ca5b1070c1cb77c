//! The evidence bundle: everything that was observed in one investigation, in one JSON file, so
//! that it can be replayed through [`crate::diagnose`] anywhere without AWS.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    evidence::{Evidence, LoadBalancer, Part, Window},
    observation::Observation,
};

/// The format that this build writes and the newest that it reads.
pub const VERSION: u32 = 1;

/// One investigation's evidence with the calls that it came from: what `lb502 export` writes, what
/// an import reads, and what the practice incidents are. No findings: they follow from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// See [`VERSION`].
    pub bundle_version: u32,
    pub title: String,
    pub load_balancer: LoadBalancer,
    pub window: Window,
    pub recorded_at: DateTime<Utc>,
    pub answers: BTreeMap<String, String>,
    pub observations: Vec<RecordedObservation>,
    pub parts: Vec<Part>,
}

/// A call with what was asked and what came back, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedObservation {
    #[serde(flatten)]
    pub observation: Observation,
    pub asked: serde_json::Value,
    pub answered: serde_json::Value,
}

impl Bundle {
    pub fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::new(self.load_balancer.clone(), self.window, self.recorded_at);
        for part in &self.parts {
            evidence.absorb(part.clone());
        }
        for recorded in &self.observations {
            evidence.observe(recorded.observation.clone());
        }
        evidence.answers.clone_from(&self.answers);
        evidence
    }
}
