//! One AWS call in full: what was asked, what came back, and the command that repeats it.

use diagnosis::{
    api::ObservationDetail,
    observation::{Observation, Outcome},
};
use leptos::{html, prelude::*, task::spawn_local};

use super::Wizard;
use crate::{
    client::{self, Connection},
    components::{Chip, Command, Load, ProblemNotice},
    text, time,
};

#[component]
pub(super) fn ObservationDialog() -> impl IntoView {
    let wizard = Wizard::get();
    let connection = Connection::get();
    let dialog = NodeRef::<html::Dialog>::new();
    let detail = RwSignal::new(Load::<ObservationDetail>::Waiting);
    Effect::new(move |_| {
        let Some(n) = wizard.observed.get() else {
            return;
        };
        detail.set(Load::Waiting);
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            // Fails only for a dialog that is open or has left the page.
            let _ = dialog.show_modal();
        }
        spawn_local(async move {
            let fetched = client::get(&wizard.path(&format!("/observations/{n}"))).await;
            connection.note(&fetched);
            if wizard.observed.try_get_untracked() == Some(Some(n)) {
                detail.try_set(fetched.into());
            }
        });
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let known = move || {
        wizard
            .observed
            .get()
            .and_then(|n| wizard.now(|session| session.call(n).cloned()))
    };
    view! {
        <dialog node_ref=dialog class="dialog" aria-labelledby="observation-heading"
            on:close=move |_| wizard.observed.set(None)
            on:click=move |event| {
                // A click beside the box meets the dialog itself.
                if event.target() == event.current_target() {
                    close();
                }
            }>
            <div class="dialog-box">
                <div class="dialog-head">
                    <h2 id="observation-heading">"AWS call " {move || wizard.observed.get().map(|n| format!("#{n}"))}</h2>
                    <button type="button" class="button button-small" on:click=move |_| close()>"Close"</button>
                </div>
                {move || known().map(|observation| view! { <Facts observation/> })}
                {move || wizard.observed.get().map(|_| match detail.get() {
                    Load::Waiting => view! { <p class="waiting" role="status">"Loading what was asked and what came back…"</p> }.into_any(),
                    Load::Failed(problem) => view! { <ProblemNotice problem/> }.into_any(),
                    Load::Ready(detail) => view! {
                        <Json title="Asked" value=detail.asked/>
                        <Json title="Came back" value=detail.answered/>
                    }.into_any(),
                })}
            </div>
        </dialog>
    }
}

#[component]
fn Facts(observation: Observation) -> impl IntoView {
    let (sign, words) = text::outcome(observation.outcome);
    let action = observation.action();
    view! {
        <p class="dialog-operation"><strong>{observation.operation}</strong><span class="quiet">" " {observation.service} " in " {observation.region}</span></p>
        <p class="finding-strength"><Chip sign text=words/> <span class="quiet">{time::utc(observation.at)} ", took " {text::count(observation.took_ms)} " ms"</span></p>
        {(!observation.detail.is_empty()).then(|| view! { <p>{observation.detail}</p> })}
        {(observation.outcome == Outcome::Denied).then(|| view! {
            <p>"To see this, allow the action "<code>{action}</code>", then run the step again."</p>
        })}
        {(!observation.cli.is_empty()).then(|| view! {
            <h3>"Repeat it yourself"</h3>
            <Command text=observation.cli what="the command"/>
        })}
    }
}

#[component]
fn Json(title: &'static str, value: serde_json::Value) -> impl IntoView {
    let text = match &value {
        serde_json::Value::Null => String::new(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    view! {
        <h3>{title}</h3>
        {if text.is_empty() {
            view! { <p class="empty">"Nothing."</p> }.into_any()
        } else {
            view! { <Command text what=title/> }.into_any()
        }}
    }
}
