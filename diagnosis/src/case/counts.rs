//! How many errors the load balancer made, and when: by its log and by its metrics.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Case, bounded, minute_of, whole};
use crate::{
    document::Strength,
    evidence::{
        AccessLog,
        metrics::{Metrics, Series},
    },
    ledger,
    need::Need,
};

impl<'a> Case<'a> {
    /// A series of the load balancer itself, over all zones, if it was asked for.
    pub fn load_balancer_series(&self, name: &str, stat: &str) -> Option<&'a Series> {
        let load_balancer = &self.evidence.load_balancer;
        let metrics = self.evidence.metrics.seen()?;
        metrics
            .find(&load_balancer.arn, name, stat)
            .or_else(|| metrics.find(&load_balancer.name, name, stat))
    }

    /// A series of a target group, over all zones, if it was asked for. A Classic load balancer is
    /// its own group.
    pub fn target_group_series(
        &self,
        target_group_arn: &str,
        name: &str,
        stat: &str,
    ) -> Option<&'a Series> {
        if self.is_classic() {
            return self.load_balancer_series(name, stat);
        }
        self.evidence
            .metrics
            .seen()?
            .find(target_group_arn, name, stat)
    }

    /// A counter's total in the window. Asked for and silent is 0; not asked for is `None`.
    pub fn total(&self, series: Option<&Series>) -> Option<u64> {
        series.map(|series| {
            self.per_minute(series)
                .values()
                .fold(0_u64, |sum, n| bounded(sum + n))
        })
    }

    /// A counter's points in the window that are not zero, by start of their period.
    pub fn per_minute(&self, series: &Series) -> BTreeMap<DateTime<Utc>, u64> {
        let window = self.evidence.window;
        let mut counts: BTreeMap<DateTime<Utc>, u64> = BTreeMap::new();
        for point in series.between(minute_of(window.from), window.to) {
            let n = whole(point.value);
            if n > 0 {
                let sum = counts.entry(point.at).or_default();
                *sum = bounded(*sum + n);
            }
        }
        counts
    }

    /// The 502s that the load balancer made, by minute: from the access log where one was read,
    /// else from the metric. `None` where neither was seen (on Classic the metric counts all 5xx
    /// codes together, so it says nothing here).
    pub fn minutes_with_502(&self) -> Option<BTreeMap<DateTime<Utc>, u64>> {
        self.minutes_with(502)
    }

    /// The same of another code that has a metric of its own (500, 503, 504).
    pub fn minutes_with(&self, status: u16) -> Option<BTreeMap<DateTime<Utc>, u64>> {
        if self.access_log().is_some() {
            let mut minutes: BTreeMap<DateTime<Utc>, u64> = BTreeMap::new();
            for row in self.rows() {
                if row.elb_status_code == status && !row.is_passed_on() {
                    let sum = minutes.entry(minute_of(row.time)).or_default();
                    *sum = bounded(*sum + bounded(row.count));
                }
            }
            return Some(minutes);
        }
        if self.is_classic() {
            return None;
        }
        self.load_balancer_series(&format!("HTTPCode_ELB_{status}_Count"), "Sum")
            .map(|series| self.per_minute(series))
    }

    /// What keeps the rows from being all rows of the window: the log's own holes, and where the
    /// metrics count more than the log holds.
    pub fn missing_rows(&self) -> Vec<String> {
        let mut missing = self.missing(&[Need::AccessLog]);
        if self.access_log().is_some() {
            missing.extend(ledger::coverage::holes(self));
        }
        missing
    }

    /// [`Self::missing_rows`], but nothing where no log was read at all: for rules that count by
    /// metric then.
    pub fn missing_rows_of_known_log(&self) -> Vec<String> {
        match self.access_log() {
            Some(_) => self.missing_rows(),
            None => Vec::new(),
        }
    }

    /// The 502s that the load balancer made, if that is known for sure: from the whole log, or from
    /// whole metrics, and the larger number where both are there. `None` where neither was seen in
    /// full.
    pub fn load_balancer_502s(&self) -> Option<u64> {
        let evidence = self.evidence;
        let whole_log = evidence.access_log.whole();
        let not_late = |_: &&AccessLog| ledger::coverage::late_until(self).is_none();
        let by_log = whole_log.filter(not_late).map(|_| {
            let made = self.places(|row| row.elb_status_code == 502 && !row.made_by_target());
            self.requests(&made)
        });
        let by_metric = evidence.metrics.whole().and_then(|_| {
            // On Classic the one number of all 5xx codes says something of 502s only when it is 0.
            if self.is_classic() {
                let all = self.total(self.load_balancer_series("HTTPCode_ELB_5XX", "Sum"));
                all.filter(|n| *n == 0)
            } else {
                self.total(self.load_balancer_series("HTTPCode_ELB_502_Count", "Sum"))
            }
        });
        match (by_log, by_metric) {
            (Some(log), Some(metric)) => Some(log.max(metric)),
            (log, metric) => log.or(metric),
        }
    }

    /// The 503s and 504s that the load balancer made, known as [`Self::load_balancer_502s`] is.
    pub fn load_balancer_503s(&self) -> Option<u64> {
        self.made(503, "HTTPCode_ELB_503_Count")
    }

    /// See [`Self::load_balancer_503s`].
    pub fn load_balancer_504s(&self) -> Option<u64> {
        self.made(504, "HTTPCode_ELB_504_Count")
    }

    fn made(&self, status: u16, metric: &str) -> Option<u64> {
        let by_log = self.evidence.access_log.whole().map(|_| {
            let made = self.places(|row| row.elb_status_code == status && !row.is_passed_on());
            self.requests(&made)
        });
        let by_metric = self.evidence.metrics.whole().and_then(|_| {
            if self.is_classic() {
                let all = self.total(self.load_balancer_series("HTTPCode_ELB_5XX", "Sum"));
                all.filter(|n| *n == 0)
            } else {
                self.total(self.load_balancer_series(metric, "Sum"))
            }
        });
        by_log.max(by_metric)
    }

    /// The strength of a fault that stands for a fact but to which no row is tied: a mere risk where
    /// all 502s of the window are known and lie elsewhere (or there are none), else likely.
    pub fn untied(&self) -> Strength {
        let rows_are_known = self.access_log().is_some() && self.missing_rows().is_empty();
        if rows_are_known || self.load_balancer_502s() == Some(0) {
            Strength::Possible
        } else {
            Strength::Likely
        }
    }

    /// The metrics that were asked of the targets themselves (`AWS/EC2`, `AWS/ECS`).
    pub fn target_metrics(&self) -> Option<&'a Metrics> {
        self.evidence.target_metrics.seen()
    }
}
