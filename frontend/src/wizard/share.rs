//! Share links: make one for people outside, see them all, revoke them.

use diagnosis::api::{CreateShareLink, CreatedShareLink, Masking, Problem, ShareMode};
use leptos::{html, prelude::*, task::spawn_local};

use self::list::Links;
use super::Wizard;
use crate::{
    announce::Announcer,
    client::{self, Connection},
    components::{CopyButton, ProblemNotice},
    time,
};

mod list;

/// Hours, and their words.
const LASTS: [(u32, &str); 4] = [
    (24, "1 day"),
    (7 * 24, "7 days"),
    (30 * 24, "30 days"),
    (90 * 24, "90 days"),
];
const LASTS_DEFAULT: u32 = 7 * 24;

/// The button, and the dialog that it opens.
#[component]
pub(super) fn ShareButton() -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let open = RwSignal::new(false);
    // What was made while the dialog is open: nobody can be told the token again.
    let made = RwSignal::new(None::<CreatedShareLink>);
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let show = move |_| {
        open.set(true);
        if let Some(dialog) = dialog.get_untracked()
            && !dialog.open()
        {
            // Fails only for a dialog that is open or has left the page.
            let _ = dialog.show_modal();
        }
    };
    view! {
        <button type="button" class="button button-small" aria-haspopup="dialog" on:click=show>"Share…"</button>
        <dialog node_ref=dialog class="dialog" aria-labelledby="share-heading"
            on:close=move |_| {
                open.set(false);
                made.set(None);
            }
            on:click=move |event| {
                // A click beside the box meets the dialog itself.
                if event.target() == event.current_target() {
                    close();
                }
            }>
            <div class="dialog-box">
                <div class="dialog-head">
                    <h2 id="share-heading">"Share this investigation"</h2>
                    <button type="button" class="button button-small" on:click=move |_| close()>"Close"</button>
                </div>
                <Show when=move || open.get()>
                    <p>"Whoever has the link sees the investigation, and can change nothing. They need no password, and reach nothing else."</p>
                    <Make made/>
                    {move || made.get().map(|made| view! { <Made made/> })}
                    <Links made/>
                </Show>
            </div>
        </dialog>
    }
}

#[component]
fn Make(made: RwSignal<Option<CreatedShareLink>>) -> impl IntoView {
    let wizard = Wizard::get();
    let connection = Connection::get();
    let announcer = Announcer::get();
    let live = RwSignal::new(false);
    let masked = RwSignal::new(true);
    let hours = RwSignal::new(LASTS_DEFAULT);
    let sending = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let make = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if sending.get_untracked() {
            return;
        }
        sending.set(true);
        problem.set(None);
        let wanted = CreateShareLink {
            mode: if live.get_untracked() {
                ShareMode::Live
            } else {
                ShareMode::Frozen
            },
            masking: if masked.get_untracked() {
                Masking::Default
            } else {
                Masking::None
            },
            expires_in_hours: Some(hours.get_untracked()),
        };
        spawn_local(async move {
            let path = wizard.path("/share-links");
            let created = client::post::<_, CreatedShareLink>(&path, &wanted).await;
            connection.note(&created);
            sending.try_set(false);
            match created {
                Ok(created) => {
                    made.try_set(Some(created));
                    announcer.say("Link made");
                }
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
        });
    };
    let pick = move |event: leptos::ev::Event| {
        let picked = event_target_value(&event).parse().unwrap_or(LASTS_DEFAULT);
        hours.set(picked);
    };
    view! {
        <form class="share-form" on:submit=make aria-label="A new link">
            <fieldset class="share-choices">
                <legend>"It shows the investigation"</legend>
                <label><input type="radio" name="share-mode" prop:checked=move || !live.get() on:change=move |_| live.set(false)/>" as it is now, for good"</label>
                <label><input type="radio" name="share-mode" prop:checked=move || live.get() on:change=move |_| live.set(true)/>" as it goes on"</label>
            </fieldset>
            <label><input type="checkbox" prop:checked=move || masked.get() on:change=move |event| masked.set(event_target_checked(&event))/>
                " Mask account ids, client addresses, query strings and user agents"</label>
            <div class="field">
                <label for="share-lasts">"Open for"</label>
                <select id="share-lasts" class="select-small" on:change=pick>
                    {LASTS.map(|(hours, words)| view! { <option value=hours.to_string() selected={hours == LASTS_DEFAULT}>{words}</option> }).collect_view()}
                </select>
            </div>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
            <div class="edit-foot">
                <button type="submit" class="button button-primary" aria-disabled=move || sending.get().to_string()>
                    {move || if sending.get() { "Making…" } else { "Make a link" }}
                </button>
            </div>
        </form>
    }
}

/// The one time that the token is to be seen.
#[component]
fn Made(made: CreatedShareLink) -> impl IntoView {
    let origin = window().location().origin().unwrap_or_default();
    let link = format!("{origin}{}", made.path);
    view! {
        <section class="panel" aria-labelledby="made-heading">
            <h3 id="made-heading">"Your link"</h3>
            <div class="command">
                <pre class="scroll" tabindex="0" role="region" aria-label="The link, scrollable"><code>{link.clone()}</code></pre>
                <CopyButton text=link what="the share link"/>
            </div>
            <p class="quiet">"It is shown this once: lb502 keeps only a fingerprint of it. Open until " {time::utc(made.link.expires_at)} "."</p>
        </section>
    }
}
