//! Notes of people, per step or of the whole. A draft stays in this browser until it is kept.

use diagnosis::{
    Step,
    api::{CreateNote, Note, Problem},
};
use leptos::{prelude::*, task::spawn_local};

use super::Wizard;
use crate::{announce::Announcer, components::ProblemNotice, storage, time};

/// The server's limit.
const LONGEST: &str = "10000";

#[component]
pub(super) fn Notes(step: Option<Step>) -> impl IntoView {
    let wizard = Wizard::get();
    let announcer = Announcer::get();
    let notes = wizard.part(move |session| {
        session
            .investigation
            .notes
            .iter()
            .filter(|note| note.step == step)
            .cloned()
            .collect::<Vec<_>>()
    });
    let draft = format!(
        "draft.{}.{}",
        wizard.now(|session| session.investigation.id.clone()),
        step.map_or("summary", Step::id)
    );
    let text = RwSignal::new(storage::read(&draft).unwrap_or_default());
    let author = RwSignal::new(storage::read("author").unwrap_or_default());
    let problem = RwSignal::new(None::<Problem>);
    let sending = RwSignal::new(false);
    let keep = {
        let draft = draft.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let words = text.get_untracked().trim().to_owned();
            if words.is_empty() || sending.get_untracked() {
                return;
            }
            let name = author.get_untracked().trim().to_owned();
            storage::write("author", &name);
            sending.set(true);
            problem.set(None);
            let draft = draft.clone();
            let note = CreateNote {
                text: words,
                step,
                author: (!name.is_empty()).then_some(name),
            };
            spawn_local(async move {
                let added = wizard.add_note(note).await;
                sending.try_set(false);
                match added {
                    Ok(()) => {
                        storage::write(&draft, "");
                        text.try_set(String::new());
                        announcer.say("Note kept");
                    }
                    Err(failed) => drop(problem.try_set(Some(failed))),
                }
            });
        }
    };
    let type_in = move |event: leptos::ev::Event| {
        let words = event_target_value(&event);
        storage::write(&draft, &words);
        text.set(words);
    };
    let title = match step {
        Some(_) => "Notes on this step",
        None => "Notes",
    };
    view! {
        <section class="panel notes" aria-labelledby="notes-heading">
            <h3 id="notes-heading">{title}</h3>
            <ul class="note-list">
                <For each=move || notes.get() key=|note| note.id.clone() let:note><Line note/></For>
            </ul>
            <form class="note-form" on:submit=keep>
                <div class="field">
                    <label for="note">"What did you see or try?"</label>
                    <textarea id="note" rows="3" maxlength=LONGEST prop:value=move || text.get() on:input=type_in></textarea>
                </div>
                <div class="note-foot">
                    <div class="field">
                        <label for="author">"Your name (if you like)"</label>
                        <input id="author" type="text" maxlength="100" autocomplete="name" bind:value=author/>
                    </div>
                    <button type="submit" class="button" aria-disabled=move || (sending.get() || text.with(|text| text.trim().is_empty())).to_string()>
                        {move || if sending.get() { "Keeping…" } else { "Add note" }}
                    </button>
                </div>
                {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
            </form>
        </section>
    }
}

#[component]
fn Line(note: Note) -> impl IntoView {
    view! {
        <li class="note">
            <p class="note-text">{note.text}</p>
            <p class="quiet">{note.author.map(|author| format!("{author}, "))} {time::utc(note.at)}</p>
        </li>
    }
}
