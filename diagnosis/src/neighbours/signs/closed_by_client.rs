//! 460: the client hung up. When, tells a time-out of its own from people who go away.

use super::{clients, rows, sign, span};
use crate::{case::Case, neighbours::Sign, waits::lasted, words};

/// A time-out of a client lies above this, milliseconds: what is shorter was never meant to wait. [I]
const SHORTEST_TIMEOUT: u64 = 1_000;
/// Times no further apart than this, milliseconds, or than this part of themselves, are one timer's. [I]
const TICK: u64 = 500;
const TICK_PART: u64 = 25;
/// So many of the known times, and so much of them, per cent, in one timer's range make a time-out. [I]
const FEWEST: usize = 5;
const SHARE_PERCENT: usize = 50;

pub(super) fn signs(case: &Case<'_>, places: &[usize]) -> Vec<Sign> {
    let mut times: Vec<(u64, usize)> = Vec::new();
    let mut unknown: Vec<usize> = Vec::new();
    for place in places {
        match case.rows().get(*place).and_then(lasted) {
            Some(time) => times.push((time, *place)),
            None => unknown.push(*place),
        }
    }
    times.sort_unstable();
    let range = densest(&times);
    let gathered = times.drain(range).collect::<Vec<_>>();
    vec![
        at_a_time_out(case, &gathered),
        at_any_time(case, &times),
        sign(
            "time-unknown",
            case.requests(&unknown),
            "how long the client had waited is not in the log".to_owned(),
            "the client hung up",
        ),
    ]
}

/// The range of one timer that holds the most of the times, if that is enough to be one.
fn densest(times: &[(u64, usize)]) -> std::ops::Range<usize> {
    let mut best = 0..0;
    let mut end = 0;
    let first = times.partition_point(|(time, _)| *time < SHORTEST_TIMEOUT);
    for start in first..times.len() {
        let from = times[start].0;
        let to = from.saturating_add(TICK.max(from / TICK_PART));
        end = end.max(start);
        while end < times.len() && times[end].0 <= to {
            end += 1;
        }
        if end - start > best.len() {
            best = start..end;
        }
    }
    let enough = best.len() >= FEWEST && best.len() * 100 >= times.len() * SHARE_PERCENT;
    if enough { best } else { 0..0 }
}

fn at_a_time_out(case: &Case<'_>, gathered: &[(u64, usize)]) -> Sign {
    let places: Vec<usize> = gathered.iter().map(|(_, place)| *place).collect();
    let middle = gathered
        .get(gathered.len() / 2)
        .map_or(0, |(time, _)| *time);
    let idle = case.evidence.attributes.seen().map_or(String::new(), |of| {
        format!(
            ", before the idle timeout of {}",
            words::seconds(u64::from(of.idle_timeout) * 1_000)
        )
    });
    sign(
        "client-time-out",
        case.requests(&places),
        format!(
            "the times gather at {}: {}, {}{idle}",
            words::seconds(middle),
            span(gathered.iter().map(|(time, _)| *time)).unwrap_or_default(),
            asked_by(case, &places),
        ),
        "a time-out of the client, or of a proxy in front of the load balancer, that is shorter than the \
         answer takes",
    )
}

fn at_any_time(case: &Case<'_>, spread: &[(u64, usize)]) -> Sign {
    let places: Vec<usize> = spread.iter().map(|(_, place)| *place).collect();
    sign(
        "went-away",
        case.requests(&places),
        format!(
            "at no time in common: {}, {}",
            span(spread.iter().map(|(time, _)| *time)).unwrap_or_default(),
            asked_by(case, &places),
        ),
        "people who leave a page, networks that break, clients that cancel",
    )
}

/// Who asked, and with what if all asked with the same.
fn asked_by(case: &Case<'_>, places: &[usize]) -> String {
    let mut agents: Vec<&str> = rows(case, places)
        .map(|row| row.user_agent.as_str())
        .filter(|agent| !agent.is_empty() && *agent != "-")
        .collect();
    agents.sort_unstable();
    agents.dedup();
    match agents.as_slice() {
        [one] => format!(
            "{} with user agent {}",
            clients(case, places),
            one.chars().take(AGENT_CHARS).collect::<String>()
        ),
        _ => clients(case, places),
    }
}

const AGENT_CHARS: usize = 60;
