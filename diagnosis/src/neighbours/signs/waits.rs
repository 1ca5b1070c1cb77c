//! 504: which of the load balancer's clocks ran out.

use std::collections::BTreeMap;

use super::{rows, sign, span};
use crate::{
    access_log::route_of,
    case::Case,
    evidence::access_log::{FaultRow, Shape},
    neighbours::Sign,
    routes,
    waits::{CONNECT_TIMEOUT, is_at, waited},
    words,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Clock {
    Function,
    Connect,
    ConnectOrHandshake,
    NoAnswer,
    Neither,
    Untold,
}

pub(super) fn signs(case: &Case<'_>, places: &[usize]) -> Vec<Sign> {
    let idle = case
        .evidence
        .attributes
        .seen()
        .map(|of| u64::from(of.idle_timeout).saturating_mul(1_000));
    let mut sorted: BTreeMap<Clock, Vec<usize>> = BTreeMap::new();
    for place in places {
        let clock = Clock::of(case, &case.rows()[*place], idle);
        sorted.entry(clock).or_default().push(*place);
    }
    sorted
        .into_iter()
        .map(|(clock, places)| {
            let waits: Vec<u64> = rows(case, &places).filter_map(waited).collect();
            let waits = span(waits.into_iter()).unwrap_or_default();
            let (id, shows, tells) = clock.words(&waits, idle);
            sign(id, case.requests(&places), shows, tells)
        })
        .collect()
}

impl Clock {
    fn of(case: &Case<'_>, row: &FaultRow, idle: Option<u64>) -> Self {
        if case.was_to_function(row) {
            return Self::Function;
        }
        let Some(waited) = waited(row) else {
            return Self::Untold;
        };
        let connected = row.shape() != Shape::NotConnected;
        let at_idle = idle.is_some_and(|idle| is_at(waited, idle));
        // Where the two limits are the same, only the times that are -1 tell.
        if is_at(waited, CONNECT_TIMEOUT) && !(at_idle && connected) {
            let group = case.target_group_of(row);
            return match group.and_then(|group| group.protocol.as_deref()) {
                Some("HTTP") => Self::Connect,
                _ => Self::ConnectOrHandshake,
            };
        }
        if at_idle {
            Self::NoAnswer
        } else {
            Self::Neither
        }
    }

    fn words(self, waits: &str, idle: Option<u64>) -> (&'static str, String, &'static str) {
        let limit = words::seconds(idle.unwrap_or_default());
        match self {
            Self::Function => (
                "to-a-function",
                "the target is a Lambda function".to_owned(),
                "Lambda did not take the request in time",
            ),
            Self::Connect => (
                "connect-timed-out",
                format!("given up after {waits}, the time that a connect may take"),
                "no connection: packets are dropped on the way there or back, or the target accepts none",
            ),
            Self::ConnectOrHandshake => (
                "connect-or-handshake-timed-out",
                format!(
                    "given up after {waits}, the time that a connect and a TLS handshake may take"
                ),
                "no connection (packets are dropped, or the target accepts none), or the target did not \
                 answer the TLS handshake",
            ),
            Self::NoAnswer => (
                "no-answer",
                format!("given up after {waits}, when the idle timeout of {limit} was over"),
                "the target had the request and did not answer in time, or announced more than it sent",
            ),
            Self::Neither => (
                "neither-limit",
                match idle {
                    Some(_) => format!(
                        "given up after {waits}: neither 10 s nor the idle timeout of {limit}"
                    ),
                    None => format!("given up after {waits}; the idle timeout was not seen"),
                },
                "another idle timeout at the time, or a connection that went silent half way",
            ),
            Self::Untold => (
                "wait-unknown",
                "how long the load balancer had waited is not in the log".to_owned(),
                "any of its causes",
            ),
        }
    }
}

/// Classic logs no time and no instance for a 504. Slow answers stay on the slow routes; a connection
/// that an instance closes loses whatever is asked next. [I]
pub(super) fn on_classic(case: &Case<'_>, places: &[usize]) -> Vec<Sign> {
    let gathering = routes::gathering(case, places);
    let (gathered, spread): (Vec<usize>, Vec<usize>) = places.iter().partition(|place| {
        route_of(&case.rows()[**place]).is_some_and(|route| gathering.contains(&route))
    });
    let named: Vec<String> = gathering.into_iter().collect();
    vec![
        sign(
            "gather-on-a-route",
            case.requests(&gathered),
            format!(
                "far more of them than of all requests on {}",
                words::list(&named, 3)
            ),
            "slow answers of that route, cut by the idle timeout [I]",
        ),
        sign(
            "spread-over-routes",
            case.requests(&spread),
            format!(
                "no route has far more of them than of all requests{}",
                slowest(case)
            ),
            "an instance that closes its connections, or slow answers everywhere [I]",
        ),
    ]
}

/// How near the idle timeout the answers came that did come.
fn slowest(case: &Case<'_>) -> String {
    let longest = case.access_log().and_then(|log| {
        let longest = log
            .targets
            .iter()
            .map(|target| target.max_seconds * 1_000.0);
        longest.map(crate::case::whole).max()
    });
    let idle = case.evidence.attributes.seen().map(|of| of.idle_timeout);
    match (longest, idle) {
        (Some(longest), Some(idle)) => format!(
            "; the slowest answer that came took {} of the idle timeout's {}",
            words::seconds(longest),
            words::seconds(u64::from(idle).saturating_mul(1_000))
        ),
        _ => String::new(),
    }
}
