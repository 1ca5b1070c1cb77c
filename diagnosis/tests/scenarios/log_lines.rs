//! Requests as lines of an access log, read by the real reader.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use diagnosis::{
    access_log::{Aggregator, ObjectReader},
    evidence::{AccessLog, LoadBalancerType, Window},
};

use crate::traffic::{End, Request, after};

/// What the reader makes of the requests. `address` gives a target's `ip:port`.
pub(crate) fn read(
    requests: &[Request],
    kind: LoadBalancerType,
    window: Window,
    address: impl Fn(&Request) -> Option<String>,
    group_arn: impl Fn(&str) -> String,
) -> AccessLog {
    let mut lines: Vec<(DateTime<Utc>, String)> = requests
        .iter()
        .map(|request| match kind {
            LoadBalancerType::Application => {
                application(request, address(request), &group_arn(&request.group))
            }
            LoadBalancerType::Classic => classic(request, address(request)),
        })
        .collect();
    lines.sort();
    let mut reader = ObjectReader::new(kind, window, Some("10.0.8.5".to_owned()));
    for (_, line) in &lines {
        reader.push(line.as_bytes());
        reader.push(b"\n");
    }
    let mut aggregator = Aggregator::new(kind);
    aggregator.add(reader.finish());
    aggregator.finish()
}

/// The status that clients get.
pub(crate) fn status(end: End, kind: LoadBalancerType) -> u16 {
    match (end, kind) {
        (End::Answered { status, .. }, _) => status,
        (End::ConnectTimedOut | End::NoAnswer { .. }, _) => 504,
        (End::ProtocolMismatch, _) => 464,
        (End::NoTarget, _) => 503,
        (End::Code { status, .. } | End::TurnedAway { status, .. }, _) => status,
        (_, LoadBalancerType::Classic) => 504,
        _ => 502,
    }
}

/// When the answer was made.
pub(crate) fn answered_at(request: &Request) -> DateTime<Utc> {
    after(
        request.at,
        match request.end {
            End::Answered { seconds, .. }
            | End::HungUp { seconds }
            | End::NoAnswer { seconds }
            | End::Code { seconds, .. }
            | End::TurnedAway { seconds, .. } => seconds,
            End::LostAfterIdle { lost_in, .. } => lost_in,
            End::Refused
            | End::TlsError
            | End::ProtocolMismatch
            | End::NoTarget
            | End::NotPassedOn => 0.001,
            End::ConnectTimedOut => 10.004,
        },
    )
}

fn times(end: End) -> [String; 3] {
    let [request, target, response] = match end {
        End::Answered { seconds, .. } => [0.0, seconds, 0.0],
        End::LostAfterIdle { lost_in, .. } => [0.0, lost_in, -1.0],
        End::HungUp { seconds } => [0.001, seconds, -1.0],
        End::NoAnswer { .. } => [0.001, -1.0, -1.0],
        // As AWS's own sample of a failed Lambda invocation.
        End::Code { seconds, .. } => [0.0, seconds, 0.0],
        End::Refused
        | End::TlsError
        | End::ConnectTimedOut
        | End::ProtocolMismatch
        | End::NoTarget
        | End::NotPassedOn
        | End::TurnedAway { .. } => [-1.0, -1.0, -1.0],
    };
    [request, target, response].map(|seconds: f64| {
        if seconds < 0.0 {
            "-1".to_owned()
        } else {
            format!("{seconds:.3}")
        }
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn application(request: &Request, target: Option<String>, group: &str) -> (DateTime<Utc>, String) {
    let [first, second, third] = times(request.end);
    let status = status(request.end, LoadBalancerType::Application);
    let of_target = match request.end {
        End::Answered { status, .. } => status.to_string(),
        _ => "-".to_owned(),
    };
    let target = target.unwrap_or_else(|| "-".to_owned());
    // Turned away before a rule chose a group.
    let group = if matches!(request.end, End::TurnedAway { .. }) {
        "-"
    } else {
        group
    };
    let done = answered_at(request);
    let row = &request.details;
    let take_turns = |values: &[String]| values[request.turn % values.len()].clone();
    let mut line = format!(
        "{} {} app/shop/50dc6c495c0c9188 {}:{} {target} {first} {second} {third} {status} \
         {of_target} {} {} \"{} https://shop.example.com:443{} HTTP/1.1\" \"Mozilla/5.0 (\\x22x\\x22)\" \
         ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {group} ",
        row.kind,
        stamp(done),
        take_turns(&row.clients),
        40_000 + request.turn % 9_999,
        row.received,
        row.sent,
        row.method,
        take_turns(&row.paths),
    );
    // Writing to a String cannot fail.
    let _ = write!(
        line,
        "\"Root=1-{:08x}\" \"shop.example.com\" \"-\" {} {} \"{}\" \"-\" \"{}\" \"{target}\" \
         \"{of_target}\" \"{}\" \"{}\" TID_1 \"-\" \"-\" - {}",
        request.turn,
        row.rule,
        stamp(request.at),
        row.actions,
        row.reason,
        row.class.0,
        row.class.1,
        row.node,
    );
    (done, line)
}

/// The backend that a Classic line names: none where the instance closed the connection.
pub(crate) fn backend(request: &Request, address: Option<String>) -> Option<String> {
    address.filter(|_| matches!(request.end, End::Answered { .. }))
}

fn classic(request: &Request, backend: Option<String>) -> (DateTime<Utc>, String) {
    let answered = matches!(request.end, End::Answered { .. });
    let backend = self::backend(request, backend).unwrap_or_else(|| "-".to_owned());
    let [first, second, third] = if answered {
        times(request.end)
    } else {
        times(End::Refused)
    };
    let status = status(request.end, LoadBalancerType::Classic);
    let of_backend = match request.end {
        End::Answered { status, .. } => status,
        _ => 0,
    };
    let row = &request.details;
    let take_turns = |values: &[String]| values[request.turn % values.len()].clone();
    let line = format!(
        "{} shop {}:{} {backend} {first} {second} {third} {status} {of_backend} {} {} \
         \"{} http://shop.example.com:80{} HTTP/1.1\" \"curl/7.38.0\" - -",
        stamp(request.at),
        take_turns(&row.clients),
        40_000 + request.turn % 9_999,
        row.received,
        row.sent,
        row.method,
        take_turns(&row.paths),
    );
    (request.at, line)
}
