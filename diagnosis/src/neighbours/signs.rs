//! What the answers of a code show: each sorted under exactly one sign.
//!
//! What the load balancer says itself comes first: that a rule of its listener answers so
//! (`actions_executed`), or why it failed (`error_reason`). What is left goes by what tells that code's
//! causes apart.

mod closed_by_client;
mod protocol_versions;
mod reasons;
mod unchosen;
mod waits;

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    FIXED_RESPONSE, PASSED_ON, Sign,
    counted::{Code, Counted, Known},
};
use crate::{
    case::{Case, bounded},
    evidence::access_log::FaultRow,
    words,
};

pub(super) fn signs(case: &Case<'_>, counted: &Counted<'_>) -> Vec<Sign> {
    let mut signs = match &counted.known {
        Known::Rows(rows) => by_rows(case, counted.code, rows),
        Known::Reasons(given) => {
            reasons::of_code(case, counted.code, given, counted.by_load_balancer)
        }
        Known::Metrics => vec![sign(
            "counted-by-metric",
            counted.by_load_balancer,
            "CloudWatch counts them by minute".to_owned(),
            "only an access log tells its causes apart",
        )],
    };
    signs.push(sign(
        PASSED_ON,
        counted.by_target,
        match counted.known {
            Known::Metrics => "CloudWatch counts them as answers of the targets".to_owned(),
            _ => "the target's status is the same".to_owned(),
        },
        "the target answered so itself, and the load balancer passed it on",
    ));
    signs.retain(|sign| sign.count > 0);
    signs
}

fn by_rows(case: &Case<'_>, code: Code, places: &[usize]) -> Vec<Sign> {
    let row = |place: &usize| &case.rows()[*place];
    let (fixed, rest): (Vec<usize>, Vec<usize>) = places
        .iter()
        .partition(|place| row(place).is_fixed_response());
    let (with_reason, rest): (Vec<usize>, Vec<usize>) = rest
        .iter()
        .partition(|place| row(place).error_reason.is_some());
    let mut signs = vec![sign(
        FIXED_RESPONSE,
        case.requests(&fixed),
        "the action was fixed-response".to_owned(),
        "a rule of the listener says so: somebody's maintenance page, say",
    )];
    signs.extend(reasons::of_rows(case, &with_reason));
    signs.extend(match code {
        Code::One(460) => closed_by_client::signs(case, &rest),
        Code::One(464) => protocol_versions::signs(case, &rest),
        Code::One(503) => unchosen::signs(case, &rest),
        Code::One(504) if case.is_classic() => waits::on_classic(case, &rest),
        Code::One(504) => waits::signs(case, &rest),
        _ => vec![reasons::without(code, case, &rest)],
    });
    signs
}

fn sign(id: &str, count: u64, shows: String, tells: &str) -> Sign {
    Sign {
        id: id.to_owned(),
        count,
        shows,
        tells: tells.to_owned(),
    }
}

/// `1 client`, `14 clients`; merged rows have lost theirs.
fn clients(case: &Case<'_>, places: &[usize]) -> String {
    let mut clients: Vec<&str> = rows(case, places)
        .map(|row| row.client.as_str())
        .filter(|client| !client.is_empty())
        .collect();
    clients.sort_unstable();
    clients.dedup();
    match clients.as_slice() {
        [] => "clients unknown".to_owned(),
        [one] => format!("client {one} alone"),
        many => words::count(many.len() as u64, "client", "clients"),
    }
}

fn rows<'a>(case: &Case<'a>, places: &[usize]) -> impl Iterator<Item = &'a FaultRow> {
    let rows = case.rows();
    places.iter().filter_map(move |place| rows.get(*place))
}

/// `10 s`, `59.98 s to 60.02 s`, from milliseconds.
fn span(times: impl Iterator<Item = u64> + Clone) -> Option<String> {
    let (first, last) = (times.clone().min()?, times.max()?);
    let (first, last) = (words::seconds(first), words::seconds(last));
    Some(if first == last {
        first
    } else {
        format!("{first} to {last}")
    })
}

/// Of the group that a row was routed to, by name where it is known.
fn group_name<'a>(case: &Case<'a>, row: &'a FaultRow) -> &'a str {
    match (case.target_group_of(row), &row.target_group_arn) {
        (Some(group), _) => &group.name,
        (None, Some(arn)) => arn,
        (None, None) => "no target group",
    }
}

/// `web (12), api (3)`: most first.
fn by_group(case: &Case<'_>, places: &[usize]) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows(case, places) {
        let sum = counts.entry(group_name(case, row)).or_default();
        *sum += bounded(row.count);
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, n)| (Reverse(*n), *name));
    let named: Vec<String> = counts
        .into_iter()
        .map(|(name, n)| format!("{name} ({})", words::thousands(n)))
        .collect();
    words::list(&named, 3)
}
