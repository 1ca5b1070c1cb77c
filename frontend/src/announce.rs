//! What a person who does not see the page needs to hear: new pages, progress, results.
//! A page that takes the place of another without loading is neither announced nor given the focus by itself.

use leptos::prelude::*;

/// Speaks through one polite live region.
#[derive(Clone, Copy)]
pub(crate) struct Announcer(RwSignal<String>);

impl Announcer {
    pub(crate) fn provide() {
        provide_context(Self(RwSignal::new(String::new())));
    }

    pub(crate) fn get() -> Self {
        use_context::<Self>().unwrap_or_else(|| Self(RwSignal::new(String::new())))
    }

    /// Says a sentence; the same sentence again is said again.
    pub(crate) fn say(self, sentence: impl Into<String>) {
        let mut sentence = sentence.into();
        // A screen reader is silent where the text stays the same.
        if self.0.with_untracked(|said| *said == sentence) {
            sentence.push('\u{a0}');
        }
        self.0.set(sentence);
    }
}

#[component]
pub(crate) fn LiveRegion() -> impl IntoView {
    let said = Announcer::get().0;
    view! { <div class="sr-only" role="status" aria-live="polite">{move || said.get()}</div> }
}

/// Names the page that has just been opened: the title of the tab, said aloud.
pub(crate) fn page_opened(title: &str) {
    document().set_title(&format!("{title} · lb502"));
    Announcer::get().say(title);
}

/// Moves the focus to the element with this id, once it stands.
pub(crate) fn focus(id: &'static str) {
    request_animation_frame(move || {
        use leptos::wasm_bindgen::JsCast;
        if let Some(element) = document()
            .get_element_by_id(id)
            .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
        {
            // An element that cannot take the focus leaves it where it was.
            let _ = element.focus();
        }
    });
}
