//! A finding: what, why, what it rests on, how to be sure, how to fix it.

use diagnosis::document::{AlsoSeen, Finding, Fix};
use leptos::{prelude::*, task::spawn_local};

use super::{Wizard, log_lines::LogLines};
use crate::{
    client::Connection,
    components::{Chip, Command, CopyButton, Load, ProblemNotice, Prose},
    help, pages, text,
};

#[component]
pub(super) fn FindingCard(finding: Finding, open: bool) -> impl IntoView {
    let wizard = Wizard::get();
    let Finding {
        rule,
        strength,
        title,
        because,
        explains,
        explains_neighbours,
        resources,
        cites,
        rows,
        also_seen,
        explained_by,
        fix,
        ..
    } = finding;
    let (sign, words, meaning) = text::strength(strength);
    let total = wizard.now(|session| {
        let ledger = &session.investigation.diagnosis.ledger;
        ledger.made_by_load_balancer + ledger.made_by_target
    });
    let explained = text::explained(explains, total, &explains_neighbours);
    let help_address = format!("/rules/{rule}");
    view! {
        <article class=format!("finding finding-{}", sign.class())>
            <header class="finding-head">
                <h4>{title}</h4>
                <p class="finding-strength"><Chip sign text=words/> <span class="quiet">{meaning}</span></p>
            </header>
            <p class="finding-because">{text::sentence(&because)}</p>
            {explained.map(|explained| view! {
                <p class="finding-explains"><strong>"Explains "</strong>{explained}"."</p>
            })}
            {explained_by.map(|by| view! { <Beside by/> })}
            <Traces also_seen/>
            <LogLines rows/>
            {(!resources.is_empty()).then(|| view! {
                <div class="finding-part">
                    <h5>"It concerns"</h5>
                    <ul class="resources">{resources.into_iter().map(|resource| view! {
                        <li><code class="break">{resource.clone()}</code><CopyButton text=resource what="the resource's id"/></li>
                    }).collect_view()}</ul>
                </div>
            })}
            {(!cites.is_empty()).then(|| view! {
                <div class="finding-part">
                    <h5>"It rests on"</h5>
                    <Cites cites/>
                </div>
            })}
            <FixView fix open/>
            <HowToBeSure rule/>
            <p class="finding-foot"><a href=help_address>"About this rule"</a></p>
        </article>
    }
}

/// A fault that stands beside the cause: what it might account for, another finding explains.
#[component]
fn Beside(by: String) -> impl IntoView {
    let known = Wizard::get().now(|session| {
        let findings = &session.investigation.diagnosis.findings;
        let finding = findings.iter().find(|finding| finding.rule == by)?;
        Some(finding.title.clone())
    });
    let title = known.unwrap_or_else(|| text::rule_title(&by));
    view! {
        <p class="finding-beside"><strong>"Stands beside "</strong><a href=format!("/rules/{by}")>{title}</a>
            <span class="quiet">": that explains the errors that this fault might account for."</span></p>
    }
}

/// The same fault, as other rules saw it.
#[component]
fn Traces(also_seen: Vec<AlsoSeen>) -> impl IntoView {
    (!also_seen.is_empty()).then(|| {
        view! {
            <div class="finding-part">
                <h5>"Traces of it, as other rules saw them"</h5>
                <ul class="traces">{also_seen.into_iter().map(|seen| view! {
                    <li><a href=format!("/rules/{}", seen.rule)>{seen.title}</a>
                        <span class="quiet">" (" {text::counted(seen.claimed, "error", "errors")} ", counted here)"</span></li>
                }).collect_view()}</ul>
            </div>
        }
    })
}

/// The observations, each a button that opens it in full.
#[component]
pub(super) fn Cites(cites: Vec<u32>) -> impl IntoView {
    let wizard = Wizard::get();
    view! {
        <ul class="cites">
            {cites.into_iter().map(|n| {
                let operation = wizard.now(|session| session.call(n).map(|seen| seen.operation.clone()));
                view! {
                    <li>
                        <button type="button" class="cite" on:click=move |_| wizard.observed.set(Some(n))>
                            <span class="quiet">"#" {n} " "</span>{operation.unwrap_or_else(|| "observation".to_owned())}
                        </button>
                    </li>
                }
            }).collect_view()}
        </ul>
    }
}

#[component]
fn FixView(fix: Fix, open: bool) -> impl IntoView {
    let Fix {
        summary,
        cli,
        console,
        terraform,
    } = fix;
    let console = text::console_link(&console).map(str::to_owned);
    if summary.is_empty() && cli.is_empty() && console.is_none() && terraform.is_empty() {
        return ().into_any();
    }
    view! {
        <details class="finding-more" open=open>
            <summary>"How to fix it"</summary>
            {(!summary.is_empty()).then(|| view! { <p>{summary}</p> })}
            {(!cli.is_empty()).then(|| view! {
                <p class="quiet">"For you to run: lb502 changes nothing itself."</p>
            })}
            {cli.into_iter().map(|command| view! { <Command text=command what="the command"/> }).collect_view()}
            {(!terraform.is_empty()).then(|| view! {
                <h5>"Terraform"</h5>
                <Command text=terraform what="the Terraform text"/>
            })}
            {console.map(|console| view! {
                <p><a href=console target="_blank" rel="noreferrer noopener">"Open it in the AWS console"<span class="sr-only">" (new tab)"</span></a></p>
            })}
        </details>
    }
    .into_any()
}

/// Fetched when it is opened.
#[component]
fn HowToBeSure(rule: String) -> impl IntoView {
    let connection = Connection::get();
    let help = RwSignal::new(None::<Load<String>>);
    let load = move || {
        if help.with_untracked(|help| matches!(help, Some(Load::Waiting | Load::Ready(_)))) {
            return;
        }
        help.set(Some(Load::Waiting));
        let rule = rule.clone();
        spawn_local(async move {
            let fetched = pages::rule::fetch(&rule).await;
            connection.note(&fetched);
            help.try_set(Some(fetched.map(|rule| rule.help).into()));
        });
    };
    view! {
        <details class="finding-more" on:toggle=move |_| load()>
            <summary>"How to be sure"</summary>
            {move || help.get().map(|help| match help {
                Load::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
                Load::Failed(problem) => view! { <ProblemNotice problem/> }.into_any(),
                Load::Ready(text) => {
                    let blocks = help::blocks(&text);
                    let sure = help::section(&blocks, "How to be sure").to_vec();
                    let why = help::section(&blocks, "Why this makes a 502").to_vec();
                    view! {
                        <Prose blocks=sure/>
                        {(!why.is_empty()).then(|| view! { <h5>"Why this makes a 502"</h5><Prose blocks=why/> })}
                    }.into_any()
                }
            })}
        </details>
    }
}
