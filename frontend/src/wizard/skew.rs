//! What the 502s gather on, compared with all requests.

use diagnosis::{
    document::LedgerSource,
    skew::{Dimension, Skew, SkewAnswer, Sure},
};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::Chip,
    text::{self, Sign},
};

#[component]
pub(super) fn SkewView() -> impl IntoView {
    let wizard = Wizard::get();
    let known = wizard.part(|session| {
        let diagnosis = &session.investigation.diagnosis;
        let ledger = &diagnosis.ledger;
        let any = ledger.made_by_load_balancer + ledger.made_by_target > 0;
        any.then(|| (ledger.source, diagnosis.skew.clone()))
    });
    move || {
        let (source, skew) = known.get()?;
        Some(view! {
            <section class="panel" aria-labelledby="skew-heading">
                <h3 id="skew-heading">"What they gather on"</h3>
                {shown(source, skew)}
            </section>
        })
    }
}

fn shown(source: LedgerSource, skew: Vec<Skew>) -> AnyView {
    if source != LedgerSource::AccessLog {
        return view! {
            <p class="empty">"Without an access log there is no telling which target, route or client the 502s gather on."</p>
        }
        .into_any();
    }
    let even = named(&skew, SkewAnswer::Even);
    let open = named(&skew, SkewAnswer::CannotTell);
    let bound: Vec<Skew> = skew
        .into_iter()
        .filter(|skew| skew.answer == SkewAnswer::Bound)
        .collect();
    let none = bound.is_empty();
    // "Too few to say" of everything stands above already.
    let names_open = !open.is_empty() && (!none || !even.is_empty());
    view! {
        <ul class="skews">
            {bound.into_iter().map(|skew| {
                let (sign, words) = match skew.sure {
                    Sure::Strong => (Sign::Warn, "Bound"),
                    _ => (Sign::Quiet, "Maybe bound"),
                };
                view! { <li><Chip sign text=words/><span>{text::sentence(&skew.sentence)}</span></li> }
            }).collect_view()}
        </ul>
        {(none && !even.is_empty()).then(|| view! { <p>"On nothing: they fall as all requests do."</p> })}
        {(none && even.is_empty()).then(|| view! { <p class="empty">"Too few 502s, in too few minutes, to say."</p> })}
        {(!even.is_empty()).then(|| view! { <p class="quiet">"Spread as all requests are, by " {even.join(", ")} "."</p> })}
        {names_open.then(|| view! { <p class="quiet">"Too few to say by " {open.join(", ")} "."</p> })}
    }
    .into_any()
}

/// The dimensions with this answer, each once.
fn named(skew: &[Skew], answer: SkewAnswer) -> Vec<&'static str> {
    let mut named = Vec::new();
    for one in skew.iter().filter(|one| one.answer == answer) {
        let name = name(one.dimension);
        // Bound for one maker of 502s is not even for the other in the same breath.
        let bound = skew
            .iter()
            .any(|other| other.answer == SkewAnswer::Bound && other.dimension == one.dimension);
        if !bound && !named.contains(&name) {
            named.push(name);
        }
    }
    named
}

const fn name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Target => "target",
        Dimension::TargetGroup => "target group",
        Dimension::Route => "route",
        Dimension::Client => "client",
        Dimension::Node => "load balancer node",
        Dimension::TargetZone => "zone of the target",
        Dimension::NodeZone => "zone of the node",
        Dimension::Rule => "listener rule",
        Dimension::Size => "size",
        Dimension::Method => "method",
        Dimension::Protocol => "protocol",
    }
}
