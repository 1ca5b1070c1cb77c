//! The rows of faults: each kept whole up to a cap, past it merged with its like.
//!
//! Which rows are kept whole depends on the rows alone, not on the order in which they came: 502s
//! first, then 504s, then the others, each in order of time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;

use super::{
    answers::Answers,
    format::{Details, Line, method_and_url, without_port},
};
use crate::evidence::access_log::{FaultRow, ROWS_KEPT, Shape};

/// Rows that keep the line as logged.
const RAW_KEPT: usize = 300;
const RAW_CHARS: usize = 2_000;
/// Of a path or a user agent.
const TEXT_CHARS: usize = 300;
/// Of any other text of a row.
const WORD_CHARS: usize = 200;

/// Merged rows; when there are more, coarser likeness is enough.
const MERGED_KEPT: usize = ROWS_KEPT;
/// Minutes that one merged row spans, by level; the last two levels give up the error reason and
/// the target as well.
const MINUTES: [i64; 6] = [1, 10, 60, 1_440, 1_440, 1_440];

/// Whether a row of this status is kept.
pub(super) fn is_fault(elb_status: u16) -> bool {
    matches!(elb_status, 460 | 463 | 464 | 500 | 502 | 503 | 504 | 561)
}

/// Which row is kept before which; the last part is a hash of the line, so that two rows of one
/// microsecond have an order of their own.
type Rank = (u8, i64, u64);

#[derive(Clone, Debug)]
struct Kept {
    rank: Rank,
    /// When the request was sent to the target, microseconds since the epoch.
    sent: i64,
    row: FaultRow,
}

/// What merged rows have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    slot: i64,
    target: Option<String>,
    target_group_arn: Option<String>,
    elb_status_code: u16,
    target_status_code: Option<u16>,
    shape: Shape,
    error_reason: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    kept: Vec<Kept>,
    raw: BTreeSet<(Rank, String)>,
    merged: BTreeMap<Likeness, Kept>,
    level: usize,
}

impl Faults {
    pub(super) fn push(
        &mut self,
        line: &Line<'_>,
        details: &Details<'_>,
        raw: &[u8],
        node: Option<&str>,
    ) {
        let class = match line.elb_status {
            502 => 0,
            504 => 1,
            _ => 2,
        };
        let rank = (class, line.time, hash(raw));
        if self.raw.len() < RAW_KEPT || self.raw.last().is_some_and(|(last, _)| rank < *last) {
            self.raw.insert((rank, text(raw, RAW_CHARS)));
            if self.raw.len() > RAW_KEPT {
                self.raw.pop_last();
            }
        }
        self.kept.push(Kept {
            rank,
            sent: sent(line, details),
            row: row(line, details, node),
        });
        if self.kept.len() >= 2 * ROWS_KEPT {
            self.trim();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.raw.extend(other.raw);
        while self.raw.len() > RAW_KEPT {
            self.raw.pop_last();
        }
        self.kept.extend(other.kept);
        if other.level > self.level {
            self.level = other.level;
            self.coarsen();
        }
        for (_, merged) in other.merged {
            self.merge_row(merged);
        }
        self.trim();
    }

    /// Leaves the first [`ROWS_KEPT`] rows whole and merges the rest.
    fn trim(&mut self) {
        if self.kept.len() > ROWS_KEPT {
            self.kept.sort_unstable_by_key(|kept| kept.rank);
            for kept in self.kept.split_off(ROWS_KEPT) {
                self.merge_row(kept);
            }
        }
        while self.merged.len() > MERGED_KEPT && self.level + 1 < MINUTES.len() {
            self.level += 1;
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        for (_, merged) in std::mem::take(&mut self.merged) {
            self.merge_row(merged);
        }
    }

    fn merge_row(&mut self, kept: Kept) {
        let likeness = likeness(&kept.row, self.level);
        match self.merged.get_mut(&likeness) {
            None => {
                self.merged
                    .insert(likeness, without_own_fields(kept, self.level));
            }
            Some(like) => {
                let count = like.row.count + kept.row.count;
                if kept.rank < like.rank {
                    *like = without_own_fields(kept, self.level);
                }
                like.row.count = count;
            }
        }
    }

    /// The rows in order of time.
    pub(super) fn finish(mut self, answers: &Answers) -> Vec<FaultRow> {
        self.trim();
        let mut rows = self.kept;
        rows.extend(self.merged.into_values());
        rows.sort_unstable_by_key(|kept| (kept.rank.1, kept.rank.2));
        let raw: BTreeMap<Rank, String> = self.raw.into_iter().collect();
        rows.into_iter()
            .map(
                |Kept {
                     rank,
                     sent,
                     mut row,
                 }| {
                    if let Some(target) = &row.target {
                        let before = answers.before(target.as_bytes(), sent.div_euclid(1_000));
                        row.idle_ms = before.idle_ms;
                        row.answered_before = before.answered;
                    }
                    if row.count == 1 {
                        row.raw = raw.get(&rank).cloned();
                    }
                    row
                },
            )
            .collect()
    }
}

fn likeness(row: &FaultRow, level: usize) -> Likeness {
    Likeness {
        slot: row
            .time
            .timestamp()
            .div_euclid(60 * MINUTES[level.min(MINUTES.len() - 1)]),
        target: row.target.clone().filter(|_| level < 5),
        target_group_arn: row.target_group_arn.clone().filter(|_| level < 5),
        elb_status_code: row.elb_status_code,
        target_status_code: row.target_status_code,
        shape: row.shape(),
        error_reason: row.error_reason.clone().filter(|_| level < 4),
    }
}

/// A merged row speaks for several requests: what was one request's own is left out of it.
fn without_own_fields(mut kept: Kept, level: usize) -> Kept {
    let row = &mut kept.row;
    for own in [
        &mut row.client,
        &mut row.method,
        &mut row.url,
        &mut row.user_agent,
    ] {
        own.clear();
    }
    row.request_creation_time = None;
    row.received_bytes = 0;
    row.sent_bytes = 0;
    if level >= 4 {
        row.error_reason = None;
    }
    if level >= 5 {
        row.target = None;
        row.target_group_arn = None;
    }
    kept
}

fn row(line: &Line<'_>, details: &Details<'_>, node: Option<&str>) -> FaultRow {
    let (method, url) = method_and_url(line.request);
    let word = |field: &[u8]| text(field, WORD_CHARS);
    let given = |field: &[u8]| (field != b"-").then(|| word(field));
    FaultRow {
        count: 1,
        time: DateTime::from_timestamp_micros(line.time).unwrap_or_default(),
        request_creation_time: details
            .request_creation_time
            .and_then(DateTime::from_timestamp_micros),
        kind: word(line.kind),
        node: details
            .node
            .and_then(|node| std::str::from_utf8(node).ok())
            .filter(|node| node.parse::<std::net::IpAddr>().is_ok())
            .or(node)
            .map(str::to_owned),
        client: word(without_port(line.client)),
        target: given(line.target),
        target_group_arn: given(line.target_group_arn),
        request_processing_time: line.request_time.map(to_seconds),
        target_processing_time: line.target_time.map(to_seconds),
        response_processing_time: line.response_time.map(to_seconds),
        elb_status_code: line.elb_status,
        target_status_code: line.target_status,
        received_bytes: line.received_bytes,
        sent_bytes: line.sent_bytes,
        method: word(method),
        url: text(url, TEXT_CHARS),
        user_agent: text(line.user_agent, TEXT_CHARS),
        matched_rule_priority: details.matched_rule_priority.map(word),
        actions_executed: details.actions_executed.map(word).unwrap_or_default(),
        error_reason: details.error_reason.map(word),
        classification: details.classification.map(word),
        idle_ms: None,
        answered_before: 0,
        raw: None,
    }
}

/// When the request was sent to its target, microseconds since the epoch.
///
/// Application: `request_creation_time` + request_processing_time, both noted by the node itself.
/// Where the creation time is missing or does not fit (it must not lie after `time`), the answer's
/// `time` minus what the target and the answer took. Classic notes the time of arrival, so
/// `time` + request_processing_time. A request that never reached a target (-1) counts from its
/// arrival.
fn sent(line: &Line<'_>, details: &Details<'_>) -> i64 {
    let took = |time: Option<u64>| i64::try_from(time.unwrap_or_default()).unwrap_or_default();
    if line.kind.is_empty() {
        return line.time + took(line.request_time);
    }
    if let Some(created) = details.request_creation_time {
        let sent = created + took(line.request_time);
        if sent <= line.time {
            return sent;
        }
    }
    line.time - took(line.target_time) - took(line.response_time)
}

fn to_seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

fn text(bytes: &[u8], chars: usize) -> String {
    // A character is at most four bytes: no need to decode what is cut off anyway.
    let near = &bytes[..bytes.len().min(chars * 4)];
    String::from_utf8_lossy(near).chars().take(chars).collect()
}

/// FNV-1a: the same on every machine and in every build, which the order of rows must be.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
