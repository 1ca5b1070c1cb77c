//! Evidence as a table that scrolls by itself, so that the page never does sideways. The first column stays.

use diagnosis::tables::{Cell, Column, Table, Tone};
use leptos::prelude::*;

use super::finding::Cites;
use crate::{
    components::{Icon, Scroller},
    text::{self, Sign},
};

/// Text longer than this many characters is broken into lines.
const LONG: usize = 30;

#[component]
pub(crate) fn EvidenceTable(table: Table) -> impl IntoView {
    let Table {
        id,
        title,
        columns,
        rows,
        rows_total,
        note,
        cites,
    } = table;
    let heading = format!("table-{id}");
    let shown = rows.len() as u64;
    let left_out = rows_total.saturating_sub(shown);
    let numeric: Vec<bool> = columns.iter().map(|column| column.numeric).collect();
    view! {
        <div class="panel table-panel">
            <h4 id=heading.clone()>{title}</h4>
            {(!note.is_empty()).then(|| view! { <p class="quiet">{note}</p> })}
            {if shown == 0 {
                view! { <p class="empty">"No rows."</p> }.into_any()
            } else {
                view! {
                    <Scroller labelled_by=heading.clone()>
                        <table aria-labelledby=heading.clone()>
                            <thead><tr>{columns.into_iter().map(head).collect_view()}</tr></thead>
                            <tbody>
                                {rows.into_iter().map(|row| view! {
                                    <tr>{row.into_iter().enumerate().map(|(at, cell)| body(cell, numeric.get(at).copied().unwrap_or(false))).collect_view()}</tr>
                                }).collect_view()}
                            </tbody>
                        </table>
                    </Scroller>
                }.into_any()
            }}
            {(left_out > 0).then(|| view! {
                <p class="quiet">"The first " {text::count(shown)} " of " {text::count(rows_total)} " rows; those with a fault come first."</p>
            })}
            {(!cites.is_empty()).then(|| view! { <div class="table-cites"><span class="quiet">"From"</span><Cites cites/></div> })}
        </div>
    }
}

fn head(column: Column) -> impl IntoView {
    view! { <th scope="col" class:numeric=column.numeric>{column.title}</th> }
}

fn body(cell: Cell, numeric: bool) -> impl IntoView {
    let tone = match cell.tone {
        Tone::Plain => None,
        Tone::Good => Some((Sign::Good, "good: ")),
        Tone::Warn => Some((Sign::Warn, "warning: ")),
        Tone::Bad => Some((Sign::Bad, "fault: ")),
    };
    let long = cell.text.chars().count() > LONG;
    match tone {
        None => view! { <td class:numeric=numeric class:long=long>{cell.text}</td> }.into_any(),
        Some((sign, words)) => view! {
            <td class:numeric=numeric class:long=long>
                <span class=format!("toned tone-{}", sign.class())>
                    <Icon sign/><span class="sr-only">{words}</span><span>{cell.text}</span>
                </span>
            </td>
        }
        .into_any(),
    }
}
