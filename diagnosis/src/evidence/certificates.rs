//! Certificates of the listeners (the load balancer does not check those of targets).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub arn: String,
    /// The listeners (ARNs) that serve it.
    pub listener_arns: Vec<String>,
    pub domain: Option<String>,
    pub alternative_names: Vec<String>,
    /// IAM does not tell it; it takes none that has not begun.
    pub not_before: Option<DateTime<Utc>>,
    pub not_after: Option<DateTime<Utc>>,
    /// ACM: `ISSUED`, `EXPIRED`, `REVOKED`…
    pub status: Option<String>,
    pub renewal_status: Option<String>,
    pub key_algorithm: Option<String>,
    /// Why this certificate could not be read; its dates are then unknown.
    pub gap: Option<String>,
}
