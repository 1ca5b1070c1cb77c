//! What is investigated: title, load balancer, window, status, and the link to hand on.

use diagnosis::api::Status;
use leptos::prelude::*;

use super::{Wizard, edit::Edit, share::ShareButton};
use crate::{announce, components::CopyButton, text, time};

const STATUSES: [(Status, &str); 3] = [
    (Status::Open, "open"),
    (Status::Mitigated, "mitigated"),
    (Status::Resolved, "resolved"),
];

#[component]
pub(super) fn Header() -> impl IntoView {
    let wizard = Wizard::get();
    let title = wizard.part(|session| session.investigation.title.clone());
    let practice = wizard.now(|session| session.investigation.practice);
    let load_balancer = wizard.now(|session| session.investigation.diagnosis.load_balancer.clone());
    let window = wizard.part(|session| session.investigation.diagnosis.window);
    let status = wizard.part(|session| session.investigation.status);
    let editing = RwSignal::new(false);
    // The form is gone: the focus goes back to where it was opened.
    Effect::new(move |before: Option<bool>| {
        let now = editing.get();
        if before == Some(true) && !now {
            announce::focus("edit");
        }
        now
    });
    let link = format!("{}{}", window_origin(), wizard.address(None));
    let of_account =
        (!load_balancer.account.is_empty()).then(|| format!(", account {}", load_balancer.account));
    let local = move || {
        time::window_local(window.get())
            .map(|local| view! { <span class="quiet">" (" {local} ")"</span> })
    };
    view! {
        <header class="investigation-head">
            <div class="investigation-title">
                <h1 id="heading" tabindex="-1">{move || title.get()}</h1>
                <button id="edit" type="button" class="button button-small" aria-expanded=move || editing.get().to_string()
                    on:click=move |_| editing.update(|editing| *editing = !*editing)>"Edit"<span class="sr-only">" title and window"</span></button>
                <ShareButton/>
                <CopyButton text=link what="the link to this investigation" words="Copy link"/>
                {practice.then(|| view! { <span class="tag tag-practice">"Practice: recorded evidence, nothing is asked of AWS"</span> })}
            </div>
            <Show when=move || editing.get()><Edit editing/></Show>
            <dl class="facts">
                <div>
                    <dt>"Load balancer"</dt>
                    <dd><strong>{load_balancer.name}</strong>
                        <span class="quiet">" " {text::load_balancer_type(load_balancer.kind)} " in " {load_balancer.region} {of_account}</span></dd>
                </div>
                <div>
                    <dt>"Window"</dt>
                    <dd>{move || time::window_utc(window.get())} {local}</dd>
                </div>
                <div>
                    <dt><label for="status">"Status"</label></dt>
                    <dd>
                        <select id="status" class="select-small"
                            prop:value=move || id_of(status.get())
                            on:change=move |event| wizard.set_status(from_id(&event_target_value(&event)))>
                            {STATUSES.map(|(offered, id)| {
                                let selected = status.get_untracked() == offered;
                                view! { <option value=id selected=selected>{text::status(offered)}</option> }
                            }).collect_view()}
                        </select>
                    </dd>
                </div>
                <div>
                    <dt>"Here now"</dt>
                    <dd aria-live="polite">{move || wizard.here.with(text::here)}</dd>
                </div>
            </dl>
        </header>
    }
}

fn window_origin() -> String {
    window().location().origin().unwrap_or_default()
}

fn id_of(status: Status) -> &'static str {
    STATUSES
        .into_iter()
        .find_map(|(known, id)| (known == status).then_some(id))
        .unwrap_or("open")
}

fn from_id(id: &str) -> Status {
    STATUSES
        .into_iter()
        .find_map(|(status, known)| (known == id).then_some(status))
        .unwrap_or_default()
}
