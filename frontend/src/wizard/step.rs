//! One step: its question, what it found, what it ruled out or could not judge, and the evidence.

use diagnosis::{Step, document::StepState};
use leptos::prelude::*;

use super::{
    Wizard, calls::Calls, finding::FindingCard, keep_alive::KeepAliveView, notes::Notes,
    questions::Questions, rules::Rules, table::EvidenceTable, timeout_chain::TimeoutChainView,
};
use crate::{
    components::Chip,
    text::{self, Sign},
};

/// The table of what [`TimeoutChainView`] shows.
const CHAIN: &str = "timeouts";

#[component]
pub(super) fn StepPage(step: Step) -> impl IntoView {
    let wizard = Wizard::get();
    let number = Step::ALL
        .iter()
        .position(|known| *known == step)
        .unwrap_or(0)
        + 1;
    let state = wizard.part(move |session| {
        if session.running(step) {
            (Sign::Busy, "Running")
        } else {
            text::step_state(
                session
                    .result(step)
                    .map_or(StepState::NotRun, |result| result.state),
            )
        }
    });
    let not_run = wizard.part(move |session| {
        session
            .result(step)
            .is_none_or(|result| result.state == StepState::NotRun)
    });
    let under_way = wizard.part(|session| session.run().is_some());
    let findings = wizard.part(move |session| {
        session
            .investigation
            .diagnosis
            .findings
            .iter()
            .filter(|finding| finding.step == step)
            .cloned()
            .collect::<Vec<_>>()
    });
    let tables = wizard.part(move |session| {
        let charted = !session
            .investigation
            .diagnosis
            .timeout_chain
            .hops
            .is_empty();
        session
            .investigation
            .steps
            .iter()
            .find(|view| view.step == step)
            .map(|view| view.tables.as_slice())
            .unwrap_or_default()
            .iter()
            .filter(|table| !(charted && table.id == CHAIN))
            .cloned()
            .collect::<Vec<_>>()
    });
    let next = Step::ALL.get(number).copied();
    view! {
        <div class="step-head">
            <div>
                <p class="eyebrow">"Step " {number} " of 6"</p>
                <h2 id="step-heading" class="step-title" tabindex="-1">{step.title()}</h2>
                <p class="question">{step.question()}</p>
            </div>
            <div class="step-actions">
                {move || { let (sign, words) = state.get(); view! { <Chip sign text=words/> } }}
                <Show when=move || !under_way.get()>
                    <button type="button" class="button" aria-disabled=move || wizard.asking.get().to_string()
                        on:click=move |_| wizard.run_step(step)>
                        {move || if not_run.get() { "Run this step" } else { "Run this step again" }}
                    </button>
                </Show>
            </div>
        </div>
        <Calls step=Some(step)/>
        <Show when=move || not_run.get() && !under_way.get()>
            <p class="empty panel">"This step has not been run: nothing is known here yet."</p>
        </Show>
        {move || {
            let findings = findings.get();
            (!findings.is_empty()).then(|| view! {
                <section class="findings" aria-labelledby="findings-heading">
                    <h3 id="findings-heading">"What this step found"</h3>
                    {findings.into_iter().map(|finding| view! { <FindingCard finding open=true/> }).collect_view()}
                </section>
            })
        }}
        {(step == Step::Timeouts).then(|| view! {
            <Show when=move || !not_run.get()><TimeoutChainView/></Show>
            <KeepAliveView/>
        })}
        <Rules step/>
        {move || {
            let tables = tables.get();
            (!tables.is_empty()).then(|| view! {
                <section class="evidence" aria-labelledby="evidence-heading">
                    <h3 id="evidence-heading">"What AWS said"</h3>
                    {tables.into_iter().map(|table| view! { <EvidenceTable table/> }).collect_view()}
                </section>
            })
        }}
        <Questions step/>
        <Notes step=Some(step)/>
        <nav class="step-next" aria-label="Next step">
            {match next {
                Some(next) => view! {
                    <a class="button" href=wizard.address(Some(next)) data-noscroll="">"Next: " {next.title()} <span aria-hidden="true">" →"</span></a>
                }.into_any(),
                None => view! {
                    <a class="button" href=wizard.address(None) data-noscroll="">"Back to the summary"</a>
                }.into_any(),
            }}
        </nav>
    }
}
