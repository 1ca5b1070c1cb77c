//! The frame around every page: skip link, top bar, live region, the notice that the server is away, routes.

use leptos::prelude::*;

use crate::{
    announce::{Announcer, LiveRegion},
    client::{AwayNotice, Connection},
    programs::Program,
    router::Router,
    theme::ThemeToggle,
};

#[component]
pub(crate) fn App(program: Program) -> impl IntoView {
    Announcer::provide();
    Connection::provide();
    let kind = Router::provide(program.name).kind();
    view! {
        <a class="skip-link" href="#main" rel="external" on:click=|event| {
            event.prevent_default();
            crate::announce::focus("main");
        }>"Skip to content"</a>
        <header class="top-bar">
            <div class="top-bar-inner">
                <a class="brand" href="/">
                    <span class="brand-mark" aria-hidden="true">"502"</span>
                    <span>"lb502"</span>
                </a>
                <span class="brand-claim">"Why is my load balancer answering 502?"</span>
                <ThemeToggle/>
            </div>
        </header>
        <AwayNotice/>
        <main id="main" class="main" tabindex="-1">
            {move || (program.view)(kind.get())}
        </main>
        <footer class="foot">
            <p>"lb502 only reads from AWS. It never changes anything there."</p>
        </footer>
        <LiveRegion/>
    }
}
