//! Target groups and how they check and drain.

use serde::{Deserialize, Serialize};

/// On Classic one group stands for the load balancer's registered instances, with the load
/// balancer's name as its ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    pub arn: String,
    pub name: String,
    pub target_type: TargetType,
    /// `HTTP`, `HTTPS`; Classic also `TCP`, `SSL`. `None` for Lambda.
    pub protocol: Option<String>,
    /// `HTTP1`, `HTTP2`, `GRPC`.
    pub protocol_version: Option<String>,
    pub port: Option<u16>,
    pub vpc_id: Option<String>,
    /// `ipv4`, `ipv6`: how nodes connect to targets that are instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    pub health_check: HealthCheck,
    pub load_balancer_arns: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetType {
    #[default]
    Instance,
    Ip,
    Lambda,
    Alb,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub enabled: bool,
    pub protocol: Option<String>,
    /// A number or `traffic-port`.
    pub port: Option<String>,
    pub path: Option<String>,
    /// HTTP or gRPC codes that count as healthy, as `200-299`.
    pub matcher: Option<String>,
    /// Seconds.
    pub interval: u32,
    /// Seconds.
    pub timeout: u32,
    pub healthy_threshold: u32,
    pub unhealthy_threshold: u32,
}

impl HealthCheck {
    /// How long it takes at most until a dead target is called unhealthy, seconds: it dies just after it
    /// passed, every failing check waits an interval, and the last one runs into its time-out. [I], from
    /// what AWS says of the three settings.
    pub fn detection(&self) -> u64 {
        u64::from(self.interval)
            .saturating_mul(u64::from(self.unhealthy_threshold))
            .saturating_add(u64::from(self.timeout))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroupAttributes {
    /// Seconds, 0–3600, default 300.
    pub deregistration_delay: u32,
    /// Seconds, 30–900; 0 is off.
    pub slow_start: u32,
    /// `round_robin`, `least_outstanding_requests`, `weighted_random`.
    pub algorithm: Option<String>,
    pub stickiness: Option<bool>,
    /// `true`, `false` or `use_load_balancer_configuration`.
    pub cross_zone: Option<String>,
    pub lambda_multi_value_headers: Option<bool>,
}
