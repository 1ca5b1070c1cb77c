//! The start: name a load balancer and a window, or pick one from the list, or go on where someone left off.

mod credentials;
mod load_balancers;
mod practice;
mod recent;
mod start;

use diagnosis::api::{Credentials, Environment};
use leptos::{prelude::*, task::spawn_local};

use self::{
    credentials::MissingCredentials,
    load_balancers::LoadBalancers,
    practice::Practice,
    recent::Recent,
    start::{Start, StartForm},
};
use crate::{
    announce,
    client::{self, Connection},
    components::{Load, ProblemNotice},
    json::ToldEnvironment,
};

#[component]
pub(crate) fn Home() -> impl IntoView {
    announce::page_opened("Start");
    let connection = Connection::get();
    let environment = RwSignal::new(Load::<Environment>::Waiting);
    let start = Start::provide();
    let load = move || {
        spawn_local(async move {
            let fetched = client::get("/environment").await;
            let fetched = fetched.map(|told: ToldEnvironment| told.0);
            connection.note(&fetched);
            if let Ok(fetched) = &fetched {
                start.take_environment(fetched);
            }
            environment.try_set(fetched.into());
        });
    };
    Effect::new(move |_| {
        connection.revived();
        load();
    });
    let again = Callback::new(move |()| {
        environment.set(Load::Waiting);
        load();
    });
    view! {
        <div class="page">
            <div class="home-head">
                <h1 id="heading" tabindex="-1">"Find out why a load balancer answers 502"</h1>
                <p class="lead">"Name it and the time. lb502 asks AWS, walks six steps and says which cause it proves, which it rules out, and what it cannot judge."</p>
            </div>
            {move || match environment.get() {
                Load::Waiting => view! { <p class="waiting" role="status">"Looking for AWS credentials…"</p> }.into_any(),
                Load::Failed(problem) => view! { <ProblemNotice problem retry=again/> }.into_any(),
                Load::Ready(environment) => view! { <Ready environment again/> }.into_any(),
            }}
            <Recent/>
        </div>
    }
}

#[component]
fn Ready(environment: Environment, again: Callback<()>) -> impl IntoView {
    let Environment {
        credentials,
        practice,
        regions,
        ..
    } = environment;
    match credentials {
        Credentials::Valid { account, arn } => view! {
            <StartForm regions/>
            <LoadBalancers account arn/>
            <details class="panel practice-more">
                <summary>"Practice without AWS"</summary>
                <Practice incidents=practice/>
            </details>
        }
        .into_any(),
        Credentials::Missing { problem } => view! {
            <MissingCredentials problem again/>
            <section class="panel" aria-labelledby="practice-heading">
                <h2 id="practice-heading">"Practice without AWS"</h2>
                <Practice incidents=practice/>
            </section>
        }
        .into_any(),
    }
}
