//! A note: its three parts as headings and lists.

use diagnosis::handoff::HandoffNote;
use leptos::prelude::*;

use crate::time;

#[component]
pub(super) fn NoteView(note: HandoffNote) -> impl IntoView {
    let to = (!note.to.is_empty()).then(|| format!(", for {}", note.to));
    let written = time::utc(note.written_at);
    let parts = note.parts().map(|(part, sections)| {
        let sections: Vec<_> = sections
            .iter()
            .map(|section| {
                let lines = section.lines.clone().into_iter().map(line).collect_view();
                view! { <section><h4>{section.heading.clone()}</h4><ul class="handoff-lines">{lines}</ul></section> }
            })
            .collect();
        let empty = sections.is_empty();
        view! {
            <section class="handoff-part">
                <h3>{part}</h3>
                {empty.then(|| view! { <p class="quiet">"Nothing yet."</p> })}
                {sections}
            </section>
        }
    });
    view! {
        <article class="handoff-note">
            <p class="quiet">"Written " {written} {to}</p>
            {parts.into_iter().collect_view()}
        </article>
    }
}

fn line(text: String) -> impl IntoView {
    match text.strip_prefix("$ ").map(str::to_owned) {
        Some(command) => {
            view! { <li><code class="handoff-command">{command}</code></li> }.into_any()
        }
        None => view! { <li>{text}</li> }.into_any(),
    }
}
