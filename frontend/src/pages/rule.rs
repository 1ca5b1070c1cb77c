//! The help page of one rule.

use diagnosis::Step;
use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;

use crate::{
    announce,
    client::{self, Connection},
    components::{Load, ProblemNotice, Prose},
    help,
    router::{Page, Router},
    text,
};

/// `GET /rules/{id}`
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) step: Step,
    /// Markdown: a title, then the headings that every rule has.
    pub(crate) help: String,
}

pub(crate) async fn fetch(id: &str) -> Result<Rule, diagnosis::api::Problem> {
    client::get(&format!("/rules/{}", client::escape(id))).await
}

#[component]
pub(crate) fn RulePage() -> impl IntoView {
    let connection = Connection::get();
    let id = Router::get().part(|page| match page {
        Page::Rule { id } => Some(id.clone()),
        _ => None,
    });
    let rule = RwSignal::new(Load::Waiting);
    Effect::new(move |_| {
        let id = id.get();
        connection.revived();
        spawn_local(async move {
            let fetched = fetch(&id).await;
            connection.note(&fetched);
            rule.try_set(fetched.into());
            announce::focus("heading");
        });
    });
    view! {
        <div class="page page-narrow">
            {move || match rule.get() {
                Load::Waiting => view! { <p class="waiting">"Loading the help page…"</p> }.into_any(),
                Load::Failed(problem) => view! {
                    <h1 id="heading" tabindex="-1">"This rule has no help page"</h1>
                    <ProblemNotice problem/>
                }.into_any(),
                Load::Ready(rule) => {
                    let (title, rest) = help::title(&rule.help);
                    let title = title.map_or_else(|| text::rule_title(&rule.id), str::to_owned);
                    announce::page_opened(&title);
                    view! {
                        <p class="eyebrow">"Rule of the step “" {rule.step.title()} "”"</p>
                        <h1 id="heading" tabindex="-1">{title}</h1>
                        <p class="quiet"><code>{rule.id}</code></p>
                        <div class="help-page"><Prose blocks=help::blocks(rest)/></div>
                    }.into_any()
                }
            }}
        </div>
    }
}
