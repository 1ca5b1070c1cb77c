//! What was done: what AWS recorded, and what people did in the investigation.

use super::{Record, Section, at_most, moment};
use crate::{
    api::{Event, EventKind, FieldChange, RunState},
    what_changed::DatedChange,
};

const CHANGES_NAMED: usize = 12;
/// The newest are told: the older ones are in the timeline, and mostly in the findings.
const DEEDS_NAMED: usize = 40;

pub(super) fn sections(record: &Record<'_>) -> Vec<Section> {
    [
        Section::of("What was changed in AWS, and when", changed(record)),
        Section::of("What people did here", deeds(record)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Suspects first: the errors followed them.
fn changed(record: &Record<'_>) -> Vec<String> {
    let changes = &record.investigation.diagnosis.changes;
    let (suspects, others): (Vec<&DatedChange>, Vec<_>) =
        changes.iter().partition(|change| change.suspect.is_some());
    let all = suspects.into_iter().chain(others);
    at_most(CHANGES_NAMED, all.map(change).collect(), |more| {
        format!("{more} more changes; the page lists them.")
    })
}

fn change(change: &DatedChange) -> String {
    let refused = match &change.refused {
        Some(code) => format!(" AWS refused it ({code})."),
        None => String::new(),
    };
    let suspect = match &change.suspect {
        Some(suspect) => format!(" Suspect: {}", suspect.in_words),
        None => String::new(),
    };
    format!(
        "{} {}{refused}{suspect}",
        moment(change.at),
        change.in_words
    )
}

fn deeds(record: &Record<'_>) -> Vec<String> {
    let told: Vec<String> = record.events.iter().filter_map(deed).collect();
    let older = told.len().saturating_sub(DEEDS_NAMED);
    let mut lines = Vec::new();
    if older > 0 {
        lines.push(format!("{older} older entries are in the timeline."));
    }
    lines.extend(told.into_iter().skip(older));
    lines
}

/// `None` for what is no deed: the progress of a run.
fn deed(event: &Event) -> Option<String> {
    let what = match &event.kind {
        EventKind::RunEnded { run, findings, .. } => {
            let first = findings.first();
            let first = first.map_or_else(String::new, |first| {
                format!("; first finding: {}", first.title.trim_end_matches('.'))
            });
            format!("Run {} {}{first}.", run.n, state_of(run.state))
        }
        EventKind::NoteAdded { note } => {
            let author = note.author.as_deref().or(event.person.as_deref());
            return Some(format!(
                "{} {} noted: {}",
                moment(event.at),
                author.unwrap_or("Somebody"),
                note.text
            ));
        }
        EventKind::HandoffSent { n, to } => format!("Handed over to {to} (note {n})."),
        EventKind::HandoffAccepted { n } => {
            let who = event.person.as_deref().unwrap_or("Somebody");
            return Some(format!("{} {who} took over (note {n}).", moment(event.at)));
        }
        EventKind::InvestigationChanged { changes, .. } if !changes.is_empty() => {
            let changes: Vec<String> = changes.iter().map(field).collect();
            format!("Changed {}.", changes.join("; "))
        }
        _ => return None,
    };
    let who = event.person.as_deref();
    let who = who.map_or_else(String::new, |who| format!(" ({who})"));
    Some(format!("{} {what}{who}", moment(event.at)))
}

fn field(change: &FieldChange) -> String {
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "{} from {} to {}",
        change.field,
        said(&change.from),
        said(&change.to)
    )
}

pub(super) fn state_of(state: RunState) -> &'static str {
    match state {
        RunState::Running => "still running",
        RunState::Done => "done",
        RunState::Cancelled => "cancelled",
        RunState::Interrupted => "interrupted",
        RunState::Failed => "failed to begin",
    }
}
