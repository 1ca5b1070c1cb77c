use leptos::prelude::*;

use crate::announce;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    announce::page_opened("Page not found");
    view! {
        <div class="page page-narrow">
            <h1 id="heading" tabindex="-1">"There is no such page"</h1>
            <p>"The address may be cut off, or the investigation was made on another lb502."</p>
            <p><a class="button button-primary" href="/">"To the start"</a></p>
        </div>
    }
}
