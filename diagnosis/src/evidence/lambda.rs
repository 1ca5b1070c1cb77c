//! Lambda targets.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaFunction {
    pub arn: String,
    /// Seconds.
    pub timeout: Option<u32>,
    /// MB.
    pub memory: Option<u32>,
    pub runtime: Option<String>,
    /// `Active`, `Inactive`, `Pending`, `Failed`.
    pub state: Option<String>,
    pub last_update_status: Option<String>,
    pub reserved_concurrency: Option<u32>,
    pub vpc_subnet_ids: Vec<String>,
    /// Whether the resource policy lets `elasticloadbalancing.amazonaws.com` invoke it for this
    /// target group; `None` when the policy could not be read.
    pub invoke_allowed: Option<bool>,
    pub gap: Option<String>,
}
