use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::evidence::Window;

/// `POST /investigations/{id}/watch`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartWatch {
    /// When the fix was in place, RFC 3339; without it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_at: Option<String>,
    /// How long to watch at most, 10 to 1,440; without it 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}

/// `GET /investigations/{id}/watch`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchView {
    /// The newest; `None` before the first.
    pub watch: Option<Watch>,
    /// Why none can be started now.
    pub why_not: Option<String>,
}

/// The rate of 502s since a fix, held against the rate before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Watch {
    /// Counts from 1 within the investigation.
    pub n: u32,
    pub state: WatchState,
    /// What the counts so far come to, for people.
    pub in_words: String,
    pub counter: WatchCounter,
    /// The investigation's window; the part of it before the fix is what the counts are held against.
    pub window: Window,
    pub fixed_at: DateTime<Utc>,
    pub started_at: DateTime<Utc>,
    /// When it gives up.
    pub ends_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// `None` until CloudWatch has all of it.
    pub before: Option<WatchCount>,
    pub since: Option<WatchCount>,
    /// How the errors before bunch: the variance of a minute's count over its mean, at least 1. Counts are
    /// divided by it before they are tested, so that one burst is no crowd of witnesses.
    pub dispersion: Option<f64>,
    /// Requests since the fix that the first look takes, and why so many.
    pub needed: Option<u64>,
    pub why_needed: String,
    /// Requests since the fix at which the next look is taken.
    pub next_look_at: Option<u64>,
    /// Looks that were taken, oldest first.
    pub looks: Vec<WatchLook>,
    /// Why the counts could not be read when they were asked for last; they are asked for again.
    pub trouble: Option<WatchTrouble>,
    /// The command that repeats the last call.
    pub cli: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    Watching,
    /// 99 % sure that the rate is below half of what it was, and it was at most a tenth.
    Fixed,
    /// 99 % sure that the rate is above a tenth of what it was.
    NotFixed,
    /// Neither could be said before it had to end.
    NotEnoughTraffic,
    /// Nothing was counted before the fix: there is nothing to hold the counts against.
    NothingBefore,
    /// By a person.
    Stopped,
}

/// What CloudWatch counts here: it has no count of the 502s that targets answer themselves, and on Classic
/// none of 502s alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WatchCounter {
    /// `HTTPCode_ELB_502_Count`
    LoadBalancer502,
    /// `HTTPCode_Target_5XX_Count`
    Target5xx,
    /// `HTTPCode_ELB_5XX`
    ClassicLoadBalancer5xx,
    /// `HTTPCode_Backend_5XX`
    ClassicBackend5xx,
}

impl WatchCounter {
    /// AWS's name of it.
    pub const fn metric(self) -> &'static str {
        match self {
            Self::LoadBalancer502 => "HTTPCode_ELB_502_Count",
            Self::Target5xx => "HTTPCode_Target_5XX_Count",
            Self::ClassicLoadBalancer5xx => "HTTPCode_ELB_5XX",
            Self::ClassicBackend5xx => "HTTPCode_Backend_5XX",
        }
    }

    /// The counter of the other maker of errors.
    pub const fn other(self) -> Self {
        match self {
            Self::LoadBalancer502 => Self::Target5xx,
            Self::Target5xx => Self::LoadBalancer502,
            Self::ClassicLoadBalancer5xx => Self::ClassicBackend5xx,
            Self::ClassicBackend5xx => Self::ClassicLoadBalancer5xx,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchCount {
    /// Whole minutes.
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// `RequestCount`: requests for which a target could be chosen.
    pub requests: u64,
    /// By the watch's counter.
    pub errors: u64,
    /// By the counter of the other maker: told, and not tested.
    pub others: u64,
}

/// One test of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchLook {
    /// From 1.
    pub k: u32,
    pub at: DateTime<Utc>,
    pub since: WatchCount,
    /// The share of the error that this look may spend: 0.01 / (k × (k + 1)).
    pub level: f64,
    /// How likely so few errors would be, were the rate still half of what it was.
    pub chance_of_so_few: f64,
    /// How likely so many would be, were the rate a tenth of what it was.
    pub chance_of_so_many: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchTrouble {
    pub at: DateTime<Utc>,
    pub in_words: String,
}
