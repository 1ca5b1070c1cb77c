//! The codes other than 502: what each means, who made it, what explains it, and where to look for the rest.

use diagnosis::neighbours::{ExplainedBy, Neighbour, Sign as Seen};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::Chip,
    text::{self, neighbours},
};

#[component]
pub(super) fn NeighboursView() -> impl IntoView {
    let wizard = Wizard::get();
    let known = wizard.part(|session| {
        let diagnosis = &session.investigation.diagnosis;
        let of_502 = diagnosis.ledger.made_by_load_balancer + diagnosis.ledger.made_by_target;
        (diagnosis.neighbours.clone(), of_502 > 0)
    });
    move || {
        let (codes, beside) = known.get();
        (!codes.is_empty()).then(|| {
            let heading = if beside { "Other codes beside the 502s" } else { "Other codes in this window" };
            view! {
                <section class="panel" aria-labelledby="neighbours-heading">
                    <h3 id="neighbours-heading">{heading}</h3>
                    <ul class="sources">{codes.into_iter().map(|code| view! { <Code code/> }).collect_view()}</ul>
                </section>
            }
        })
    }
}

#[component]
fn Code(code: Neighbour) -> impl IntoView {
    let (sign, words) = neighbours::state(&code);
    let made_by = neighbours::made_by(&code);
    // What is explained, or as it should be, needs no look unless somebody wants one.
    let open = code.unexplained > 0;
    let Neighbour {
        code,
        means,
        seen,
        explained,
        look_at,
        ..
    } = code;
    view! {
        <li class="source">
            <div class="source-head"><h4>{text::code(&code)}</h4><Chip sign text=words/></div>
            <p><strong>{made_by}</strong> " " {means}</p>
            {(!explained.is_empty()).then(|| view! {
                <ul class="skews">{explained.into_iter().map(|by| view! { <Explained by/> }).collect_view()}</ul>
            })}
            {(!look_at.is_empty()).then(|| view! { <p><strong>"Where to look: "</strong>{look_at}</p> })}
            {(!seen.is_empty()).then(|| view! {
                <details class="more" open=open>
                    <summary>{format!("What the answers with {code} show")}</summary>
                    <ul class="traces">{seen.into_iter().map(sign_line).collect_view()}</ul>
                </details>
            })}
        </li>
    }
}

/// Its finding, or, where that is not in the document, its rule.
#[component]
fn Explained(by: ExplainedBy) -> impl IntoView {
    let wizard = Wizard::get();
    let known = wizard.now(|session| {
        let findings = &session.investigation.diagnosis.findings;
        let finding = findings.iter().find(|finding| finding.rule == by.rule)?;
        Some((finding.title.clone(), wizard.address(Some(finding.step))))
    });
    let (title, address) =
        known.unwrap_or_else(|| (text::rule_title(&by.rule), format!("/rules/{}", by.rule)));
    let (sign, strength, _) = text::strength(by.strength);
    view! {
        <li>
            <Chip sign text=strength/>
            <span>{text::count(by.count)} " explained by " <a href=address>{title}</a></span>
        </li>
    }
}

fn sign_line(sign: Seen) -> impl IntoView {
    view! {
        <li>{text::count(sign.count)} " × " {sign.shows}<span class="quiet">" → " {sign.tells}</span></li>
    }
}
