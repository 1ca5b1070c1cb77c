//! What happened in the investigation, and who did it.

use diagnosis::api::{Event, Problem};
use leptos::prelude::*;

use super::Wizard;
use crate::{client, components::ProblemNotice, json::ToldTimeline, text::timeline, time};

/// Pages of the API that are read: 2,000 events.
const PAGES: usize = 10;

#[component]
pub(super) fn TimelinePanel() -> impl IntoView {
    let wizard = Wizard::get();
    // Whatever is told here also changes one of these.
    let changed = wizard.part(|session| {
        let investigation = &session.investigation;
        (
            investigation.version,
            investigation.notes.len(),
            investigation.runs.first().map(|run| (run.n, run.state)),
            session.share_events(),
            session.watch_news,
        )
    });
    let told = LocalResource::new(move || {
        changed.track();
        read(wizard.path("/timeline"))
    });
    view! {
        <section class="panel notes" aria-labelledby="timeline-heading">
            <h3 id="timeline-heading">"What happened here"</h3>
            {move || match told.get() {
                None => view! { <p class="quiet">"Loading…"</p> }.into_any(),
                Some(Err(problem)) => view! { <ProblemNotice problem/> }.into_any(),
                Some(Ok(events)) if events.is_empty() => {
                    view! { <p class="quiet">"Nothing yet: runs, notes and changes are kept here."</p> }.into_any()
                }
                Some(Ok(events)) => view! {
                    <ol class="note-list">{events.into_iter().rev().map(|event| view! { <Line event/> }).collect_view()}</ol>
                }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Line(event: Event) -> impl IntoView {
    let (title, details) = timeline::words(&event);
    view! {
        <li class="note">
            <p class="quiet">{time::utc(event.at)} {event.person.map(|person| format!(", {person}"))}</p>
            <p>{title}</p>
            {(!details.is_empty()).then(|| view! { <p class="note-text quiet">{details}</p> })}
        </li>
    }
}

async fn read(path: String) -> Result<Vec<Event>, Problem> {
    let mut events = Vec::new();
    let mut after = 0;
    for _ in 0..PAGES {
        let page: ToldTimeline = client::get(&format!("{path}?after={after}")).await?;
        events.extend(page.events.into_iter().map(|told| told.0));
        match page.next_after {
            Some(next) => after = next,
            None => break,
        }
    }
    Ok(events)
}
