//! The calls, one line each, as they start and end.

use diagnosis::{Observation, Step, observation::Outcome};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::Icon,
    session::Call,
    text::{self, Sign},
};

/// Without a step: of all.
#[component]
pub(super) fn Calls(step: Option<Step>) -> impl IntoView {
    let wizard = Wizard::get();
    let calls = wizard.part(move |session| session.calls(step));
    let shared =
        wizard.part(move |session| step.map_or_else(Vec::new, |step| session.shared_calls(step)));
    let at_work = wizard.part(move |session| match step {
        Some(step) => session.running(step),
        None => session.run().is_some(),
    });
    // The newest first: what is under way stands on top.
    let newest_first = move || calls.get().into_iter().rev();
    let totals = move || calls.with(|calls| shared.with(|shared| totals(calls, shared)));
    view! {
        <Show when=move || at_work.get() || !calls.with(Vec::is_empty) || !shared.with(Vec::is_empty)>
            <details class="panel calls" prop:open=move || at_work.get()>
                <summary>{totals}</summary>
                <ol class="call-list">
                    <For each=newest_first key=|call| (call.n(), matches!(call, Call::Ended(_))) let:call>
                        <Line call/>
                    </For>
                </ol>
                <Show when=move || !shared.with(Vec::is_empty)>
                    <p class="quiet call-shared">"Used here too, though another step asked first:"</p>
                    <ol class="call-list">
                        <For each=move || shared.get() key=|observation| observation.n let:observation>
                            <Ended observation shared=true/>
                        </For>
                    </ol>
                </Show>
            </details>
        </Show>
    }
}

#[component]
fn Line(call: Call) -> impl IntoView {
    match call {
        Call::Started(call) => view! {
            <li class="call">
                <Icon sign=Sign::Busy/>
                <span class="call-what">{call.operation} <span class="quiet">" " {call.service}</span></span>
                <span class="call-detail quiet">"asking…"</span>
            </li>
        }
        .into_any(),
        Call::Ended(observation) => view! { <Ended observation shared=false/> }.into_any(),
    }
}

#[component]
fn Ended(observation: Observation, shared: bool) -> impl IntoView {
    let wizard = Wizard::get();
    let n = observation.n;
    let (sign, words) = text::outcome(observation.outcome);
    let seen = observation.outcome == Outcome::Seen;
    view! {
        <li class="call" class:call-not-seen=!seen>
            <Icon sign/>
            <span class="call-what">
                <button type="button" class="link" on:click=move |_| wizard.observed.set(Some(n))>{observation.operation}</button>
                <span class="quiet">" " {observation.service}</span>
            </span>
            <span class="call-detail">
                {(!seen).then(|| view! { <strong class=format!("tone-{}", sign.class())>{words} ": "</strong> })}
                {observation.detail}
                {shared.then(|| view! { <span class="quiet">" (asked by “" {observation.step.title()} "”)"</span> })}
            </span>
            <span class="call-took quiet">{text::count(observation.took_ms)} " ms"</span>
        </li>
    }
}

/// `12 AWS calls: 10 seen, 1 denied, 1 failed; 3 shared with other steps: 2 seen, 1 denied`
fn totals(calls: &[Call], shared: &[Observation]) -> String {
    let outcomes: Vec<Option<Outcome>> = calls
        .iter()
        .map(|call| match call {
            Call::Started(_) => None,
            Call::Ended(observation) => Some(observation.outcome),
        })
        .collect();
    let own = text::counted(calls.len() as u64, "AWS call", "AWS calls");
    let own = format!("{own}{}", by_outcome(&outcomes));
    if shared.is_empty() {
        return own;
    }
    let outcomes: Vec<_> = shared.iter().map(|seen| Some(seen.outcome)).collect();
    format!(
        "{own}; {} shared with other steps{}",
        shared.len(),
        by_outcome(&outcomes)
    )
}

/// `: 10 seen, 1 denied`; without an outcome a call is under way.
fn by_outcome(outcomes: &[Option<Outcome>]) -> String {
    let parts: Vec<String> = [
        (Some(Outcome::Seen), "seen"),
        (Some(Outcome::Denied), "denied"),
        (Some(Outcome::Failed), "failed"),
        (None, "under way"),
    ]
    .into_iter()
    .filter_map(|(outcome, words)| {
        let count = outcomes.iter().filter(|one| **one == outcome).count();
        (count > 0).then(|| format!("{count} {words}"))
    })
    .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    }
}
