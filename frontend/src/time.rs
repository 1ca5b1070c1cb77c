//! Times for people: UTC first, because logs and AWS speak it, then the person's own clock.
//!
//! Put together by hand: chrono's patterns would be a good part of a first load.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use diagnosis::evidence::Window;
use leptos::{wasm_bindgen::JsValue, web_sys::js_sys};

/// `22 Nov 2026, 02:10:05 UTC`
pub(crate) fn utc(at: DateTime<Utc>) -> String {
    let at = at.naive_utc();
    format!("{}, {} UTC", date(at), clock(at))
}

/// `22 Nov, 02:10:05 UTC`; the year stands with the window.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    let at = at.naive_utc();
    format!("{}, {} UTC", day(at), clock(at))
}

/// `03:10:05 your time`, with the day where it is another one; `None` where the person's clock is on UTC.
pub(crate) fn local(at: DateTime<Utc>) -> Option<String> {
    on_clock(at, ahead(at))
}

fn on_clock(at: DateTime<Utc>, ahead: TimeDelta) -> Option<String> {
    if ahead.is_zero() {
        return None;
    }
    let here = at.naive_utc();
    let there = later(here, ahead);
    Some(if there.date() == here.date() {
        format!("{} your time", clock(there))
    } else {
        format!("{}, {} your time", day(there), clock(there))
    })
}

/// At the end of the calendar there is no later.
fn later(at: NaiveDateTime, by: TimeDelta) -> NaiveDateTime {
    at.checked_add_signed(by).unwrap_or(at)
}

/// How far the person's clock is ahead of UTC at that moment: the browser knows.
fn ahead(at: DateTime<Utc>) -> TimeDelta {
    let at = js_sys::Date::new(&JsValue::from_f64(at.timestamp_millis() as f64));
    TimeDelta::minutes(-(at.get_timezone_offset() as i64))
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
    window_on_clock(window, ahead(window.from), ahead(window.to))
}

fn window_on_clock(window: Window, at_from: TimeDelta, at_to: TimeDelta) -> Option<String> {
    if at_from.is_zero() {
        return None;
    }
    let (from, to) = (window.from.naive_utc(), window.to.naive_utc());
    let (local_from, local_to) = (later(from, at_from), later(to, at_to));
    // The day is said once, with UTC, where both clocks agree on it.
    let same_days = local_from.date() == from.date()
        && local_to.date() == to.date()
        && local_to.date() == local_from.date();
    let words = if same_days {
        format!("{}–{}", minutes(local_from), minutes(local_to))
    } else {
        span(local_from, local_to)
    };
    Some(format!("{words} your time"))
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
    let value = value.trim();
    [format!("{value}:00Z"), format!("{value}Z")]
        .iter()
        .find_map(|text| text.parse().ok())
}

pub(crate) fn to_field(at: DateTime<Utc>) -> String {
    let at = at.naive_utc();
    format!("{}T{}", iso_date(at), minutes(at))
}

/// To the second, where the time has any: what is shown is what is kept.
pub(crate) fn to_field_exact(at: DateTime<Utc>) -> String {
    if at.second() == 0 {
        return to_field(at);
    }
    let at = at.naive_utc();
    format!("{}T{}", iso_date(at), clock(at))
}

pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    let at = at.naive_utc();
    format!("{}T{}Z", iso_date(at), clock(at))
}

fn span(from: NaiveDateTime, to: NaiveDateTime) -> String {
    let end = if from.date() == to.date() {
        minutes(to)
    } else {
        format!("{}, {}", day(to), minutes(to))
    };
    format!("{}, {}–{end}", date(from), minutes(from))
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `22 Nov 2026`
fn date(at: NaiveDateTime) -> String {
    format!("{} {}", day(at), at.year())
}

/// `22 Nov`
fn day(at: NaiveDateTime) -> String {
    let month = MONTHS.get(at.month0() as usize).copied();
    format!("{} {}", at.day(), month.unwrap_or_default())
}

/// `02:10`
fn minutes(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `02:10:05`
fn clock(at: NaiveDateTime) -> String {
    format!("{}:{:02}", minutes(at), at.second())
}

/// `2026-11-22`
fn iso_date(at: NaiveDateTime) -> String {
    format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day())
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
        assert_eq!(on_clock(late, TimeDelta::zero()), None);
        assert_eq!(
            on_clock(late, TimeDelta::hours(-5)).as_deref(),
            Some("18:10:05 your time")
        );
        assert_eq!(
            on_clock(late, TimeDelta::minutes(330)).as_deref(),
            Some("23 Nov, 04:40:05 your time")
        );
        assert_eq!(utc(late), "22 Nov 2026, 23:10:05 UTC");
        assert_eq!(rfc3339(late), "2026-11-22T23:10:05Z");
    }

    #[test]
    fn a_window_is_told_on_the_persons_clock() {
        let window = Window {
            from: at("2026-11-22T02:10:00Z"),
            to: at("2026-11-22T03:40:00Z"),
        };
        let on =
            |hours: i64| window_on_clock(window, TimeDelta::hours(hours), TimeDelta::hours(hours));
        assert_eq!(on(0), None);
        assert_eq!(on(1).as_deref(), Some("03:10–04:40 your time"));
        assert_eq!(
            on(-5).as_deref(),
            Some("21 Nov 2026, 21:10–22:40 your time")
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
        assert_eq!(from_field(""), None);
        let exact = at("2026-11-22T02:10:30Z");
        assert_eq!(to_field_exact(exact), "2026-11-22T02:10:30");
        assert_eq!(to_field(exact), "2026-11-22T02:10");
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
