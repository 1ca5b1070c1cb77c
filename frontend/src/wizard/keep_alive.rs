//! The keep-alive timeout of the targets as the log gives it away, and what both sides may safely be set to.

use diagnosis::keep_alive::{Estimate, KeepAlive, Sureness};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::Chip,
    text::{self, Sign},
};

#[component]
pub(super) fn KeepAliveView() -> impl IntoView {
    let wizard = Wizard::get();
    let groups = wizard.part(|session| session.investigation.diagnosis.keep_alive.clone());
    move || {
        let groups = groups.get();
        (!groups.is_empty()).then(|| view! {
            <section class="panel" aria-labelledby="keep-alive-heading">
                <h3 id="keep-alive-heading">"When the targets hang up"</h3>
                <ul class="keep-alives">{groups.into_iter().map(|group| view! { <Group group/> }).collect_view()}</ul>
            </section>
        })
    }
}

#[component]
fn Group(group: KeepAlive) -> impl IntoView {
    let safe = safe(&group);
    view! {
        <li class="keep-alive">
            <h4>{group.target_group}</h4>
            {group.estimates.iter().map(estimate).collect_view()}
            <p>{group.because}</p>
            {safe.map(|safe| view! { <p><strong>"Safe: "</strong>{safe}</p> })}
            {(!group.blurred_by.is_empty()).then(|| view! {
                <p class="quiet">"What makes it less sure:"</p>
                <ul class="missing quiet">{group.blurred_by.into_iter().map(|words| view! { <li>{text::sentence(&words)}</li> }).collect_view()}</ul>
            })}
        </li>
    }
}

fn estimate(estimate: &Estimate) -> impl IntoView + use<> {
    let (sign, words) = match estimate.sureness {
        Sureness::Sure => (Sign::Good, "Sure"),
        Sureness::Likely => (Sign::Warn, "Likely"),
    };
    view! {
        <p class="finding-strength">
            <strong class="keep-alive-seconds">{seconds(estimate.milliseconds)}</strong>
            <Chip sign text=words/>
        </p>
    }
}

/// `5 s`, `7.5 s`
fn seconds(milliseconds: u64) -> String {
    match (milliseconds / 1_000, milliseconds % 1_000) {
        (whole, 0) => format!("{} s", text::count(whole)),
        (whole, rest) => format!(
            "{}.{} s",
            text::count(whole),
            format!("{rest:03}").trim_end_matches('0')
        ),
    }
}

fn safe(group: &KeepAlive) -> Option<String> {
    let target = group.safe_target_seconds?;
    let or = group
        .safe_idle_timeout_seconds
        .map_or_else(String::new, |idle| {
            format!(", or an idle timeout of {idle} s on the load balancer")
        });
    Some(format!(
        "a keep-alive of at least {target} s on the targets{or}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_no_more_places_than_they_need() {
        assert_eq!(seconds(5_000), "5 s");
        assert_eq!(seconds(7_500), "7.5 s");
        assert_eq!(seconds(75), "0.075 s");
    }
}
