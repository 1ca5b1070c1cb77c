//! One investigation: loads it, keeps it up to date by its event stream, and shows the wizard.

use diagnosis::{Step, api::Investigation};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    announce,
    client::{self, Connection},
    components::{Load, ProblemNotice},
    router::{Page, Router},
    session::Session,
    wizard::{Wizard, WizardView},
};

#[component]
pub(crate) fn InvestigationPage() -> impl IntoView {
    let router = Router::get();
    let id = router.part(|page| match page {
        Page::Investigation { id, .. } => Some(id.clone()),
        _ => None,
    });
    let step = router.part(|page| match page {
        Page::Investigation { step, .. } => Some(step.as_deref().and_then(Step::from_id)),
        _ => None,
    });
    // Another investigation is another page; another step of the same one is not.
    move || {
        let id = id.get();
        view! { <Loaded id step/> }
    }
}

#[component]
fn Loaded(id: String, step: Memo<Option<Step>>) -> impl IntoView {
    let connection = Connection::get();
    let loaded = RwSignal::new(Load::<Session>::Waiting);
    let stands = StoredValue::new(false);
    let path = format!("/investigations/{}", client::escape(&id));
    let load = Callback::new(move |()| {
        let path = path.clone();
        spawn_local(async move {
            let fetched = client::get::<Investigation>(&path).await;
            connection.note(&fetched);
            if fetched.is_ok() {
                stands.try_set_value(true);
            }
            loaded.try_set(fetched.map(Session::new).into());
        });
    });
    Effect::new(move |_| {
        connection.revived();
        // Once it stands, the wizard brings itself up to date.
        if !stands.get_value() {
            load.run(());
        }
    });
    move || {
        match loaded.get() {
        Load::Waiting => view! {
            <div class="page"><p class="waiting" role="status">"Loading the investigation…"</p></div>
        }
        .into_any(),
        Load::Failed(problem) => {
            announce::page_opened("Investigation not loaded");
            view! {
                <div class="page page-narrow">
                    <h1 id="heading" tabindex="-1">"This investigation could not be opened"</h1>
                    <ProblemNotice problem retry=load/>
                    <p><a href="/">"To the start"</a></p>
                </div>
            }
            .into_any()
        }
        Load::Ready(session) => {
            Wizard::provide(session, step);
            view! { <WizardView/> }.into_any()
        }
    }
    }
}
