//! The answer in words, always on top, with the one thing to do next.

use diagnosis::{
    Step,
    api::RunState,
    document::{StepState, Strength, Verdict},
};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::Icon,
    session::Session,
    text::{self, Sign},
};

/// What the next button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    RunAll,
    /// Some steps have no answer yet, or the last run did not get through.
    RunRest,
    Cancel,
    /// The answer stands: to the finding and its fix.
    Fix {
        step: Step,
        proven: bool,
    },
    RunAgain,
}

#[derive(Clone, PartialEq)]
struct Shown {
    sign: Sign,
    title: &'static str,
    words: String,
    next: Next,
    /// Steps ended of steps asked for, while a run is under way.
    progress: Option<(usize, usize)>,
    /// Why the last run did not get through.
    trouble: Option<String>,
}

#[component]
pub(super) fn VerdictBar() -> impl IntoView {
    let wizard = Wizard::get();
    let shown = wizard.part(shown);
    // Of their own, so that a new count of calls does not make a new button under the finger.
    let sign = Memo::new(move |_| shown.with(|shown| shown.sign));
    let next = Memo::new(move |_| shown.with(|shown| shown.next));
    let progress = Memo::new(move |_| shown.with(|shown| shown.progress));
    let class = move || format!("verdict verdict-{}", sign.get().class());
    view! {
        <section class=class aria-label="Verdict">
            <div class="verdict-sign">{move || view! { <Icon sign=sign.get()/> }}</div>
            <div class="verdict-words">
                <h2 class="verdict-title">{move || shown.with(|shown| shown.title)}</h2>
                {move || shown.with(|shown| (!shown.words.is_empty()).then(|| view! { <p>{shown.words.clone()}</p> }))}
                {move || shown.with(|shown| shown.trouble.clone()).map(|trouble| view! { <p class="verdict-trouble">{trouble}</p> })}
                {move || progress.get().map(|(ended, all)| view! {
                    <progress class="run-progress" value=ended max=all aria-label="Steps that ended"></progress>
                })}
            </div>
            <div class="verdict-next">{move || view! { <NextButtons next=next.get()/> }}</div>
        </section>
    }
}

#[component]
fn NextButtons(next: Next) -> impl IntoView {
    let wizard = Wizard::get();
    let waiting = move || wizard.asking.get().to_string();
    let run = move |class: &'static str, words: &'static str| {
        view! {
            <button type="button" class=format!("button {class}") aria-disabled=waiting on:click=move |_| wizard.run_all()>{words}</button>
        }
    };
    match next {
        Next::RunAll => run("button-primary button-large", "Run all six steps").into_any(),
        Next::RunRest => run("button-primary button-large", "Run all again").into_any(),
        Next::RunAgain => run("", "Run all again").into_any(),
        Next::Cancel => view! {
            <button type="button" class="button button-large" aria-disabled=waiting on:click=move |_| wizard.cancel()>"Cancel the run"</button>
        }
        .into_any(),
        Next::Fix { step, proven } => view! {
            <Show when=move || wizard.step.get() != Some(step)>
                <a class="button button-primary button-large" href=wizard.address(Some(step)) data-noscroll="">{if proven { "See the proof and the fix" } else { "See the reasons and the fix" }}</a>
            </Show>
            {run("", "Run all again")}
        }
        .into_any(),
    }
}

fn shown(session: &Session) -> Shown {
    let diagnosis = &session.investigation.diagnosis;
    let practice = session.investigation.practice;
    if let Some(run) = session.run() {
        let ended = run
            .steps
            .iter()
            .filter(|step| !session.running(**step))
            .filter(|step| ended(session, **step))
            .count();
        let calls = session.calls_of_run();
        let at_work: Vec<&str> = Step::ALL
            .into_iter()
            .filter(|step| session.running(*step))
            .map(Step::title)
            .collect();
        let calls = text::counted(calls, "call", "calls");
        let words = match at_work[..] {
            [] => format!("{calls} so far."),
            [step] => format!("{step}. {calls} so far."),
            [..] => format!("{} steps at work, {calls} so far.", at_work.len()),
        };
        return Shown {
            sign: Sign::Busy,
            title: if practice {
                "Replaying…"
            } else {
                "Asking AWS…"
            },
            words,
            next: Next::Cancel,
            progress: Some((ended, run.steps.len())),
            trouble: None,
        };
    }
    let last = session.investigation.runs.first();
    let trouble = last.and_then(|run| trouble(run.state, run.reason.as_deref()));
    if !session.has_answer() {
        return without_answer(session, last.map(|run| run.state), trouble);
    }
    let (sign, title) = text::verdict(diagnosis.verdict);
    let incomplete = diagnosis
        .steps
        .iter()
        .any(|result| result.state == StepState::NotRun);
    let next = match diagnosis.findings.first() {
        _ if trouble.is_some() => Next::RunRest,
        Some(first)
            if matches!(
                diagnosis.verdict,
                Verdict::CauseFound | Verdict::LikelyCause
            ) =>
        {
            Next::Fix {
                step: first.step,
                proven: first.strength == Strength::Proven,
            }
        }
        _ if incomplete => Next::RunRest,
        _ => Next::RunAgain,
    };
    Shown {
        sign,
        title,
        words: text::without_title(&diagnosis.in_words, title),
        next,
        progress: None,
        trouble,
    }
}

/// No step has got through, or what they saw was of another window.
fn without_answer(session: &Session, last: Option<RunState>, trouble: Option<String>) -> Shown {
    let calls = session.investigation.diagnosis.observations.len() as u64;
    let (title, words) = match last {
        None if session.investigation.practice => (
            "Not run yet",
            "Six steps replay what AWS answered in a recorded incident.".to_owned(),
        ),
        None => (
            "Not run yet",
            "Six steps ask AWS about this load balancer and this window. They only read.".to_owned(),
        ),
        Some(RunState::Running | RunState::Done) => (
            "Not run for this window",
            "The window was changed after the last run. What was seen of the other one says nothing about this: run the steps again."
                .to_owned(),
        ),
        Some(RunState::Failed) => ("The run could not begin", String::new()),
        Some(RunState::Cancelled | RunState::Interrupted) => (
            "No step has ended yet",
            match calls {
                0 => String::new(),
                calls => format!(
                    "{} answered so far, and kept.",
                    text::counted(calls, "call was", "calls were")
                ),
            },
        ),
    };
    Shown {
        sign: match trouble {
            Some(_) => Sign::Warn,
            None => Sign::Quiet,
        },
        title,
        words,
        next: if last.is_none() {
            Next::RunAll
        } else {
            Next::RunRest
        },
        progress: None,
        trouble,
    }
}

/// A step of a run that is not at work: it has ended if it has a state. A step that was run before counts
/// from the start, so the bar never goes back.
fn ended(session: &Session, step: Step) -> bool {
    session
        .result(step)
        .is_some_and(|result| result.state != StepState::NotRun)
}

fn trouble(state: RunState, reason: Option<&str>) -> Option<String> {
    let words = match state {
        RunState::Running | RunState::Done => return None,
        RunState::Cancelled => "The last run was cancelled: what it had seen is kept.",
        RunState::Interrupted => "The last run was interrupted: what it had seen is kept.",
        RunState::Failed => "The last run could not begin.",
    };
    Some(match reason {
        Some(reason) if !reason.is_empty() => format!("{words} {reason}"),
        _ => words.to_owned(),
    })
}
