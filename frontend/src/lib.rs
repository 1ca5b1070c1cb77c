//! The page of lb502, as two programs: see [`programs`]. `session` holds what is known of an investigation, `client` and `events` fill it,
//! `pages` and `wizard` show it. All judging is done by the server; nothing here decides what a 502 means.

#![expect(
    unreachable_pub,
    reason = "the component macro makes the properties of every component pub"
)]

pub mod programs;

mod announce;
mod app;
mod client;
mod components;
mod events;
mod help;
mod json;
mod pages;
mod router;
mod session;
mod storage;
mod text;
mod theme;
mod time;
mod wizard;

use self::programs::Program;

/// Shows the pages of this program from now on.
pub fn open(program: Program) {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_crashed();
    }));
    theme::apply(theme::remembered());
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(move || leptos::view! { <app::App program/> });
}

/// A page that stands still and says nothing is worse than one that says it is broken.
fn show_crashed() {
    if let Some(banner) = leptos::prelude::document().get_element_by_id("crashed") {
        // Nothing is left to tell of a second failure.
        let _ = banner.remove_attribute("hidden");
    }
}
