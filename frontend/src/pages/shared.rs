//! What a share link shows: one page to read. It calls nothing but the link's own address.

mod parts;
mod stream;

use diagnosis::api::{Masking, Problem, ShareMode, SharedInvestigation};
use leptos::{prelude::*, task::spawn_local};

use self::parts::{Findings, LedgerLines, More, Steps};
use crate::{
    announce::{self, Announcer},
    client,
    components::{Chip, Load, ProblemNotice},
    router::{Page, Router},
    text, time,
};

#[component]
pub(crate) fn SharedPage() -> impl IntoView {
    let token = Router::get().part(|page| match page {
        Page::Shared { token } => Some(token.clone()),
        _ => None,
    });
    move || {
        let token = token.get();
        view! { <Loaded token/> }
    }
}

#[component]
fn Loaded(token: String) -> impl IntoView {
    let loaded = RwSignal::new(Load::<SharedInvestigation>::Waiting);
    let announcer = Announcer::get();
    let path = format!("/shared/{}", client::escape(&token));
    let load = Callback::new(move |()| {
        let path = path.clone();
        spawn_local(async move {
            let fetched = client::get::<SharedInvestigation>(&path).await;
            match fetched {
                Ok(shared) => drop(loaded.try_set(Load::Ready(shared))),
                // What is shown stays while the server is away; a link that is closed shows nothing.
                Err(problem) if client::is_away(&problem) => {
                    let shows =
                        loaded.try_with_untracked(|loaded| matches!(loaded, Load::Ready(_)));
                    if shows == Some(false) {
                        loaded.try_set(Load::Failed(problem));
                    }
                }
                Err(problem) => drop(loaded.try_set(Load::Failed(problem))),
            }
        });
    });
    load.run(());
    // Once it is there, and for as long as it is.
    let from = Memo::new(move |_| {
        loaded.with(|loaded| match loaded {
            Load::Ready(shared) => Some(shared.last_event_id),
            _ => None,
        })
    });
    let is_open = Memo::new(move |_| from.get().is_some());
    Effect::new(move |_| {
        if !is_open.get() {
            return;
        }
        stream::follow(
            &token,
            from.get_untracked().unwrap_or_default(),
            move |heard| match heard {
                stream::Heard::Changed => load.run(()),
                stream::Heard::Gone => {
                    announcer.say("This link shows nothing any longer");
                    loaded.try_set(Load::Failed(gone()));
                }
            },
        );
    });
    let title = Memo::new(move |_| {
        loaded.with(|loaded| match loaded {
            Load::Ready(shared) => Some(shared.title.clone()),
            _ => None,
        })
    });
    Effect::new(move |_| {
        if let Some(title) = title.get() {
            announce::page_opened(&title);
        }
    });
    move || match loaded.get() {
        Load::Waiting => {
            view! { <div class="page"><p class="waiting" role="status">"Loading…"</p></div> }
                .into_any()
        }
        Load::Failed(problem) => {
            announce::page_opened("Nothing is shared here");
            let away = client::is_away(&problem);
            view! {
                <div class="page page-narrow">
                    <h1 id="heading" tabindex="-1">"Nothing is shared here"</h1>
                    {if away {
                        view! { <ProblemNotice problem retry=load/> }.into_any()
                    } else {
                        view! { <ProblemNotice problem/> }.into_any()
                    }}
                </div>
            }
            .into_any()
        }
        Load::Ready(shared) => view! { <Shown shared/> }.into_any(),
    }
}

/// As the server says it of a link that is asked for.
fn gone() -> Problem {
    Problem {
        title: "This link shows nothing".to_owned(),
        status: 404,
        detail: "It was never made, has expired, or was revoked.".to_owned(),
        what_to_do: "Ask whoever sent it for a new one.".to_owned(),
        ..Problem::default()
    }
}

#[component]
fn Shown(shared: SharedInvestigation) -> impl IntoView {
    let (sign, verdict) = text::verdict(shared.verdict);
    let words = text::without_title(&shared.in_words, verdict);
    let of = shared.load_balancer.clone();
    let account = (!of.account.is_empty()).then(|| format!(", account {}", of.account));
    let local = time::window_local(shared.window).map(|local| format!(" ({local})"));
    view! {
        <div class="page shared">
            <header class="investigation-head">
                <p class="eyebrow">{kind(&shared)}</p>
                <h1 id="heading" tabindex="-1">{shared.title.clone()}</h1>
                <dl class="facts">
                    <div><dt>"Load balancer"</dt>
                        <dd><strong>{of.name}</strong><span class="quiet">" " {text::load_balancer_type(of.kind)} " in " {of.region} {account}</span></dd></div>
                    <div><dt>"Window"</dt><dd>{time::window_utc(shared.window)}<span class="quiet">{local}</span></dd></div>
                    <div><dt>"Status"</dt><dd>{text::status(shared.status)}</dd></div>
                    <div><dt>"Open until"</dt><dd>{time::utc(shared.expires_at)}</dd></div>
                </dl>
            </header>
            <section class="panel" aria-labelledby="verdict-heading">
                <h2 id="verdict-heading">"Verdict"</h2>
                <p><Chip sign text=verdict/> {shared.running.then_some(" A run is under way.")}</p>
                <p>{words}</p>
            </section>
            <LedgerLines shared=shared.clone()/>
            <Findings findings=shared.findings.clone()/>
            <Steps steps=shared.steps.clone()/>
            <More shared/>
        </div>
    }
}

fn kind(shared: &SharedInvestigation) -> String {
    let masked = match shared.masking {
        Masking::Default => {
            " Account ids, client addresses, query strings and user agents are masked."
        }
        Masking::None => "",
    };
    let practice = if shared.practice {
        " Practice: recorded evidence."
    } else {
        ""
    };
    let what = match shared.mode {
        ShareMode::Frozen => format!("Shared for reading, as it was {}.", time::utc(shared.as_of)),
        ShareMode::Live => "Shared for reading, as it is.".to_owned(),
    };
    format!("{what}{masked}{practice}")
}
