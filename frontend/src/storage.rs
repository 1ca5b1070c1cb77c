//! What this browser remembers: theme, region, name, drafts. Only conveniences; the truth is on the server.

use leptos::prelude::window;

/// Private windows may refuse storage: then nothing is remembered and nothing breaks.
fn local() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

pub(crate) fn read(key: &str) -> Option<String> {
    local()?.get_item(&name(key)).ok().flatten()
}

/// An empty value is forgotten.
pub(crate) fn write(key: &str, value: &str) {
    if let Some(storage) = local() {
        // A full store costs a convenience, not the person's work in front of them.
        let _ = if value.is_empty() {
            storage.remove_item(&name(key))
        } else {
            storage.set_item(&name(key), value)
        };
    }
}

fn name(key: &str) -> String {
    format!("lb502.{key}")
}
