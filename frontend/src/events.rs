//! The event stream of one investigation: one stream a page, resumed where it broke, closed when left or hidden.

use std::rc::Rc;

use diagnosis::api::{Event, Here};
use gloo_timers::future::TimeoutFuture;
use leptos::{
    ev::visibilitychange,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::{EventSource, MessageEvent, VisibilityState},
};

use crate::{
    client::events_address,
    json::{self, Told},
};

/// The names that the server gives its events; `EventKind::name` says the same.
const KINDS: [&str; 15] = [
    "run_started",
    "step_started",
    "observation_started",
    "observation_ended",
    "step_ended",
    "run_ended",
    "note_added",
    "handoff_sent",
    "handoff_accepted",
    "watch_started",
    "watch_ended",
    "investigation_changed",
    "share_link_created",
    "share_link_used",
    "share_link_revoked",
];
const RETRY_FIRST_MS: u32 = 500;
const RETRY_LAST_MS: u32 = 8_000;
/// A stream that ends once (a proxy's time limit) is taken up again without a word.
const FAILURES_BEFORE_WORDS: u32 = 2;

/// What the page is told of.
pub(crate) enum Heard {
    Event(Box<Event>),
    /// Who has the investigation open, this page among them.
    Here(Here),
    /// The stream stands again after it was broken or closed: something may have been missed.
    Resumed,
    /// It broke, and the first attempts to take it up again failed.
    Broken,
}

/// Listens until the owner (the page) is left. `after` says, each time it connects, from which event on.
pub(crate) fn listen(
    investigation: String,
    after: impl Fn() -> i64 + 'static,
    hear: impl Fn(Heard) + 'static,
) {
    let listener = Rc::new(Listener {
        investigation,
        after: Box::new(after),
        hear: Box::new(hear),
        state: StoredValue::new_local(State::default()),
    });
    let state = listener.state;
    listener.clone().open();

    // A browser allows six connections to one server: a tab that nobody sees must not hold one.
    let hidden = window_event_listener(visibilitychange, move |_| {
        if document().visibility_state() == VisibilityState::Hidden {
            state.update_value(|state| state.stream = None);
        } else if state.with_value(|state| state.stream.is_none()) {
            state.update_value(|state| state.opened_before = true);
            listener.clone().open();
        }
    });
    on_cleanup(move || {
        hidden.remove();
        state.update_value(|state| {
            state.left = true;
            state.stream = None;
        });
    });
}

struct Listener {
    investigation: String,
    after: Box<dyn Fn() -> i64>,
    hear: Box<dyn Fn(Heard)>,
    state: StoredValue<State, LocalStorage>,
}

#[derive(Default)]
struct State {
    stream: Option<Stream>,
    failures: u32,
    opened_before: bool,
    /// The page is gone: no attempt that is still waiting may open it again.
    left: bool,
}

struct Stream {
    source: EventSource,
    _on_event: Closure<dyn FnMut(MessageEvent)>,
    _on_here: Closure<dyn FnMut(MessageEvent)>,
    _on_open: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

impl Listener {
    fn open(self: Rc<Self>) {
        // The page may be left between an attempt and the next: its state is gone then.
        if self
            .state
            .try_with_value(|state| state.left)
            .unwrap_or(true)
        {
            return;
        }
        let address = events_address(&self.investigation, (self.after)());
        let Ok(source) = EventSource::new(&address) else {
            return;
        };
        let on_event = Closure::<dyn FnMut(MessageEvent)>::new({
            let listener = self.clone();
            move |message: MessageEvent| {
                // An event of a newer server that this page does not know is left out: the next fetch has it.
                if let Some(data) = message.data().as_string()
                    && let Ok(Told(event)) = json::from_str(&data)
                {
                    (listener.hear)(Heard::Event(Box::new(event)));
                }
            }
        });
        let on_here = Closure::<dyn FnMut(MessageEvent)>::new({
            let listener = self.clone();
            move |message: MessageEvent| {
                if let Some(data) = message.data().as_string()
                    && let Ok(here) = json::from_str(&data)
                {
                    (listener.hear)(Heard::Here(here));
                }
            }
        });
        let on_open = Closure::<dyn FnMut()>::new({
            let listener = self.clone();
            move || listener.clone().opened()
        });
        let on_error = Closure::<dyn FnMut()>::new({
            let listener = self.clone();
            move || listener.clone().broke()
        });
        for kind in KINDS {
            // Fails only for a listener that is not a function.
            let _ =
                source.add_event_listener_with_callback(kind, on_event.as_ref().unchecked_ref());
        }
        let _ = source.add_event_listener_with_callback("here", on_here.as_ref().unchecked_ref());
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let stream = Stream {
            source,
            _on_event: on_event,
            _on_here: on_here,
            _on_open: on_open,
            _on_error: on_error,
        };
        self.state.update_value(|state| state.stream = Some(stream));
    }

    fn opened(self: Rc<Self>) {
        let mut resumed = false;
        self.state.update_value(|state| {
            resumed = state.opened_before;
            state.opened_before = true;
            state.failures = 0;
        });
        if resumed {
            (self.hear)(Heard::Resumed);
        }
    }

    fn broke(self: Rc<Self>) {
        let mut failures = 0;
        self.state.update_value(|state| {
            state.failures += 1;
            state.opened_before = true;
            failures = state.failures;
            if let Some(stream) = &state.stream {
                // The browser's own attempts end for good at the first answer that is not a stream.
                stream.source.close();
            }
        });
        if failures == FAILURES_BEFORE_WORDS {
            (self.hear)(Heard::Broken);
        }
        spawn_local(async move {
            let wait = RETRY_FIRST_MS.saturating_mul(1 << failures.min(6));
            TimeoutFuture::new(wait.min(RETRY_LAST_MS)).await;
            // Hidden meanwhile: it is opened again when the tab is seen.
            let wanted = self
                .state
                .try_with_value(|state| state.stream.is_some())
                .unwrap_or(false);
            if wanted {
                self.open();
            }
        });
    }
}
