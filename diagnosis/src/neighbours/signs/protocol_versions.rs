//! 464: which protocol met which version of a target group.

use std::collections::BTreeMap;

use super::{by_group, sign};
use crate::{case::Case, evidence::access_log::FaultRow, neighbours::Sign};

/// [V] DOC-TS names three conflicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Conflict {
    Http1ToNewer,
    GrpcToHttp1,
    NotPostToGrpc,
    GroupUnknown,
    None,
}

pub(super) fn signs(case: &Case<'_>, places: &[usize]) -> Vec<Sign> {
    let mut sorted: BTreeMap<Conflict, Vec<usize>> = BTreeMap::new();
    for place in places {
        let conflict = Conflict::of(case, &case.rows()[*place]);
        sorted.entry(conflict).or_default().push(*place);
    }
    sorted
        .into_iter()
        .map(|(conflict, places)| {
            let (id, met, tells) = conflict.words();
            sign(
                id,
                case.requests(&places),
                format!("{met}: {}", by_group(case, &places)),
                tells,
            )
        })
        .collect()
}

impl Conflict {
    fn of(case: &Case<'_>, row: &FaultRow) -> Self {
        let Some(group) = case.target_group_of(row) else {
            return Self::GroupUnknown;
        };
        let version = group.protocol_version.as_deref().unwrap_or("HTTP1");
        match (row.kind.as_str(), version) {
            ("http" | "https" | "ws" | "wss", "HTTP2" | "GRPC") => Self::Http1ToNewer,
            ("grpcs", "HTTP1") => Self::GrpcToHttp1,
            ("h2", "GRPC") if row.method != "POST" => Self::NotPostToGrpc,
            _ => Self::None,
        }
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Http1ToNewer => (
                "http1-to-newer-group",
                "HTTP/1.1 to a group of version HTTP2 or GRPC",
                "these clients, or the proxy before them, do not speak HTTP/2",
            ),
            Self::GrpcToHttp1 => (
                "grpc-to-http1-group",
                "gRPC to a group of version HTTP1",
                "the group, or the rule that chose it, is not the one for gRPC",
            ),
            Self::NotPostToGrpc => (
                "not-post-to-grpc-group",
                "HTTP/2 without POST to a group of version GRPC",
                "these are no gRPC calls: a browser, or a probe",
            ),
            Self::GroupUnknown => (
                "group-unknown",
                "the group's protocol version was not seen",
                "the protocol does not fit the group",
            ),
            Self::None => (
                "no-conflict-seen",
                "the log's type and the group's version agree",
                "the group may be another one now, or the type says less than the request did",
            ),
        }
    }
}
