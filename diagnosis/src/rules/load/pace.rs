//! Series by period: what is usual, and which periods stand out.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{case::shifted, evidence::metrics::Series};

/// Values by the start of their period.
pub(super) type ByPeriod = BTreeMap<DateTime<Utc>, f64>;

/// How long a period of the series is; at least a minute.
pub(super) fn length(series: &Series) -> TimeDelta {
    // A day is the longest that anybody asks CloudWatch for.
    TimeDelta::seconds(i64::from(series.period.clamp(60, 86_400)))
}

/// The start of the period that `at` falls into: CloudWatch counts them from 1970 on.
pub(super) fn start_of(at: DateTime<Utc>, length: TimeDelta) -> DateTime<Utc> {
    let seconds = length.num_seconds().max(1);
    let start = at.timestamp().div_euclid(seconds).saturating_mul(seconds);
    DateTime::from_timestamp(start, 0).unwrap_or(at)
}

/// A counter's points in `[from, to)`, those of one period added up.
pub(super) fn counts(
    series: &Series,
    length: TimeDelta,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> ByPeriod {
    collect(series, length, from, to, |sum, value| sum + value)
}

/// A gauge's points in `[from, to)`, the highest of a period.
pub(super) fn peaks(
    series: &Series,
    length: TimeDelta,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> ByPeriod {
    collect(series, length, from, to, f64::max)
}

fn collect(
    series: &Series,
    length: TimeDelta,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    join: impl Fn(f64, f64) -> f64,
) -> ByPeriod {
    let mut values = ByPeriod::new();
    for point in series.between(from, to) {
        if point.value.is_finite() && point.value >= 0.0 {
            let value = values.entry(start_of(point.at, length)).or_insert(0.0);
            *value = join(*value, point.value);
        }
    }
    values
}

/// The value below which `percent` of all lie; `None` of nothing.
pub(super) fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted
        .get(last.saturating_mul(percent.min(100)) / 100)
        .copied()
}

pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    percentile(values, 50)
}

/// The value of the period that `at` falls into.
pub(super) fn value_at(values: &ByPeriod, length: TimeDelta, at: DateTime<Utc>) -> Option<f64> {
    values.get(&start_of(at, length)).copied()
}

/// The values of the periods that start in `[from, to)`; none where that is no stretch of time.
pub(super) fn between(
    values: &ByPeriod,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl DoubleEndedIterator<Item = (&DateTime<Utc>, &f64)> {
    // A range that ends before it starts is a panic.
    values.range(from.min(to)..to)
}

/// Whether the values cover at least so many minutes.
pub(super) fn covers_minutes(periods: usize, length: TimeDelta, minutes: i64) -> bool {
    let covered = i64::try_from(periods)
        .unwrap_or(i64::MAX)
        .saturating_mul(length.num_minutes());
    covered >= minutes
}

/// `6.2 times`, in whole tenths, rounded down.
pub(super) fn times(value: f64, usual: f64) -> String {
    // `as` saturates, and takes NaN for 0.
    let tenths = (value / usual * 10.0) as u64;
    format!("{}.{} times", tenths / 10, tenths % 10)
}

/// The period before, or so many before.
pub(super) fn back(at: DateTime<Utc>, length: TimeDelta, periods: i32) -> DateTime<Utc> {
    shifted(
        at,
        -TimeDelta::seconds(length.num_seconds().saturating_mul(i64::from(periods))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{at, series};

    #[test]
    fn periods_start_where_cloudwatch_starts_them() {
        let five = TimeDelta::minutes(5);
        assert_eq!(start_of(at("10:07:31.5"), five), at("10:05:00"));
        let one = series(
            "x",
            "RequestCount",
            "Sum",
            &[("10:01:00", 3.0), ("10:04:00", 4.0)],
        );
        let all = (at("10:00:00"), at("11:00:00"));
        assert_eq!(
            counts(&one, five, all.0, all.1),
            ByPeriod::from([(at("10:00:00"), 7.0)])
        );
        assert_eq!(
            peaks(&one, five, all.0, all.1),
            ByPeriod::from([(at("10:00:00"), 4.0)])
        );
    }

    #[test]
    fn odd_values_are_passed_over() {
        let odd = series(
            "x",
            "y",
            "Sum",
            &[("10:01:00", f64::NAN), ("10:02:00", -1.0)],
        );
        let minute = TimeDelta::minutes(1);
        assert!(counts(&odd, minute, at("10:00:00"), at("11:00:00")).is_empty());
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(percentile([1.0, 2.0, 3.0, 4.0].into_iter(), 100), Some(4.0));
        assert_eq!(
            times(f64::INFINITY, 0.0),
            format!("{}.5 times", u64::MAX / 10)
        );
        assert_eq!(times(62.0, 10.0), "6.2 times");
    }
}
