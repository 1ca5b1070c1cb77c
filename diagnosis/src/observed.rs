//! "Not seen" is a value, never an absence.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A piece of evidence, or the reason why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Observed<T> {
    Seen {
        value: T,
        /// The observations (by `n`) that the value was read from.
        source: Vec<u32>,
        at: DateTime<Utc>,
        /// What was left unread, when the reading was cut short. An incomplete value can show a
        /// fault; it can never show that there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incomplete: Option<String>,
    },
    /// IAM refused; `action` is its name, as `elasticloadbalancing:DescribeTargetHealth`.
    Denied {
        action: String,
        #[serde(default)]
        source: Vec<u32>,
    },
    /// Throttled out, timed out, or an error of the service.
    Failed {
        reason: String,
        #[serde(default)]
        source: Vec<u32>,
    },
    /// No step that reads this has run yet.
    #[default]
    NotAsked,
}

impl<T> Observed<T> {
    /// The value, complete or not.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The value, only if nothing was left unread: what a rule needs before it says `clear`.
    pub fn whole(&self) -> Option<&T> {
        match self {
            Self::Seen {
                value,
                incomplete: None,
                ..
            } => Some(value),
            _ => None,
        }
    }

    /// The observations behind the value or behind its absence.
    pub fn source(&self) -> &[u32] {
        match self {
            Self::Seen { source, .. }
            | Self::Denied { source, .. }
            | Self::Failed { source, .. } => source,
            Self::NotAsked => &[],
        }
    }

    /// What keeps this from being whole, in words; `None` if it is. `what` names the evidence
    /// ("target health of web-blue").
    pub fn missing(&self, what: &str) -> Option<String> {
        match self {
            Self::Seen {
                incomplete: None, ..
            } => None,
            Self::Seen {
                incomplete: Some(left_out),
                ..
            } => Some(format!("{what}: incomplete, {left_out}")),
            Self::Denied { action, .. } => Some(format!("{what}: IAM denies {action}")),
            Self::Failed { reason, .. } => Some(format!("{what}: {reason}")),
            Self::NotAsked => Some(format!("{what}: not asked yet, run the step")),
        }
    }

    /// The same outcome for a value made from this one.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Seen {
                value,
                source,
                at,
                incomplete,
            } => Observed::Seen {
                value: make(value),
                source,
                at,
                incomplete,
            },
            Self::Denied { action, source } => Observed::Denied { action, source },
            Self::Failed { reason, source } => Observed::Failed { reason, source },
            Self::NotAsked => Observed::NotAsked,
        }
    }
}
