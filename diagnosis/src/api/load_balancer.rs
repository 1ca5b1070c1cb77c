use serde::{Deserialize, Serialize};

use crate::evidence::LoadBalancerType;

/// `GET /load-balancers?region=&q=`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoadBalancerList {
    pub region: String,
    /// Most 502s first, then by name.
    pub load_balancers: Vec<LoadBalancerSummary>,
    /// What could not be seen (a denied action, a throttled call), in words.
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoadBalancerSummary {
    pub arn: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: LoadBalancerType,
    pub region: String,
    pub dns_name: String,
    pub scheme: String,
    /// `active`…; empty on Classic.
    pub state: String,
    /// `None` when CloudWatch could not be asked.
    pub http_502_last_hour: Option<u64>,
    /// `None` when target health could not be asked.
    pub targets: Option<TargetCount>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetCount {
    pub healthy: u32,
    pub registered: u32,
}
