//! A problem in words: what is wrong, what to do, and a way to try again.

use diagnosis::api::Problem;
use leptos::prelude::*;

use crate::{components::Icon, text::Sign};

#[component]
pub(crate) fn ProblemNotice(
    problem: Problem,
    /// What the button "Try again" does; without it there is none.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let Problem {
        title,
        detail,
        what_to_do,
        ..
    } = problem;
    view! {
        <div class="notice notice-bad" role="alert">
            <Icon sign=Sign::Bad/>
            <div class="notice-words">
                <p class="notice-title">{title}</p>
                {(!detail.is_empty()).then(|| view! { <p>{detail}</p> })}
                {(!what_to_do.is_empty()).then(|| view! { <p>{what_to_do}</p> })}
                {retry.map(|retry| view! {
                    <p><button type="button" class="button button-small" on:click=move |_| retry.run(())>"Try again"</button></p>
                })}
            </div>
        </div>
    }
}
