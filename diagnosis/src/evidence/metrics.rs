//! CloudWatch series, as asked for in one GetMetricData batch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The series that were asked for. A series that was asked for and has no points is here with
/// none: CloudWatch reports most load balancer counters only when they are not zero, so silence
/// means zero for a counter and "unknown" for a gauge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Start of the baseline that was asked for, before the window.
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// `AWS/ApplicationELB`, `AWS/ELB`, `AWS/EC2`…
    pub namespace: String,
    pub name: String,
    /// `Sum`, `Average`, `Maximum`, `Minimum`, `p99`…
    pub stat: String,
    /// What the series is about: the load balancer's ARN, a target group's ARN, an instance id.
    pub resource: String,
    /// Only for series split by zone.
    pub zone: Option<String>,
    /// Seconds that one point covers.
    pub period: u32,
    /// In order of time.
    pub points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Start of the period.
    pub at: DateTime<Utc>,
    pub value: f64,
}

impl Metrics {
    /// The series of `resource` over all zones, if it was asked for.
    pub fn find(&self, resource: &str, name: &str, stat: &str) -> Option<&Series> {
        self.series.iter().find(|series| {
            series.resource == resource
                && series.name == name
                && series.stat == stat
                && series.zone.is_none()
        })
    }
}

impl Series {
    /// The points whose period starts in `[from, to)`.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = &Point> {
        self.points
            .iter()
            .filter(move |point| from <= point.at && point.at < to)
    }

    /// Sum of the points in `[from, to)`; zero where nothing was reported.
    pub fn total(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
        self.between(from, to).map(|point| point.value).sum()
    }

    /// The point whose period covers `at`.
    pub fn at(&self, at: DateTime<Utc>) -> Option<f64> {
        let period = chrono::TimeDelta::seconds(i64::from(self.period));
        self.points
            .iter()
            .find(|point| point.at <= at && at.signed_duration_since(point.at) < period)
            .map(|point| point.value)
    }
}
