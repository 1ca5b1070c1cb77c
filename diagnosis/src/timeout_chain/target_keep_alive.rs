//! How long the targets keep an idle connection, against how long the load balancer does.

use super::{
    Hop, HopSource, NotKnown, Side, TimeoutChain, group,
    judges::{Judges, KEEP_ALIVE, Opinion},
    verdict::{Terms, Verdict},
};
use crate::{evidence::TargetGroup, keep_alive::KeepAlive, need::Need, safe_timeouts, words};

/// `told` is what is known of the group's servers, `safe_idle` the load balancer's safe number, seconds.
pub(super) fn add(
    chain: &mut TimeoutChain,
    judges: &Judges<'_>,
    group: Option<&TargetGroup>,
    told: Option<&KeepAlive>,
    safe_idle: Option<u64>,
) {
    let case = judges.case;
    let mut hop = hop(judges, group, told);
    match safe_idle {
        Some(idle) => hop.becomes(
            safe_timeouts::keep_alive(idle),
            format!(
                "Above the idle timeout of {idle} s, so that the load balancer is always the first to close; \
                 or anything longer."
            ),
        ),
        None => hop.safe_because = "Above the idle timeout, which is not known.".to_owned(),
    }
    let shortest = told.and_then(shortest);
    let idle = case
        .evidence
        .attributes
        .seen()
        .map(|attributes| u64::from(attributes.idle_timeout).saturating_mul(1_000));
    let code = case.hung_up_code();
    let terms = Terms {
        id: "idle-timeout-below-target-keep-alive",
        hop: &hop.id,
        shorter: Side::new("idle timeout", idle),
        longer: Side::new("keep-alive of the targets", shortest),
        when_broken: &format!(
            "The load balancer sends a request on a connection that the target is just closing, and answers \
             {code}."
        ),
        codes: &[code],
        rule: Some(KEEP_ALIVE),
        cites: case.sources(&[Need::Attributes, Need::AccessLog]),
    };
    let verdict = verdict(judges, group, idle, shortest);
    chain.inequalities.push(terms.with(verdict));
    chain.hops.push(hop);
}

/// The shortest of what is known decides, milliseconds.
fn shortest(told: &KeepAlive) -> Option<u64> {
    let answered = told.answered_seconds;
    told.estimates
        .iter()
        .map(|estimate| estimate.milliseconds)
        .chain(answered.map(|seconds| seconds.saturating_mul(1_000)))
        .min()
}

fn hop(judges: &Judges<'_>, group: Option<&TargetGroup>, told: Option<&KeepAlive>) -> Hop {
    let case = judges.case;
    let mut hop = group::hop(case, group, "target-keep-alive");
    "keep-alive timeout of the server".clone_into(&mut hop.setting);
    if group.is_none() {
        return hop;
    }
    hop.not_known = Some(NotKnown::NotInAws);
    hop.cites = case.sources(&[Need::AccessLog]);
    if let Some(told) = told {
        hop.because.clone_from(&told.because);
        let because = told.because.as_str();
        match (&told.estimates[..], told.answered_seconds) {
            ([], answered) => hop.know(answered, HopSource::Answer, because),
            ([one], _) => {
                let seconds = one.milliseconds / 1_000;
                hop.know(Some(seconds), HopSource::Estimate, because);
            }
            (_, _) => {
                hop.not_known = Some(NotKnown::Several);
                hop.source = Some(HopSource::Estimate);
            }
        }
    }
    hop
}

fn verdict(
    judges: &Judges<'_>,
    group: Option<&TargetGroup>,
    idle: Option<u64>,
    shortest: Option<u64>,
) -> Verdict {
    let open = match judges.on(KEEP_ALIVE, group) {
        Opinion::Found(draft) => return Verdict::broken(draft.title.clone()),
        Opinion::Open(because, missing) => Some((because, missing)),
        Opinion::Clear(_) => None,
    };
    let (Some(shortest), Some(idle)) = (shortest, idle) else {
        let mut missing = judges.case.missing(&[Need::Attributes]);
        missing.extend(open.into_iter().flat_map(|(_, missing)| missing));
        if shortest.is_none() {
            missing.push(
                "keep-alive of the targets: AWS does not know it; look into the configuration of the servers \
                 and answer the question in the step timeouts"
                    .to_owned(),
            );
        }
        return Verdict::cannot_tell("One of the two is not known", missing);
    };
    let (shortest_words, idle_words) = (words::seconds(shortest), words::seconds(idle));
    if shortest <= idle {
        let seen = if open.is_some() {
            "whether a request of this window was lost to it cannot be told"
        } else {
            "no request of this window was lost to it"
        };
        return Verdict::broken(format!(
            "By the answer given, targets close idle connections after {shortest_words}, the load balancer \
             keeps them for {idle_words}; {seen}"
        ));
    }
    match open {
        Some((because, missing)) => Verdict::cannot_tell(because, missing),
        None => Verdict::holds(format!(
            "By the answer given, targets keep idle connections for {shortest_words}, and no lost request \
             says otherwise"
        )),
    }
}
