//! Lines of the application's own log (CloudWatch Logs) that speak of restarts and crashes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppLog {
    /// The log groups that were read.
    pub groups: Vec<String>,
    /// In order of time, bounded; see [`Observed::Seen`]'s `incomplete` when there were more.
    ///
    /// [`Observed::Seen`]: crate::Observed::Seen
    pub lines: Vec<AppLogLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppLogLine {
    pub at: DateTime<Utc>,
    pub group: String,
    pub stream: String,
    /// At most 1,000 characters.
    pub message: String,
}
