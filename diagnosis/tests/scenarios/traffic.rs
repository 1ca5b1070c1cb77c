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
//! own code, as 502 for a Lambda function or 460, after S seconds). Without `on`, the group's targets take turns. Where several lines give
//! the same target a request, `lost after` keeps it idle: others skip it meanwhile.
//!
//! After the end stands what else the row says, in any order (see [`Details`]):
//! `path /x method POST received 5000000 sent 0 client 198.51.100.7 reason LambdaUnhandled rule 10
//! type h2 node 10.0.9.5`. `path` and `client` take turns over several values: `path /a,/b`.
//! `because RULE` is no part of the row: it is the true cause, which the reader never sees (see
//! `truth.rs`).

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) struct Kind {
    pub(crate) every: f64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) group: String,
    pub(crate) target: Option<String>,
    pub(crate) end: End,
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
            because: None,
        }
    }
}

impl Details {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let values = || value.split(',').map(str::to_owned).collect();
        let number = || value.parse().map_err(|_| format!("{value} is no number"));
        match name {
            "path" => self.paths = values(),
            "client" => self.clients = values(),
            "method" => self.method = value.to_owned(),
            "received" => self.received = number()?,
            "sent" => self.sent = number()?,
            "reason" => self.reason = value.to_owned(),
            "rule" => self.rule = value.to_owned(),
            "type" => self.kind = value.to_owned(),
            "node" => self.node = value.to_owned(),
            "because" => self.because = Some(values()),
            _ => return Err(format!("no detail {name}")),
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Answered {
        status: u16,
        seconds: f64,
    },
    LostAfterIdle {
        seconds: f64,
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
    let words: Vec<&str> = how.split_whitespace().collect();
    let (end, rest) = end(&words)?;
    let mut details = Details::default();
    for pair in rest.chunks(2) {
        let [name, value] = pair else {
            return Err(format!("{} has no value", pair.join(" ")));
        };
        details.set(name, value)?;
    }
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
        end,
        details,
    })
}

/// How it ended, and the words after that.
fn end<'a>(words: &'a [&'a str]) -> Result<(End, &'a [&'a str]), String> {
    Ok(match words {
        ["lost", "after", seconds, "idle", rest @ ..] => {
            let seconds = number(seconds)?;
            (End::LostAfterIdle { seconds }, rest)
        }
        ["refused", rest @ ..] => (End::Refused, rest),
        ["tls", "error", rest @ ..] => (End::TlsError, rest),
        ["hung", "up", "after", seconds, rest @ ..] => {
            let seconds = number(seconds)?;
            (End::HungUp { seconds }, rest)
        }
        ["protocol", "mismatch", rest @ ..] => (End::ProtocolMismatch, rest),
        ["connect", "timed", "out", rest @ ..] => (End::ConnectTimedOut, rest),
        ["no", "answer", "in", seconds, rest @ ..] => {
            let seconds = number(seconds)?;
            (End::NoAnswer { seconds }, rest)
        }
        ["no", "target", rest @ ..] => (End::NoTarget, rest),
        ["not", "passed", "on", rest @ ..] => (End::NotPassedOn, rest),
        ["code", status, "in", seconds, rest @ ..] => {
            let status = status.parse().map_err(|_| "no status")?;
            let seconds = number(seconds)?;
            (End::Code { status, seconds }, rest)
        }
        [status, "in", seconds, rest @ ..] => {
            let status = status.parse().map_err(|_| "no status")?;
            let seconds = number(seconds)?;
            (End::Answered { status, seconds }, rest)
        }
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
                _ if kind.end == End::NoTarget => None,
                Some(id) => Some(id.clone()),
                None if ids.is_empty() || kind.end == End::NoTarget => None,
                None => Some(ids[turn % ids.len()].clone()),
            };
            let request = Request {
                at,
                group: kind.group.clone(),
                target: target.clone(),
                turn,
                end: kind.end,
                details: kind.details.clone(),
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
