//! How all requests of the window divide: what the 502s of one node, route or client are to be
//! compared with.
//!
//! Targets and target groups are not here: [`AccessLog::targets`](super::AccessLog::targets) holds
//! them. Zones are not either: they follow from nodes and targets.

use serde::{Deserialize, Serialize};

/// Empty in evidence that was stored before lb502 kept these counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRates {
    /// One for each dimension that the log's format has.
    pub divisions: Vec<Division>,
    /// The routes with the most 502s made by the load balancer, at most [`ROUTES_KEPT`]; empty where
    /// there were too many different routes to tell apart.
    pub routes: Vec<FailingRoute>,
}

/// Values of one dimension that are kept.
pub const VALUES_KEPT: usize = 150;
/// Failing routes that are kept with their targets and times.
pub const ROUTES_KEPT: usize = 20;
/// Targets of one failing route that are kept.
pub const TARGETS_OF_ROUTE_KEPT: usize = 200;
/// Equal parts of the window in which a failing route's requests are counted.
pub const SLOTS: usize = 16;

/// What requests are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dividing {
    /// Address of the load balancer's node.
    Node,
    /// Priority of the listener's rule, a space, and the ARN of the target group that it chose.
    Rule,
    /// Method and path without its query; segments that are ids read `*`.
    Route,
    Method,
    /// Bytes received, in classes (for Application load balancers with the headers).
    Size,
    /// `http`, `https`, `h2`, `grpcs`, `ws`, `wss`.
    Protocol,
    /// Client address without port.
    Client,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    pub by: Dividing,
    pub counted: Counted,
    /// How many different values there were; with [`Counted::AtMost`] there were more.
    pub distinct: u64,
    /// Requests of which the value is known: what the values' requests are a share of.
    pub requests: u64,
    /// Most 502s first, then most requests; at most [`VALUES_KEPT`].
    pub values: Vec<ValueCounts>,
}

/// How far the counts of a [`Division`] can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Every value was counted apart: all numbers are exact.
    Exact,
    /// There were too many different values. `requests` of a value is an upper bound, never too
    /// small (a count-min sketch), and its 502s are those of the rows that were kept whole. Only
    /// values of such rows are listed.
    AtMost,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueCounts {
    pub value: String,
    pub requests: u64,
    /// 502s of the load balancer.
    pub made_by_load_balancer: u64,
    /// 502s that a target answered.
    pub made_by_target: u64,
}

/// A route that fails, with where and when it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingRoute {
    pub route: String,
    /// By equal part of the window, [`SLOTS`] of them.
    pub slots: Vec<RouteCounts>,
    /// Most requests first, at most [`TARGETS_OF_ROUTE_KEPT`]; empty where there were too many pairs
    /// of route and target to tell apart.
    pub targets: Vec<(String, RouteCounts)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteCounts {
    pub requests: u64,
    /// 502s of the load balancer.
    pub failed: u64,
}

impl BaseRates {
    pub fn by(&self, by: Dividing) -> Option<&Division> {
        self.divisions.iter().find(|division| division.by == by)
    }

    pub fn route(&self, route: &str) -> Option<&FailingRoute> {
        self.routes.iter().find(|failing| failing.route == route)
    }
}

impl Division {
    pub fn value(&self, value: &str) -> Option<&ValueCounts> {
        self.values.iter().find(|counts| counts.value == value)
    }
}
