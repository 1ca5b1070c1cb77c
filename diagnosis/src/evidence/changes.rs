//! What somebody or something changed near the window.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub at: DateTime<Utc>,
    /// CloudTrail's event name (`RevokeSecurityGroupIngress`) or the Auto Scaling activity's
    /// first words.
    pub name: String,
    /// User, role session or service that did it.
    pub who: String,
    /// Ids and ARNs that the event names.
    pub resources: Vec<String>,
    /// One line for people.
    pub summary: String,
    /// CloudTrail's `errorCode`: the change was tried and refused.
    pub error: Option<String>,
}
