//! Lambda targets.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaFunction {
    pub arn: String,
    /// The group it is registered in: one function may stand in several, and its policy may let the
    /// load balancer in for one of them only.
    pub target_group_arn: Option<String>,
    /// Seconds.
    pub timeout: Option<u32>,
    /// MB.
    pub memory: Option<u32>,
    pub runtime: Option<String>,
    /// `Active`, `Inactive`, `Pending`, `Failed`.
    pub state: Option<String>,
    /// Why the state is what it is, as `EniLimitExceeded`, `SubnetOutOfIPAddresses`, `KMSKeyNotFound`.
    pub state_reason: Option<String>,
    /// `Successful`, `Failed`, `InProgress`.
    pub last_update_status: Option<String>,
    /// In the same words as `state_reason`.
    pub last_update_reason: Option<String>,
    /// `None` where it shares the account's concurrency, or where that was not seen (see `gap`).
    pub reserved_concurrency: Option<u32>,
    /// In its VPC; empty where it is attached to none.
    pub vpc_subnet_ids: Vec<String>,
    /// Whether the resource policy lets `elasticloadbalancing.amazonaws.com` invoke it for this
    /// target group; `None` when the policy could not be read.
    pub invoke_allowed: Option<bool>,
    pub gap: Option<String>,
}
