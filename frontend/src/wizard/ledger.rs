//! Every 502 of the window in exactly one place: one bar, and the same in words.

use diagnosis::document::{Finding, Ledger, LedgerSource};
use leptos::prelude::*;

use super::Wizard;
use crate::text;

/// Findings with a colour of their own in the bar; further ones share the last.
const COLOURS: usize = 4;

#[component]
pub(super) fn LedgerView() -> impl IntoView {
    let wizard = Wizard::get();
    let ledger = wizard.part(|session| session.investigation.diagnosis.ledger.clone());
    let findings = wizard.part(|session| {
        session
            .investigation
            .diagnosis
            .findings
            .iter()
            .filter(|finding| finding.explains > 0)
            .cloned()
            .collect::<Vec<_>>()
    });
    view! {
        <section class="panel ledger" aria-labelledby="ledger-heading">
            <h3 id="ledger-heading">{move || heading(&ledger.get())}</h3>
            {move || shown(&ledger.get(), &findings.get(), wizard)}
        </section>
    }
}

fn heading(ledger: &Ledger) -> &'static str {
    if ledger.source == LedgerSource::None {
        "The 502s are not counted"
    } else if ledger.made_by_load_balancer + ledger.made_by_target == 0 {
        "No 502 in this window"
    } else {
        "Where the 502s come from"
    }
}

fn shown(ledger: &Ledger, findings: &[Finding], wizard: Wizard) -> AnyView {
    let total = ledger.made_by_load_balancer + ledger.made_by_target;
    let neighbours = neighbours(ledger);
    let source = text::ledger_source(ledger.source);
    if ledger.source == LedgerSource::None {
        return view! { <p class="empty">{source}</p> }.into_any();
    }
    if total == 0 {
        return view! {
            {neighbours.map(|words| view! { <p>{words}</p> })}
            <p class="quiet">{source}</p>
        }
        .into_any();
    }
    let mut parts: Vec<(String, String, u64, Option<String>)> = findings
        .iter()
        .enumerate()
        .map(|(at, finding)| {
            (
                format!("series-{}", at.min(COLOURS - 1) + 1),
                finding.title.clone(),
                finding.explains,
                Some(wizard.address(Some(finding.step))),
            )
        })
        .collect();
    if ledger.unexplained > 0 {
        parts.push((
            "series-unexplained".to_owned(),
            "Unexplained".to_owned(),
            ledger.unexplained,
            None,
        ));
    }
    let bar = parts
        .iter()
        .map(|(class, _, part, _)| {
            view! { <span class=format!("ledger-part {class}") style:width=text::percent(*part, total)></span> }
        })
        .collect_view();
    let rows = parts
        .into_iter()
        .map(|(class, title, part, address)| {
            let percent = match rounded(part, total) {
                0 if part > 0 => "under 1 %".to_owned(),
                percent => format!("{percent} %"),
            };
            let name = match address {
                Some(address) => view! { <a href=address data-noscroll="">{title}</a> }.into_any(),
                None => title.into_any(),
            };
            view! {
                <tr>
                    <th scope="row"><span class=format!("swatch {class}") aria-hidden="true"></span>{name}</th>
                    <td class="numeric">{text::count(part)}</td>
                    <td class="numeric quiet">{percent}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p class="ledger-total">
            <strong>{text::count(total)}</strong> " answers were 502: "
            {text::count(ledger.made_by_load_balancer)} " made by the load balancer, "
            {text::count(ledger.made_by_target)} " by a target. "
            {neighbours}
        </p>
        <div class="ledger-bar" aria-hidden="true">{bar}</div>
        <table class="ledger-rows">
            <caption class="sr-only">"502s by what explains them"</caption>
            <thead class="sr-only"><tr><th scope="col">"Explained by"</th><th scope="col">"502s"</th><th scope="col">"Share"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="quiet">{source}</p>
    }
    .into_any()
}

/// Whole per cent; below one it is not rounded up.
fn rounded(part: u64, total: u64) -> u64 {
    let thousandths = part.saturating_mul(1_000) / total.max(1);
    if thousandths < 10 {
        0
    } else {
        (thousandths + 5) / 10
    }
}

/// `In the same window: 31 × 504; no 503.`
fn neighbours(ledger: &Ledger) -> Option<String> {
    let (none, some): (Vec<_>, Vec<_>) = ledger
        .neighbours
        .iter()
        .partition(|(_, count)| **count == 0);
    let some: Vec<String> = some
        .into_iter()
        .map(|(code, count)| format!("{}\u{a0}×\u{a0}{code}", text::count(*count)))
        .collect();
    let none: Vec<&str> = none.into_iter().map(|(code, _)| code.as_str()).collect();
    let words = [
        (!some.is_empty()).then(|| some.join(", ")),
        (!none.is_empty()).then(|| format!("no {}", none.join(", no "))),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| format!("In the same window: {}.", words.join("; ")))
}
