//! Title and window, changed in place.

use diagnosis::{
    api::{PatchInvestigation, Problem},
    evidence::Window,
};
use leptos::{html, prelude::*, task::spawn_local};

use super::Wizard;
use crate::{announce::Announcer, components::ProblemNotice, time};

/// Somebody else was quicker.
const PRECONDITION_FAILED: u16 = 412;
/// The server's limit.
const LONGEST: &str = "200";

/// `editing` is set to false when it is done, kept or not.
#[component]
pub(super) fn Edit(editing: RwSignal<bool>) -> impl IntoView {
    let wizard = Wizard::get();
    let announcer = Announcer::get();
    let (practice, before, window) = wizard.now(|session| {
        let investigation = &session.investigation;
        (
            investigation.practice,
            investigation.title.clone(),
            investigation.diagnosis.window,
        )
    });
    let has_answer = wizard.part(|session| session.has_answer());
    let title = RwSignal::new(before.clone());
    let from = RwSignal::new(time::to_field_exact(window.from));
    let to = RwSignal::new(time::to_field_exact(window.to));
    let problem = RwSignal::new(None::<Problem>);
    let sending = RwSignal::new(false);
    let given = move || {
        Some(Window {
            from: time::from_field(&from.get())?,
            to: time::from_field(&to.get())?,
        })
    };
    let theirs = wizard.part(|session| {
        let investigation = &session.investigation;
        (investigation.title.clone(), investigation.diagnosis.window)
    });
    let conflict = move || {
        problem.with(|problem| {
            problem
                .as_ref()
                .is_some_and(|problem| problem.status == PRECONDITION_FAILED)
        })
    };
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let keep = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if sending.get_untracked() {
            return;
        }
        let words = title.get_untracked().trim().to_owned();
        let Some(given) = untrack(given) else {
            problem.set(Some(Problem {
                title: "Which window?".to_owned(),
                what_to_do: "Give both times as a date and a time, in UTC.".to_owned(),
                field: Some("from".to_owned()),
                ..Problem::default()
            }));
            return;
        };
        let patch = PatchInvestigation {
            title: (words != before).then_some(words),
            window: (given != window).then_some(given),
            ..PatchInvestigation::default()
        };
        if patch == PatchInvestigation::default() {
            editing.set(false);
            return;
        }
        sending.set(true);
        problem.set(None);
        spawn_local(async move {
            let changed = wizard.change(patch).await;
            sending.try_set(false);
            match changed {
                Ok(()) => {
                    announcer.say("Changed");
                    editing.try_set(false);
                }
                Err(mut failed) => {
                    if failed.status == PRECONDITION_FAILED {
                        failed.what_to_do =
                            "Yours is in the fields. Press “Change” again to keep it, or “Leave it” to keep theirs."
                                .to_owned();
                    }
                    problem.try_set(Some(failed));
                }
            }
        });
    };
    let wrong = move |name: &'static str| {
        move || {
            problem.with(|problem| {
                problem
                    .as_ref()
                    .is_some_and(|problem| problem.field.as_deref() == Some(name))
                    .then_some("true")
            })
        }
    };
    let in_words = move || {
        let Some(given) = given() else {
            return "Give both times.".to_owned();
        };
        if given.from >= given.to {
            return "The window ends before it starts.".to_owned();
        }
        let length = time::length(given);
        if given == window {
            return format!("{length}, as it is.");
        }
        if has_answer.get() {
            format!(
                "{length}. Another window: what was seen no longer counts, and the steps must run again."
            )
        } else {
            format!("{length}.")
        }
    };
    view! {
        <form class="panel edit" on:submit=keep novalidate aria-label="Title and window"
            on:keydown=move |event| if event.key() == "Escape" { editing.set(false) }>
            <div class="field">
                <label for="edit-title">"Title"</label>
                <input id="edit-title" type="text" node_ref=field maxlength=LONGEST autocomplete="off"
                    aria-invalid=wrong("title") bind:value=title/>
            </div>
            {if practice {
                view! { <p class="quiet">"The window stays: a practice incident was recorded for this one."</p> }.into_any()
            } else {
                view! {
                    <div class="from-to">
                        <div class="field">
                            <label for="edit-from">"Window from (UTC)"</label>
                            <input id="edit-from" type="datetime-local" step="1" bind:value=from
                                aria-invalid=wrong("from") aria-describedby="edit-words"/>
                        </div>
                        <div class="field">
                            <label for="edit-to">"Window to (UTC)"</label>
                            <input id="edit-to" type="datetime-local" step="1" bind:value=to
                                aria-invalid=wrong("to") aria-describedby="edit-words"/>
                        </div>
                        <p id="edit-words" class="quiet" role="status">{in_words}</p>
                    </div>
                }.into_any()
            }}
            {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
            {move || conflict().then(|| {
                let (title, window) = theirs.get();
                view! { <p class="theirs">"Theirs: “" {title} "”, " {time::window_utc(window)}</p> }
            })}
            <div class="edit-foot">
                <button type="submit" class="button button-primary" aria-disabled=move || sending.get().to_string()>
                    {move || if sending.get() { "Changing…" } else { "Change" }}
                </button>
                <button type="button" class="button" on:click=move |_| editing.set(false)>"Leave it"</button>
            </div>
        </form>
    }
}
