//! Counts, rates and status codes in words.

use std::collections::BTreeMap;

/// `1,234,567`
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 call`, `2,000 calls`
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `14.5` of something in a minute: to the tenth, and no more places than it needs.
pub(crate) fn rate(per_minute: f64) -> String {
    // Whole numbers from here: to print others costs more than this page has to give.
    let tenths = (per_minute * 10.0).round() as u64;
    match (tenths / 10, tenths % 10) {
        (0, 0) if per_minute > 0.0 => "under 0.1".to_owned(),
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest}"),
    }
}

/// `12.5%` from thousandths, as a style has it.
pub(crate) fn permille(thousandths: u64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// The share of the whole, as a style has it; of nothing, nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let thousandths = part.saturating_mul(1_000).checked_div(whole).unwrap_or(0);
    permille(thousandths.min(1_000))
}

/// What a status code is called; of those that only AWS has, what it says. [V] RFC 9110, DOC-TS
fn code_name(code: &str) -> Option<&'static str> {
    Some(match code {
        "400" => "Bad Request",
        "408" => "Request Timeout",
        "413" => "Content Too Large",
        "460" => "the client hung up first",
        "463" => "too many X-Forwarded-For addresses",
        "464" => "protocol versions do not fit",
        "500" => "Internal Server Error",
        "502" => "Bad Gateway",
        "503" => "Service Unavailable",
        "504" => "Gateway Timeout",
        "505" => "HTTP Version Not Supported",
        "561" => "Unauthorized",
        _ => return None,
    })
}

/// `504 (Gateway Timeout)`
pub(crate) fn code(code: &str) -> String {
    code_name(code).map_or_else(|| code.to_owned(), |name| format!("{code} ({name})"))
}

/// `405 of 430 502s, and 31 answers with 504 (Gateway Timeout)`; `None` where it explains nothing.
pub(crate) fn explained(
    explains: u64,
    total: u64,
    neighbours: &BTreeMap<String, u64>,
) -> Option<String> {
    let others: Vec<String> = neighbours
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(of, n)| format!("{} with {}", counted(*n, "answer", "answers"), code(of)))
        .collect();
    let of_502 = format!("{} of {}", count(explains), counted(total, "502", "502s"));
    match (explains, others.is_empty()) {
        (0, true) => None,
        (0, false) if total == 0 => Some(others.join(" and ")),
        (0, false) => Some(format!("no 502, but {}", others.join(" and "))),
        (_, true) => Some(of_502),
        (_, false) => Some(format!("{of_502}, and {}", others.join(" and "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "call", "calls"), "1 call");
    }

    #[test]
    fn rates_have_no_more_places_than_they_need() {
        assert_eq!(rate(0.0), "0");
        assert_eq!(rate(0.03), "under 0.1");
        assert_eq!(rate(0.2), "0.2");
        assert_eq!(rate(14.0), "14");
        assert_eq!(rate(14.53), "14.5");
        assert_eq!(rate(0.96), "1");
        assert_eq!(rate(-1.0), "0");
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(2, 0), "0.0%");
        assert_eq!(percent(u64::MAX, 2), "100.0%");
    }

    #[test]
    fn what_a_finding_explains_is_told_in_words() {
        let none = BTreeMap::new();
        let some = BTreeMap::from([("503".to_owned(), 0), ("504".to_owned(), 1_031)]);
        assert_eq!(explained(0, 12, &none), None);
        assert_eq!(explained(46, 46, &none).as_deref(), Some("46 of 46 502s"));
        assert_eq!(explained(1, 1, &none).as_deref(), Some("1 of 1 502"));
        assert_eq!(
            explained(405, 430, &some).as_deref(),
            Some("405 of 430 502s, and 1,031 answers with 504 (Gateway Timeout)")
        );
        assert_eq!(
            explained(0, 430, &some).as_deref(),
            Some("no 502, but 1,031 answers with 504 (Gateway Timeout)")
        );
        assert_eq!(
            explained(0, 0, &some).as_deref(),
            Some("1,031 answers with 504 (Gateway Timeout)")
        );
        assert_eq!(code("418"), "418");
    }
}
