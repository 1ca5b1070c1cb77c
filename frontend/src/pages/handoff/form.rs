//! What a person adds to the note. It is kept on the server; what is not kept yet stays in this browser.

use diagnosis::{
    api::{Handoff, Problem},
    handoff::Added,
};
use leptos::{prelude::*, task::spawn_local};

use super::Desk;
use crate::{announce::Announcer, client, components::ProblemNotice, storage, time};

/// Somebody else was quicker.
const PRECONDITION_FAILED: u16 = 412;

/// The fields, and what to do with them.
#[derive(Clone, Copy)]
struct Fields {
    to: RwSignal<String>,
    judgement: RwSignal<String>,
    next_check: RwSignal<String>,
    next_check_at: RwSignal<String>,
}

#[component]
pub(super) fn Form(desk: Desk) -> impl IntoView {
    let announcer = Announcer::get();
    let on_server = desk.part(|handoff| (handoff.version, handoff.draft.added.clone()));
    let key = format!("handoff.{}", desk.id.get_value());
    let unsaved = storage::read(&key).and_then(|text| crate::json::from_str::<Added>(&text).ok());
    let (first_version, first) = on_server.get_untracked();
    // The version that the fields were filled from.
    let version = RwSignal::new(first_version);
    let fields = Fields::of(&unsaved.unwrap_or_else(|| first.clone()));
    let kept = RwSignal::new(first);
    let theirs = RwSignal::new(None::<Added>);
    let problem = RwSignal::new(None::<Problem>);
    let sending = RwSignal::new(false);
    let changed = Memo::new(move |_| fields.added() != kept.get());
    let key = StoredValue::new(key);
    Effect::new(move |_| {
        let added = fields.added();
        let text = if changed.get() {
            serde_json::to_string(&added).ok()
        } else {
            None
        };
        storage::write(&key.get_value(), &text.unwrap_or_default());
    });
    let follow = move |newest: i64, added: Added| {
        fields.fill(&added);
        kept.set(added);
        version.set(newest);
        theirs.set(None);
    };
    // Somebody else kept another text: fields that nobody touched follow it, others stay beside it.
    Effect::new(move |_| {
        let (newest, added) = on_server.get();
        if newest <= version.get_untracked() || sending.get_untracked() {
            return;
        }
        if changed.get_untracked() && added != fields.added() {
            theirs.set(Some(added));
        } else {
            follow(newest, added);
        }
    });
    let took = move |handoff: &Handoff| follow(handoff.version, handoff.draft.added.clone());
    let failed = move |failure: Problem| {
        if failure.status == PRECONDITION_FAILED {
            desk.fetch();
        }
        problem.set(Some(failure));
    };
    let keep = move |and_send: bool| {
        if sending.get_untracked() || time_is_odd(fields) {
            return;
        }
        sending.set(true);
        problem.set(None);
        let added = fields.added();
        let at = version.get_untracked();
        let needs_keeping = changed.get_untracked();
        spawn_local(async move {
            let mut answered = None;
            if needs_keeping || !and_send {
                let kept = client::put_at::<_, Handoff>(&desk.path(""), at, &added).await;
                answered = Some(kept);
            }
            if and_send && !matches!(answered, Some(Err(_))) {
                let at = match &answered {
                    Some(Ok(handoff)) => handoff.version,
                    _ => at,
                };
                answered = Some(client::start_at::<Handoff>(&desk.path("/send"), at).await);
            }
            match answered {
                Some(Ok(handoff)) => {
                    took(&handoff);
                    desk.take(Ok(handoff));
                    announcer.say(if and_send {
                        "Handoff sent"
                    } else {
                        "Draft kept"
                    });
                }
                Some(Err(failure)) => failed(failure),
                None => {}
            }
            sending.try_set(false);
        });
    };
    let overwrite = move |_| {
        version.set(on_server.get_untracked().0);
        theirs.set(None);
        problem.set(None);
        keep(false);
    };
    let take_theirs = move |_| {
        let (newest, added) = on_server.get_untracked();
        follow(newest, added);
        problem.set(None);
    };
    view! {
        <form class="panel handoff-form" aria-labelledby="add-heading" novalidate
            on:submit=move |event| { event.prevent_default(); keep(false); }>
            <h2 id="add-heading">"What you add"</h2>
            <div class="field">
                <label for="handoff-to">"To whom: a person or a role"</label>
                <input id="handoff-to" type="text" maxlength="100" autocomplete="off" bind:value=fields.to/>
            </div>
            <div class="field">
                <label for="handoff-judgement">"Your judgement: what you make of it, what you would not do"</label>
                <textarea id="handoff-judgement" rows="4" maxlength="4000" prop:value=move || fields.judgement.get()
                    on:input=move |event| fields.judgement.set(event_target_value(&event))></textarea>
            </div>
            <div class="field">
                <label for="handoff-check">"Next check"</label>
                <input id="handoff-check" type="text" maxlength="500" autocomplete="off" bind:value=fields.next_check/>
            </div>
            <div class="field">
                <label for="handoff-at">"When (UTC)"</label>
                <input id="handoff-at" type="datetime-local" bind:value=fields.next_check_at
                    aria-invalid=move || time_is_odd(fields).then_some("true")/>
            </div>
            {move || theirs.get().map(|theirs| view! {
                <div class="notice notice-warn" role="alert">
                    <div class="notice-words">
                        <p class="notice-title">"Somebody else changed the draft meanwhile"</p>
                        <p>"Yours is in the fields. Theirs:"</p>
                        <p class="note-text">{in_words(&theirs)}</p>
                        <p class="handoff-tools">
                            <button type="button" class="button button-small" on:click=overwrite>"Keep mine"</button>
                            <button type="button" class="button button-small" on:click=take_theirs>"Take theirs"</button>
                        </p>
                    </div>
                </div>
            })}
            {move || problem.get().filter(|_| theirs.with(Option::is_none)).map(|problem| view! { <ProblemNotice problem/> })}
            <div class="handoff-tools">
                <button type="submit" class="button" aria-disabled=move || (sending.get() || !changed.get()).to_string()>"Keep draft"</button>
                <button type="button" class="button button-primary"
                    aria-disabled=move || (sending.get() || fields.to.with(|to| to.trim().is_empty())).to_string()
                    on:click=move |_| keep(true)>{move || if sending.get() { "Sending…" } else { "Send" }}</button>
                <span class="quiet">{move || if changed.get() { "Not kept yet." } else { "" }}</span>
            </div>
        </form>
    }
}

impl Fields {
    fn of(added: &Added) -> Self {
        let fields = Self {
            to: RwSignal::new(String::new()),
            judgement: RwSignal::new(String::new()),
            next_check: RwSignal::new(String::new()),
            next_check_at: RwSignal::new(String::new()),
        };
        fields.fill(added);
        fields
    }

    fn fill(self, added: &Added) {
        self.to.set(added.to.clone());
        self.judgement.set(added.judgement.clone());
        self.next_check.set(added.next_check.clone());
        let at = added.next_check_at.map(time::to_field);
        self.next_check_at.set(at.unwrap_or_default());
    }

    fn added(self) -> Added {
        Added {
            to: self.to.get().trim().to_owned(),
            judgement: self.judgement.get(),
            next_check: self.next_check.get(),
            next_check_at: time::from_field(&self.next_check_at.get()),
        }
    }
}

fn time_is_odd(fields: Fields) -> bool {
    let text = fields.next_check_at.get();
    !text.is_empty() && time::from_field(&text).is_none()
}

fn in_words(added: &Added) -> String {
    let at = added
        .next_check_at
        .map(|at| format!(" ({})", time::utc(at)));
    format!(
        "To: {}\nJudgement: {}\nNext check: {}{}",
        added.to,
        added.judgement,
        added.next_check,
        at.unwrap_or_default()
    )
}
