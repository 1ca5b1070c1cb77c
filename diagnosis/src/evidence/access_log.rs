//! What the access logs of the window say, aggregated so that it fits in memory and in Postgres.

pub mod base_rates;
pub mod other_codes;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::load_balancer::LoadBalancerType;
pub use base_rates::BaseRates;
pub use other_codes::OtherCode;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccessLog {
    pub format: LoadBalancerType,
    pub objects: u32,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines inside the window that parsed.
    pub requests: u64,
    /// Lines that did not parse, wherever they were.
    pub unreadable: u64,
    /// Time of the first and last line read, inside the window.
    pub first: Option<DateTime<Utc>>,
    pub last: Option<DateTime<Utc>>,
    /// Every request of the window by minute, in order of time.
    pub minutes: Vec<Minute>,
    /// Every request of the window by target, busiest first; `-` where none was chosen.
    pub targets: Vec<TargetCounts>,
    /// Every request of the window by what else 502s may be bound to.
    #[serde(default)]
    pub base_rates: BaseRates,
    /// Codes that have no rows, by code; empty in evidence that was stored before lb502 kept them.
    #[serde(default)]
    pub other_codes: Vec<OtherCode>,
    /// Every row that is a 502, 503, 504, 460, 463, 464, 500 or 561, in order of time. Rows past
    /// [`ROWS_KEPT`] are merged with those of the same minute, target, statuses, signature and
    /// `error_reason`: nothing is left out of a count.
    pub rows: Vec<FaultRow>,
}

/// How many fault rows keep all their fields.
pub const ROWS_KEPT: usize = 20_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    pub at: DateTime<Utc>,
    pub requests: u64,
    /// By `elb_status_code`; only codes of 400 and above.
    #[serde(with = "super::by_status")]
    pub statuses: BTreeMap<u16, u64>,
    /// 502s whose `target_status_code` is 502 too.
    pub made_by_target: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetCounts {
    /// `ip:port`, a function's ARN, or `-`.
    pub target: String,
    pub target_group_arn: Option<String>,
    pub requests: u64,
    /// Rows whose `target_status_code` is below 500.
    pub answered: u64,
    /// By `elb_status_code`; only codes of 400 and above.
    #[serde(with = "super::by_status")]
    pub statuses: BTreeMap<u16, u64>,
    /// Mean of target_processing_time, seconds, over answered rows.
    pub mean_seconds: f64,
    pub max_seconds: f64,
}

/// One log row that is a fault (or, past the cap, several alike).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRow {
    /// How many rows this stands for: 1 but for merged rows.
    pub count: u64,
    /// Application: when the answer was made. Classic: when the request came in.
    pub time: DateTime<Utc>,
    pub request_creation_time: Option<DateTime<Utc>>,
    /// `http`, `https`, `h2`, `grpcs`, `ws`, `wss`; empty on Classic.
    pub kind: String,
    /// Address of the load balancer's node, where the log or the object's name gives it.
    pub node: Option<String>,
    /// Client address without port.
    pub client: String,
    /// `ip:port`; `None` for `-`.
    pub target: Option<String>,
    pub target_group_arn: Option<String>,
    /// Seconds; `None` for -1.
    pub request_processing_time: Option<f64>,
    pub target_processing_time: Option<f64>,
    pub response_processing_time: Option<f64>,
    pub elb_status_code: u16,
    /// `None` for `-`: the target did not answer.
    pub target_status_code: Option<u16>,
    pub received_bytes: u64,
    pub sent_bytes: u64,
    pub method: String,
    /// Path and query, at most 300 characters.
    pub url: String,
    pub user_agent: String,
    pub matched_rule_priority: Option<String>,
    pub actions_executed: String,
    pub error_reason: Option<String>,
    pub classification: Option<String>,
    /// Milliseconds from the end of the target's last answered request to the moment when this
    /// request was sent to it; `None` where no earlier success of the target was read.
    pub idle_ms: Option<u64>,
    /// Requests that the target answered in the 10 seconds before: how busy it was, hence how
    /// blurred `idle_ms` is (the log does not name the back-end connection).
    pub answered_before: u32,
    /// The line as logged, for the first rows only (at most 2,000 characters).
    pub raw: Option<String>,
}

impl FaultRow {
    /// Who answered 502: the load balancer, unless the target's own status is 502.
    pub fn made_by_target(&self) -> bool {
        self.elb_status_code == 502 && self.is_passed_on()
    }

    /// Whether the code is the target's own answer, which the load balancer passed on.
    pub fn is_passed_on(&self) -> bool {
        self.target_status_code == Some(self.elb_status_code)
    }

    /// Whether a rule of the listener answers so: somebody's maintenance page, and no fault. Other
    /// actions (`waf`, `authenticate`) may stand before it.
    pub fn is_fixed_response(&self) -> bool {
        let mut actions = self.actions_executed.split(',');
        actions.any(|action| action == "fixed-response")
    }

    pub fn shape(&self) -> Shape {
        match (
            self.request_processing_time,
            self.target_processing_time,
            self.response_processing_time,
        ) {
            (None, None, None) => Shape::NotConnected,
            (Some(_), Some(_), None) => Shape::NotAnswered,
            (Some(_), None, _) => Shape::NotAnsweredUntimed,
            (Some(_), Some(_), Some(_)) => Shape::Answered,
            (None, _, _) => Shape::Other,
        }
    }
}

/// Which of the three times are -1 (the "triple" of request, target and response processing time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// -1 / -1 / -1: no connection to a target came about.
    NotConnected,
    /// ≥0 / ≥0 / -1: sent to a target, which hung up before it answered.
    NotAnswered,
    /// ≥0 / -1 / any: sent to a target, no answer, no time noted.
    NotAnsweredUntimed,
    /// ≥0 / ≥0 / ≥0: a whole exchange.
    Answered,
    Other,
}
