//! Counts that cannot overflow, and moments that stay within what a time can hold.

use chrono::{DateTime, TimeDelta, Utc};

/// No single count of the evidence is taken for more than this, so that no sum overflows whatever
/// a bundle holds. A load balancer would need years of a million requests a second to get there.
const COUNT_LIMIT: u64 = 1 << 40;

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
