//! CloudTrail tells of a change some minutes after it was made: what happened just before the last 502
//! may still be to come.

use chrono::{DateTime, TimeDelta, Utc};

use super::Need;
use crate::{
    case::{minute_of, shifted},
    evidence::{Evidence, LoadBalancerType},
    observed::Observed,
    words,
};

/// CloudTrail delivers "within an average of about 5 minutes", which "is not guaranteed" ([V] CloudTrail
/// guide); it used to say 15, which holds for almost all events. [I]
const DELIVERED_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// From when on CloudTrail should tell of all that may have caused the 502s, where it was read before
/// that. What changes after the last 502 caused none; where no 502 is known of, the window's end counts.
pub(crate) fn late_until(evidence: &Evidence) -> Option<DateTime<Utc>> {
    let Observed::Seen { at, .. } = &evidence.cloudtrail else {
        return None;
    };
    let last = match last_502(evidence) {
        Last::At(at) => at,
        Last::None | Last::Unknown => evidence.window.to,
    };
    let whole_at = shifted(last, DELIVERED_WITHIN);
    (*at < whole_at).then_some(whole_at)
}

/// The same in words, where a change that is still to come could have caused something.
pub(super) fn missing(evidence: &Evidence) -> Option<String> {
    if matches!(last_502(evidence), Last::None) {
        return None;
    }
    late_until(evidence).map(|at| {
        format!(
            "{}: read less than {} minutes after the last 502, and CloudTrail delivers late, so a change \
             that caused it may be to come; run the step target-health again after {}",
            Need::CloudTrail.name(),
            DELIVERED_WITHIN.num_minutes(),
            words::clock(at)
        )
    })
}

enum Last {
    At(DateTime<Utc>),
    /// There was none, for sure.
    None,
    Unknown,
}

fn last_502(evidence: &Evidence) -> Last {
    let is_classic = evidence.load_balancer.kind == LoadBalancerType::Classic;
    let rows = evidence.access_log.seen().map_or(&[][..], |log| &log.rows);
    // On Classic what a target does to a request shows as 504. [V] Classic guide
    let in_log = rows
        .iter()
        .filter(|row| row.elb_status_code == 502 || (is_classic && row.elb_status_code == 504))
        .map(|row| row.time)
        .max();
    let (name, resource) = if is_classic {
        ("HTTPCode_ELB_5XX", &evidence.load_balancer.name)
    } else {
        ("HTTPCode_ELB_502_Count", &evidence.load_balancer.arn)
    };
    let series = evidence
        .metrics
        .seen()
        .and_then(|metrics| metrics.find(resource, name, "Sum"));
    // A point counts for its whole period; the window's edge is what is asked about.
    let counted = series.and_then(|series| {
        let window = evidence.window;
        series
            .between(minute_of(window.from), window.to)
            .filter(|point| point.value > 0.0)
            .map(|point| shifted(point.at, TimeDelta::seconds(i64::from(series.period))))
            .map(|end| end.min(window.to))
            .max()
    });
    // A metric tells minutes only: where the log was read in full, it is the exact one.
    let is_exact = evidence.access_log.whole().is_some();
    match (in_log, counted) {
        (Some(at), _) if is_exact => Last::At(at),
        (Some(at), Some(counted)) => Last::At(at.max(counted)),
        (Some(at), None) | (None, Some(at)) => Last::At(at),
        (None, None) if is_exact || (series.is_some() && evidence.metrics.whole().is_some()) => {
            Last::None
        }
        (None, None) => Last::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Case,
        coverage::{self, Coverage},
        fixture::*,
    };

    fn read_at(clock: &str, evidence: &mut Evidence) {
        if let Observed::Seen { at: read, .. } = &mut evidence.cloudtrail {
            *read = at(clock);
        }
    }

    /// One hang-up, twelve minutes before the window's end.
    fn one_502() -> Evidence {
        let mut evidence = healthy();
        set_rows(&mut evidence, vec![hung_up("10:48:00", 1, 1.0)]);
        evidence
    }

    #[test]
    fn a_change_just_before_the_last_502_may_be_to_come() {
        let mut evidence = one_502();
        read_at("11:01:00", &mut evidence);
        assert_eq!(late_until(&evidence), Some(at("11:03:00")));
        let missing = Need::CloudTrail.missing(&evidence);
        assert!(missing[0].contains("again after 11:03:00"), "{missing:?}");
        read_at("11:03:00", &mut evidence);
        assert_eq!(late_until(&evidence), None);
        assert!(Need::CloudTrail.missing(&evidence).is_empty());
    }

    #[test]
    fn without_a_502_nothing_that_is_to_come_is_missed() {
        let mut evidence = healthy();
        read_at("11:01:00", &mut evidence);
        assert!(Need::CloudTrail.missing(&evidence).is_empty());
        // But the panel says that the source is late.
        assert_eq!(late_until(&evidence), Some(at("11:15:00")));
    }

    #[test]
    fn without_a_log_the_metric_tells_when_the_last_502_was() {
        let mut evidence = healthy();
        evidence.access_log = denied("s3:GetObject");
        let points = [("10:20:00", 5.0), ("10:50:00", 1.0)];
        set_series(
            &mut evidence,
            series(LOAD_BALANCER, "HTTPCode_ELB_502_Count", "Sum", &points),
        );
        read_at("11:04:00", &mut evidence);
        assert_eq!(late_until(&evidence), Some(at("11:06:00")));
        // Where not even that is known, any moment of the window may have been it.
        evidence.metrics = denied("cloudwatch:GetMetricData");
        assert_eq!(late_until(&evidence), Some(at("11:15:00")));
        assert!(!Need::CloudTrail.missing(&evidence).is_empty());
    }

    #[test]
    fn the_panel_says_when_to_run_it_again() {
        let mut evidence = one_502();
        read_at("11:01:00", &mut evidence);
        let all = coverage::of(&Case::new(&evidence));
        let trail = all.into_iter().find(|one| one.id == "cloudtrail").unwrap();
        assert_eq!(trail.state, Coverage::Late);
        let close = trail.close.unwrap();
        assert_eq!(
            close.summary,
            "Run the step target-health again after 11:03:00 UTC."
        );
    }
}
