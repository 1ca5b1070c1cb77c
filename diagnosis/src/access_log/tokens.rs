//! A log line → its fields, by spaces and quotes.
//!
//! New fields are appended to the format without notice, so a line is never matched against a
//! fixed pattern: whoever reads takes the fields that it needs and ignores the rest.

use memchr::memchr;

/// How a quote inside a quoted field is read. Log lines hold text that clients chose, and both
/// readings are seen in the wild, so [`super::format`] tries the second where the first does not
/// give columns that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// `\"` does not end the field.
    Escaped,
    /// A quote before a space or the end of the line ends the field, whatever stands before it: a
    /// client's text may itself end in a backslash.
    Plain,
}

/// Fills `fields` from `at` on, without the quotes around quoted fields; returns how many it filled
/// and where it ended. `None` where a quote does not close.
pub(super) fn split<'a>(
    line: &'a [u8],
    mut at: usize,
    fields: &mut [&'a [u8]],
    quotes: Quotes,
) -> Option<(usize, usize)> {
    for (place, field) in fields.iter_mut().enumerate() {
        // Some writers leave two spaces; an empty field is always `-` or `""`.
        while line.get(at) == Some(&b' ') {
            at += 1;
        }
        let Some(first) = line.get(at) else {
            return Some((place, at));
        };
        if *first == b'"' {
            let start = at + 1;
            let end = closing_quote(line, start, quotes)?;
            *field = &line[start..end];
            at = end + 1;
        } else {
            let end = memchr(b' ', &line[at..]).map_or(line.len(), |length| at + length);
            *field = &line[at..end];
            at = end;
        }
    }
    Some((fields.len(), at))
}

fn closing_quote(line: &[u8], start: usize, quotes: Quotes) -> Option<usize> {
    let mut from = start;
    loop {
        let quote = from + memchr(b'"', &line[from..])?;
        let ends = matches!(line.get(quote + 1), None | Some(b' '));
        if ends && !(quotes == Quotes::Escaped && is_escaped(&line[start..quote])) {
            return Some(quote);
        }
        from = quote + 1;
    }
}

/// An odd number of backslashes before it escapes a quote.
fn is_escaped(before: &[u8]) -> bool {
    before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str, quotes: Quotes) -> Option<Vec<&str>> {
        let mut fields = [&b""[..]; 8];
        let (count, _) = split(line.as_bytes(), 0, &mut fields, quotes)?;
        Some(
            fields[..count]
                .iter()
                .map(|field| std::str::from_utf8(field).unwrap())
                .collect(),
        )
    }

    #[test]
    fn splits_by_spaces_and_quotes() {
        assert_eq!(
            fields(r#"a "b c" - "" d"#, Quotes::Escaped),
            Some(vec!["a", "b c", "-", "", "d"])
        );
        assert_eq!(fields("", Quotes::Escaped), Some(vec![]));
        assert_eq!(
            fields("1 2 3 4 5 6 7 8 9 10", Quotes::Escaped)
                .unwrap()
                .len(),
            8
        );
    }

    #[test]
    fn quotes_inside_quotes() {
        assert_eq!(
            fields(r#""say \"hi\" twice" x"#, Quotes::Escaped),
            Some(vec![r#"say \"hi\" twice"#, "x"])
        );
        assert_eq!(
            fields(r#""a"b" x"#, Quotes::Escaped),
            Some(vec![r#"a"b"#, "x"])
        );
        // An even number of backslashes is text.
        assert_eq!(
            fields(r#""dir\\" x"#, Quotes::Escaped),
            Some(vec![r"dir\\", "x"])
        );
        // A client's text that ends in a backslash.
        assert_eq!(fields(r#""dir\" x"#, Quotes::Escaped), None);
        assert_eq!(
            fields(r#""dir\" x"#, Quotes::Plain),
            Some(vec![r"dir\", "x"])
        );
        assert_eq!(fields(r#"a "never closed"#, Quotes::Plain), None);
    }
}
