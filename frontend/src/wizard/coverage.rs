//! Which sources could be looked at: what could not be seen first, each with how to close the gap.

use diagnosis::coverage::{Close, Coverage, Source};
use leptos::prelude::*;

use super::{Wizard, finding::Cites};
use crate::{
    components::{Chip, Command, CopyButton, Icon},
    text::{self, Sign},
};

/// More calls than these are folded.
const CALLS_SHOWN: usize = 4;

#[component]
pub(super) fn CoverageView() -> impl IntoView {
    let wizard = Wizard::get();
    let sources = wizard.part(|session| session.investigation.diagnosis.coverage.clone());
    move || {
        let sources = sources.get();
        (!sources.is_empty()).then(|| {
            let (gaps, seen) = parted(sources);
            view! {
                <section class="panel" aria-labelledby="coverage-heading">
                    <h3 id="coverage-heading">"What could not be seen"</h3>
                    {if gaps.is_empty() {
                        view! { <p>"Nothing: no source has a gap."</p> }.into_any()
                    } else {
                        view! { <ul class="sources">{gaps.into_iter().map(|source| view! { <Gap source/> }).collect_view()}</ul> }.into_any()
                    }}
                    {(!seen.is_empty()).then(|| view! { <Seen sources=seen/> })}
                </section>
            }
        })
    }
}

#[component]
fn Gap(source: Source) -> impl IntoView {
    let Source {
        title,
        state,
        because,
        close,
        cites,
        ..
    } = source;
    let (sign, words) = state_words(state);
    view! {
        <li class="source">
            <div class="source-head"><h4>{title.clone()}</h4><Chip sign text=words/></div>
            <p>{text::sentence(&because)}</p>
            {(close.is_some() || !cites.is_empty()).then(|| view! {
                <details class="more">
                    <summary>{if close.is_some() { "How to close it" } else { "What it rests on" }}<span class="sr-only">": " {title.clone()}</span></summary>
                    {close.map(|close| view! { <HowToClose close title/> })}
                    {(!cites.is_empty()).then(|| view! { <Calls cites/> })}
                </details>
            })}
        </li>
    }
}

#[component]
fn HowToClose(close: Close, title: String) -> impl IntoView {
    let Close {
        summary,
        iam_actions,
        cli,
        terraform,
    } = close;
    let commands = cli.len();
    let named = move |at: usize, title: &str| match commands {
        1 => format!("the command for {title}"),
        _ => format!("command {} for {title}", at + 1),
    };
    view! {
        {(!summary.is_empty()).then(|| view! { <p>{text::sentence(&summary)}</p> })}
        {(!iam_actions.is_empty()).then(|| view! {
            <ul class="resources">{iam_actions.into_iter().map(|action| view! {
                <li><code class="break">{action.clone()}</code><CopyButton text=action what="the IAM action"/></li>
            }).collect_view()}</ul>
        })}
        {cli.into_iter().enumerate().map(|(at, command)| {
            view! { <Command text=command what=named(at, &title)/> }
        }).collect_view()}
        {(!terraform.is_empty()).then(|| view! {
            <details class="more">
                <summary>"As Terraform"</summary>
                <Command text=terraform what=format!("the Terraform text for {title}")/>
            </details>
        })}
    }
}

/// The calls that it rests on.
#[component]
fn Calls(cites: Vec<u32>) -> impl IntoView {
    if cites.len() > CALLS_SHOWN {
        view! {
            <details class="more">
                <summary>{format!("From {} AWS calls", cites.len())}</summary>
                <Cites cites/>
            </details>
        }
        .into_any()
    } else {
        view! { <div class="table-cites"><span class="quiet">"From"</span><Cites cites/></div> }
            .into_any()
    }
}

#[component]
fn Seen(sources: Vec<Source>) -> impl IntoView {
    let words = without_gap(&sources);
    view! {
        <details class="more">
            <summary>{words}</summary>
            <ul class="sources-seen">
                {sources.into_iter().map(|source| {
                    let (sign, words) = state_words(source.state);
                    view! {
                        <li class="rule">
                            <Icon sign/>
                            <div>
                                <p><strong>{source.title}</strong><span class="sr-only">": " {words}</span></p>
                                <p class="quiet">{text::sentence(&source.because)}</p>
                                {(!source.cites.is_empty()).then(|| view! { <Calls cites=source.cites/> })}
                            </div>
                        </li>
                    }
                }).collect_view()}
            </ul>
        </details>
    }
}

const fn state_words(state: Coverage) -> (Sign, &'static str) {
    match state {
        Coverage::On => (Sign::Good, "On"),
        Coverage::Off => (Sign::Quiet, "Off"),
        Coverage::Denied => (Sign::Bad, "Denied"),
        Coverage::Late => (Sign::Warn, "Late"),
        Coverage::Partial => (Sign::Warn, "Partly read"),
        Coverage::Failed => (Sign::Warn, "Failed"),
        Coverage::NotAsked => (Sign::Quiet, "Not asked"),
        Coverage::NotApplicable => (Sign::Quiet, "Not applicable"),
    }
}

/// Where a gap stands in the list: what a person can mend now comes before what AWS was never told to write.
/// `None` for no gap.
const fn urgency(state: Coverage) -> Option<u8> {
    match state {
        Coverage::Denied => Some(0),
        Coverage::Failed => Some(1),
        Coverage::Partial => Some(2),
        Coverage::Late => Some(3),
        Coverage::Off => Some(4),
        Coverage::NotAsked => Some(5),
        Coverage::On | Coverage::NotApplicable => None,
    }
}

/// The gaps, the most urgent first, and the rest, what does not apply last.
fn parted(sources: Vec<Source>) -> (Vec<Source>, Vec<Source>) {
    let (mut gaps, mut seen): (Vec<Source>, Vec<Source>) = sources
        .into_iter()
        .partition(|source| urgency(source.state).is_some());
    gaps.sort_by_key(|source| urgency(source.state));
    seen.sort_by_key(|source| source.state == Coverage::NotApplicable);
    (gaps, seen)
}

/// `11 sources without a gap, 2 that do not apply here`
fn without_gap(sources: &[Source]) -> String {
    let absent = sources
        .iter()
        .filter(|source| source.state == Coverage::NotApplicable)
        .count() as u64;
    let seen = sources.len() as u64 - absent;
    let seen = text::counted(seen, "source without a gap", "sources without a gap");
    match absent {
        0 => seen,
        1 => format!("{seen}, 1 that does not apply here"),
        absent => format!("{seen}, {} that do not apply here", text::count(absent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str, state: Coverage) -> Source {
        Source {
            id: id.to_owned(),
            title: id.to_owned(),
            state,
            because: String::new(),
            close: None,
            cites: Vec::new(),
        }
    }

    #[test]
    fn gaps_come_first_and_what_can_be_mended_now_before_them() {
        let (gaps, seen) = parted(vec![
            source("lambda", Coverage::NotApplicable),
            source("ecs", Coverage::On),
            source("connection-log", Coverage::Off),
            source("access-log", Coverage::Late),
            source("health-check-log", Coverage::Off),
            source("cloudtrail", Coverage::Denied),
        ]);
        let ids = |sources: &[Source]| -> Vec<String> {
            sources.iter().map(|source| source.id.clone()).collect()
        };
        assert_eq!(
            ids(&gaps),
            [
                "cloudtrail",
                "access-log",
                "connection-log",
                "health-check-log"
            ]
        );
        assert_eq!(ids(&seen), ["ecs", "lambda"]);
        assert_eq!(
            without_gap(&seen),
            "1 source without a gap, 1 that does not apply here"
        );
        assert_eq!(without_gap(&seen[..1]), "1 source without a gap");
    }
}
