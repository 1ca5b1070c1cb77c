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
//! `no answer in S` (504), `protocol mismatch` (464), `no target` (503), `not passed on` (502 without a target), `code N in S` (the load balancer's
//! own code, as 502 for a Lambda function or 460, after S seconds), `turned away with N in S` (the same
//! before any target was chosen, as 463 or 561). Without `on`, the group's targets
//! take turns. Where several lines give the same target a request, `lost after` keeps it idle: others
//! skip it meanwhile. `lost after S idle in T` is lost T seconds later instead of at once.
//!
//! Seconds may be a range, `200 in 0.03..0.4`, `lost after 2..2.9 idle`: each request takes its own,
//! by chance, and the same on every run (see `chance.rs`).
//!
//! After the end stands what else the row says, in any order (see [`Details`]):
//! `path /x method POST received 5000000 sent 0 client 198.51.100.7 reason LambdaUnhandled rule 10
//! type h2 node 10.0.9.5 action waf,fixed-response class Severe:BadHeader`. `path` and `client` take turns over several values: `path /a,/b`.
//! Two words are no part of the row. `jitter 0.6` sends each request earlier or later, by chance, within
//! that share of the time to the next. `because RULE` is the true cause, which the reader never sees
//! (see `truth.rs`).

mod chance;
mod words;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use words::read;

pub(crate) struct Kind {
    pub(crate) every: f64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) group: String,
    pub(crate) target: Option<String>,
    /// The least and the most seconds that it takes; the same where the line gives one number.
    pub(crate) ends: [End; 2],
    pub(crate) details: Details,
}

/// What a row says besides who asked whom when.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) paths: Vec<String>,
    pub(crate) method: String,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) clients: Vec<String>,
    pub(crate) reason: String,
    pub(crate) rule: String,
    pub(crate) kind: String,
    pub(crate) node: String,
    pub(crate) actions: String,
    /// Classification and its reason.
    pub(crate) class: (String, String),
    /// By which share of the time between two requests they come early or late.
    pub(crate) jitter: f64,
    /// The true cause: rules, any of which is right; `-` where no rule can know.
    pub(crate) because: Option<Vec<String>>,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            paths: vec!["/cart".to_owned()],
            method: "GET".to_owned(),
            received: 322,
            sent: 277,
            clients: vec!["203.0.113.9".to_owned()],
            reason: "-".to_owned(),
            rule: "0".to_owned(),
            kind: "https".to_owned(),
            node: "10.0.8.5".to_owned(),
            actions: "forward".to_owned(),
            class: ("-".to_owned(), "-".to_owned()),
            jitter: 0.0,
            because: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Answered {
        status: u16,
        seconds: f64,
    },
    /// Idle for so many seconds, then a request that is lost after so many more.
    LostAfterIdle {
        seconds: f64,
        lost_in: f64,
    },
    Refused,
    TlsError,
    HungUp {
        seconds: f64,
    },
    ConnectTimedOut,
    ProtocolMismatch,
    NoAnswer {
        seconds: f64,
    },
    NoTarget,
    /// The load balancer took it and passed it on to nobody: 502, and no target in the row.
    NotPassedOn,
    /// The load balancer answers itself, after so long, and names no target status.
    Code {
        status: u16,
        seconds: f64,
    },
    /// The same, and no target was chosen.
    TurnedAway {
        status: u16,
        seconds: f64,
    },
}

impl End {
    /// Whether the row names a target.
    pub(crate) fn has_target(self) -> bool {
        !matches!(
            self,
            Self::NoTarget | Self::NotPassedOn | Self::TurnedAway { .. }
        )
    }
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
    pub(crate) details: Details,
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

pub(crate) fn after(at: DateTime<Utc>, seconds: f64) -> DateTime<Utc> {
    at + TimeDelta::microseconds((seconds * 1e6).round() as i64)
}

/// The requests that the lines stand for, in order of time. `targets` gives a group's target ids.
pub(crate) fn requests(kinds: &[Kind], targets: impl Fn(&str) -> Vec<String>) -> Vec<Request> {
    let mut all = Vec::new();
    // (target, from, to): the target is kept idle.
    let mut idle: Vec<(Option<String>, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (line, kind) in kinds.iter().enumerate() {
        let ids = targets(&kind.group);
        let mut due = kind.from;
        let mut turn = 0;
        while due < kind.to {
            let end = chance::between(kind.ends, chance::of([line, turn, 0]));
            let shift = kind.details.jitter * (chance::of([line, turn, 1]) - 0.5);
            let at = after(due, kind.every * shift).max(kind.from);
            let target = match &kind.target {
                _ if !end.has_target() && end != End::NotPassedOn => None,
                Some(id) => Some(id.clone()),
                None if ids.is_empty() => None,
                None => Some(ids[turn % ids.len()].clone()),
            };
            let request = Request {
                at,
                group: kind.group.clone(),
                target: target.clone(),
                turn,
                end,
                details: kind.details.clone(),
            };
            if let End::LostAfterIdle { seconds, lost_in } = end {
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
                idle.push((target, after(at, -0.5), after(lost, lost_in + 0.1)));
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
            due = after(due, kind.every);
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
