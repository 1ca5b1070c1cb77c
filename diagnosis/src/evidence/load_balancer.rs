//! The load balancer itself.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// Classic load balancers have no ARN of their own in the API: theirs is composed
    /// (`arn:aws:elasticloadbalancing:region:account:loadbalancer/name`).
    pub arn: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: LoadBalancerType,
    pub region: String,
    pub account: String,
    pub dns_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `ipv4`, `dualstack`, `dualstack-without-public-ipv4`.
    pub ip_address_type: String,
    pub vpc_id: String,
    /// `active`, `provisioning`, `active_impaired`, `failed`; empty on Classic.
    pub state: String,
    pub state_reason: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    /// The zones that the load balancer uses, each with its subnet.
    pub zones: Vec<Zone>,
    pub security_groups: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancerType {
    #[default]
    Application,
    Classic,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// `eu-west-1a`
    pub name: String,
    pub subnet_id: String,
}

/// Defaults are AWS's own and are filled in by the collector only where AWS says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerAttributes {
    /// Seconds, 1–4000, default 60.
    pub idle_timeout: u32,
    /// Seconds, 60–604800, default 3600. `None` on Classic.
    pub client_keep_alive: Option<u32>,
    pub access_logs: LogDelivery,
    pub connection_logs: Option<LogDelivery>,
    pub health_check_logs: Option<LogDelivery>,
    pub cross_zone: Option<bool>,
    /// `monitor`, `defensive` or `strictest`.
    pub desync_mitigation_mode: Option<String>,
    pub drop_invalid_header_fields: Option<bool>,
    pub http2: Option<bool>,
    /// Classic: connection draining, seconds, `None` when off.
    pub connection_draining: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogDelivery {
    pub enabled: bool,
    pub bucket: String,
    pub prefix: String,
}
