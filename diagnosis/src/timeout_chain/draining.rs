//! The deregistration delay (connection draining on Classic): is it long enough for the requests that
//! run, and does a target that is to go get it?

use super::{
    Hop, HopSource, Side, TimeoutChain, group,
    hop::NOTHING_ASKS,
    judges::{DRAIN_TOO_SHORT, Judges, NOT_DRAINED, Opinion},
    verdict::{Terms, Verdict},
};
use crate::{
    case::Case,
    evidence::TargetGroup,
    in_flight,
    need::Need,
    observed::Observed,
    safe_timeouts,
    what_changed::departures::{Departure, departures},
    words,
};

pub(super) fn add(chain: &mut TimeoutChain, judges: &Judges<'_>, group: Option<&TargetGroup>) {
    let case = judges.case;
    let mut hop = setting(case, group);
    let delay = hop.milliseconds();
    let longest = group.and_then(|group| in_flight::longest_request(case, Some(group)));
    let enough = is_enough(judges, group, delay, longest);
    let drained = is_drained(judges, group, delay);
    make_safe(&mut hop, enough.is_broken(), longest);
    let code = case.hung_up_code();
    let settings = if case.is_classic() {
        Need::Attributes
    } else {
        Need::TargetGroupAttributes
    };
    let first = Terms {
        id: "longest-request-below-deregistration-delay",
        hop: &hop.id,
        shorter: Side::new("longest request in flight seen", longest),
        longer: Side::new(NAME, delay),
        when_broken: &format!(
            "What is still open when the drain of a target is over is cut off: {code}."
        ),
        codes: &[code],
        rule: Some(DRAIN_TOO_SHORT),
        cites: case.sources(&[settings, Need::AccessLog]),
    }
    .with(enough);
    let second = Terms {
        id: "drain-over-before-stop",
        hop: &hop.id,
        shorter: Side::new("drain of a target, at most the deregistration delay", None),
        longer: Side::new("deregistration to stop, as seen", drained.shortest),
        when_broken: "Open requests break, and new ones come until the load balancer has noticed: 502, or 504 \
                      where the machine is gone.",
        codes: &[502, 504],
        rule: Some(NOT_DRAINED),
        cites: case.sources(&[Need::Ecs, Need::CloudTrail, Need::AutoScaling]),
    }
    .with(drained.verdict);
    chain.inequalities.extend([first, second]);
    chain.hops.push(hop);
}

const NAME: &str = "deregistration delay";

fn setting(case: &Case<'_>, group: Option<&TargetGroup>) -> Hop {
    let mut hop = group::hop(case, group, "deregistration-delay");
    if case.is_classic() {
        "ConnectionDraining.Timeout".clone_into(&mut hop.setting);
        let from = Hop::of(Need::Attributes.name(), &case.evidence.attributes);
        (hop.not_known, hop.because, hop.cites) = (from.not_known, from.because, from.cites);
        if let Some(attributes) = case.evidence.attributes.seen() {
            let because = match attributes.connection_draining {
                Some(_) => "As set in AWS.",
                None => "Connection draining is off.",
            };
            let seconds = u64::from(attributes.connection_draining.unwrap_or(0));
            hop.know(Some(seconds), HopSource::Attribute, because);
        }
        return hop;
    }
    "deregistration_delay.timeout_seconds".clone_into(&mut hop.setting);
    let Some(group) = group else {
        return hop;
    };
    let not_asked = Observed::NotAsked;
    let observed = case
        .evidence
        .target_group_attributes
        .get(&group.arn)
        .unwrap_or(&not_asked);
    let what = format!("{} of {}", Need::TargetGroupAttributes.name(), group.name);
    let from = Hop::of(&what, observed);
    (hop.not_known, hop.because, hop.cites) = (from.not_known, from.because, from.cites);
    let seconds = observed
        .seen()
        .map(|attributes| u64::from(attributes.deregistration_delay));
    hop.know(seconds, HopSource::Attribute, "As set in AWS.");
    hop
}

/// The longest request against the delay. A request that the log holds may be longer than the delay
/// although no drain met it: then the next drain will meet one.
fn is_enough(
    judges: &Judges<'_>,
    group: Option<&TargetGroup>,
    delay: Option<u64>,
    longest: Option<u64>,
) -> Verdict {
    let case = judges.case;
    let opinion = judges.on(DRAIN_TOO_SHORT, group);
    let mut missing = in_flight::missing(case);
    match (opinion, longest, delay) {
        (Opinion::Found(draft), ..) => Verdict::broken(draft.title.clone()),
        (opinion, Some(longest), Some(delay)) if longest >= delay => Verdict::broken(format!(
            "A request was in flight for {}, a drain gives it {}; {}",
            words::seconds(longest),
            words::seconds(delay),
            if matches!(opinion, Opinion::Clear(_)) {
                "no drain cut one in this window"
            } else {
                "whether a drain cut one in this window cannot be told"
            }
        )),
        (Opinion::Open(because, open), ..) => {
            missing.extend(open);
            Verdict::cannot_tell(because, missing)
        }
        (_, _, None) => {
            missing.extend(without_delay(case));
            Verdict::cannot_tell("The delay is not known", missing)
        }
        (_, Some(longest), Some(_)) if missing.is_empty() => Verdict::holds(format!(
            "The longest request seen was in flight for {}, timed until the answer's first byte",
            words::seconds(longest)
        )),
        (_, None, _) if missing.is_empty() => Verdict::cannot_tell(
            "No request was timed",
            vec!["a request to a target of the group: none was timed in the window".to_owned()],
        ),
        _ => Verdict::cannot_tell("Requests may run for longer than what was seen", missing),
    }
}

/// What would tell the delay; never nothing.
fn without_delay(case: &Case<'_>) -> Vec<String> {
    let mut missing = case.missing(&[if case.is_classic() {
        Need::Attributes
    } else {
        Need::TargetGroupAttributes
    }]);
    missing.push("the deregistration delay of the target group".to_owned());
    missing
}

fn make_safe(hop: &mut Hop, is_broken: bool, longest: Option<u64>) {
    if !is_broken {
        return hop.stays(NOTHING_ASKS);
    }
    let seconds = safe_timeouts::deregistration_delay(longest);
    let because = match longest {
        Some(longest) if longest < seconds.saturating_mul(1_000) => format!(
            "Twice the longest request that was seen ({}), a minute at least.",
            words::seconds(longest)
        ),
        Some(longest) => format!(
            "The most that AWS allows, and less than the longest request that was seen ({}): answer at once \
             and do the work behind a queue.",
            words::seconds(longest)
        ),
        None => "How long requests take was not seen; this is what AWS begins with.".to_owned(),
    };
    hop.becomes(seconds, because);
}

struct Drained {
    verdict: Verdict,
    /// From the deregistration of a target to its stop, milliseconds, where that was too short.
    shortest: Option<u64>,
}

/// A target with nothing open leaves before the delay is over [V], so how long a drain took says nothing
/// of itself: what broke does, and that is the rule's.
fn is_drained(judges: &Judges<'_>, group: Option<&TargetGroup>, delay: Option<u64>) -> Drained {
    let case = judges.case;
    let all = departures(case);
    let departed = group::departed(case, &all, group);
    match judges.on(NOT_DRAINED, group) {
        Opinion::Found(draft) => Drained {
            verdict: Verdict::broken(draft.title.clone()),
            shortest: departed.iter().filter_map(|one| drain(one)).min(),
        },
        Opinion::Open(because, missing) => Drained {
            verdict: Verdict::cannot_tell(because, missing),
            shortest: None,
        },
        Opinion::Clear(_) if !departed.is_empty() && delay.is_none() => Drained {
            verdict: Verdict::cannot_tell("The delay is not known", without_delay(case)),
            shortest: None,
        },
        Opinion::Clear(because) if !departed.is_empty() => Drained {
            verdict: Verdict::holds(because),
            shortest: None,
        },
        Opinion::Clear(_) => Drained {
            verdict: Verdict::cannot_tell(
                "No target was seen to go",
                vec!["a stop of one of its targets: none is known near the window".to_owned()],
            ),
            shortest: None,
        },
    }
}

/// 0 where it was stopped first.
fn drain(departure: &Departure) -> Option<u64> {
    let stopping = departure.stopping_at?;
    let out = departure
        .deregistered
        .filter(|_| departure.deregistered_first());
    let took = out.map_or(0, |out| {
        stopping.signed_duration_since(out.at).num_milliseconds()
    });
    u64::try_from(took).ok()
}
