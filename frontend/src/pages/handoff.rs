//! Handing an investigation over: what a person adds, the note that comes of it, and the notes that were sent.

mod form;
mod note;
mod sent;

use diagnosis::api::{EventKind, Handoff, Problem};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

use self::{form::Form, note::NoteView, sent::Sent};
use crate::{
    announce,
    client::{self, Connection},
    components::{CopyButton, Load, ProblemNotice},
    events::{self, Heard},
    router::{Page, Router},
};

/// Events that come together ask for one fetch.
const FETCH_AFTER_MS: u32 = 200;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Desk {
    id: StoredValue<String>,
    loaded: RwSignal<Load<Handoff>>,
    connection: Connection,
}

impl Desk {
    fn path(self, rest: &str) -> String {
        let id = client::escape(&self.id.get_value());
        format!("/investigations/{id}/handoff{rest}")
    }

    fn fetch(self) {
        spawn_local(async move {
            let fetched = client::get::<Handoff>(&self.path("")).await;
            self.take(fetched);
        });
    }

    /// Shows what the server answered; a failure does not take away what stands on the page.
    fn take(self, answered: Result<Handoff, Problem>) {
        self.connection.note(&answered);
        let stands = self
            .loaded
            .try_with_untracked(|loaded| matches!(loaded, Load::Ready(_)));
        if answered.is_ok() || stands == Some(false) {
            self.loaded.try_set(answered.into());
        }
    }

    /// A part of what was loaded that wakes its readers only when it changes.
    fn part<T: Clone + Default + PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&Handoff) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| {
            self.loaded.with(|loaded| match loaded {
                Load::Ready(handoff) => read(handoff),
                _ => T::default(),
            })
        })
    }
}

#[component]
pub(crate) fn HandoffPage() -> impl IntoView {
    let id = Router::get().part(|page| match page {
        Page::Handoff { id } => Some(id.clone()),
        _ => None,
    });
    move || {
        let id = id.get();
        view! { <Loaded id/> }
    }
}

#[component]
fn Loaded(id: String) -> impl IntoView {
    let desk = Desk {
        id: StoredValue::new(id),
        loaded: RwSignal::new(Load::Waiting),
        connection: Connection::get(),
    };
    let stands = Memo::new(move |_| desk.loaded.with(|loaded| matches!(loaded, Load::Ready(_))));
    let failed = Memo::new(move |_| {
        desk.loaded.with(|loaded| match loaded {
            Load::Failed(problem) => Some(problem.clone()),
            _ => None,
        })
    });
    desk.fetch();
    move || {
        if let Some(problem) = failed.get() {
            announce::page_opened("Handoff not loaded");
            return view! {
                <div class="page page-narrow">
                    <h1 id="heading" tabindex="-1">"This handoff could not be opened"</h1>
                    <ProblemNotice problem retry=Callback::new(move |()| desk.fetch())/>
                    <p><a href="/">"To the start"</a></p>
                </div>
            }
            .into_any();
        }
        if !stands.get() {
            return view! {
                <div class="page"><p class="waiting" role="status">"Loading the handoff…"</p></div>
            }
            .into_any();
        }
        view! { <Open desk/> }.into_any()
    }
}

#[component]
fn Open(desk: Desk) -> impl IntoView {
    let title = desk.part(|handoff| handoff.title.clone());
    let owner = desk.part(|handoff| handoff.owner.clone());
    let text = desk.part(|handoff| Some(handoff.draft.text.clone()));
    follow(desk);
    Effect::new(move |_| announce::page_opened(&format!("Handoff, {}", title.get())));
    let back = format!("/investigations/{}", desk.id.get_value());
    view! {
        <div class="page page-narrow handoff">
            <p class="handoff-back"><a href=back>"Back to the investigation"</a></p>
            <h1 id="heading" tabindex="-1">"Hand over: " {move || title.get()}</h1>
            <p class="quiet">"Owner now: " {move || owner.get().unwrap_or_else(|| "nobody".to_owned())}</p>
            <Sent desk/>
            <Form desk/>
            <section class="panel" aria-labelledby="note-heading">
                <h2 id="note-heading">"The note as it would be sent now"</h2>
                <p class="quiet">"Written from the record. What you add above stands under Needs once it is kept."</p>
                {move || text.get().map(|text| view! {
                    <div class="handoff-tools">
                        <CopyButton text=text.markdown.clone() what="the note as Markdown" words="Copy as Markdown"/>
                        <CopyButton text=text.slack.clone() what="the note as Slack text" words="Copy for Slack"/>
                        <button type="button" class="button button-small" on:click=move |_| { let _ = window().print(); }>"Print"</button>
                    </div>
                    <NoteView note=text.note/>
                })}
            </section>
        </div>
    }
}

/// Brings the page up to date when the investigation goes on elsewhere.
fn follow(desk: Desk) {
    let waits = StoredValue::new(false);
    let seen = StoredValue::new(desk.loaded.with_untracked(|loaded| match loaded {
        Load::Ready(handoff) => handoff.last_event_id,
        _ => 0,
    }));
    let again = move || {
        if waits.try_get_value() != Some(false) {
            return;
        }
        waits.set_value(true);
        spawn_local(async move {
            TimeoutFuture::new(FETCH_AFTER_MS).await;
            if waits.try_set_value(false).is_none() {
                desk.fetch();
            }
        });
    };
    events::listen(
        desk.id.get_value(),
        move || seen.try_get_value().unwrap_or_default(),
        move |heard| match heard {
            Heard::Event(event) => {
                seen.try_set_value(event.id);
                if changes_the_note(&event.kind) {
                    again();
                }
            }
            Heard::Resumed => again(),
            Heard::Here(_) => {}
            Heard::Broken => desk.connection.lost(),
        },
    );
}

fn changes_the_note(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::StepStarted { .. }
            | EventKind::ObservationStarted { .. }
            | EventKind::ObservationEnded { .. }
    )
}
