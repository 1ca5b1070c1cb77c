//! Timestamps and durations of log lines, as whole microseconds: sums of them do not depend on
//! the order in which objects are read.

/// Microseconds of `2026-11-20T03:12:44.186641Z` since the epoch; the fraction may be missing or
/// shorter. `None` for anything else.
pub(super) fn timestamp(field: &[u8]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        mo0,
        mo1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        mi0,
        mi1,
        b':',
        s0,
        s1,
        rest @ ..,
    ] = field
    else {
        return None;
    };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let month = number(&[*mo0, *mo1])?;
    let day = number(&[*d0, *d1])?;
    let hour = number(&[*h0, *h1])?;
    let minute = number(&[*mi0, *mi1])?;
    let second = number(&[*s0, *s1])?;
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let fraction = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] => micros_of_fraction(digits)?,
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds * 1_000_000 + fraction)
}

/// Microseconds of `4.205`. `Some(None)` for `-1` and `-` (not measured), `None` for anything that
/// is not a duration.
pub(super) fn seconds(field: &[u8]) -> Option<Option<u64>> {
    if matches!(field, b"-" | b"-1" | b"-1.0" | b"-1.000" | b"-1.000000") {
        return Some(None);
    }
    let (whole, fraction) = match memchr::memchr(b'.', field) {
        Some(dot) => (&field[..dot], micros_of_fraction(&field[dot + 1..])?),
        None => (field, 0),
    };
    // A request that takes eleven days is not a request.
    if whole.len() > 6 {
        return None;
    }
    let micros = number(whole)? * 1_000_000 + fraction;
    u64::try_from(micros).ok().map(Some)
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0i64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

fn micros_of_fraction(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        let digit = digits.get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        micros = micros * 10 + i64::from(digit - b'0');
    }
    Some(micros)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_agree_with_chrono() {
        for text in [
            "2026-11-20T03:12:44.186641Z",
            "2024-02-29T23:59:59.999999Z",
            "1970-01-01T00:00:00.000000Z",
            "2000-12-31T12:00:00Z",
            "2026-03-01T00:00:00.5Z",
        ] {
            let expected = chrono::DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_micros();
            assert_eq!(timestamp(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "2026-11-20",
            "2026-13-20T03:12:44Z",
            "2026-11-20T03:12:44",
            "2026-11-20T03:12:44.Z",
            "2026-11-20T0x:12:44Z",
        ] {
            assert_eq!(timestamp(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn durations_are_whole_microseconds() {
        assert_eq!(seconds(b"4.205"), Some(Some(4_205_000)));
        assert_eq!(seconds(b"0.000073"), Some(Some(73)));
        assert_eq!(seconds(b"10"), Some(Some(10_000_000)));
        assert_eq!(seconds(b"-1"), Some(None));
        assert_eq!(seconds(b"-"), Some(None));
        assert_eq!(seconds(b"-2"), None);
        assert_eq!(seconds(b"1.x"), None);
        assert_eq!(seconds(b""), None);
    }
}
