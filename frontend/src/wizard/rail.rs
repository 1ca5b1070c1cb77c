//! The six steps at a glance: what was run, what it found, where one is.

use diagnosis::{
    Step,
    document::{RuleAnswer, StepState, Strength},
};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::Icon,
    session::Session,
    text::{self, Sign},
};

#[derive(Clone, PartialEq)]
struct Glance {
    sign: Sign,
    words: String,
}

#[component]
pub(super) fn Rail() -> impl IntoView {
    let wizard = Wizard::get();
    let current = move |step: Option<Step>| move || (wizard.step.get() == step).then_some("page");
    let summary = wizard.part(|session| {
        let findings = session.investigation.diagnosis.findings.len() as u64;
        if session.has_answer() {
            text::counted(findings, "finding", "findings")
        } else {
            "The verdict".to_owned()
        }
    });
    view! {
        <nav class="rail" aria-label="Steps of the investigation">
            <ol class="rail-list">
                <li class="rail-summary">
                    <a class="rail-item" href=wizard.address(None) data-noscroll="" aria-current=current(None)>
                        <span class="rail-mark" aria-hidden="true">"Σ"</span>
                        <span class="rail-words">
                            <span class="rail-title">"Summary"</span>
                            <span class="rail-state">{move || summary.get()}</span>
                        </span>
                    </a>
                </li>
                {Step::ALL.into_iter().enumerate().map(|(at, step)| {
                    let glance = wizard.part(move |session| glance(session, step));
                    let sign = Memo::new(move |_| glance.with(|glance| glance.sign));
                    view! {
                        <li>
                            <a class="rail-item" href=wizard.address(Some(step)) data-noscroll="" aria-current=current(Some(step))>
                                <span class="rail-mark" aria-hidden="true">{at + 1}</span>
                                <span class="rail-words">
                                    <span class="rail-title">{step.title()}</span>
                                    <span class=move || format!("rail-state tone-{}", sign.get().class())>
                                        {move || view! { <Icon sign=sign.get()/> }}
                                        <span>{move || glance.with(|glance| glance.words.clone())}</span>
                                    </span>
                                </span>
                            </a>
                        </li>
                    }
                }).collect_view()}
            </ol>
        </nav>
    }
}

fn glance(session: &Session, step: Step) -> Glance {
    if session.running(step) {
        let calls = session.calls(Some(step)).len() as u64;
        return Glance {
            sign: Sign::Busy,
            words: match calls {
                0 => "Running".to_owned(),
                calls => format!("Running, {}", text::counted(calls, "call", "calls")),
            },
        };
    }
    let Some(result) = session.result(step) else {
        return Glance {
            sign: Sign::Quiet,
            words: "Not run".to_owned(),
        };
    };
    if session.run().is_some_and(|run| run.steps.contains(&step))
        && result.state == StepState::NotRun
    {
        return Glance {
            sign: Sign::Quiet,
            words: "Waiting".to_owned(),
        };
    }
    let (sign, state) = text::step_state(result.state);
    let mut parts = Vec::new();
    let mut strongest = None;
    for strength in [Strength::Proven, Strength::Likely, Strength::Possible] {
        let count = session
            .investigation
            .diagnosis
            .findings
            .iter()
            .filter(|finding| finding.step == step && finding.strength == strength)
            .count();
        if count > 0 {
            strongest = strongest.or(Some(strength));
            parts.push(format!(
                "{count} {}",
                text::strength(strength).1.to_ascii_lowercase()
            ));
        }
    }
    let undecided = result
        .rules
        .iter()
        .filter(|rule| rule.answer == RuleAnswer::CannotTell)
        .count();
    if undecided > 0 {
        parts.push(format!("{undecided} undecided"));
    }
    match result.state {
        StepState::NotRun => Glance {
            sign,
            words: state.to_owned(),
        },
        StepState::Failed | StepState::Partial => {
            parts.insert(0, state.to_owned());
            Glance {
                sign: strongest.map_or(sign, |strength| text::strength(strength).0),
                words: parts.join(", "),
            }
        }
        StepState::Done if parts.is_empty() => Glance {
            sign,
            words: "Nothing found".to_owned(),
        },
        StepState::Done => Glance {
            sign: strongest.map_or(Sign::Warn, |strength| text::strength(strength).0),
            words: parts.join(", "),
        },
    }
}
