//! Recorded incidents that replay without AWS.

use diagnosis::api::{Investigation, PracticeIncident, Problem};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    client::{self, Connection},
    components::ProblemNotice,
    router::Router,
};

#[component]
pub(super) fn Practice(incidents: Vec<PracticeIncident>) -> impl IntoView {
    let connection = Connection::get();
    let router = Router::get();
    let problem = RwSignal::new(None::<Problem>);
    let opening = RwSignal::new(None::<String>);
    let open = move |name: String| {
        if opening.get_untracked().is_some() {
            return;
        }
        opening.set(Some(name.clone()));
        problem.set(None);
        spawn_local(async move {
            let made =
                client::start::<Investigation>(&format!("/practice/{}", client::escape(&name)))
                    .await;
            connection.note(&made);
            opening.try_set(None);
            match made {
                Ok(made) => router.open(&format!("/investigations/{}", made.id)),
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
        });
    };
    let none = incidents.is_empty();
    view! {
        <p class="quiet">"Recorded evidence of whole incidents, judged by the same rules and kept as a real investigation that is marked as practice."</p>
        {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
        {none.then(|| view! { <p>"This server has no practice incidents."</p> })}
        <ul class="cards">
            {incidents.into_iter().map(|incident| {
                let name = incident.name.clone();
                let is_opening = move || opening.with(|opening| opening.as_deref() == Some(name.as_str()));
                let name = incident.name;
                view! {
                    <li class="card practice">
                        <h3>{incident.title.clone()}</h3>
                        <p>{incident.description}</p>
                        <button type="button" class="button" on:click=move |_| open(name.clone())>
                            {move || if is_opening() { "Opening…" } else { "Practice this" }}
                            <span class="sr-only">": " {incident.title}</span>
                        </button>
                    </li>
                }
            }).collect_view()}
        </ul>
    }
}
