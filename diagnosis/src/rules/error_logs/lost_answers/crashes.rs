//! Whether a route's lost answers are crashes of the process behind it: then other requests of the same
//! target break in the same seconds, or it refuses connections while it restarts, or its log tells of a
//! restart. One process of several takes little with it, so a few of many say it already, where chance
//! would hardly lay them so.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lost, TOGETHER};
use crate::{
    access_log::route_of,
    case::{Case, bounded},
    evidence::access_log::Shape,
    restart_signs::{self, Meaning},
    what_changed::chance,
    words,
};

/// A process that restarts refuses connections for so long, milliseconds. [I]
const SHUT_FOR: i64 = 30_000;

/// So rarely chance alone would lay as many beside other signs of a crash. [I]
const RARE: f64 = 0.01;

/// What tells of crashes, in words; `None` where nothing does.
pub(in super::super) fn signs(case: &Case<'_>, rows: &[&Lost]) -> Option<String> {
    with_others(case, rows).or_else(|| beside_lines(case, rows))
}

/// Milliseconds, both ends included.
type Span = (i64, i64);

fn with_others(case: &Case<'_>, rows: &[&Lost]) -> Option<String> {
    let routes: BTreeSet<&str> = rows.iter().map(|lost| lost.route.as_str()).collect();
    let targets = super::targets(case, rows);
    let near = TOGETHER.num_milliseconds();
    let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for row in case.rows() {
        let Some(target) = row.target.as_deref().filter(|one| targets.contains(one)) else {
            continue;
        };
        if !matches!(row.elb_status_code, 502 | 504) || row.target_status_code.is_some() {
            continue;
        }
        let at = row.time.timestamp_millis();
        let is_shut = row.shape() == Shape::NotConnected;
        // A merged row tells neither its route nor its second.
        let is_another =
            route_of(row).is_some_and(|route| !routes.contains(route.as_str())) && row.count == 1;
        let before = match (is_shut, is_another) {
            (true, _) => SHUT_FOR,
            (false, true) => near,
            (false, false) => continue,
        };
        let span = (at.saturating_sub(before), at.saturating_add(near));
        spans.entry(target).or_default().push(span);
    }
    for spans in spans.values_mut() {
        *spans = joined(std::mem::take(spans));
    }
    let of = |lost: &Lost| {
        let target = case.rows()[lost.place].target.as_deref()?;
        spans.get(target).map(Vec::as_slice)
    };
    let hits = hits(case, rows, of);
    let share = rows.iter().map(|lost| covered(case, of(lost))).sum::<f64>() / rows.len() as f64;
    is_rare(hits, rows, share).then(|| {
        format!(
            "{} of {} broke within seconds of other failures of the same target",
            words::thousands(hits),
            words::thousands(rows.len() as u64)
        )
    })
}

fn beside_lines(case: &Case<'_>, rows: &[&Lost]) -> Option<String> {
    let near = TOGETHER.num_milliseconds();
    let lines = case.evidence.app_log.seen()?.lines.iter();
    let spans = lines
        .filter(|line| {
            let meaning = restart_signs::of(&line.message).map(|sign| sign.meaning);
            matches!(meaning, Some(Meaning::Ended | Meaning::Started))
        })
        .map(|line| line.at.timestamp_millis())
        .map(|at| (at.saturating_sub(near), at.saturating_add(near)));
    let spans = joined(spans.collect());
    let hits = hits(case, rows, |_| Some(&spans));
    is_rare(hits, rows, covered(case, Some(&spans))).then(|| {
        format!(
            "{} of {} broke within seconds of a line of the application's log that tells of a restart",
            words::thousands(hits),
            words::thousands(rows.len() as u64)
        )
    })
}

fn hits<'a>(case: &Case<'_>, rows: &[&Lost], spans: impl Fn(&Lost) -> Option<&'a [Span]>) -> u64 {
    let is_hit = |lost: &&&Lost| {
        let row = &case.rows()[lost.place];
        let at = row.time.timestamp_millis();
        // Where the answer's head came, the target had not hung up.
        row.shape() != Shape::Answered
            && spans(lost).is_some_and(|spans| {
                let after = spans.partition_point(|(from, _)| *from <= at);
                after > 0 && spans.get(after - 1).is_some_and(|(_, to)| at <= *to)
            })
    };
    rows.iter().filter(is_hit).count() as u64
}

fn is_rare(hits: u64, rows: &[&Lost], share: f64) -> bool {
    hits > 0 && chance::at_least_of(hits, rows.len() as u64, share) <= RARE
}

/// In order, and those that touch made one.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// What part of the window the spans cover.
fn covered(case: &Case<'_>, spans: Option<&[Span]>) -> f64 {
    let window = case.evidence.window;
    let (from, to) = (window.from.timestamp_millis(), window.to.timestamp_millis());
    let inside = spans.unwrap_or_default().iter().fold(0, |sum, span| {
        let length = span.1.min(to).saturating_sub(span.0.max(from));
        bounded(sum + u64::try_from(length).unwrap_or(0))
    });
    let all = u64::try_from(to.saturating_sub(from)).unwrap_or(0).max(1);
    (inside as f64 / all as f64).min(1.0)
}
