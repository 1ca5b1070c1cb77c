//! The load balancer's own timeouts: how long a client's connection lives, how long nothing may be sent
//! on one, and how long a connect to a target may take.

use super::{
    Hop, HopSource, Side, TimeoutChain,
    hop::NOTHING_ASKS,
    judges::{Judges, Opinion, SLOW_ANSWERS},
    verdict::{Terms, Verdict},
};
use crate::{case::Case, in_flight, keep_alive::KeepAlive, need::Need, safe_timeouts, words};

const IDLE_TIMEOUT: &str = "idle-timeout";

/// A connect to a target is given up after this long, seconds. [V] DOC-TS, HTTP 504
const CONNECT_TIMEOUT: u64 = 10;

/// Adds these hops; gives the idle timeout that is safe, seconds. `longest_function` is the longest
/// timeout of a function that has to be raised.
pub(super) fn add(
    chain: &mut TimeoutChain,
    judges: &Judges<'_>,
    keep_alive: &[KeepAlive],
    longest_function: Option<u64>,
) -> Option<u64> {
    let case = judges.case;
    let with_connections = !case.has_only_functions();
    if !case.is_classic() {
        chain.hops.push(client_keep_alive(case));
    }
    let mut hop = idle_timeout(case);
    let mut cuts_answers = false;
    if with_connections {
        let verdict = longest_answer(judges, hop.milliseconds());
        cuts_answers = verdict.is_broken();
        let longest = in_flight::longest_answer(case, None);
        let terms = Terms {
            id: "longest-answer-below-idle-timeout",
            hop: IDLE_TIMEOUT,
            shorter: Side::new("longest answer seen", longest),
            longer: Side::new("idle timeout", hop.milliseconds()),
            when_broken: "The load balancer gives up waiting and answers 504.",
            codes: &[504],
            rule: Some(SLOW_ANSWERS),
            cites: case.sources(&[Need::Attributes, Need::AccessLog, Need::Metrics]),
        };
        chain.inequalities.push(terms.with(verdict));
    }
    make_safe(&mut hop, cuts_answers, keep_alive, longest_function);
    let safe = hop.safe_seconds;
    chain.hops.push(hop);
    if with_connections {
        chain.hops.push(connect());
    }
    safe
}

/// No inequality binds it: it ends a connection that a client uses for long, the idle timeout one that
/// nobody uses, and whichever is over first closes it. Neither the causes of a 502 nor those of a 504
/// name it. [V] DOC-TS
fn client_keep_alive(case: &Case<'_>) -> Hop {
    let attributes = case.evidence.attributes.seen();
    let seconds = attributes.and_then(|attributes| attributes.client_keep_alive);
    let mut hop = Hop {
        id: "client-keep-alive".to_owned(),
        place: "client → load balancer".to_owned(),
        setting: "client_keep_alive.seconds".to_owned(),
        ..Hop::of(Need::Attributes.name(), &case.evidence.attributes)
    };
    hop.know(
        seconds.map(u64::from),
        HopSource::Attribute,
        "As set in AWS.",
    );
    hop.stays(
        "no inequality binds it. It ends a client's connection after a time of use, the idle timeout \
         after a time of silence, and AWS names neither a 502 nor a 504 that comes of the two.",
    );
    hop
}

fn idle_timeout(case: &Case<'_>) -> Hop {
    let attributes = case.evidence.attributes.seen();
    let setting = if case.is_classic() {
        "ConnectionSettings.IdleTimeout"
    } else {
        "idle_timeout.timeout_seconds"
    };
    let mut hop = Hop {
        id: IDLE_TIMEOUT.to_owned(),
        place: "load balancer".to_owned(),
        setting: setting.to_owned(),
        ..Hop::of(Need::Attributes.name(), &case.evidence.attributes)
    };
    hop.know(
        attributes.map(|attributes| u64::from(attributes.idle_timeout)),
        HopSource::Attribute,
        "As set in AWS.",
    );
    hop
}

fn longest_answer(judges: &Judges<'_>, idle: Option<u64>) -> Verdict {
    let case = judges.case;
    let longest = in_flight::longest_answer(case, None);
    // The longest answer may be a function's, which has its own timeout, where the groups are not known.
    let mut missing = case.missing(&[Need::Attributes, Need::TargetGroups]);
    missing.extend(in_flight::missing(case));
    match judges.on_all(SLOW_ANSWERS) {
        Opinion::Found(draft) => return Verdict::broken(draft.title.clone()),
        Opinion::Open(because, open) => {
            missing.extend(open);
            return Verdict::cannot_tell(because, missing);
        }
        Opinion::Clear(_) => {}
    }
    match (longest, idle) {
        (Some(longest), Some(idle)) if longest >= idle => Verdict::cannot_tell(
            format!(
                "The longest answer took {} and was not cut: bytes flowed meanwhile, as they do while a \
                 client uploads, which counts as the target's time",
                words::seconds(longest)
            ),
            vec!["how long answers take without the upload: the log does not say".to_owned()],
        ),
        (Some(longest), Some(_)) if missing.is_empty() => Verdict::holds(format!(
            "The longest answer seen began after {}, and none was cut",
            words::seconds(longest)
        )),
        (None, Some(_)) if missing.is_empty() => Verdict::cannot_tell(
            "No answer was timed",
            vec!["an answer of a target: none was timed in the window".to_owned()],
        ),
        _ => Verdict::cannot_tell("Answers may take longer than what was seen", missing),
    }
}

fn make_safe(
    hop: &mut Hop,
    cuts_answers: bool,
    keep_alive: &[KeepAlive],
    longest_function: Option<u64>,
) {
    let Some(idle) = hop.seconds else {
        return hop.stays("");
    };
    let beyond = longest_function.map_or(0, safe_timeouts::idle_timeout_beyond);
    if cuts_answers {
        return hop.becomes(
            safe_timeouts::idle_timeout_above(idle).max(beyond),
            "Above the answers that it cuts, if they must take so long; then the targets' keep-alive above \
             it. Faster answers are better.",
        );
    }
    if beyond > idle {
        return hop.becomes(
            beyond,
            "So that a function may run to the timeout that is safe for it.",
        );
    }
    let lower = keep_alive
        .iter()
        .filter_map(|one| one.safe_idle_timeout_seconds)
        .filter(|lower| *lower < idle)
        .min();
    match lower {
        Some(lower) => hop.stays(&format!(
            "it may, once the targets keep idle connections for longer. Until then {lower} s ends the lost \
             requests, and cuts answers that take longer than that with 504."
        )),
        None => hop.stays(NOTHING_ASKS),
    }
}

fn connect() -> Hop {
    Hop {
        id: "connect-timeout".to_owned(),
        place: "load balancer → target".to_owned(),
        setting: "connect timeout".to_owned(),
        seconds: Some(CONNECT_TIMEOUT),
        source: Some(HopSource::Fixed),
        because: "AWS gives a connect up then and answers 504.".to_owned(),
        safe_seconds: Some(CONNECT_TIMEOUT),
        safe_because: "Nobody can set it, and no inequality binds it.".to_owned(),
        ..Hop::default()
    }
}
