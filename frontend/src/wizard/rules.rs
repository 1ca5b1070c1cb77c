//! The rules of a step that found nothing: those that cannot tell, with what they miss, and those ruled out.

use diagnosis::{
    Step,
    document::{RuleAnswer, RuleResult},
};
use leptos::prelude::*;

use super::Wizard;
use crate::{components::Icon, text};

#[component]
pub(super) fn Rules(step: Step) -> impl IntoView {
    let wizard = Wizard::get();
    let with = move |answer: RuleAnswer| {
        wizard.part(move |session| {
            session.result(step).map_or_else(Vec::new, |result| {
                result
                    .rules
                    .iter()
                    .filter(|rule| rule.answer == answer)
                    .cloned()
                    .collect::<Vec<_>>()
            })
        })
    };
    // What a run is about to answer is not undecided yet.
    let awaited = wizard.part(move |session| session.awaited(step));
    let undecided = with(RuleAnswer::CannotTell);
    let clear = with(RuleAnswer::Clear);
    view! {
        {move || {
            let rules = undecided.get();
            (!rules.is_empty() && !awaited.get()).then(|| view! {
                <section class="panel panel-warn" aria-labelledby="undecided-heading">
                    <h3 id="undecided-heading">"What this step cannot tell"</h3>
                    <ul class="rules">{rules.into_iter().map(|rule| view! { <Line rule/> }).collect_view()}</ul>
                </section>
            })
        }}
        {move || {
            let rules = clear.get();
            (!rules.is_empty()).then(|| view! {
                <section class="panel" aria-labelledby="clear-heading">
                    <h3 id="clear-heading">"What this step rules out"</h3>
                    <ul class="rules">{rules.into_iter().map(|rule| view! { <Line rule/> }).collect_view()}</ul>
                </section>
            })
        }}
    }
}

#[component]
fn Line(rule: RuleResult) -> impl IntoView {
    let (sign, words) = text::answer(rule.answer);
    view! {
        <li class="rule">
            <Icon sign/>
            <div>
                <p class="rule-title">
                    <a href=format!("/rules/{}", rule.rule)>{text::rule_title(&rule.rule)}</a>
                    <span class=format!("rule-answer tone-{}", sign.class())>{words}</span>
                </p>
                {(!rule.because.is_empty()).then(|| view! { <p>{text::sentence(&rule.because)}</p> })}
                {(!rule.missing.is_empty()).then(|| view! {
                    <p class="quiet">"Missing:"</p>
                    <ul class="missing">{rule.missing.into_iter().map(|line| view! { <li>{text::sentence(&line)}</li> }).collect_view()}</ul>
                })}
            </div>
        </li>
    }
}
