//! What AWS cannot know and a person can: each question of a step with its answer, kept for everyone.

use diagnosis::{
    Step,
    api::Problem,
    question::{self, Question},
};
use leptos::{prelude::*, task::spawn_local};

use super::Wizard;
use crate::{announce::Announcer, components::ProblemNotice};

/// The server's limit.
const LONGEST: &str = "2000";
const LONGEST_SECONDS: u32 = 86_400;

#[component]
pub(super) fn Questions(step: Step) -> impl IntoView {
    let questions: Vec<&Question> = question::ALL
        .iter()
        .filter(|question| question.step == step)
        .collect();
    (!questions.is_empty()).then(|| {
        view! {
            <section class="panel" aria-labelledby="questions-heading">
                <h3 id="questions-heading">"What only you can tell"</h3>
                <p class="quiet">"AWS does not know these. An answer counts at once, and everyone who opens this investigation sees it."</p>
                {questions.into_iter().map(|question| view! { <Asked question/> }).collect_view()}
            </section>
        }
    })
}

#[component]
fn Asked(question: &'static Question) -> impl IntoView {
    let wizard = Wizard::get();
    let announcer = Announcer::get();
    let kept = wizard.part(|session| session.investigation.answers.get(question.id).cloned());
    let text = RwSignal::new(kept.get_untracked().unwrap_or_default());
    // An answer that somebody else gives takes the place of one that is not being changed.
    Effect::new(move |before: Option<Option<String>>| {
        let now = kept.get();
        if let Some(before) = before
            && text.get_untracked() == before.unwrap_or_default()
        {
            text.set(now.clone().unwrap_or_default());
        }
        now
    });
    let problem = RwSignal::new(None::<Problem>);
    let sending = RwSignal::new(false);
    let changed = move || {
        let typed = text.get();
        !typed.trim().is_empty() && Some(typed.trim()) != kept.get().as_deref()
    };
    let keep = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let answer = text.get_untracked().trim().to_owned();
        if answer.is_empty() || sending.get_untracked() {
            return;
        }
        if question.seconds && !is_seconds(&answer) {
            problem.set(Some(Problem {
                title: "Not a number of seconds".to_owned(),
                what_to_do: format!("Give a whole number from 1 to {LONGEST_SECONDS}."),
                ..Problem::default()
            }));
            return;
        }
        sending.set(true);
        problem.set(None);
        spawn_local(async move {
            let answered = wizard.answer(question.id, answer).await;
            sending.try_set(false);
            match answered {
                Ok(()) => announcer.say("Answer kept"),
                Err(failed) => drop(problem.try_set(Some(failed))),
            }
        });
    };
    let field = format!("answer-{}", question.id);
    let hint = format!("{field}-hint");
    view! {
        <form class="question-form" on:submit=keep novalidate>
            <div class="field">
                <label for=field.clone()>{question.words}</label>
                <input id=field type="text" maxlength=LONGEST autocomplete="off" spellcheck="false"
                    inputmode=if question.seconds { "numeric" } else { "text" }
                    class:input-short=question.seconds
                    aria-describedby=hint.clone()
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    bind:value=text/>
                <p id=hint class="quiet">{question.hint}</p>
            </div>
            <button type="submit" class="button" aria-disabled=move || (sending.get() || !changed()).to_string()>
                {move || if sending.get() { "Keeping…" } else if kept.with(Option::is_some) { "Change the answer" } else { "Keep the answer" }}
                <span class="sr-only">{question.words}</span>
            </button>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem/> })}
        </form>
    }
}

fn is_seconds(answer: &str) -> bool {
    answer
        .parse::<u32>()
        .is_ok_and(|seconds| (1..=LONGEST_SECONDS).contains(&seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_and_of_a_day() {
        for good in ["1", "75", "86400"] {
            assert!(is_seconds(good), "{good}");
        }
        for bad in ["", "0", "-5", "5.5", "5s", "86401", "99999999999"] {
            assert!(!is_seconds(bad), "{bad}");
        }
    }
}
