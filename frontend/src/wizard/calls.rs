//! The calls, one line each, as they start and end.

use diagnosis::{Step, observation::Outcome};
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
    let at_work = wizard.part(move |session| match step {
        Some(step) => session.running(step),
        None => session.run().is_some(),
    });
    // The newest first: what is under way stands on top.
    let newest_first = move || calls.get().into_iter().rev();
    let totals = move || calls.with(|calls| totals(calls));
    view! {
        <Show when=move || at_work.get() || !calls.with(Vec::is_empty)>
            <details class="panel calls" prop:open=move || at_work.get()>
                <summary>{totals}</summary>
                <ol class="call-list">
                    <For each=newest_first key=|call| (call.n(), matches!(call, Call::Ended(_))) let:call>
                        <Line call/>
                    </For>
                </ol>
                <p class="quiet">"A call that another step made first is listed there; the answer is shared."</p>
            </details>
        </Show>
    }
}

#[component]
fn Line(call: Call) -> impl IntoView {
    let wizard = Wizard::get();
    match call {
        Call::Started(call) => view! {
            <li class="call">
                <Icon sign=Sign::Busy/>
                <span class="call-what">{call.operation} <span class="quiet">" " {call.service}</span></span>
                <span class="call-detail quiet">"asking…"</span>
            </li>
        }
        .into_any(),
        Call::Ended(observation) => {
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
                    </span>
                    <span class="call-took quiet">{text::count(observation.took_ms)} " ms"</span>
                </li>
            }
            .into_any()
        }
    }
}

/// `12 calls: 10 seen, 1 denied, 1 failed`
fn totals(calls: &[Call]) -> String {
    let ended = |outcome: Outcome| {
        calls
            .iter()
            .filter(|call| matches!(call, Call::Ended(seen) if seen.outcome == outcome))
            .count()
    };
    let started = calls
        .iter()
        .filter(|call| matches!(call, Call::Started(_)))
        .count();
    let parts: Vec<String> = [
        (ended(Outcome::Seen), "seen"),
        (ended(Outcome::Denied), "denied"),
        (ended(Outcome::Failed), "failed"),
        (started, "under way"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    let all = text::counted(calls.len() as u64, "AWS call", "AWS calls");
    if parts.is_empty() {
        all
    } else {
        format!("{all}: {}", parts.join(", "))
    }
}
