//! What is missing and how to give it.

use diagnosis::api::Problem;
use leptos::prelude::*;

use crate::components::{Command, Icon};
use crate::text::Sign;

#[component]
pub(super) fn MissingCredentials(problem: Problem, again: Callback<()>) -> impl IntoView {
    // What to do then stands below, way by way.
    let told =
        problem.kind.ends_with(":no-credentials") || problem.kind.ends_with(":invalid-credentials");
    view! {
        <section class="panel credentials" aria-labelledby="credentials-heading">
            <h2 id="credentials-heading"><Icon sign=Sign::Warn/>" lb502 cannot speak to AWS yet"</h2>
            <p><strong>{problem.title}</strong></p>
            {(!problem.detail.is_empty()).then(|| view! { <p>{problem.detail}</p> })}
            {(!told && !problem.what_to_do.is_empty()).then(|| view! { <p>{problem.what_to_do}</p> })}
            <p>"Give it one of these, as to any AWS tool. It only reads; "<code>"lb502 iam-policy"</code>" prints the permissions that it needs."</p>
            <div class="ways">
                <div class="way">
                    <h3>"IAM Identity Center (SSO)"</h3>
                    <p class="quiet">"If lb502 runs with this profile already, log in and press “Check again”."</p>
                    <Command what="the SSO commands" text="aws sso login --profile NAME\nAWS_PROFILE=NAME lb502 serve"/>
                </div>
                <div class="way">
                    <h3>"A profile of yours"</h3>
                    <p class="quiet">"From ~/.aws/config and ~/.aws/credentials, read anew with each check."</p>
                    <Command what="the profile commands" text="aws configure --profile NAME\nAWS_PROFILE=NAME lb502 serve"/>
                </div>
                <div class="way">
                    <h3>"Keys in the environment"</h3>
                    <p class="quiet">"Read once, when lb502 starts."</p>
                    <Command what="the environment commands" text="export AWS_ACCESS_KEY_ID=…\nexport AWS_SECRET_ACCESS_KEY=…\nexport AWS_SESSION_TOKEN=…\nexport AWS_REGION=…\nlb502 serve"/>
                </div>
            </div>
            <button type="button" class="button button-primary" on:click=move |_| again.run(())>"Check again"</button>
        </section>
    }
}
