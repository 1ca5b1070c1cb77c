//! Which rows lie beside which lines, and what chance would make of it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::chance;
use crate::{
    case::{Case, shifted},
    evidence::{
        AppLog, Window,
        access_log::{FaultRow, Shape},
        app_log::AppLogLine,
    },
    restart_signs::{self, Meaning},
};

/// Rows from so many seconds before a line to so many after it are its own: the load balancer and the
/// server note times of their own, and a worker that ends takes a moment. First the narrow look, then
/// the wide. [I]
const BESIDE: [(i64, i64); 2] = [(1, 4), (5, 15)];

/// A Classic load balancer notes when the request came, which may be a while before. [I]
const BESIDE_ON_CLASSIC: [(i64, i64); 2] = [(10, 2), (30, 5)];

/// A port stays shut for so long after its process has ended, seconds. [I]
const SHUT_FOR: i64 = 60;

/// What begins follows what ended by so much at most, seconds. [I]
const BEGINS_WITHIN: i64 = 30;

/// A process that was told to stop so long before is one that somebody stopped, seconds: ECS gives 30
/// by default, 120 at most. [V] SDK
const TOLD_WITHIN: i64 = 120;

/// Rows further apart than this are bursts of their own, seconds. [I]
const BURST: i64 = 20;

/// Rows with the lines beside them.
pub(super) struct Ties<'a> {
    pub(super) rows: Vec<usize>,
    pub(super) lines: Vec<&'a AppLogLine>,
    pub(super) bursts: u64,
    pub(super) tied_bursts: u64,
    /// How probable it is that chance alone does as much, in ten thousandths.
    pub(super) chance: u32,
    /// Every line is of the stream of its row's own target.
    pub(super) by_stream: bool,
    /// No line speaks of an end, only of beginnings.
    pub(super) only_starts: bool,
}

impl<'a> Ties<'a> {
    /// The lines of ends, or where none is beside a row, those of beginnings.
    pub(super) fn of(case: &Case<'a>, log: &'a AppLog, candidates: &[usize]) -> Self {
        let marks = marks(case, log);
        let ends = |mark: &&Mark<'_>| matches!(mark.meaning, Meaning::Ended | Meaning::Recycled);
        let of_ends: Vec<&Mark<'a>> = marks.iter().filter(ends).collect();
        let looks = if case.is_classic() {
            BESIDE_ON_CLASSIC
        } else {
            BESIDE
        };
        let best = looks
            .iter()
            .map(|(before, after)| Self::by(case, &of_ends, candidates, *before, *after))
            .min_by_key(|ties| ties.chance);
        let wide = looks.last().map_or((0, 0), |look| *look);
        let mut ties = Self::by(case, &of_ends, candidates, wide.0, wide.1);
        ties.chance = best.map_or(ties.chance, |best| best.chance);
        if !ties.rows.is_empty() {
            return ties;
        }
        let of_starts: Vec<&Mark<'a>> = marks
            .iter()
            .filter(|mark| mark.meaning == Meaning::Started)
            .collect();
        let mut ties = Self::by(case, &of_starts, candidates, BEGINS_WITHIN, 2);
        ties.only_starts = true;
        ties
    }

    /// Rows from `before` seconds before a line to `after` seconds after it.
    fn by(
        case: &Case<'a>,
        marks: &[&Mark<'a>],
        candidates: &[usize],
        before: i64,
        after: i64,
    ) -> Self {
        let rows = case.rows();
        let mut tied: BTreeSet<usize> = BTreeSet::new();
        // Those of them that the test rests on: a shut port only makes a burst longer.
        let mut core: BTreeSet<usize> = BTreeSet::new();
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for place in candidates {
            let row = &rows[*place];
            let reach = if row.shape() == Shape::NotConnected && !case.is_classic() {
                after.max(SHUT_FOR)
            } else {
                after
            };
            for (number, mark) in marks.iter().enumerate() {
                if mark.may_be_of(row) && mark.covers(row.time, before, reach) {
                    tied.insert(*place);
                    used.insert(number);
                    if mark.covers(row.time, before, after) {
                        core.insert(*place);
                    }
                }
            }
        }
        let by_stream = !used.is_empty() && used.iter().all(|n| marks[*n].hosts.is_some());
        let mut share = covered(marks, case.evidence.window, before, after);
        if by_stream {
            // The line would have to be of the right one of so many targets as well.
            let targets = case.targets().len().max(1);
            share /= targets as f64;
        }
        let (bursts, tied_bursts) = bursts(case, candidates, &core);
        Self {
            chance: chance::of(tied_bursts, bursts, share),
            rows: tied.into_iter().collect(),
            lines: used.iter().map(|n| marks[*n].line).collect(),
            bursts,
            tied_bursts,
            by_stream,
            only_starts: false,
        }
    }
}

/// A line that means something, and whose it is.
struct Mark<'a> {
    line: &'a AppLogLine,
    meaning: Meaning,
    /// The hosts of the target that its stream names; `None` where it names none that is known.
    hosts: Option<BTreeSet<String>>,
}

impl Mark<'_> {
    fn may_be_of(&self, row: &FaultRow) -> bool {
        let Some(hosts) = &self.hosts else {
            return true;
        };
        row.target
            .as_deref()
            .is_none_or(|address| hosts.contains(host(address)))
    }

    fn covers(&self, at: DateTime<Utc>, before: i64, after: i64) -> bool {
        shifted(self.line.at, TimeDelta::seconds(-before)) <= at
            && at <= shifted(self.line.at, TimeDelta::seconds(after))
    }
}

/// The log's lines, but for those of a process that somebody had told to stop.
fn marks<'a>(case: &Case<'_>, log: &'a AppLog) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark<'a>> = Vec::new();
    let mut told: Vec<&AppLogLine> = Vec::new();
    for line in &log.lines {
        match restart_signs::of(&line.message).map(|sign| sign.meaning) {
            Some(Meaning::Told) => told.push(line),
            Some(meaning @ (Meaning::Ended | Meaning::Recycled | Meaning::Started)) => {
                marks.push(Mark {
                    line,
                    meaning,
                    hosts: hosts(case, &line.stream),
                });
            }
            Some(Meaning::Other) | None => {}
        }
    }
    marks.retain(|mark| {
        !told.iter().any(|told| {
            let since = mark.line.at.signed_duration_since(told.at).num_seconds();
            told.group == mark.line.group
                && told.stream == mark.line.stream
                && (0..=TOLD_WITHIN).contains(&since)
        })
    });
    marks
}

/// The hosts of the target that a stream names: by instance id, by address, or by the id of a task
/// that has stopped.
fn hosts(case: &Case<'_>, stream: &str) -> Option<BTreeSet<String>> {
    let mut hosts = BTreeSet::new();
    for target in case.targets() {
        let of_target: Vec<&str> = target.addresses.iter().map(|a| host(a)).collect();
        let named = std::iter::once(target.health.id.as_str())
            .chain(of_target.iter().copied())
            .any(|name| names(stream, name));
        if named {
            hosts.extend(of_target.into_iter().map(str::to_owned));
        }
    }
    for task in case
        .evidence
        .ecs
        .seen()
        .into_iter()
        .flat_map(|ecs| &ecs.stopped_tasks)
    {
        let id = task.arn.rsplit('/').next().unwrap_or_default();
        if names(stream, id) {
            hosts.extend(task.ip.iter().cloned());
        }
    }
    (!hosts.is_empty()).then_some(hosts)
}

/// Whether the stream holds the name as a word of its own: `10.0.1.1` is not in `web/10.0.1.14`. Host
/// names write an address with dashes (`ip-10-0-1-14`).
fn names(stream: &str, name: &str) -> bool {
    let holds = |name: &str| {
        stream.match_indices(name).any(|(at, found)| {
            let before = stream[..at].chars().next_back();
            let after = stream[at + found.len()..].chars().next();
            let ends = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
            ends(before) && ends(after)
        })
    };
    name.len() >= 3 && (holds(name) || (name.contains('.') && holds(&name.replace('.', "-"))))
}

/// `10.0.1.1` of `10.0.1.1:8080`, `fd00::1` of `[fd00::1]:8080`.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// How much of the window lies beside a line.
fn covered(marks: &[&Mark<'_>], window: Window, before: i64, after: i64) -> f64 {
    let length = window.to.signed_duration_since(window.from).num_seconds();
    let mut spans: Vec<(i64, i64)> = marks
        .iter()
        .map(|mark| {
            let at = mark.line.at.timestamp();
            let from = at.saturating_sub(before).max(window.from.timestamp());
            let to = at.saturating_add(after).min(window.to.timestamp());
            (from, to)
        })
        .filter(|(from, to)| from < to)
        .collect();
    spans.sort_unstable();
    let (mut sum, mut end) = (0_i64, i64::MIN);
    for (from, to) in spans {
        let from = from.max(end);
        if to > from {
            sum = sum.saturating_add(to - from);
            end = to;
        }
    }
    if length <= 0 {
        return 1.0;
    }
    sum as f64 / length as f64
}

/// How many bursts the rows come in, and how many of those hold a tied row.
fn bursts(case: &Case<'_>, candidates: &[usize], tied: &BTreeSet<usize>) -> (u64, u64) {
    let mut times: Vec<(DateTime<Utc>, bool)> = candidates
        .iter()
        .map(|place| (case.rows()[*place].time, tied.contains(place)))
        .collect();
    times.sort_unstable();
    let (mut all, mut with) = (0, 0);
    let mut last: Option<DateTime<Utc>> = None;
    let mut counted = false;
    for (at, is_tied) in times {
        let new = last.is_none_or(|last| at.signed_duration_since(last).num_seconds() > BURST);
        if new {
            all += 1;
            counted = false;
        }
        if is_tied && !counted {
            with += 1;
            counted = true;
        }
        last = Some(at);
    }
    (all, with)
}
