//! The notes that were sent, who took over, and whether the webhook was told.

use diagnosis::api::{
    AcceptHandoff, Delivery, DeliveryCause, DeliveryState, Handoff, Problem, SentHandoff,
};
use leptos::{prelude::*, task::spawn_local};

use super::{Desk, note::NoteView};
use crate::{
    announce::Announcer,
    client,
    components::{CopyButton, ProblemNotice},
    storage, time,
};

#[component]
pub(super) fn Sent(desk: Desk) -> impl IntoView {
    let sent = desk.part(|handoff| handoff.sent.clone());
    let deliveries = desk.part(|handoff| handoff.deliveries.clone());
    view! {
        {move || {
            let mut notes = sent.get().into_iter();
            notes.next().map(|newest| {
                let older: Vec<_> = notes.collect();
                let waits = newest.accepted_at.is_none();
                view! {
                    <section class="panel" aria-labelledby="sent-heading">
                        <h2 id="sent-heading">"Sent"</h2>
                        <One sent=newest.clone()/>
                        {waits.then(|| view! { <Accept desk n=newest.n/> })}
                        {older.into_iter().map(|sent| view! { <One sent/> }).collect_view()}
                    </section>
                }
            })
        }}
        {move || {
            let deliveries = deliveries.get();
            (!deliveries.is_empty()).then(|| view! {
                <section class="panel" aria-labelledby="webhook-heading">
                    <h2 id="webhook-heading">"Told to the webhook"</h2>
                    <ul class="handoff-lines">{deliveries.into_iter().map(|one| view! { <li>{delivery(&one)}</li> }).collect_view()}</ul>
                </section>
            })
        }}
    }
}

#[component]
fn One(sent: SentHandoff) -> impl IntoView {
    let by = sent.sent_by.map(|by| format!(" by {by}"));
    let accepted = match (&sent.accepted_by, sent.accepted_at) {
        (Some(who), Some(at)) => format!("{who} took over {}.", time::utc(at)),
        _ => "Nobody has accepted it yet.".to_owned(),
    };
    view! {
        <details class="handoff-sent">
            <summary>"Note " {sent.n} " to " {sent.to} ", sent " {time::utc(sent.sent_at)} {by} ". " {accepted}</summary>
            <div class="handoff-tools">
                <CopyButton text=sent.text.markdown what=format!("note {} as Markdown", sent.n) words="Copy as Markdown"/>
                <CopyButton text=sent.text.slack what=format!("note {} as Slack text", sent.n) words="Copy for Slack"/>
            </div>
            <NoteView note=sent.text.note/>
        </details>
    }
}

#[component]
fn Accept(desk: Desk, n: u32) -> impl IntoView {
    let announcer = Announcer::get();
    let name = RwSignal::new(storage::read("author").unwrap_or_default());
    let problem = RwSignal::new(None::<Problem>);
    let sending = RwSignal::new(false);
    let accept = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let person = name.get_untracked().trim().to_owned();
        if person.is_empty() || sending.get_untracked() {
            return;
        }
        storage::write("author", &person);
        sending.set(true);
        problem.set(None);
        spawn_local(async move {
            let body = AcceptHandoff {
                n,
                person: Some(person),
            };
            match client::post::<_, Handoff>(&desk.path("/accept"), &body).await {
                Ok(handoff) => {
                    desk.take(Ok(handoff));
                    announcer.say("You took over");
                }
                Err(failure) => {
                    problem.try_set(Some(failure));
                    desk.fetch();
                }
            }
            sending.try_set(false);
        });
    };
    view! {
        <form class="handoff-accept" on:submit=accept>
            <div class="field">
                <label for="accept-name">"Your name"</label>
                <input id="accept-name" type="text" maxlength="100" autocomplete="name" bind:value=name/>
            </div>
            <button type="submit" class="button button-primary"
                aria-disabled=move || (sending.get() || name.with(|name| name.trim().is_empty())).to_string()>
                "Accept: I take over"</button>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
        </form>
    }
}

fn delivery(delivery: &Delivery) -> String {
    let what = match delivery.cause {
        DeliveryCause::HandoffSent => "Handoff sent",
        DeliveryCause::HandoffAccepted => "Handoff accepted",
        DeliveryCause::VerdictChanged => "Verdict changed",
    };
    let why = delivery.last_error.as_deref().map(|why| format!(" {why}"));
    let why = why.unwrap_or_default();
    let ended = delivery.ended_at.map(time::utc).unwrap_or_default();
    match delivery.state {
        DeliveryState::Delivered => format!("{what}: arrived {ended}."),
        DeliveryState::Waiting if delivery.attempts == 0 => format!("{what}: on its way."),
        DeliveryState::Waiting => format!(
            "{what}: tried {} times, is tried again.{why}",
            delivery.attempts
        ),
        DeliveryState::Failed => format!(
            "{what}: given up {ended} after {} attempts.{why}",
            delivery.attempts
        ),
    }
}
