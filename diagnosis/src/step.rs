//! The six steps of the checklist, in the order in which a person walks them.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    TargetHealth,
    ErrorLogs,
    Network,
    Load,
    Tls,
    Timeouts,
}

impl Step {
    pub const ALL: [Self; 6] = [
        Self::TargetHealth,
        Self::ErrorLogs,
        Self::Network,
        Self::Load,
        Self::Tls,
        Self::Timeouts,
    ];

    /// The id in JSON, SQL and addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::TargetHealth => "target-health",
            Self::ErrorLogs => "error-logs",
            Self::Network => "network",
            Self::Load => "load",
            Self::Tls => "tls",
            Self::Timeouts => "timeouts",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::TargetHealth => "Check backend health",
            Self::ErrorLogs => "Review error logs",
            Self::Network => "Validate network configuration",
            Self::Load => "Monitor traffic and load",
            Self::Tls => "Verify SSL/TLS settings",
            Self::Timeouts => "Compare timeouts",
        }
    }

    /// The question that the step answers.
    pub const fn question(self) -> &'static str {
        match self {
            Self::TargetHealth => {
                "Are the targets registered, running and passing health checks, and what changed?"
            }
            Self::ErrorLogs => "Who made each 502, and what do the log rows say about how?",
            Self::Network => {
                "Can every load balancer node reach every target's traffic and health port, and can the answer come back?"
            }
            Self::Load => "Are the targets or the load balancer out of capacity?",
            Self::Tls => {
                "Do the load balancer and the targets agree on protocol, cipher and certificate?"
            }
            Self::Timeouts => "Does any hop hang up before the hop in front of it?",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.id() == id)
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}
