//! Registered targets: what the load balancer thinks of them, and what EC2 knows of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    /// Instance id, IP address, or function ARN.
    pub id: String,
    pub port: Option<u16>,
    /// `eu-west-1a`, or `all` for an IP outside the VPC.
    pub zone: Option<String>,
    /// `initial`, `healthy`, `unhealthy`, `unhealthy.draining`, `unused`, `draining`, `unavailable`;
    /// Classic is mapped: `InService` → `healthy`, `OutOfService` → `unhealthy`, `Unknown` → `unavailable`.
    pub state: String,
    /// `Target.Timeout`, `Target.ResponseCodeMismatch`…; Classic `ELB`, `Instance`.
    pub reason: Option<String>,
    pub description: Option<String>,
    pub health_check_port: Option<String>,
    /// `normal` or `anomalous`.
    pub anomaly: Option<String>,
    /// `zonal_shift_active`…
    pub administrative_override: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    /// `running`, `stopped`, `terminated`…; `missing` where EC2 no longer knows the id.
    pub state: String,
    /// "User initiated (2026-11-20 03:12:44 GMT)"
    pub state_reason: Option<String>,
    pub zone: Option<String>,
    pub subnet_id: Option<String>,
    pub vpc_id: Option<String>,
    pub private_ips: Vec<String>,
    pub ipv6_addresses: Vec<String>,
    pub security_groups: Vec<String>,
    pub instance_type: Option<String>,
    pub launched_at: Option<DateTime<Utc>>,
    /// EC2 status checks: `ok`, `impaired`, `initializing`, `insufficient-data`, `not-applicable`.
    pub system_status: Option<String>,
    pub instance_status: Option<String>,
}
