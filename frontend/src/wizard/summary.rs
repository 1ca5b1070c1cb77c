//! The whole on one page: the ledger, what is missing, the findings, notes, runs.

use diagnosis::{Step, document::Finding};
use leptos::prelude::*;

use super::{
    Wizard, calls::Calls, changes::ChangesView, compare::ComparePanel, coverage::CoverageView,
    finding::FindingCard, ledger::LedgerView, neighbours::NeighboursView, notes::Notes,
    seen_before::SeenBeforePanel, skew::SkewView, timeline::TimelinePanel,
    timeout_chain::BrokenTimeouts, watch::WatchPanel,
};
use crate::{client, components::Chip, text, time};

#[component]
pub(super) fn Summary() -> impl IntoView {
    let wizard = Wizard::get();
    let findings = wizard.part(|session| session.investigation.diagnosis.findings.clone());
    let missing = wizard.part(|session| session.investigation.diagnosis.missing.clone());
    let has_answer = wizard.part(|session| session.has_answer());
    let under_way = wizard.part(|session| session.run().is_some());
    view! {
        <h2 id="summary-heading" class="step-title" tabindex="-1">"Summary"</h2>
        <Show when=move || !has_answer.get() && !under_way.get()>
            <section class="panel" aria-labelledby="questions-heading">
                <h3 id="questions-heading">"What the six steps ask"</h3>
                <ol class="questions">
                    {Step::ALL.map(|step| view! {
                        <li><a href=wizard.address(Some(step)) data-noscroll="">{step.title()}</a><span>{step.question()}</span></li>
                    }).collect_view()}
                </ol>
            </section>
        </Show>
        <Show when=move || under_way.get()>
            <Calls step=None/>
        </Show>
        <Show when=move || has_answer.get()>
            <LedgerView/>
            <SkewView/>
            {move || {
                let missing = missing.get();
                // A run that is under way may answer any of it.
                (!missing.is_empty() && !under_way.get()).then(|| view! {
                    <section class="panel panel-warn" aria-labelledby="missing-heading">
                        <h3 id="missing-heading">"What would make this surer"</h3>
                        <ul class="missing">{missing.into_iter().map(|line| view! { <li>{text::sentence(&line)}</li> }).collect_view()}</ul>
                    </section>
                })
            }}
            <section class="findings" aria-labelledby="findings-heading">
                <h3 id="findings-heading">"Findings, the strongest first"</h3>
                {move || {
                    let mut findings = findings.get().into_iter();
                    match findings.next() {
                        None => view! { <p class="empty panel">"No fault was found by the steps that ran. Each step lists what it ruled out and what it could not judge."</p> }.into_any(),
                        Some(first) => view! {
                            <FindingCard finding=first open=true/>
                            <ul class="more-findings">
                                {findings.map(|finding| {
                                    let (sign, strength, _) = text::strength(finding.strength);
                                    let account = account(&finding);
                                    view! {
                                        <li>
                                            <a class="more-finding" href=wizard.address(Some(finding.step)) data-noscroll="">
                                                <Chip sign text=strength/>
                                                <span class="more-finding-title">{finding.title}</span>
                                                <span class="quiet">{account}</span>
                                            </a>
                                        </li>
                                    }
                                }).collect_view()}
                            </ul>
                        }.into_any(),
                    }
                }}
            </section>
            <NeighboursView/>
            <BrokenTimeouts/>
            <ChangesView/>
            <Show when=move || !under_way.get()>
                <CoverageView/>
            </Show>
        </Show>
        <SeenBeforePanel/>
        <Notes step=None/>
        <Show when=move || !under_way.get()>
            <Calls step=None/>
        </Show>
        <Runs/>
        <Show when=move || has_answer.get()>
            <ComparePanel/>
            <WatchPanel/>
        </Show>
        <TimelinePanel/>
        <p class="quiet">
            <a href=format!("{}/handoff", wizard.address(None))>"Hand over"</a>
            ": the note for whoever takes over, written from the record."
        </p>
        <Show when=move || has_answer.get()>
            <p class="quiet">
                <a href=client::address(&wizard.path("/export")) download="" rel="external">"Download the evidence"</a>
                ": everything that AWS said, as one file to keep or to send."
            </p>
        </Show>
    }
}

/// What a finding further down accounts for: `explains 12 × 502, 31 × 504`.
fn account(finding: &Finding) -> String {
    let of_502 = (finding.explains > 0).then_some(("502", finding.explains));
    let others = finding.explains_neighbours.iter();
    let others = others.map(|(code, n)| (code.as_str(), *n));
    let parts: Vec<String> = of_502
        .into_iter()
        .chain(others.filter(|(_, n)| *n > 0))
        .map(|(code, n)| format!("{}\u{a0}×\u{a0}{code}", text::count(n)))
        .collect();
    match (parts.is_empty(), &finding.explained_by) {
        (false, _) => format!("explains {}", parts.join(", ")),
        (true, Some(_)) => "stands beside another".to_owned(),
        (true, None) => "explains no 502".to_owned(),
    }
}

#[component]
fn Runs() -> impl IntoView {
    let wizard = Wizard::get();
    let runs = wizard.part(|session| session.investigation.runs.clone());
    view! {
        <Show when=move || !runs.with(Vec::is_empty)>
            <details class="panel">
                <summary>{move || text::counted(runs.with(Vec::len) as u64, "run", "runs")} " of this investigation"</summary>
                <ul class="runs">
                    {move || runs.get().into_iter().map(|run| {
                        let steps = if run.steps.len() == Step::ALL.len() {
                            "all six steps".to_owned()
                        } else {
                            run.steps.iter().map(|step| step.title()).collect::<Vec<_>>().join(", ")
                        };
                        view! {
                            <li>"Run " {run.n} ", " {steps} ": " {text::run_state(run.state)} ". Started " {time::utc(run.started_at)}
                                {run.ended_at.map(|at| format!(", ended {}", time::utc(at)))} "."
                                {run.reason.map(|reason| format!(" {reason}"))}</li>
                        }
                    }).collect_view()}
                </ul>
            </details>
        </Show>
    }
}
