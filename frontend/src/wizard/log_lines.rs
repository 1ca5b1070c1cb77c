//! Lines of the log as logged, with the fields marked that decide, and what each of them tells.

use diagnosis::document::{DecidingField, RawRow};
use leptos::prelude::*;

use crate::{components::CopyButton, text};

/// A piece of a line: plain, or what decides, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    name: Option<String>,
}

#[component]
pub(crate) fn LogLines(rows: Vec<RawRow>) -> impl IntoView {
    let heading = match rows.len() {
        1 => "A line of the log that it explains",
        2 => "Two lines of the log that it explains",
        _ => "Three lines of the log that it explains",
    };
    (!rows.is_empty()).then(|| {
        view! {
            <div class="finding-part">
                <h5>{heading}</h5>
                <ol class="log-lines">
                    {rows.into_iter().enumerate().map(|(at, row)| view! { <Line row open={at == 0}/> }).collect_view()}
                </ol>
            </div>
        }
    })
}

#[component]
fn Line(row: RawRow, open: bool) -> impl IntoView {
    let RawRow {
        line,
        deciding,
        computed,
    } = row;
    let marked = pieces(&line, &deciding)
        .into_iter()
        .map(|piece| match piece.name {
            None => piece.text.into_any(),
            Some(name) => {
                view! { <mark><span class="sr-only">{name}" is "</span>{piece.text}</mark> }
                    .into_any()
            }
        })
        .collect_view();
    let told: Vec<(String, String, String)> = deciding
        .into_iter()
        .map(|field| {
            let value = text::visible(part(&line, &field).unwrap_or("–"));
            (field.name, value, field.tells)
        })
        .collect();
    let computed: Vec<(String, String, String)> = computed
        .into_iter()
        .map(|value| (value.name, text::visible(&value.value), value.tells))
        .collect();
    view! {
        <li>
            <div class="command">
                <pre class="log-line"><code>{marked}</code></pre>
                <CopyButton text=line what="the line of the log"/>
            </div>
            <details class="log-told" open=open>
                <summary>"What decides in it"</summary>
                <dl>
                    {told.into_iter().map(|field| told_of(field, true)).collect_view()}
                    {computed.into_iter().map(|value| told_of(value, false)).collect_view()}
                </dl>
            </details>
        </li>
    }
}

/// What stands in the line is marked as it is there; what was worked out from other lines is not.
fn told_of((name, value, tells): (String, String, String), marked: bool) -> impl IntoView {
    let value = if marked {
        view! { <mark>{value}</mark> }.into_any()
    } else {
        view! { <strong>{value}</strong> }.into_any()
    };
    view! {
        <div><dt><code>{name}</code>" "{value}</dt><dd>{tells}</dd></div>
    }
}

fn part<'a>(line: &'a str, field: &DecidingField) -> Option<&'a str> {
    line.get(usize::try_from(field.from).ok()?..usize::try_from(field.to).ok()?)
}

/// The line in pieces. A field that lies outside of it, inside a letter or in another field is not marked.
fn pieces(line: &str, deciding: &[DecidingField]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut done = 0;
    let plain = |from: usize, to: usize, pieces: &mut Vec<Piece>| {
        if let Some(text) = line.get(from..to).filter(|text| !text.is_empty()) {
            pieces.push(Piece {
                text: text::visible(text),
                name: None,
            });
        }
    };
    for field in deciding {
        let (Ok(from), Ok(to)) = (usize::try_from(field.from), usize::try_from(field.to)) else {
            continue;
        };
        let Some(marked) = part(line, field).filter(|text| from >= done && !text.is_empty()) else {
            continue;
        };
        plain(done, from, &mut pieces);
        pieces.push(Piece {
            text: text::visible(marked),
            name: Some(field.name.clone()),
        });
        done = to;
    }
    plain(done, line.len(), &mut pieces);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(from: u32, to: u32) -> DecidingField {
        DecidingField {
            name: format!("f{from}"),
            from,
            to,
            tells: String::new(),
        }
    }

    fn shown(line: &str, fields: &[DecidingField]) -> String {
        pieces(line, fields)
            .into_iter()
            .map(|piece| match piece.name {
                None => piece.text,
                Some(_) => format!("[{}]", piece.text),
            })
            .collect()
    }

    #[test]
    fn fields_are_marked_where_they_stand() {
        assert_eq!(
            shown(
                "0.001 0.000 -1 502 -",
                &[field(0, 5), field(12, 14), field(19, 20)]
            ),
            "[0.001] 0.000 [-1] 502 [-]"
        );
        assert_eq!(shown("", &[]), "");
    }

    #[test]
    fn fields_that_do_not_fit_the_line_are_left_out() {
        let line = "é502";
        for bad in [
            field(1, 2),
            field(3, 99),
            field(4, 3),
            field(2, 2),
            field(u32::MAX, u32::MAX),
        ] {
            assert_eq!(shown(line, &[bad.clone()]), line, "{bad:?}");
        }
        assert_eq!(shown("abcdef", &[field(1, 4), field(2, 5)]), "a[bcd]ef");
    }
}
