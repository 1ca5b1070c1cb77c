//! One S3 object: its lines, counted as they come.

use std::collections::BTreeMap;

use super::{
    answers::{Answers, MAX_BUCKETS},
    divide::Divided,
    faults::{Faults, is_fault},
    format::{self, Line},
    lines::{Lines, Read},
    other_codes::{self, OtherCodes},
    targets::{Counts, Key, Targets},
};
use crate::evidence::{LoadBalancerType, Window, access_log::base_rates::SLOTS};

/// Answers this long before the window still tell how long a connection was idle in it.
const BEFORE_WINDOW_MICROS: i64 = 5 * 60 * 1_000_000;

/// Reads one object's decompressed bytes, in chunks of any size.
#[derive(Debug)]
pub struct ObjectReader {
    lines: Lines,
    rows: Rows,
}

/// What one object contributes.
#[derive(Debug)]
pub struct ObjectRows {
    pub(super) bytes: u64,
    pub(super) truncated: bool,
    pub(super) requests: u64,
    pub(super) unreadable: u64,
    /// Microseconds since the epoch.
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    pub(super) minutes: BTreeMap<i64, MinuteCounts>,
    pub(super) targets: BTreeMap<Key, Counts>,
    pub(super) divided: Divided,
    pub(super) faults: Faults,
    pub(super) other_codes: OtherCodes,
    pub(super) answers: Answers,
}

#[derive(Clone, Debug, Default)]
pub(super) struct MinuteCounts {
    pub(super) requests: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) made_by_target: u64,
}

#[derive(Debug)]
struct Rows {
    format: LoadBalancerType,
    node: Option<String>,
    /// Microseconds since the epoch, end exclusive.
    from: i64,
    to: i64,
    requests: u64,
    unreadable: u64,
    first: Option<i64>,
    last: Option<i64>,
    minutes: BTreeMap<i64, MinuteCounts>,
    /// The minute of the line before, counted apart: most lines follow one of the same minute.
    current: (i64, MinuteCounts),
    /// The part of the window that the current minute begins in.
    slot: usize,
    targets: Targets,
    divided: Divided,
    faults: Faults,
    other_codes: OtherCodes,
    answers: Answers,
}

impl ObjectReader {
    /// `node`: the load balancer node's address from the object's name, where it has one.
    pub fn new(format: LoadBalancerType, window: Window, node: Option<String>) -> Self {
        let from = window.from.timestamp_micros();
        Self {
            lines: Lines::default(),
            rows: Rows {
                format,
                node,
                from,
                to: window.to.timestamp_micros(),
                requests: 0,
                unreadable: 0,
                first: None,
                last: None,
                minutes: BTreeMap::new(),
                current: (i64::MIN, MinuteCounts::default()),
                slot: 0,
                targets: Targets::default(),
                divided: Divided::default(),
                faults: Faults::default(),
                other_codes: OtherCodes::default(),
                answers: Answers::new((from - BEFORE_WINDOW_MICROS).div_euclid(1_000), MAX_BUCKETS),
            },
        }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.lines.push(chunk, |read| self.rows.take(read));
    }

    pub fn finish(self) -> ObjectRows {
        let Self { lines, mut rows } = self;
        let (bytes, truncated) = (lines.bytes(), lines.truncated());
        lines.finish(|read| rows.take(read));
        rows.end_minute();
        rows.divided.name_targets(rows.targets.keys());
        ObjectRows {
            bytes,
            truncated,
            requests: rows.requests,
            unreadable: rows.unreadable,
            first: rows.first,
            last: rows.last,
            minutes: rows.minutes,
            targets: rows.targets.finish(&mut rows.answers),
            divided: rows.divided,
            faults: rows.faults,
            other_codes: rows.other_codes,
            answers: rows.answers,
        }
    }
}

impl ObjectRows {
    /// Whether bytes past [`MAX_OBJECT_BYTES`] were left unread: the log is then incomplete.
    ///
    /// [`MAX_OBJECT_BYTES`]: super::MAX_OBJECT_BYTES
    pub fn truncated(&self) -> bool {
        self.truncated
    }
}

impl Rows {
    fn take(&mut self, read: Read<'_>) {
        let Read::Line(raw) = read else {
            self.unreadable += 1;
            return;
        };
        let Some(line) = format::parse(self.format, raw) else {
            self.unreadable += 1;
            return;
        };
        if line.time >= self.to || line.time < self.from - BEFORE_WINDOW_MICROS {
            return;
        }
        self.remember_answer(&line);
        if line.time >= self.from {
            self.count(&line, raw);
        }
    }

    /// A finished exchange leaves its connection idle from then on. A web socket's does not.
    fn remember_answer(&mut self, line: &Line<'_>) {
        if line.target_status.is_none()
            || line.target == b"-"
            || line.target_status == Some(101)
            || matches!(line.kind, b"ws" | b"wss")
        {
            return;
        }
        let took = match self.format {
            LoadBalancerType::Application => 0,
            LoadBalancerType::Classic => [line.request_time, line.target_time, line.response_time]
                .into_iter()
                .flatten()
                .sum(),
        };
        let ended = line.time + i64::try_from(took).unwrap_or_default();
        let offset = ended.div_euclid(1_000) - (self.from - BEFORE_WINDOW_MICROS).div_euclid(1_000);
        if let Ok(offset) = u32::try_from(offset) {
            self.targets.answered(line, offset, &mut self.answers);
        }
    }

    fn count(&mut self, line: &Line<'_>, raw: &[u8]) {
        self.requests += 1;
        self.first = Some(self.first.map_or(line.time, |first| first.min(line.time)));
        self.last = Some(self.last.map_or(line.time, |last| last.max(line.time)));

        let minute = line.time.div_euclid(60_000_000);
        if self.current.0 != minute {
            self.end_minute();
            self.current.0 = minute;
            self.slot = slot(minute * 60_000_000, self.from, self.to);
        }
        let counts = &mut self.current.1;
        counts.requests += 1;
        if line.elb_status >= 400 {
            *counts.statuses.entry(line.elb_status).or_default() += 1;
        }
        if line.elb_status == 502 && line.target_status == Some(502) {
            counts.made_by_target += 1;
        }
        let target = self.targets.count(line);
        let node = self.node.as_deref();
        self.divided
            .count(self.format, line, raw, target, self.slot, node);
        if is_fault(line.elb_status) {
            let details = format::details(self.format, raw);
            self.faults.push(line, &details, raw, node);
        } else if other_codes::is_one(line.elb_status) {
            self.other_codes.count(self.format, line, raw);
        }
    }

    fn end_minute(&mut self) {
        let (minute, counts) = std::mem::take(&mut self.current);
        if counts.requests > 0 {
            self.minutes.entry(minute).or_default().add(counts);
        }
    }
}

/// Which of the window's equal parts a moment lies in; microseconds.
fn slot(at: i64, from: i64, to: i64) -> usize {
    let length = i128::from(to - from).max(1);
    let into = i128::from(at - from).clamp(0, length - 1);
    usize::try_from(into * SLOTS as i128 / length).unwrap_or_default()
}

impl MinuteCounts {
    pub(super) fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.made_by_target += more.made_by_target;
        for (status, count) in more.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }
}
