//! A command to copy.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local, wasm_bindgen::JsValue, web_sys::js_sys::Reflect};
use wasm_bindgen_futures::JsFuture;

use crate::announce::Announcer;

const SHOW_RESULT_MS: u32 = 2_000;

/// `what` names the command for the button: "Copy {what}".
#[component]
pub(crate) fn Command(#[prop(into)] text: String, #[prop(into)] what: String) -> impl IntoView {
    let label = format!("{what}, scrollable");
    view! {
        <div class="command">
            <pre class="scroll" tabindex="0" role="region" aria-label=label><code>{text.clone()}</code></pre>
            <CopyButton text what/>
        </div>
    }
}

#[component]
pub(crate) fn CopyButton(
    #[prop(into)] text: String,
    #[prop(into)] what: String,
    #[prop(default = "Copy")] words: &'static str,
) -> impl IntoView {
    let announcer = Announcer::get();
    let result = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            let copied = write(&text).await;
            announcer.say(if copied {
                "Copied"
            } else {
                "The browser refused to copy: select the text instead"
            });
            result.try_set(Some(copied));
            TimeoutFuture::new(SHOW_RESULT_MS).await;
            result.try_set(None);
        });
    };
    view! {
        <button type="button" class="button button-small copy" on:click=copy>
            {move || match result.get() {
                None => words,
                Some(true) => "Copied",
                Some(false) => "Select it",
            }}
            <span class="sr-only">" " {what}</span>
        </button>
    }
}

/// Outside of https and localhost a browser has no clipboard to offer.
async fn write(text: &str) -> bool {
    let navigator = window().navigator();
    let offered = Reflect::get(&navigator, &JsValue::from_str("clipboard"))
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    offered
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
}
