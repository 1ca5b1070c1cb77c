//! The chain of timeouts, from the client inwards: who waits how long, what breaks, and which number is safe.

use diagnosis::timeout_chain::{Hop, Inequality, InequalityState, TimeoutChain};
use leptos::prelude::*;

use super::{Wizard, finding::Cites};
use crate::{
    components::{Chip, Icon},
    text::{
        self,
        timeouts::{self, Scale},
    },
};

/// More hops than these are folded, but for the load balancer's own and those that break the chain.
const SHOWN: usize = 14;

/// A hop, with all that binds it: what is broken first.
type Bound = (Hop, Vec<Inequality>);

#[component]
pub(super) fn TimeoutChainView() -> impl IntoView {
    let wizard = Wizard::get();
    let chain = wizard.part(|session| session.investigation.diagnosis.timeout_chain.clone());
    move || {
        let chain = chain.get();
        (!chain.hops.is_empty()).then(|| {
            let scale = Scale::of(&chain.hops);
            let lead = lead(&chain);
            let (shown, folded) = parted(bound(chain));
            let more = format!("{} more, none of them broken", text::count(folded.len() as u64));
            view! {
                <section class="panel" aria-labelledby="chain-heading">
                    <h3 id="chain-heading">"Who waits how long"</h3>
                    <p>{lead}</p>
                    <p class="quiet">"From the client inwards. A bar is what is set, a dashed frame what would be safe; the scale is logarithmic, each line ten times the one before. The safe numbers belong together: each is safe if the others are set so."</p>
                    <div class="chain" style=("--decade", text::permille(scale.ticks().get(1).map_or(1_000, |(_, place)| *place)))>
                        <Axis scale/>
                        <ol class="hops">{shown.into_iter().map(|bound| view! { <HopLine bound scale/> }).collect_view()}</ol>
                        {(!folded.is_empty()).then(|| view! {
                            <details class="more">
                                <summary>{more}</summary>
                                <ol class="hops">{folded.into_iter().map(|bound| view! { <HopLine bound scale/> }).collect_view()}</ol>
                            </details>
                        })}
                    </div>
                </section>
            }
        })
    }
}

#[component]
fn Axis(scale: Scale) -> impl IntoView {
    view! {
        <div class="chain-axis" aria-hidden="true">
            {scale.ticks().into_iter().map(|(words, place)| {
                view! { <span style:left=text::permille(place)>{words}</span> }
            }).collect_view()}
        </div>
    }
}

#[component]
fn HopLine(bound: Bound, scale: Scale) -> impl IntoView {
    let (hop, inequalities) = bound;
    let sign = timeouts::worst(&inequalities).map(|state| timeouts::state(state).0);
    let class = format!("hop-bar hop-{}", sign.map_or("free", text::Sign::class));
    let (value, source) = (timeouts::value(&hop), timeouts::source(&hop));
    let changes = hop.safe_seconds.is_some() && hop.safe_seconds != hop.seconds;
    let safe = match hop.safe_seconds {
        Some(_) if !changes => "as it is".to_owned(),
        Some(seconds) => timeouts::seconds_of(seconds),
        None => "not to be named".to_owned(),
    };
    let width = |seconds: Option<u64>| seconds.map(|seconds| text::permille(scale.place(seconds)));
    let now = width(hop.seconds.filter(|seconds| *seconds > 0));
    let frame = width(hop.safe_seconds);
    let Hop {
        place,
        setting,
        because,
        cites,
        safe_because,
        ..
    } = hop;
    let summary = format!("Where the numbers come from: {place}");
    view! {
        <li class="hop">
            <div class="hop-head">
                <div><h4>{place}</h4><p class="quiet break">{setting}</p></div>
                <p><strong class="hop-seconds">{value}</strong>" "<span class="quiet">{source}</span></p>
                <p><span class="quiet">"Safe: "</span><strong>{safe}</strong></p>
            </div>
            <div class="hop-track" aria-hidden="true">
                {now.map(|width| view! { <span class=class style:width=width></span> })}
                {frame.map(|width| view! { <span class="hop-frame" style:width=width></span> })}
            </div>
            {changes.then(|| view! { <p>{safe_because.clone()}</p> })}
            {(!inequalities.is_empty()).then(|| view! {
                <ul class="rules">{inequalities.into_iter().map(|one| view! { <Line one/> }).collect_view()}</ul>
            })}
            <details class="more hop-more">
                <summary>{summary}</summary>
                <p>{because}</p>
                {(!changes).then(|| view! { <p>{safe_because.clone()}</p> })}
                {(!cites.is_empty()).then(|| view! { <div class="table-cites"><span class="quiet">"From"</span><Cites cites/></div> })}
            </details>
        </li>
    }
}

#[component]
fn Line(one: Inequality) -> impl IntoView {
    let (sign, words) = timeouts::state(one.state);
    let told = one.in_words();
    let Inequality {
        state,
        because,
        missing,
        when_broken,
        rule,
        ..
    } = one;
    let missing = if state == InequalityState::CannotTell {
        missing
    } else {
        Vec::new()
    };
    view! {
        <li class="rule">
            <Icon sign/>
            <div>
                <p class="rule-title"><strong>{told}</strong>" "<span class=format!("rule-answer tone-{}", sign.class())>{words}</span></p>
                <p>{because}</p>
                {(state == InequalityState::Broken).then(|| view! { <p>{when_broken}</p> })}
                {(!missing.is_empty()).then(|| view! {
                    <p class="quiet">"Missing:"</p>
                    <ul class="missing">{missing.into_iter().map(|line| view! { <li>{text::sentence(&line)}</li> }).collect_view()}</ul>
                })}
                {rule.map(|rule| view! {
                    <p class="quiet">"Judged by the rule " <a href=format!("/rules/{rule}")>{text::rule_title(&rule)}</a></p>
                })}
            </div>
        </li>
    }
}

/// What breaks the chain, in short, with the way to the step that shows all of it.
#[component]
pub(super) fn BrokenTimeouts() -> impl IntoView {
    let wizard = Wizard::get();
    let broken = wizard.part(|session| {
        let chain = &session.investigation.diagnosis.timeout_chain;
        chain
            .broken()
            .map(|one| (one.in_words(), chain.hop(&one.hop).and_then(mended)))
            .collect::<Vec<_>>()
    });
    move || {
        let broken = broken.get();
        (!broken.is_empty()).then(|| view! {
            <section class="panel" aria-labelledby="broken-heading">
                <h3 id="broken-heading">"Timeouts that break the chain"</h3>
                <ul class="skews">{broken.into_iter().map(|(told, mended)| view! {
                    <li><Chip sign=text::Sign::Bad text="Broken"/><span>{told} {mended}</span></li>
                }).collect_view()}</ul>
                <p><a href=wizard.address(Some(diagnosis::Step::Timeouts)) data-noscroll="">"See the whole chain, and the rules that judge it"</a></p>
            </section>
        })
    }
}

/// `. Safe: target group web, keep-alive timeout of the server 65 s`
fn mended(hop: &Hop) -> Option<String> {
    let seconds = hop.safe_seconds?;
    Some(format!(
        ". Safe: {}, {} {}",
        hop.place,
        hop.setting,
        timeouts::seconds_of(seconds)
    ))
}

fn bound(chain: TimeoutChain) -> Vec<Bound> {
    let TimeoutChain { hops, inequalities } = chain;
    hops.into_iter()
        .map(|hop| {
            let mut of_hop: Vec<Inequality> = inequalities
                .iter()
                .filter(|one| one.hop == hop.id)
                .cloned()
                .collect();
            of_hop.sort_by_key(|one| timeouts::urgency(one.state));
            (hop, of_hop)
        })
        .collect()
}

/// What is shown, and what is folded.
fn parted(bound: Vec<Bound>) -> (Vec<Bound>, Vec<Bound>) {
    if bound.len() <= SHOWN {
        return (bound, Vec::new());
    }
    bound.into_iter().partition(|(hop, of_hop)| {
        // A hop of something that there are many of names it in its id.
        !hop.id.contains(':') || timeouts::worst(of_hop) == Some(InequalityState::Broken)
    })
}

fn lead(chain: &TimeoutChain) -> String {
    let of = |state| {
        chain
            .inequalities
            .iter()
            .filter(|one| one.state == state)
            .count() as u64
    };
    let (broken, open, holds) = (
        of(InequalityState::Broken),
        of(InequalityState::CannotTell),
        of(InequalityState::Holds),
    );
    let mut parts = Vec::new();
    if broken > 0 {
        parts.push(format!("{} broken", text::count(broken)));
    }
    if open > 0 {
        parts.push(format!("{} cannot be told", text::count(open)));
    }
    if holds > 0 {
        parts.push(format!(
            "{} {}",
            text::count(holds),
            if holds == 1 { "holds" } else { "hold" }
        ));
    }
    let all = broken + open + holds;
    match parts.is_empty() {
        true => "Nothing that was seen has to be shorter than anything else.".to_owned(),
        false => format!(
            "Of {} that have to be shorter than another: {}.",
            text::counted(all, "timeout", "timeouts"),
            parts.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnosis::timeout_chain::Side;

    fn hop(id: &str) -> Hop {
        Hop {
            id: id.to_owned(),
            ..Hop::default()
        }
    }

    fn inequality(hop: &str, state: InequalityState) -> Inequality {
        Inequality {
            id: format!("of {hop}"),
            hop: hop.to_owned(),
            shorter: Side::default(),
            longer: Side::default(),
            state,
            because: String::new(),
            missing: Vec::new(),
            when_broken: String::new(),
            codes: Vec::new(),
            rule: None,
            cites: Vec::new(),
        }
    }

    #[test]
    fn what_breaks_is_never_folded() {
        let mut hops: Vec<Hop> = (0..40)
            .map(|n| hop(&format!("deregistration-delay:{n}")))
            .collect();
        hops.insert(0, hop("idle-timeout"));
        let chain = TimeoutChain {
            hops,
            inequalities: vec![
                inequality("deregistration-delay:30", InequalityState::Holds),
                inequality("deregistration-delay:30", InequalityState::Broken),
                inequality("deregistration-delay:31", InequalityState::CannotTell),
            ],
        };
        assert_eq!(
            lead(&chain),
            "Of 3 timeouts that have to be shorter than another: 1 broken, 1 cannot be told, 1 holds."
        );
        let (shown, folded) = parted(bound(chain));
        let ids: Vec<&str> = shown.iter().map(|(hop, _)| hop.id.as_str()).collect();
        assert_eq!(ids, ["idle-timeout", "deregistration-delay:30"]);
        assert_eq!(shown[1].1[0].state, InequalityState::Broken);
        assert_eq!(folded.len(), 39);
    }

    #[test]
    fn few_hops_are_all_shown() {
        let chain = TimeoutChain {
            hops: vec![hop("idle-timeout"), hop("target-keep-alive:web")],
            inequalities: Vec::new(),
        };
        assert!(lead(&chain).starts_with("Nothing that was seen"));
        assert_eq!(parted(bound(chain)).1.len(), 0);
    }
}
