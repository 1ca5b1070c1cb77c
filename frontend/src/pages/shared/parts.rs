//! The parts of a shared investigation, each whole: nothing is fetched when it is opened.

use diagnosis::{
    api::{
        SharedInvestigation,
        share::{
            SharedChange, SharedFinding, SharedNote, SharedObservation, SharedSource, SharedStep,
        },
    },
    document::{LedgerSource, RuleAnswer},
};
use leptos::prelude::*;

use crate::{
    components::{Chip, Command, Icon},
    text, time,
    wizard::{EvidenceTable, LogLines},
};

#[component]
pub(super) fn LedgerLines(shared: SharedInvestigation) -> impl IntoView {
    let ledger = shared.ledger;
    let total = ledger.made_by_load_balancer + ledger.made_by_target;
    let counted = ledger.source != LedgerSource::None;
    view! {
        <section class="panel" aria-labelledby="ledger-heading">
            <h3 id="ledger-heading">"Where the 502s come from"</h3>
            {counted.then(|| view! {
                <p><strong>{text::count(total)}</strong> " answers were 502: " {text::count(ledger.made_by_load_balancer)}
                    " made by the load balancer, " {text::count(ledger.made_by_target)} " by a target. "
                    {text::count(ledger.attributed)} " are explained, " {text::count(ledger.unexplained)} " are not."</p>
            })}
            <p class="quiet">{text::ledger_source(ledger.source)}</p>
            {(!shared.neighbours.is_empty()).then(|| view! {
                <ul>{shared.neighbours.into_iter().map(|code| view! {
                    <li><strong>{text::count(code.count)} " × " {code.code}</strong>": " {code.means}</li>
                }).collect_view()}</ul>
            })}
            {(!shared.skew.is_empty()).then(|| view! {
                <ul>{shared.skew.into_iter().map(|skew| view! { <li>{skew.sentence}</li> }).collect_view()}</ul>
            })}
        </section>
    }
}

#[component]
pub(super) fn Findings(findings: Vec<SharedFinding>) -> impl IntoView {
    view! {
        <section class="findings" aria-labelledby="findings-heading">
            <h3 id="findings-heading">"Findings, the strongest first"</h3>
            {findings.is_empty().then(|| view! { <p class="empty panel">"No fault was found by the steps that ran."</p> })}
            {findings.into_iter().map(finding).collect_view()}
        </section>
    }
}

fn finding(finding: SharedFinding) -> impl IntoView {
    let (sign, words, meaning) = text::strength(finding.strength);
    let cites = finding.cites.iter().map(|n| format!("#{n}"));
    let cites = cites.collect::<Vec<_>>().join(", ");
    let fix = finding.fix;
    let console = text::console_link(&fix.console).map(str::to_owned);
    view! {
        <article class=format!("finding finding-{}", sign.class())>
            <header class="finding-head">
                <h4>{finding.title}</h4>
                <p class="finding-strength"><Chip sign text=words/> <span class="quiet">{meaning}</span></p>
            </header>
            <p class="finding-because">{text::sentence(&finding.because)}</p>
            {(finding.explains > 0).then(|| view! {
                <p class="finding-explains"><strong>"Explains "</strong>{text::count(finding.explains)} " × 502."</p>
            })}
            <LogLines rows=finding.rows/>
            {(!finding.resources.is_empty()).then(|| view! {
                <div class="finding-part"><p><strong>"It concerns"</strong></p>
                    <ul class="resources">{finding.resources.into_iter().map(|resource| view! { <li><code class="break">{resource}</code></li> }).collect_view()}</ul></div>
            })}
            {(!cites.is_empty()).then(|| view! { <p class="quiet">"Rests on the AWS calls " {cites} "."</p> })}
            <details class="finding-more">
                <summary>"How to fix it"</summary>
                {(!fix.summary.is_empty()).then(|| view! { <p>{fix.summary}</p> })}
                {fix.cli.into_iter().map(|command| view! { <Command text=command what="the command"/> }).collect_view()}
                {(!fix.terraform.is_empty()).then(|| view! { <Command text=fix.terraform what="the Terraform text"/> })}
                {console.map(|console| view! {
                    <p><a href=console target="_blank" rel="noreferrer noopener">"Open it in the AWS console"<span class="sr-only">" (new tab)"</span></a></p>
                })}
            </details>
        </article>
    }
}

#[component]
pub(super) fn Steps(steps: Vec<SharedStep>) -> impl IntoView {
    view! {
        <section aria-labelledby="steps-heading">
            <h3 id="steps-heading">"Step by step"</h3>
            {steps.into_iter().map(step).collect_view()}
        </section>
    }
}

fn step(step: SharedStep) -> impl IntoView {
    let (sign, words) = text::step_state(step.state);
    let id = step.step.id();
    let open = step.rules.into_iter();
    let rules = open.filter(|rule| rule.answer != RuleAnswer::Found);
    let tables = step.tables.into_iter().map(|mut table| {
        // Other steps have tables of the same name, and what a table was made from is listed below.
        table.id = format!("{id}-{}", table.id);
        table.cites.clear();
        table
    });
    view! {
        <details class="panel">
            <summary>{step.step.title()} ": " {words}</summary>
            <p class="quiet"><Icon sign/> " " {step.step.question()}</p>
            <ul class="rules">
                {rules.map(|rule| {
                    let (sign, words) = text::answer(rule.answer);
                    view! {
                        <li class="rule"><Icon sign/><div>
                            <p class="rule-title">{text::rule_title(&rule.rule)} " "<span class=format!("rule-answer tone-{}", sign.class())>{words}</span></p>
                            <p>{text::sentence(&rule.because)}</p>
                            {(!rule.missing.is_empty()).then(|| view! {
                                <ul class="missing">{rule.missing.into_iter().map(|line| view! { <li>{text::sentence(&line)}</li> }).collect_view()}</ul>
                            })}
                        </div></li>
                    }
                }).collect_view()}
            </ul>
            {tables.map(|table| view! { <EvidenceTable table/> }).collect_view()}
        </details>
    }
}

/// What stands behind it: gaps, changes, notes, answers, calls.
#[component]
pub(super) fn More(shared: SharedInvestigation) -> impl IntoView {
    let lines = |title: &'static str, lines: Vec<String>| {
        (!lines.is_empty()).then(|| {
            view! {
                <section class="panel"><h3>{title}</h3>
                    <ul class="missing">{lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul></section>
            }
        })
    };
    let missing = shared.missing.iter().map(|line| text::sentence(line));
    let answers = shared.answers.into_iter();
    let answers = answers.map(|(question, answer)| format!("{question}: {answer}"));
    view! {
        {lines("What would make this surer", missing.collect())}
        {lines("What was seen, and what was not", shared.coverage.iter().map(source).collect())}
        {lines("What changed", shared.changes.into_iter().map(change).collect())}
        {lines("What people answered", answers.collect())}
        {(!shared.notes.is_empty()).then(|| view! {
            <section class="panel notes"><h3>"Notes"</h3>
                <ul class="note-list">{shared.notes.into_iter().map(note).collect_view()}</ul></section>
        })}
        <details class="panel">
            <summary>{text::counted(shared.observations.len() as u64, "AWS call", "AWS calls")}</summary>
            <ol class="missing">{shared.observations.into_iter().map(call).collect_view()}</ol>
        </details>
    }
}

fn source(source: &SharedSource) -> String {
    format!("{}: {}", source.title, source.because)
}

fn change(change: SharedChange) -> String {
    let who = match change.who.as_str() {
        "" => String::new(),
        who => format!(", by {who}"),
    };
    let refused = change.refused.map(|code| format!(" Refused: {code}."));
    let suspect = change.suspect.map(|words| format!(" {words}"));
    format!(
        "{}: {}{who}.{}{}",
        time::utc(change.at),
        change.in_words.trim_end_matches('.'),
        refused.unwrap_or_default(),
        suspect.unwrap_or_default()
    )
}

fn note(note: SharedNote) -> impl IntoView {
    view! {
        <li class="note">
            <p class="note-text">{note.text}</p>
            <p class="quiet">{note.author.map(|author| format!("{author}, "))} {time::utc(note.at)}</p>
        </li>
    }
}

fn call(call: SharedObservation) -> impl IntoView {
    let (_, outcome) = text::outcome(call.outcome);
    view! {
        <li value=call.n.to_string()>{call.operation} ", " {outcome} ", " {time::utc(call.at)} ": " {call.detail}</li>
    }
}
