//! One AWS call and its outcome: the unit of proof that findings cite.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::step::Step;

/// One AWS call that was made, however it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observation {
    /// Counts from 1 within an investigation, in the order in which the calls started.
    pub n: u32,
    /// The step that asked first; later steps of the same run share the answer.
    pub step: Step,
    /// The service's name in IAM actions: `elasticloadbalancing`, `ec2`, `cloudwatch`…
    pub service: String,
    /// The API operation: `DescribeTargetHealth`.
    pub operation: String,
    pub region: String,
    pub at: DateTime<Utc>,
    pub took_ms: u64,
    pub outcome: Outcome,
    /// One line: what came back ("4 targets, 1 unhealthy") or why nothing did.
    pub detail: String,
    /// The `aws …` command that repeats the call.
    pub cli: String,
}

impl Observation {
    /// The IAM action that the call needs: `elasticloadbalancing:DescribeTargetHealth`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

/// How a call ended. Anything but `Seen` can only lead to `cannot_tell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Seen,
    /// IAM (or the resource's own policy) refused the action.
    Denied,
    /// Throttled out, timed out, cut short, or an error of the service.
    Failed,
}
