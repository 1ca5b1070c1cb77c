//! Whether this happened before, and how it ended then.

use diagnosis::api::{Alike, SeenBefore, Status};
use leptos::prelude::*;

use super::Wizard;
use crate::{client, text, time};

/// Shown only where there is something: most incidents are new.
#[component]
pub(super) fn SeenBeforePanel() -> impl IntoView {
    let wizard = Wizard::get();
    // Another first finding has other incidents that are like it.
    let first = wizard.part(|session| {
        let findings = &session.investigation.diagnosis.findings;
        (
            findings.first().map(|finding| finding.rule.clone()),
            session.run().is_some(),
        )
    });
    let known = LocalResource::new(move || {
        first.track();
        let path = wizard.path("/seen-before");
        async move { client::get::<SeenBefore>(&path).await }
    });
    move || {
        // A hint: where it cannot be had, nothing is missing that a person would act on.
        let Some(Ok(SeenBefore { investigations })) = known.get() else {
            return ().into_any();
        };
        if investigations.is_empty() {
            return ().into_any();
        }
        view! {
            <section class="panel notes" aria-labelledby="before-heading">
                <h3 id="before-heading">"Seen before"</h3>
                <ul class="note-list">{investigations.into_iter().map(|alike| view! { <Line alike/> }).collect_view()}</ul>
            </section>
        }
        .into_any()
    }
}

#[component]
fn Line(alike: Alike) -> impl IntoView {
    let in_common = match (alike.same_load_balancer, alike.same_first_finding) {
        (true, true) => "same load balancer, same first finding",
        (true, false) => "same load balancer",
        _ => "same first finding",
    };
    let ended = match (alike.status, alike.settled_at) {
        (Status::Open, _) => "Still open.".to_owned(),
        (status, Some(at)) => {
            let by = alike.settled_by.map(|by| format!(" by {by}"));
            format!(
                "{} {}{}.",
                text::status(status),
                time::utc(at),
                by.unwrap_or_default()
            )
        }
        (status, None) => format!("{}.", text::status(status)),
    };
    view! {
        <li class="note">
            <p><a href=format!("/investigations/{}", alike.id)>{alike.title}</a>
                <span class="quiet">" " {alike.load_balancer} ", " {time::window_utc(alike.window)} ": " {in_common}</span></p>
            {alike.first_finding.map(|finding| view! { <p>{finding}</p> })}
            <p class="quiet">{ended}</p>
            {alike.last_note.map(|note| view! { <p class="note-text">"Last note: " {note}</p> })}
        </li>
    }
}
