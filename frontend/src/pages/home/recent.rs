//! Investigations that were made before, by anyone who uses this server.

use chrono::Utc;
use diagnosis::api::{InvestigationList, InvestigationSummary, Problem, Status};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    client::{self, Connection},
    components::{Chip, ProblemNotice},
    text::{self, Sign},
    time,
};

#[component]
pub(super) fn Recent() -> impl IntoView {
    let connection = Connection::get();
    let known = RwSignal::new(Vec::<InvestigationSummary>::new());
    let cursor = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let waiting = RwSignal::new(true);
    let words = RwSignal::new(String::new());
    let status = RwSignal::new(String::new());
    let load = move |after: Option<String>| {
        waiting.set(true);
        problem.set(None);
        spawn_local(async move {
            let path = list(
                &words.get_untracked(),
                &status.get_untracked(),
                after.as_deref(),
            );
            let fetched = client::get::<InvestigationList>(&path).await;
            connection.note(&fetched);
            waiting.try_set(false);
            match fetched {
                Ok(page) => {
                    known.try_update(|known| {
                        if after.is_none() {
                            known.clear();
                        }
                        known.extend(page.investigations);
                    });
                    cursor.try_set(page.next_cursor);
                }
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
        });
    };
    Effect::new(move |_| {
        connection.revived();
        load(None);
    });
    let again = Callback::new(move |()| load(None));
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        load(None);
    };
    let searched =
        move || !(words.with(|words| words.trim().is_empty()) && status.with(String::is_empty));
    view! {
        <section class="panel" aria-labelledby="recent-heading">
            <h2 id="recent-heading">"Recent investigations"</h2>
            <form class="recent-search" role="search" aria-label="Investigations" on:submit=search>
                <div class="field">
                    <label for="recent-words">"Words of titles, findings, owners, notes"</label>
                    <input id="recent-words" type="search" maxlength="200" autocomplete="off" bind:value=words/>
                </div>
                <div class="field">
                    <label for="recent-status">"Status"</label>
                    <select id="recent-status" on:change=move |event| { status.set(event_target_value(&event)); load(None); }>
                        <option value="">"any"</option>
                        <option value="open">"open"</option>
                        <option value="mitigated">"mitigated"</option>
                        <option value="resolved">"resolved"</option>
                    </select>
                </div>
                <button type="submit" class="button">"Search"</button>
            </form>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem retry=again/> })}
            {move || (known.with(Vec::is_empty) && problem.with(Option::is_none)).then(|| {
                let words = if waiting.get() { "Loading…" } else if untrack(searched) { "Nothing has these words." } else { "None yet. The first one you start stays here, for you and for whoever is on call next." };
                view! { <p class="empty">{words}</p> }
            })}
            <ul class="recent">
                <For each=move || known.get() key=|investigation| (investigation.id.clone(), investigation.updated_at) let:investigation>
                    <Row investigation/>
                </For>
            </ul>
            {move || cursor.get().map(|after| view! {
                <button type="button" class="button button-small" on:click=move |_| load(Some(after.clone()))>"Show older ones"</button>
            })}
        </section>
    }
}

/// The address of a list; what is empty is not asked for.
fn list(words: &str, status: &str, after: Option<&str>) -> String {
    let asked = [
        ("q", words.trim()),
        ("status", status),
        ("cursor", after.unwrap_or_default()),
    ];
    let asked = asked.into_iter().filter(|(_, value)| !value.is_empty());
    let asked: Vec<String> = asked
        .map(|(name, value)| format!("{name}={}", client::escape(value)))
        .collect();
    format!("/investigations?{}", asked.join("&"))
}

#[component]
fn Row(investigation: InvestigationSummary) -> impl IntoView {
    let InvestigationSummary {
        id,
        title,
        status,
        practice,
        load_balancer,
        window,
        updated_at,
        verdict,
        first_finding,
        ..
    } = investigation;
    let (sign, words) = verdict.map_or((Sign::Quiet, "Not run yet"), text::verdict);
    view! {
        <li>
            <a class="recent-row" href=format!("/investigations/{id}")>
                <span class="recent-verdict"><Chip sign text=words/></span>
                <span class="recent-what">
                    <span class="recent-title">{title}</span>
                    {first_finding.map(|finding| view! { <span class="recent-finding">{finding}</span> })}
                    <span class="quiet">{load_balancer.name} " in " {load_balancer.region} ", " {time::window_utc(window)}</span>
                </span>
                <span class="recent-when">
                    {practice.then(|| view! { <span class="tag">"Practice"</span> })}
                    {(status != Status::Open).then(|| view! { <span class="tag">{text::status(status)}</span> })}
                    <span class="quiet">{time::ago(updated_at, Utc::now())}</span>
                </span>
            </a>
        </li>
    }
}
