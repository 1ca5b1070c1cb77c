//! Every link of the investigation, with its uses.

use diagnosis::api::{CreatedShareLink, Problem, ShareLink, ShareLinkList, ShareState};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    announce::Announcer,
    client::{self, Connection},
    components::{Chip, ProblemNotice},
    text, time,
    wizard::Wizard,
};

#[component]
pub(super) fn Links(made: RwSignal<Option<CreatedShareLink>>) -> impl IntoView {
    let wizard = Wizard::get();
    let problem = RwSignal::new(None::<Problem>);
    let heard = wizard.part(|session| session.share_events());
    let changed = RwSignal::new(0_u32);
    let listed = LocalResource::new(move || {
        heard.track();
        changed.track();
        made.track();
        let path = wizard.path("/share-links");
        async move { client::get::<ShareLinkList>(&path).await }
    });
    view! {
        <section aria-labelledby="links-heading">
            <h3 id="links-heading">"Links of this investigation"</h3>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
            {move || match listed.get() {
                None => view! { <p class="waiting">"Loading…"</p> }.into_any(),
                Some(Err(problem)) => view! { <ProblemNotice problem/> }.into_any(),
                Some(Ok(list)) if list.share_links.is_empty() => {
                    view! { <p class="quiet">"None so far."</p> }.into_any()
                }
                Some(Ok(list)) => view! {
                    <ul class="note-list share-links">
                        {list.share_links.into_iter().map(|link| view! { <Line link problem changed/> }).collect_view()}
                    </ul>
                }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Line(
    link: ShareLink,
    problem: RwSignal<Option<Problem>>,
    changed: RwSignal<u32>,
) -> impl IntoView {
    let wizard = Wizard::get();
    let connection = Connection::get();
    let announcer = Announcer::get();
    let (sign, state) = text::share_state(link.state);
    let sending = RwSignal::new(false);
    let path = format!("/share-links/{}", link.id);
    let revoke = move |_| {
        if sending.get_untracked() {
            return;
        }
        sending.set(true);
        problem.set(None);
        let path = wizard.path(&path);
        spawn_local(async move {
            let revoked = client::delete::<ShareLink>(&path).await;
            connection.note(&revoked);
            sending.try_set(false);
            match revoked {
                Ok(_) => announcer.say("Link revoked"),
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
            changed.try_update(|times| *times += 1);
        });
    };
    view! {
        <li class="note share-link">
            <div>
                <p><Chip sign text=state/> " " {text::share_mode(link.mode)} ", " {text::masking(link.masking)}</p>
                <p class="quiet">{told(&link)}</p>
            </div>
            {(link.state == ShareState::Open).then(|| view! {
                <button type="button" class="button button-small" aria-disabled=move || sending.get().to_string() on:click=revoke>
                    "Revoke"<span class="sr-only">" the link made " {time::utc(link.made_at)}</span>
                </button>
            })}
        </li>
    }
}

/// `Made by Ada 2026-11-22 02:00 UTC, open until …; opened 3 times, last …`
fn told(link: &ShareLink) -> String {
    let by = |name: &Option<String>| match name {
        Some(name) => format!(" by {name}"),
        None => String::new(),
    };
    let made = format!("Made{} {}", by(&link.made_by), time::utc(link.made_at));
    let ends = match (link.state, link.revoked_at) {
        (ShareState::Revoked, Some(at)) => {
            format!("revoked{} {}", by(&link.revoked_by), time::utc(at))
        }
        (ShareState::Expired, _) => format!("expired {}", time::utc(link.expires_at)),
        _ => format!("open until {}", time::utc(link.expires_at)),
    };
    let used = match link.last_used_at {
        None => "never opened".to_owned(),
        Some(at) => format!(
            "opened {}, last {}",
            text::counted(link.uses, "time", "times"),
            time::utc(at)
        ),
    };
    format!("{made}, {ends}; {used}.")
}
