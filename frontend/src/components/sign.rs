//! Tone as a shape and words, never as colour alone.

use leptos::prelude::*;

use crate::text::Sign;

/// A shape for the tone. It says nothing to a screen reader: the words beside it do.
#[component]
pub(crate) fn Icon(sign: Sign) -> impl IntoView {
    let path = match sign {
        Sign::Good => "M3.2 8.6 6.4 11.8 12.8 4.6",
        Sign::Warn => "M8 4v4.6M8 11.4v.4",
        Sign::Found => "M8 5.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2",
        Sign::Bad => "M4.4 4.4l7.2 7.2M11.6 4.4l-7.2 7.2",
        Sign::Quiet => "M4.4 8h7.2",
        Sign::Busy => "M8 .8A7.2 7.2 0 0 1 15.2 8",
    };
    view! {
        <svg class=format!("icon icon-{}", sign.class()) viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <circle cx="8" cy="8" r="7.2"/>
            <path d=path/>
        </svg>
    }
}

#[component]
pub(crate) fn Chip(sign: Sign, #[prop(into)] text: String) -> impl IntoView {
    view! {
        <span class=format!("chip chip-{}", sign.class())>
            <Icon sign/>
            <span>{text}</span>
        </span>
    }
}
