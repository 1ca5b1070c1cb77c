//! The load balancer's own words: `error_reason` and `classification_reason`.

mod known;

use std::{cmp::Reverse, collections::BTreeMap};

use super::{clients, sign};
use crate::{
    case::{Case, bounded},
    evidence::access_log::other_codes::CodeReason,
    neighbours::{Sign, counted::Code},
};

/// Reasons that have a sign of their own; a load balancer has two or three.
const TOLD: usize = 12;
/// AWS's longest word for a reason has 43 letters.
const LONGEST: usize = 64;

/// Rows that say why, by reason.
pub(super) fn of_rows(case: &Case<'_>, places: &[usize]) -> Vec<Sign> {
    let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
    for place in places {
        let row = &case.rows()[*place];
        let reason = row.error_reason.as_deref().unwrap_or_default();
        let sum = by_reason.entry(reason).or_default();
        *sum += bounded(row.count);
    }
    told(by_reason.into_iter().map(|(reason, n)| {
        let tells = known::tells(reason).unwrap_or(UNKNOWN);
        (
            reason,
            n,
            format!("error_reason {reason}"),
            tells.to_owned(),
        )
    }))
}

/// A code without rows: what the log says of why, and how often it says nothing.
pub(super) fn of_code(
    case: &Case<'_>,
    code: Code,
    reasons: &[CodeReason],
    by_load_balancer: u64,
) -> Vec<Sign> {
    let mut left = by_load_balancer;
    let given: Vec<_> = reasons
        .iter()
        .map(|given| {
            // Evidence may come from anywhere: no more are told than there are.
            let n = bounded(given.count).min(left);
            left -= n;
            let reason = given.reason.as_str();
            match (&given.classification, known::tells(reason)) {
                (None, Some(tells)) => (
                    reason,
                    n,
                    format!("error_reason {reason}"),
                    tells.to_owned(),
                ),
                (None, None) => (reason, n, format!("reason {reason}"), UNKNOWN.to_owned()),
                (Some(class), _) => (
                    reason,
                    n,
                    format!("classified {class}, {reason}"),
                    format!("the request breaks the HTTP standard{}", mode(case)),
                ),
            }
        })
        .collect();
    let mut signs = told(given.into_iter());
    signs.push(no_reason(code, left, "the log gives no reason".to_owned()));
    signs
}

/// Rows of a code that says no more of its cause.
pub(super) fn without(code: Code, case: &Case<'_>, places: &[usize]) -> Sign {
    let shows = match code {
        Code::One(463) => clients(case, places),
        _ => format!("no error_reason; {}", clients(case, places)),
    };
    no_reason(code, case.requests(places), shows)
}

fn no_reason(code: Code, n: u64, shows: String) -> Sign {
    let (id, tells) = match code {
        Code::One(408) => ("client-silent", "the client sent nothing in time"),
        Code::One(463) => (
            "too-many-addresses",
            "a chain of proxies, a loop, or a client that makes the header up",
        ),
        Code::One(501) => ("transfer-encoding", "a Transfer-Encoding that is not known"),
        Code::One(505) => ("http-version", "an HTTP version that was not expected"),
        Code::One(507) => ("redirect-too-long", "a redirect with too long a URL"),
        Code::One(413) => ("no-reason", "headers over the limits"),
        Code::One(400) => (
            "no-reason",
            "a request that is malformed, has too large headers or was not sent whole",
        ),
        _ => ("no-reason", "which of its causes it was is not in the log"),
    };
    sign(id, n, shows, tells)
}

const UNKNOWN: &str = "the load balancer's own word for why; none that lb502 knows";

/// The most frequent by themselves, what is none of AWS's words and the rest together.
fn told<'a>(reasons: impl Iterator<Item = (&'a str, u64, String, String)>) -> Vec<Sign> {
    let mut reasons: Vec<_> = reasons.collect();
    reasons.sort_by_key(|(reason, n, ..)| (Reverse(*n), *reason));
    let mut signs: Vec<Sign> = Vec::new();
    let mut others = 0;
    for (reason, n, shows, tells) in reasons {
        let is_word = reason.len() <= LONGEST
            && !reason.is_empty()
            && reason.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_word && signs.len() < TOLD {
            signs.push(sign(reason, n, shows, &tells));
        } else {
            others += n;
        }
    }
    signs.push(sign(
        "other-reasons",
        others,
        "further reasons, a few each".to_owned(),
        UNKNOWN,
    ));
    signs
}

fn mode(case: &Case<'_>) -> String {
    let mode = case
        .evidence
        .attributes
        .seen()
        .and_then(|of| of.desync_mitigation_mode.as_deref());
    mode.map_or_else(String::new, |mode| {
        format!("; the desync mitigation mode is {mode}")
    })
}
