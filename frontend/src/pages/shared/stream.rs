//! Hears when what a link shows has changed, and when the link is closed.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::EventSource,
};

use crate::client::shared_events_address;

#[derive(Clone, Copy)]
pub(super) enum Heard {
    /// There is more to read, or something may have been missed.
    Changed,
    Gone,
}

struct Stream {
    source: EventSource,
    _on: [Closure<dyn FnMut()>; 3],
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onerror(None);
        self.source.close();
    }
}

/// Until the owner is left. A stream that breaks is taken up again by the browser; one that the server
/// refuses is not, and reading again says why.
pub(super) fn follow(token: &str, after: i64, hear: impl Fn(Heard) + Clone + 'static) {
    let Ok(source) = EventSource::new(&shared_events_address(token, after)) else {
        return;
    };
    let on = |heard: Heard| {
        let hear = hear.clone();
        Closure::<dyn FnMut()>::new(move || hear(heard))
    };
    let changed = on(Heard::Changed);
    let gone = {
        let (hear, source) = (hear.clone(), source.clone());
        Closure::<dyn FnMut()>::new(move || {
            // Else the browser asks again and again.
            source.close();
            hear(Heard::Gone);
        })
    };
    let broke = {
        let source = source.clone();
        Closure::<dyn FnMut()>::new(move || {
            if source.ready_state() == EventSource::CLOSED {
                hear(Heard::Changed);
            }
        })
    };
    let listens = [("changed", &changed), ("gone", &gone)];
    for (name, listener) in listens {
        // Fails only for a listener that is not a function.
        let _ = source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    }
    source.set_onerror(Some(broke.as_ref().unchecked_ref()));
    let stream = StoredValue::new_local(Some(Stream {
        source,
        _on: [changed, gone, broke],
    }));
    on_cleanup(move || drop(stream.try_update_value(|stream| stream.take())));
}
