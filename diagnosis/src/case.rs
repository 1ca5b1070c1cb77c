//! The evidence as rules look at it, with what several of them derive from it worked out once.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    document::Strength,
    evidence::{
        AccessLog, Evidence, Instance, LoadBalancerType, TargetGroup, TargetHealth,
        access_log::FaultRow,
        listeners::Listener,
        metrics::{Metrics, Series},
        target_groups::TargetType,
    },
    ledger,
    need::Need,
    observed::Observed,
};

/// No single count of the evidence is taken for more than this, so that no sum overflows whatever
/// a bundle holds. A load balancer would need years of a million requests a second to get there.
const COUNT_LIMIT: u64 = 1 << 40;

/// What rules look at: the evidence, and what is derived from it once for all of them.
#[derive(Debug)]
pub struct Case<'a> {
    pub evidence: &'a Evidence,
    targets: Vec<Target<'a>>,
    /// Places in `targets`, by each `ip:port` that an access log row may name.
    by_address: BTreeMap<String, Vec<usize>>,
}

/// One registered target, with what EC2 knows of it.
#[derive(Debug)]
pub struct Target<'a> {
    pub target_group: &'a TargetGroup,
    pub health: &'a TargetHealth,
    /// `None` where the target is no instance or EC2 was not asked or refused.
    pub instance: Option<&'a Instance>,
    /// Every `ip:port` under which access log rows name it; empty where its address is unknown.
    pub addresses: Vec<String>,
}

impl<'a> Case<'a> {
    pub fn new(evidence: &'a Evidence) -> Self {
        let targets = targets(evidence);
        let mut by_address: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, target) in targets.iter().enumerate() {
            for address in &target.addresses {
                by_address.entry(address.clone()).or_default().push(place);
            }
        }
        Self {
            evidence,
            targets,
            by_address,
        }
    }

    pub fn is_classic(&self) -> bool {
        self.evidence.load_balancer.kind == LoadBalancerType::Classic
    }

    /// What of these was not seen in full, in words, without repeats: the `missing` of an answer.
    /// Empty means that a rule that reads nothing else may say `clear`.
    pub fn missing(&self, needs: &[Need]) -> Vec<String> {
        let mut missing = Vec::new();
        for need in needs {
            for words in need.missing(self.evidence) {
                if !missing.contains(&words) {
                    missing.push(words);
                }
            }
        }
        missing
    }

    /// The observations behind these: the `cites` of a finding.
    pub fn sources(&self, needs: &[Need]) -> Vec<u32> {
        needs
            .iter()
            .flat_map(|need| need.source(self.evidence))
            .collect()
    }

    /// The access log, if any line of it was read or nothing was left unread. An empty log that is
    /// known to be incomplete is none: then the metrics have to do.
    pub fn access_log(&self) -> Option<&'a AccessLog> {
        let observed = &self.evidence.access_log;
        observed
            .seen()
            .filter(|log| log.requests > 0 || !log.rows.is_empty() || observed.whole().is_some())
    }

    /// The fault rows of the access log (502s and neighbours); none where no log was read.
    pub fn rows(&self) -> &'a [FaultRow] {
        self.access_log().map_or(&[], |log| log.rows.as_slice())
    }

    /// The places in [`Self::rows`] of the rows that `wanted` picks.
    pub fn places(&self, wanted: impl Fn(&FaultRow) -> bool) -> Vec<usize> {
        self.rows()
            .iter()
            .enumerate()
            .filter(|(_, row)| wanted(row))
            .map(|(place, _)| place)
            .collect()
    }

    /// How many requests the rows at these places stand for (past a cap, rows are merged).
    pub fn requests(&self, places: &[usize]) -> u64 {
        places
            .iter()
            .filter_map(|place| self.rows().get(*place))
            .map(|row| bounded(row.count))
            .sum()
    }

    /// The code under which a target that hangs up shows: 502, but 504 on Classic.
    /// [V] Classic guide, HTTP 504 cause 2.
    pub fn hung_up_code(&self) -> u16 {
        if self.is_classic() { 504 } else { 502 }
    }

    /// Every target group that was seen; those that no listener forwards to among them.
    pub fn target_groups(&self) -> &'a [TargetGroup] {
        self.evidence
            .target_groups
            .seen()
            .map_or(&[], Vec::as_slice)
    }

    pub fn target_group(&self, arn: &str) -> Option<&'a TargetGroup> {
        self.target_groups().iter().find(|group| group.arn == arn)
    }

    /// The target group that a row was sent to: Classic logs name none, it has only one.
    pub fn target_group_of(&self, row: &FaultRow) -> Option<&'a TargetGroup> {
        match &row.target_group_arn {
            Some(arn) => self.target_group(arn),
            None if self.is_classic() => self.target_groups().first(),
            None => None,
        }
    }

    /// Whether a Lambda function was to answer the row: its group says so, or its error reason does.
    /// A function has no connection, port or machine whose fault it could be.
    pub fn was_to_function(&self, row: &FaultRow) -> bool {
        let by_reason = |reason: &String| reason.starts_with("Lambda");
        row.error_reason.as_ref().is_some_and(by_reason)
            || self
                .target_group_of(row)
                .is_some_and(|group| group.target_type == TargetType::Lambda)
    }

    /// Whether every target group is known, and each has a Lambda function as its target.
    pub fn has_only_functions(&self) -> bool {
        self.evidence.target_groups.whole().is_some_and(|groups| {
            !groups.is_empty()
                && groups
                    .iter()
                    .all(|group| group.target_type == TargetType::Lambda)
        })
    }

    /// Whether requests can reach the group: a listener rule forwards to it with a weight above 0
    /// (Classic: always). `None` where the listeners were not seen in full and none that was seen
    /// forwards to it.
    pub fn in_use(&self, target_group: &TargetGroup) -> Option<bool> {
        if self.is_classic() {
            return Some(true);
        }
        let forwards = |listener: &Listener| {
            listener
                .rules
                .iter()
                .flat_map(|rule| &rule.forwards_to)
                .any(|forward| forward.target_group_arn == target_group.arn && forward.weight > 0)
        };
        let listeners = &self.evidence.listeners;
        if listeners.seen().is_some_and(|all| all.iter().any(forwards)) {
            return Some(true);
        }
        Need::Listeners
            .missing(self.evidence)
            .is_empty()
            .then_some(false)
    }

    /// The health of a group's targets, or why it was not seen.
    pub fn health(&self, target_group_arn: &str) -> Observed<&'a Vec<TargetHealth>> {
        match self.evidence.target_health.get(target_group_arn) {
            Some(Observed::Seen {
                value,
                source,
                at,
                incomplete,
            }) => Observed::Seen {
                value,
                source: source.clone(),
                at: *at,
                incomplete: incomplete.clone(),
            },
            Some(other) => other.clone().map(|_| &NO_TARGETS),
            None => Observed::NotAsked,
        }
    }

    /// Every registered target whose health was seen.
    pub fn targets(&self) -> &[Target<'a>] {
        &self.targets
    }

    /// The registered target that a row was sent to.
    pub fn target_of(&self, row: &FaultRow) -> Option<&Target<'a>> {
        let places = self.by_address.get(row.target.as_ref()?)?;
        let named = places.iter().find(|place| {
            Some(&self.targets[**place].target_group.arn) == row.target_group_arn.as_ref()
        });
        named.or(places.first()).map(|place| &self.targets[*place])
    }

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

static NO_TARGETS: Vec<TargetHealth> = Vec::new();

/// The start of the minute that `at` falls into.
pub fn minute_of(at: DateTime<Utc>) -> DateTime<Utc> {
    let past = at.timestamp().rem_euclid(60);
    let nanos = i64::from(at.timestamp_subsec_nanos());
    at.checked_sub_signed(TimeDelta::seconds(past))
        .and_then(|start| start.checked_sub_signed(TimeDelta::nanoseconds(nanos)))
        .unwrap_or(at)
}

/// A count from a metric's value: rounded, never negative, never beyond [`bounded`].
pub fn whole(value: f64) -> u64 {
    // `as` saturates, and takes NaN for 0.
    bounded(value.round() as u64)
}

/// A count that sums of millions of its like cannot overflow.
pub fn bounded(count: u64) -> u64 {
    count.min(COUNT_LIMIT)
}

/// `at` moved by `delta`; stays where it is rather than leave what a time can hold.
pub fn shifted(at: DateTime<Utc>, delta: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(delta).unwrap_or(at)
}

/// The distance between two moments, either way round.
pub fn apart(one: DateTime<Utc>, other: DateTime<Utc>) -> TimeDelta {
    one.signed_duration_since(other).abs()
}

fn targets(evidence: &Evidence) -> Vec<Target<'_>> {
    let groups = evidence.target_groups.seen().map_or(&[][..], Vec::as_slice);
    let instances: BTreeMap<&str, &Instance> = evidence
        .instances
        .seen()
        .into_iter()
        .flatten()
        .map(|instance| (instance.id.as_str(), instance))
        .collect();
    let mut targets = Vec::new();
    for target_group in groups {
        let health = evidence
            .target_health
            .get(&target_group.arn)
            .and_then(Observed::seen);
        for health in health.into_iter().flatten() {
            let instance = instances.get(health.id.as_str()).copied();
            targets.push(Target {
                target_group,
                health,
                instance,
                addresses: addresses(target_group, health, instance),
            });
        }
    }
    targets
}

fn addresses(
    target_group: &TargetGroup,
    health: &TargetHealth,
    instance: Option<&Instance>,
) -> Vec<String> {
    let Some(port) = health.port.or(target_group.port) else {
        return vec![health.id.clone()];
    };
    let hosts: Vec<&str> = match instance {
        Some(instance) => instance
            .private_ips
            .iter()
            .chain(&instance.ipv6_addresses)
            .map(String::as_str)
            .collect(),
        None if health.id.starts_with("i-") => Vec::new(),
        None => vec![health.id.as_str()],
    };
    let mut addresses = Vec::new();
    for host in hosts {
        addresses.push(format!("{host}:{port}"));
        if host.contains(':') {
            addresses.push(format!("[{host}]:{port}"));
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_starts_at_its_first_nanosecond() {
        let at: DateTime<Utc> = "2026-11-20T10:02:07.999999999Z".parse().unwrap();
        assert_eq!(minute_of(at).to_rfc3339(), "2026-11-20T10:02:00+00:00");
        let before_1970: DateTime<Utc> = "1969-12-31T23:59:30.5Z".parse().unwrap();
        assert_eq!(
            minute_of(before_1970).to_rfc3339(),
            "1969-12-31T23:59:00+00:00"
        );
    }

    #[test]
    fn counts_from_floats_are_whole_and_bounded() {
        assert_eq!(whole(2.6), 3);
        assert_eq!(whole(-4.0), 0);
        assert_eq!(whole(f64::NAN), 0);
        assert_eq!(whole(f64::INFINITY), COUNT_LIMIT);
    }
}
