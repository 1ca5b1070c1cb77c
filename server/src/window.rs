//! The window of an incident, from what a person typed.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diagnosis::evidence::Window;

/// The longest window: what an access log of a busy hour costs, 24 times.
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Without a word about time.
const DEFAULT: TimeDelta = TimeDelta::hours(1);
/// How far the clocks of a browser and a server may be apart.
const CLOCKS: TimeDelta = TimeDelta::minutes(2);

/// What is wrong with a window, which field of the request is meant, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct WindowError {
    pub field: &'static str,
    pub detail: String,
    pub what_to_do: String,
}

/// `from` and `to` (RFC 3339), or `last` (`15m`, `1h`, `24h`), or neither: the last hour.
/// `from` alone lasts until now.
pub fn window(
    from: Option<&str>,
    to: Option<&str>,
    last: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Window, WindowError> {
    let now = to_the_second(now);
    match (from, to, last) {
        (None, None, None) => Ok(ending(now, DEFAULT)),
        (None, None, Some(last)) => span(last).map(|span| ending(now, span)),
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(wrong(
            "last",
            "The window is given twice: as last, and as from and to.",
            "Give either last, or from and to.",
        )),
        (None, Some(_), None) => Err(wrong(
            "from",
            "The window has an end and no start.",
            "Give from as well, such as 2026-11-22T01:00:00Z.",
        )),
        (Some(from), to, None) => {
            let from = time("from", from)?;
            let to = to.map(|to| time("to", to)).transpose()?;
            checked(
                Window {
                    from,
                    to: to.unwrap_or(now),
                },
                now,
            )
        }
    }
}

/// A window that is given whole.
pub fn checked(window: Window, now: DateTime<Utc>) -> Result<Window, WindowError> {
    if window.from > now + CLOCKS {
        return Err(wrong(
            "from",
            format!(
                "The window lies in the future: it starts at {}.",
                shown(window.from)
            ),
            format!("Give a time that has passed; now it is {}.", shown(now)),
        ));
    }
    if window.to > now + CLOCKS {
        return Err(wrong(
            "to",
            format!("The window ends in the future, at {}.", shown(window.to)),
            format!("Let it end now at the latest: {}.", shown(now)),
        ));
    }
    if window.to <= window.from {
        return Err(wrong(
            "to",
            format!(
                "The window ends ({}) before it starts ({}).",
                shown(window.to),
                shown(window.from)
            ),
            "Give a to that is later than from.",
        ));
    }
    if window.to - window.from > LONGEST {
        return Err(wrong(
            "from",
            "The window is longer than 24 hours.",
            SHORTER,
        ));
    }
    Ok(window)
}

const SHORTER: &str = "Give at most 24 hours; the time when the 502s began is best.";

fn span(last: &str) -> Result<TimeDelta, WindowError> {
    let unreadable = || {
        wrong(
            "last",
            format!("{last:?} is no length of time."),
            "Give a number and a unit: 15m, 1h or 24h.",
        )
    };
    let text = last.trim();
    let unit = text.chars().last().ok_or_else(unreadable)?;
    let number = text[..text.len() - unit.len_utf8()].trim();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unreadable());
    }
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(unreadable()),
    };
    // More digits than fit are a length too: one that is too long.
    let number = number.parse::<i64>().unwrap_or(i64::MAX);
    match TimeDelta::try_seconds(number.saturating_mul(seconds)) {
        Some(span) if span.is_zero() => Err(unreadable()),
        Some(span) if span <= LONGEST => Ok(span),
        _ => Err(wrong(
            "last",
            "The window is longer than 24 hours.",
            SHORTER,
        )),
    }
}

/// A moment that is given as RFC 3339, to the second.
pub fn time(field: &'static str, text: &str) -> Result<DateTime<Utc>, WindowError> {
    DateTime::parse_from_rfc3339(text.trim())
        .ok()
        .map(|time| time.to_utc())
        // Years that no log has, and that Postgres may not hold.
        .filter(|time| (2000..10_000).contains(&chrono::Datelike::year(time)))
        .map(to_the_second)
        .ok_or_else(|| {
            wrong(
                field,
                format!("{field} is not a time: {text:?}."),
                "Give it as RFC 3339 with a zone, such as 2026-11-22T01:00:00Z.",
            )
        })
}

fn ending(now: DateTime<Utc>, span: TimeDelta) -> Window {
    Window {
        from: now - span,
        to: now,
    }
}

fn to_the_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::seconds(1)).unwrap_or(time)
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn wrong(
    field: &'static str,
    detail: impl Into<String>,
    what_to_do: impl Into<String>,
) -> WindowError {
    WindowError {
        field,
        detail: detail.into(),
        what_to_do: what_to_do.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T12:00:00.5Z".parse().unwrap()
    }

    fn read(
        from: Option<&str>,
        to: Option<&str>,
        last: Option<&str>,
    ) -> Result<(String, String), &'static str> {
        window(from, to, last, now())
            .map(|window| (shown(window.from), shown(window.to)))
            .map_err(|error| {
                assert!(!error.detail.is_empty() && !error.what_to_do.is_empty());
                error.field
            })
    }

    fn hours(from: &str, to: &str) -> Result<(String, String), &'static str> {
        Ok((
            format!("2026-11-22T{from}:00Z"),
            format!("2026-11-22T{to}:00Z"),
        ))
    }

    #[test]
    fn good_windows() {
        assert_eq!(read(None, None, None), hours("11:00", "12:00"));
        assert_eq!(read(None, None, Some("15m")), hours("11:45", "12:00"));
        assert_eq!(read(None, None, Some(" 2h ")), hours("10:00", "12:00"));
        let there = (
            Some("2026-11-22T09:00:00+01:00"),
            Some("2026-11-22T09:00:00.9Z"),
        );
        assert_eq!(read(there.0, there.1, None), hours("08:00", "09:00"));
        assert_eq!(
            read(Some("2026-11-22T11:30:00Z"), None, None),
            hours("11:30", "12:00")
        );
    }

    #[test]
    fn bad_windows_name_their_field() {
        let noon = Some("2026-11-22T12:00:00Z");
        let one = Some("2026-11-22T01:00:00Z");
        for (from, to, last, field) in [
            (one, noon, Some("1h"), "last"),
            (None, noon, None, "from"),
            (noon, one, None, "to"),
            (one, one, None, "to"),
            (
                Some("2026-11-23T12:00:00Z"),
                Some("2026-11-23T13:00:00Z"),
                None,
                "from",
            ),
            (one, Some("2026-11-22T18:00:00Z"), None, "to"),
            (Some("2026-11-21T11:00:00Z"), noon, None, "from"),
            (Some("yesterday"), noon, None, "from"),
            (Some("2026-11-22 01:00"), noon, None, "from"),
            (Some("+262000-01-01T00:00:00Z"), noon, None, "from"),
            (one, Some(""), None, "to"),
            (None, None, Some("25h"), "last"),
            (None, None, Some("0m"), "last"),
            (None, None, Some("-1h"), "last"),
            (None, None, Some("h"), "last"),
            (None, None, Some("1.5h"), "last"),
            (None, None, Some("1ö"), "last"),
            (None, None, Some(""), "last"),
            (None, None, Some("99999999999999999999999h"), "last"),
        ] {
            assert_eq!(read(from, to, last), Err(field), "{from:?} {to:?} {last:?}");
        }
    }
}
