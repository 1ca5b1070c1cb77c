//! Times for people: UTC first, because logs and AWS speak it, then the person's own clock.

use chrono::{DateTime, FixedOffset, Local, NaiveDateTime, Offset, TimeDelta, Utc};
use diagnosis::evidence::Window;

/// `22 Nov 2026, 02:10:05 UTC`
pub(crate) fn utc(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// `22 Nov, 02:10:05 UTC`; the year stands with the window.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b, %H:%M:%S UTC").to_string()
}

/// `03:10:05 your time`, with the day where it is another one; `None` where the person's clock is on UTC.
pub(crate) fn local(at: DateTime<Utc>) -> Option<String> {
    on_clock(at, at.with_timezone(&Local).offset().fix())
}

fn on_clock(at: DateTime<Utc>, clock: FixedOffset) -> Option<String> {
    if clock.local_minus_utc() == 0 {
        return None;
    }
    let there = at.with_timezone(&clock);
    let format = if there.date_naive() == at.date_naive() {
        "%H:%M:%S your time"
    } else {
        "%-d %b, %H:%M:%S your time"
    };
    Some(there.format(format).to_string())
}

/// `22 Nov 2026, 02:10–03:10 UTC`
pub(crate) fn window_utc(window: Window) -> String {
    format!(
        "{} UTC",
        span(window.from.naive_utc(), window.to.naive_utc())
    )
}

/// `03:10–04:10 your time`, with the day where it is another one; `None` where the person's clock is on UTC.
pub(crate) fn window_local(window: Window) -> Option<String> {
    let from = window.from.with_timezone(&Local);
    let to = window.to.with_timezone(&Local);
    // The day is said once, with UTC, where both clocks agree on it.
    let same_days =
        from.date_naive() == window.from.date_naive() && to.date_naive() == from.date_naive();
    let words = if same_days {
        format!("{}–{}", from.format("%H:%M"), to.format("%H:%M"))
    } else {
        span(from.naive_local(), to.naive_local())
    };
    (from.offset().local_minus_utc() != 0).then(|| format!("{words} your time"))
}

/// How long a window is: `1 h`, `1 h 30 min`.
pub(crate) fn length(window: Window) -> String {
    let minutes = (window.to - window.from).num_minutes();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// `just now`, `5 min ago`, `3 h ago`, `2 days ago`.
pub(crate) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let passed = now - at;
    if passed < TimeDelta::minutes(1) {
        "just now".to_owned()
    } else if passed < TimeDelta::hours(1) {
        format!("{} min ago", passed.num_minutes())
    } else if passed < TimeDelta::days(2) {
        format!("{} h ago", passed.num_hours())
    } else {
        format!("{} days ago", passed.num_days())
    }
}

/// The value of a `datetime-local` field, taken as UTC.
pub(crate) fn from_field(value: &str) -> Option<DateTime<Utc>> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(value, format).ok())
        .map(|at| at.and_utc())
}

pub(crate) fn to_field(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M").to_string()
}

/// To the second, where the time has any: what is shown is what is kept.
pub(crate) fn to_field_exact(at: DateTime<Utc>) -> String {
    if at.format("%S").to_string() == "00" {
        to_field(at)
    } else {
        at.format("%Y-%m-%dT%H:%M:%S").to_string()
    }
}

pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn span(from: NaiveDateTime, to: NaiveDateTime) -> String {
    let end = if from.date() == to.date() {
        to.format("%H:%M")
    } else {
        to.format("%-d %b, %H:%M")
    };
    format!("{}–{end}", from.format("%-d %b %Y, %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_names_its_day_once() {
        let window = Window {
            from: at("2026-11-22T02:10:00Z"),
            to: at("2026-11-22T03:40:00Z"),
        };
        assert_eq!(window_utc(window), "22 Nov 2026, 02:10–03:40 UTC");
        assert_eq!(length(window), "1 h 30 min");
    }

    #[test]
    fn a_window_over_midnight_names_both_days() {
        let window = Window {
            from: at("2026-11-21T23:30:00Z"),
            to: at("2026-11-22T00:30:00Z"),
        };
        assert_eq!(window_utc(window), "21 Nov 2026, 23:30–22 Nov, 00:30 UTC");
    }

    #[test]
    fn a_moment_is_told_on_both_clocks() {
        let late = at("2026-11-22T23:10:05Z");
        assert_eq!(moment(late), "22 Nov, 23:10:05 UTC");
        let clock = |hours: i32| FixedOffset::east_opt(hours * 3_600).unwrap();
        assert_eq!(on_clock(late, clock(0)), None);
        assert_eq!(
            on_clock(late, clock(-5)).as_deref(),
            Some("18:10:05 your time")
        );
        assert_eq!(
            on_clock(late, clock(1)).as_deref(),
            Some("23 Nov, 00:10:05 your time")
        );
    }

    #[test]
    fn a_field_is_read_as_utc_with_or_without_seconds() {
        assert_eq!(
            from_field("2026-11-22T02:10"),
            Some(at("2026-11-22T02:10:00Z"))
        );
        assert_eq!(
            from_field("2026-11-22T02:10:30"),
            Some(at("2026-11-22T02:10:30Z"))
        );
        assert_eq!(from_field("yesterday"), None);
    }

    #[test]
    fn ages_are_rounded_down() {
        let now = at("2026-11-22T12:00:00Z");
        assert_eq!(ago(at("2026-11-22T11:59:30Z"), now), "just now");
        assert_eq!(ago(at("2026-11-22T11:01:00Z"), now), "59 min ago");
        assert_eq!(ago(at("2026-11-21T12:00:00Z"), now), "24 h ago");
        assert_eq!(ago(at("2026-11-19T12:00:00Z"), now), "3 days ago");
    }
}
