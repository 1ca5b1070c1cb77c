//! Who asked when, and how it went. One line is one kind of request, repeated:
//!
//! ```text
//! every 4 s from 10:00 to 11:00 to web: 200 in 0.030
//! every 70 s from 10:01:30 to 10:55 to web: lost after 5.000 idle
//! every 2 s from 10:20 to 10:21 to web on i-2: refused
//! ```
//!
//! Ends: `200 in S` (any code the target answers), `lost after S idle` (an answer, S idle seconds, a
//! request that is lost at once), `refused`, `tls error`, `hung up after S`, `connect timed out`,
//! `no answer in S` (504), `protocol mismatch` (464). Without `on`, the group's targets take turns. Where several lines give
//! the same target a request, `lost after` keeps it idle: others skip it meanwhile. ` path /x` at the
//! end names the path.

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) struct Kind {
    pub(crate) every: f64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) group: String,
    pub(crate) target: Option<String>,
    pub(crate) end: End,
    pub(crate) path: String,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Answered { status: u16, seconds: f64 },
    LostAfterIdle { seconds: f64 },
    Refused,
    TlsError,
    HungUp { seconds: f64 },
    ConnectTimedOut,
    ProtocolMismatch,
    NoAnswer { seconds: f64 },
}

/// One request.
#[derive(Clone)]
pub(crate) struct Request {
    /// When it was sent to the target.
    pub(crate) at: DateTime<Utc>,
    pub(crate) group: String,
    pub(crate) target: Option<String>,
    pub(crate) turn: usize,
    pub(crate) end: End,
    pub(crate) path: String,
}

/// `10:02` or `10:02:07` of the day of all incidents.
pub(crate) fn clock(text: &str) -> Result<DateTime<Utc>, String> {
    let seconds = if text.matches(':').count() == 1 {
        ":00"
    } else {
        ""
    };
    format!("2026-11-20T{text}{seconds}Z")
        .parse()
        .map_err(|error| format!("{text}: {error}"))
}

pub(crate) fn read(block: &str) -> Result<Vec<Kind>, String> {
    block
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| kind(line).map_err(|error| format!("{line}: {error}")))
        .collect()
}

fn kind(line: &str) -> Result<Kind, String> {
    let (when, how) = line.split_once(": ").ok_or("no \": \"")?;
    let (how, path) = how.split_once(" path ").unwrap_or((how, "/cart"));
    let words: Vec<&str> = when.split_whitespace().collect();
    let (every, from, to, group, target) = match words.as_slice() {
        ["every", n, "s", "from", from, "to", to, "to", group] => (n, from, to, group, None),
        [
            "every",
            n,
            "s",
            "from",
            from,
            "to",
            to,
            "to",
            group,
            "on",
            id,
        ] => (n, from, to, group, Some((*id).to_owned())),
        _ => return Err("not \"every N s from T to T to GROUP [on TARGET]\"".to_owned()),
    };
    Ok(Kind {
        every: number(every)?,
        from: clock(from)?,
        to: clock(to)?,
        group: (*group).to_owned(),
        target,
        end: end(how)?,
        path: path.to_owned(),
    })
}

fn end(how: &str) -> Result<End, String> {
    let words: Vec<&str> = how.split_whitespace().collect();
    Ok(match words.as_slice() {
        [status, "in", seconds] => End::Answered {
            status: status.parse().map_err(|_| "no status")?,
            seconds: number(seconds)?,
        },
        ["lost", "after", seconds, "idle"] => End::LostAfterIdle {
            seconds: number(seconds)?,
        },
        ["refused"] => End::Refused,
        ["tls", "error"] => End::TlsError,
        ["hung", "up", "after", seconds] => End::HungUp {
            seconds: number(seconds)?,
        },
        ["protocol", "mismatch"] => End::ProtocolMismatch,
        ["connect", "timed", "out"] => End::ConnectTimedOut,
        ["no", "answer", "in", seconds] => End::NoAnswer {
            seconds: number(seconds)?,
        },
        _ => return Err("no such end".to_owned()),
    })
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

pub(crate) fn after(at: DateTime<Utc>, seconds: f64) -> DateTime<Utc> {
    at + TimeDelta::microseconds((seconds * 1e6).round() as i64)
}

/// The requests that the lines stand for, in order of time. `targets` gives a group's target ids.
pub(crate) fn requests(kinds: &[Kind], targets: impl Fn(&str) -> Vec<String>) -> Vec<Request> {
    let mut all = Vec::new();
    // (target, from, to): the target is kept idle.
    let mut idle: Vec<(Option<String>, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for kind in kinds {
        let ids = targets(&kind.group);
        let mut at = kind.from;
        let mut turn = 0;
        while at < kind.to {
            let target = match &kind.target {
                Some(id) => Some(id.clone()),
                None if ids.is_empty() => None,
                None => Some(ids[turn % ids.len()].clone()),
            };
            let request = Request {
                at,
                group: kind.group.clone(),
                target: target.clone(),
                turn,
                end: kind.end,
                path: kind.path.clone(),
            };
            if let End::LostAfterIdle { seconds } = kind.end {
                let good = Request {
                    end: End::Answered {
                        status: 200,
                        seconds: 0.02,
                    },
                    ..request.clone()
                };
                // The timer's tick: a millisecond more or less.
                let tick = f64::from(u8::try_from(turn % 3).unwrap()) * 0.001 - 0.001;
                let lost = after(at, 0.02 + seconds + tick);
                idle.push((target, after(at, -0.5), after(lost, 0.1)));
                all.push((true, good));
                all.push((
                    true,
                    Request {
                        at: lost,
                        ..request
                    },
                ));
            } else {
                all.push((false, request));
            }
            at = after(at, kind.every);
            turn += 1;
        }
    }
    let mut requests: Vec<Request> = all
        .into_iter()
        .filter(|(kept, request)| {
            *kept
                || idle.iter().all(|(target, from, to)| {
                    *target != request.target || request.at < *from || *to < request.at
                })
        })
        .map(|(_, request)| request)
        .collect();
    requests.sort_by_key(|request| request.at);
    requests
}
