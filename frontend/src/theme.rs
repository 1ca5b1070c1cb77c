//! Light, dark, or as the system says. The choice is remembered in this browser.

use leptos::prelude::*;

use crate::storage;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    const fn id(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    fn from_id(id: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.id() == id)
            .unwrap_or(Self::System)
    }
}

pub(crate) fn remembered() -> Theme {
    Theme::from_id(&storage::read("theme").unwrap_or_default())
}

/// The style sheets know the theme by an attribute of the root element; without it the system's counts.
pub(crate) fn apply(theme: Theme) {
    if let Some(root) = document().document_element() {
        let _ = match theme {
            Theme::System => root.remove_attribute("data-theme"),
            chosen => root.set_attribute("data-theme", chosen.id()),
        };
    }
}

#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let chosen = RwSignal::new(remembered().id().to_owned());
    let choose = move |id: String| {
        storage::write("theme", if id == "system" { "" } else { &id });
        apply(Theme::from_id(&id));
        chosen.set(id);
    };
    view! {
        <label class="theme-toggle">
            <span class="theme-toggle-label">"Theme"</span>
            <select prop:value=move || chosen.get() on:change=move |event| choose(event_target_value(&event))>
                {Theme::ALL
                    .map(|theme| view! {
                        <option value=theme.id() selected=remembered() == theme>{theme.title()}</option>
                    })
                    .collect_view()}
            </select>
        </label>
    }
}
