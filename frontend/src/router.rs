//! Which page the address asks for, and links that change it without loading the page anew.
//!
//! Our own, because there are six kinds of address: what a router for any page brings is a good part
//! of a first load.

use crate::programs::Name;
use leptos::{
    ev,
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::js_sys,
};
use web_sys::{HtmlAnchorElement, MouseEvent};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Home,
    Investigation {
        id: String,
        step: Option<String>,
    },
    Handoff {
        id: String,
    },
    Rule {
        id: String,
    },
    /// What a share link shows.
    Shared {
        token: String,
    },
    NotFound,
}

/// A page of another kind is another page; another step of an investigation is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Home,
    Investigation,
    Handoff,
    Shared,
    Rule,
    NotFound,
}

impl Page {
    fn kind(&self) -> Kind {
        match self {
            Self::Home => Kind::Home,
            Self::Investigation { .. } => Kind::Investigation,
            Self::Handoff { .. } => Kind::Handoff,
            Self::Shared { .. } => Kind::Shared,
            Self::Rule { .. } => Kind::Rule,
            Self::NotFound => Kind::NotFound,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Router {
    page: RwSignal<Page>,
    program: Name,
}

impl Router {
    /// Follows links and the browser's way back and forth from now on.
    pub(crate) fn provide(program: Name) -> Self {
        let router = Self {
            page: RwSignal::new(current()),
            program,
        };
        provide_context(router);
        // For as long as the page stands.
        window_event_listener(ev::click, move |event| router.follow(&event));
        window_event_listener(ev::popstate, move |_| router.page.set(current()));
        router
    }

    pub(crate) fn get() -> Self {
        expect_context::<Self>()
    }

    pub(crate) fn kind(self) -> Memo<Kind> {
        Memo::new(move |_| self.page.with(Page::kind))
    }

    /// A part of the address. It stays as it was while a page of another kind takes this one's place.
    pub(crate) fn part<T: Clone + Default + PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&Page) -> Option<T> + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |before: Option<&T>| {
            self.page
                .with(&read)
                .unwrap_or_else(|| before.cloned().unwrap_or_default())
        })
    }

    /// Opens a page of ours, from its top.
    pub(crate) fn open(self, address: &str) {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        if self.has(path) {
            self.go(address, true);
        } else {
            // A browser that refuses stays where it is.
            drop(window().location().set_href(address));
        }
    }

    /// Whether this program shows the page: else the browser loads the other.
    fn has(self, path: &str) -> bool {
        page_of(path).kind().program() == self.program
    }

    fn go(self, address: &str, to_top: bool) {
        let here = window().location();
        let same = here.pathname().is_ok_and(|path| {
            address == path + &here.search().unwrap_or_default() + &here.hash().unwrap_or_default()
        });
        if !same {
            let pushed = window()
                .history()
                .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(address)));
            // A browser that refuses to change the address can still load it.
            if pushed.is_err() {
                drop(here.set_href(address));
                return;
            }
        }
        let page = current();
        if self.page.with_untracked(|before| *before != page) {
            self.page.set(page);
        }
        if to_top {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// A plain click on a link to a page of ours. All else is the browser's.
    fn follow(self, event: &MouseEvent) {
        let modified = event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key();
        if event.default_prevented() || event.button() != 0 || modified {
            return;
        }
        let Some(link) = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|element| element.closest("a[href]").ok().flatten())
            .and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok())
        else {
            return;
        };
        let elsewhere = window().location().origin().as_deref() != Ok(link.origin().as_str())
            || !self.has(&link.pathname());
        let for_the_browser = !link.target().is_empty()
            || link.has_attribute("download")
            || link
                .rel()
                .split_ascii_whitespace()
                .any(|word| word == "external");
        if elsewhere || for_the_browser {
            return;
        }
        event.prevent_default();
        let address = link.pathname() + &link.search() + &link.hash();
        self.go(&address, !link.has_attribute("data-noscroll"));
    }
}

fn current() -> Page {
    page_of(&window().location().pathname().unwrap_or_default())
}

fn page_of(path: &str) -> Page {
    page(path, |part| {
        js_sys::decode_uri_component(part).map_or_else(|_| part.to_owned(), String::from)
    })
}

/// `decode` turns a part of the path into what it stands for.
fn page(path: &str, decode: impl Fn(&str) -> String) -> Page {
    let path = path.strip_suffix('/').unwrap_or(path);
    let parts: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts[..] {
        [] => Page::Home,
        ["investigations", id] if !id.is_empty() => Page::Investigation {
            id: id.to_owned(),
            step: None,
        },
        ["investigations", id, "handoff"] if !id.is_empty() => Page::Handoff { id: id.to_owned() },
        ["investigations", id, step] if !id.is_empty() => Page::Investigation {
            id: id.to_owned(),
            step: Some(step.to_owned()),
        },
        ["shared", token] if !token.is_empty() => Page::Shared {
            token: token.to_owned(),
        },
        ["rules", id] if !id.is_empty() => Page::Rule { id: id.to_owned() },
        _ => Page::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Page {
        page(path, |part| part.replace("%20", " "))
    }

    #[test]
    fn an_address_names_its_page() {
        assert_eq!(of("/"), Page::Home);
        assert_eq!(of(""), Page::Home);
        let investigation = |step: Option<&str>| Page::Investigation {
            id: "0198 x".to_owned(),
            step: step.map(str::to_owned),
        };
        assert_eq!(of("/investigations/0198%20x"), investigation(None));
        assert_eq!(of("/investigations/0198%20x/"), investigation(None));
        assert_eq!(
            of("/investigations/0198%20x/tls"),
            investigation(Some("tls"))
        );
        let handoff = Page::Handoff {
            id: "0198".to_owned(),
        };
        assert_eq!(of("/investigations/0198/handoff"), handoff);
        let rule = Page::Rule {
            id: "lambda-timeout".to_owned(),
        };
        assert_eq!(of("/rules/lambda-timeout"), rule);
    }

    #[test]
    fn any_other_address_has_no_page() {
        for path in [
            "/rules",
            "/rules//",
            "/investigations",
            "/investigations//tls",
            "/a",
            "/rules/a/b",
            "//",
        ] {
            assert_eq!(of(path), Page::NotFound, "{path}");
        }
    }
}
