//! The load balancers of the region, most 502s first. A click starts an investigation of the chosen window.

use diagnosis::api::{LoadBalancerList, LoadBalancerSummary};
use leptos::{prelude::*, task::spawn_local};

use super::start::Start;
use crate::{
    client::{self, Connection},
    components::{Chip, Load, ProblemNotice},
    text::{self, Sign},
};

#[component]
pub(super) fn LoadBalancers(account: String, arn: String) -> impl IntoView {
    let start = Start::get();
    let connection = Connection::get();
    let list = RwSignal::new(Load::<LoadBalancerList>::Waiting);
    let load = move |region: String| {
        list.set(Load::Waiting);
        spawn_local(async move {
            let path = format!("/load-balancers?region={}", client::escape(&region));
            let fetched = client::get(&path).await;
            connection.note(&fetched);
            // Another region may have been picked meanwhile.
            if start.region.try_get_untracked().as_ref() == Some(&region) {
                list.try_set(fetched.into());
            }
        });
    };
    Effect::new(move |_| {
        connection.revived();
        load(start.region.get());
    });
    let again = Callback::new(move |()| load(start.region.get_untracked()));
    view! {
        <section class="panel" aria-labelledby="balancers-heading">
            <div class="panel-head">
                <h2 id="balancers-heading">"Load balancers in " {move || start.region.get()}</h2>
                <button type="button" class="button button-small" on:click=move |_| again.run(())>"Refresh"</button>
            </div>
            <p class="quiet">"Account " {account} ", as " <span class="break">{arn}</span></p>
            {move || match list.get() {
                Load::Waiting => view! { <Placeholder/> }.into_any(),
                Load::Failed(problem) => view! { <ProblemNotice problem retry=again/> }.into_any(),
                Load::Ready(list) => view! { <List list/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Placeholder() -> impl IntoView {
    view! {
        <p class="sr-only" role="status">"Asking AWS for the load balancers…"</p>
        <ul class="balancers" aria-hidden="true">
            <li class="balancer-waiting"></li>
            <li class="balancer-waiting"></li>
            <li class="balancer-waiting"></li>
        </ul>
    }
}

#[component]
fn List(list: LoadBalancerList) -> impl IntoView {
    let start = Start::get();
    let LoadBalancerList {
        region,
        load_balancers,
        missing,
    } = list;
    let total = load_balancers.len();
    let balancers = StoredValue::new(load_balancers);
    let matching = Memo::new(move |_| {
        let wanted = start.name.get().trim().to_ascii_lowercase();
        balancers.with_value(|balancers| {
            balancers
                .iter()
                .filter(|balancer| {
                    wanted.is_empty()
                        || balancer.name.to_ascii_lowercase().contains(&wanted)
                        || balancer.dns_name.to_ascii_lowercase().contains(&wanted)
                        || balancer.arn.to_ascii_lowercase() == wanted
                })
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    view! {
        {(!missing.is_empty()).then(|| view! {
            <div class="notice notice-warn">
                <div class="notice-words">
                    <p class="notice-title">"Some of this could not be seen"</p>
                    <ul>{missing.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
                </div>
            </div>
        })}
        {(total == 0).then(|| view! {
            <p class="empty">"There is no Application or Classic load balancer in " {region} ". Is it in another region or account?"</p>
        })}
        <Show when=move || { total > 0 && matching.with(Vec::is_empty) }>
            <p class="empty">"None of these " {total} " matches what you typed."
                {move || (!start.was_refused()).then_some(" Press Enter to look it up in AWS.")}</p>
        </Show>
        <ul class="balancers">
            <For each=move || matching.get() key=|balancer| balancer.arn.clone() + &balancer.name let:balancer>
                <Row balancer/>
            </For>
        </ul>
    }
}

#[component]
fn Row(balancer: LoadBalancerSummary) -> impl IntoView {
    let start = Start::get();
    let LoadBalancerSummary {
        arn,
        name,
        kind,
        region,
        scheme,
        state,
        http_502_last_hour,
        targets,
        ..
    } = balancer;
    // A Classic load balancer has no ARN.
    let named = if arn.is_empty() { name.clone() } else { arn };
    let busy = {
        let named = named.clone();
        move || start.busy.with(|busy| busy.as_ref() == Some(&named))
    };
    let faults = match http_502_last_hour {
        None => view! { <span class="quiet">"502s unknown"</span> }.into_any(),
        Some(0) => view! { <span class="quiet">"no 502"</span> }.into_any(),
        Some(n) => view! { <strong class="tone-bad">{text::count(n)} "\u{a0}×\u{a0}502"</strong> }
            .into_any(),
    };
    let health = match targets {
        None => view! { <span class="quiet">"health unknown"</span> }.into_any(),
        Some(targets) if targets.registered == 0 => {
            view! { <span class="tone-warn">"no targets"</span> }.into_any()
        }
        Some(targets) => {
            let share = text::percent(targets.healthy.into(), targets.registered.into());
            let all = targets.healthy == targets.registered;
            view! {
                <span class="health">
                    <span class="meter" class:meter-part=!all aria-hidden="true">
                        <span class="meter-fill" style:width=share></span>
                    </span>
                    <span>{targets.healthy} "/" {targets.registered} " healthy"</span>
                </span>
            }
            .into_any()
        }
    };
    let sign = match state.as_str() {
        "active" => Sign::Good,
        "" | "provisioning" => Sign::Quiet,
        "active_impaired" => Sign::Warn,
        _ => Sign::Bad,
    };
    view! {
        <li>
            <button type="button" class="balancer" on:click=move |_| start.begin(named.clone(), Some(region.clone()))>
                <span class="balancer-name">{name}</span>
                <span class="balancer-kind">{text::load_balancer_type(kind)} {(!scheme.is_empty()).then(|| format!(", {scheme}"))}</span>
                <span class="balancer-state">{(!state.is_empty()).then(|| view! { <Chip sign text=state.replace('_', " ")/> })}</span>
                <span class="balancer-faults">{faults}<span class="quiet">" last hour"</span></span>
                <span class="balancer-health">{health}</span>
                <span class="balancer-go" aria-hidden="true">{move || if busy() { "…" } else { "→" }}</span>
            </button>
        </li>
    }
}
