//! The page is two programs, so that a first load brings what is wanted first: an investigation is the larger half,
//! and neither the start nor whoever is sent a share link needs it. The page's HTML (Trunk.toml) loads the one that
//! has the address; a link from one to the other loads the page anew, from what the browser keeps.

use leptos::prelude::*;

use crate::{
    pages::{
        handoff::HandoffPage, home::Home, investigation::InvestigationPage, not_found::NotFound,
        rule::RulePage, shared::SharedPage,
    },
    router::Kind,
};

#[derive(Clone, Copy, Debug)]
pub struct Program {
    pub(crate) name: Name,
    pub(crate) view: fn(Kind) -> AnyView,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Work,
    Pages,
}

/// Investigations.
pub const WORK: Program = Program {
    name: Name::Work,
    view: |kind| match kind {
        Kind::Investigation => view! { <InvestigationPage/> }.into_any(),
        _ => view! { <NotFound/> }.into_any(),
    },
};

/// The start, handoff notes, share links, help pages.
pub const PAGES: Program = Program {
    name: Name::Pages,
    view: |kind| match kind {
        Kind::Home => view! { <Home/> }.into_any(),
        Kind::Handoff => view! { <HandoffPage/> }.into_any(),
        Kind::Shared => view! { <SharedPage/> }.into_any(),
        Kind::Rule => view! { <RulePage/> }.into_any(),
        _ => view! { <NotFound/> }.into_any(),
    },
};

impl Kind {
    /// The program that shows it.
    pub(crate) fn program(self) -> Name {
        match self {
            Self::Investigation => Name::Work,
            Self::Home | Self::Handoff | Self::Shared | Self::Rule | Self::NotFound => Name::Pages,
        }
    }
}
