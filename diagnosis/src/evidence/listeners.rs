//! Listeners and the rules that route from them.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    /// Classic: `name:port`.
    pub arn: String,
    pub port: u16,
    /// `HTTP`, `HTTPS`; Classic also `TCP`, `SSL`.
    pub protocol: String,
    /// `ELBSecurityPolicy-…`, for TLS listeners.
    pub ssl_policy: Option<String>,
    pub certificate_arns: Vec<String>,
    /// `off`, `passthrough`, `verify`.
    pub mutual_authentication: Option<String>,
    /// In order of priority, the default rule last. Empty on Classic.
    pub rules: Vec<ListenerRule>,
    /// What could not be read of this listener's rules or certificates.
    pub gaps: Vec<String>,
    /// Classic only: where the listener forwards to.
    pub instance_port: Option<u16>,
    pub instance_protocol: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ListenerRule {
    pub arn: String,
    /// A number, or `default`.
    pub priority: String,
    /// In words: `path /api/*`, `host shop.example.com`.
    pub conditions: Vec<String>,
    /// `forward`, `redirect`, `fixed-response`, `authenticate-oidc`…
    pub actions: Vec<String>,
    pub forwards_to: Vec<Forward>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    pub target_group_arn: String,
    /// 0–999; a weight of 0 gets no requests.
    pub weight: u32,
}
