//! Whether the fix helped: the rate of 502s since then, held against the rate before.

mod state;

use chrono::Utc;
use diagnosis::api::{Problem, StartWatch, Watch, WatchState, WatchView};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

use self::state::Standing;
use super::Wizard;
use crate::{announce::Announcer, client, components::ProblemNotice, time};

/// CloudWatch has a new minute every minute; the server asks for it as often.
const ASK_EVERY_MS: u32 = 10_000;
/// How long a watch may last: minutes, and what the page calls them.
const LENGTHS: [(u32, &str); 5] = [
    (30, "30 minutes"),
    (120, "2 hours"),
    (360, "6 hours"),
    (720, "12 hours"),
    (1_440, "24 hours"),
];

#[component]
pub(super) fn WatchPanel() -> impl IntoView {
    let wizard = Wizard::get();
    let news = wizard.part(|session| session.watch_news);
    let asked = RwSignal::new(0_u32);
    let view = LocalResource::new(move || {
        news.track();
        asked.track();
        async move { client::get::<WatchView>(&wizard.path("/watch")).await }
    });
    // What was known stays on the page while it is asked for again.
    let known = RwSignal::new(None::<Result<WatchView, Problem>>);
    Effect::new(move |_| {
        if let Some(view) = view.get()
            && known.with_untracked(|known| known.as_ref() != Some(&view))
        {
            known.set(Some(view));
        }
    });
    let of_view = move |read: fn(&WatchView) -> bool| {
        known.with(|known| matches!(known, Some(Ok(view)) if read(view)))
    };
    let watching = Memo::new(move |_| {
        of_view(|view| matches!(&view.watch, Some(watch) if watch.state == WatchState::Watching))
    });
    let begun = Memo::new(move |_| of_view(|view| view.watch.is_some()));
    let can_start = Memo::new(move |_| of_view(|view| view.why_not.is_none()));
    Effect::new(move |_| {
        if watching.get() {
            spawn_local(ask_again(asked, watching));
        }
    });
    view! {
        <section class="panel" aria-labelledby="watch-heading">
            <h3 id="watch-heading">"Prove the fix"</h3>
            {move || known.get().map_or_else(
                || view! { <p class="quiet">"Loading…"</p> }.into_any(),
                |known| match known {
                    Err(problem) => view! { <ProblemNotice problem/> }.into_any(),
                    Ok(WatchView { watch: Some(watch), .. }) => view! { <Standing watch/> }.into_any(),
                    Ok(WatchView { why_not: Some(why_not), .. }) => view! { <p class="empty">{why_not}</p> }.into_any(),
                    Ok(_) => view! {
                        <p>"Once the fix is in place, lb502 counts requests and 502s in CloudWatch, holds the rate since the fix against the rate before, and says when it is 99 % sure. It says how many requests that takes."</p>
                    }.into_any(),
                },
            )}
            // Apart from what changes by the minute: who is about to press a button keeps it.
            <Show when=move || watching.get()><Stop asked/></Show>
            <Show when=move || can_start.get() && !watching.get()><Start again=begun.get_untracked() asked/></Show>
            <Show when=move || begun.get()><Method/></Show>
        </section>
    }
}

#[component]
fn Method() -> impl IntoView {
    view! {
        <details class="more">
            <summary>"How this is decided"</summary>
            <p>"By the exact conditional (binomial) test of two rates, at a level of 1 % for either answer. Looking often would raise the chance of error, so there is a look only when the requests since the fix have reached what zero errors would need, and at each doubling; the k-th look spends 1 % / (k × (k + 1)). Errors that come in bursts count as fewer. “Fixed” also takes an observed rate of at most a tenth, “not fixed” at least three errors."</p>
        </details>
    }
}

/// Until the page is left or the watch ends.
async fn ask_again(asked: RwSignal<u32>, watching: Memo<bool>) {
    loop {
        TimeoutFuture::new(ASK_EVERY_MS).await;
        if watching.try_get_untracked() != Some(true) {
            return;
        }
        asked.try_update(|times| *times = times.wrapping_add(1));
    }
}

#[component]
fn Start(again: bool, asked: RwSignal<u32>) -> impl IntoView {
    let wizard = Wizard::get();
    let announcer = Announcer::get();
    let fixed_at = RwSignal::new(time::to_field_exact(Utc::now()));
    let minutes = RwSignal::new("120".to_owned());
    let sending = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let start = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if sending.get_untracked() {
            return;
        }
        let Some(at) = time::from_field(&fixed_at.get_untracked()) else {
            problem.set(Some(Problem {
                title: "When was the fix in place?".to_owned(),
                what_to_do: "Give a date and a time, in UTC.".to_owned(),
                field: Some("fixed_at".to_owned()),
                ..Problem::default()
            }));
            return;
        };
        let body = StartWatch {
            fixed_at: Some(time::rfc3339(at)),
            minutes: minutes.get_untracked().parse().ok(),
        };
        sending.set(true);
        problem.set(None);
        spawn_local(async move {
            let started = client::post::<_, Watch>(&wizard.path("/watch"), &body).await;
            sending.try_set(false);
            match started {
                Ok(_) => {
                    announcer.say("Watching the fix");
                    asked.try_update(|times| *times = times.wrapping_add(1));
                }
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
        });
    };
    let wrong = move || {
        problem.with(|problem| {
            let field = problem.as_ref()?.field.as_deref()?;
            (field == "fixed_at").then_some("true")
        })
    };
    view! {
        <form class="compare-choice" on:submit=start novalidate aria-labelledby="watch-heading">
            <div class="field">
                <label for="watch-fixed-at">"The fix was in place at (UTC)"</label>
                <input id="watch-fixed-at" type="datetime-local" step="1" bind:value=fixed_at aria-invalid=wrong/>
            </div>
            <div class="field">
                <label for="watch-minutes">"Watch for at most"</label>
                <select id="watch-minutes" on:change=move |event| minutes.set(event_target_value(&event))>
                    {LENGTHS.map(|(length, words)| {
                        let value = length.to_string();
                        let selected = minutes.get_untracked() == value;
                        view! { <option value=value selected=selected>{words}</option> }
                    }).collect_view()}
                </select>
            </div>
            <button type="submit" class="button" aria-disabled=move || sending.get().to_string()>
                {move || match (sending.get(), again) {
                    (true, _) => "Starting…",
                    (false, true) => "Watch again",
                    (false, false) => "Watch the fix",
                }}
            </button>
        </form>
        {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
    }
}

#[component]
fn Stop(asked: RwSignal<u32>) -> impl IntoView {
    let wizard = Wizard::get();
    let announcer = Announcer::get();
    let sending = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let stop = move |_| {
        if sending.get_untracked() {
            return;
        }
        sending.set(true);
        problem.set(None);
        spawn_local(async move {
            let stopped = client::delete::<Watch>(&wizard.path("/watch")).await;
            sending.try_set(false);
            match stopped {
                Ok(_) => announcer.say("Stopped watching"),
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
            asked.try_update(|times| *times = times.wrapping_add(1));
        });
    };
    view! {
        <p><button type="button" class="button" on:click=stop aria-disabled=move || sending.get().to_string()>"Stop watching"</button></p>
        {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
    }
}
