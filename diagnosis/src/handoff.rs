//! The handoff note: what the next person needs, written from the record.
//!
//! It follows the order in which people hand over at sea and in hospitals: **Conditions** (how things stand and
//! what is known), **Actions** (what was done, and by whom), **Needs** (what the next person has to do). lb502 writes
//! what it can prove; the person adds a judgement and the next check. [`markdown`] and [`slack`] turn it into text
//! that can be pasted; neither lets text from AWS or people become markup.

mod actions;
mod conditions;
mod markdown;
mod needs;
mod slack;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::{Event, Investigation};
pub use markdown::markdown;
pub use slack::{slack, slack_text};

/// What a note is written from.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub investigation: &'a Investigation,
    /// The timeline, oldest first.
    pub events: &'a [Event],
    pub added: &'a Added,
    /// When it is written: the note says so, and nothing in it is younger.
    pub at: DateTime<Utc>,
}

/// What a person adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Added {
    /// A person or a role, one line of at most 100 characters; empty for nobody yet.
    pub to: String,
    /// What they make of it, at most 4,000 characters.
    pub judgement: String,
    /// What to look at next, at most 500 characters.
    pub next_check: String,
    /// When to look at it.
    pub next_check_at: Option<DateTime<Utc>>,
}

/// The note. All text is plain; lines are free of line breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoffNote {
    pub title: String,
    pub written_at: DateTime<Utc>,
    /// A person or a role; empty for nobody yet.
    pub to: String,
    /// How things stand and what is known.
    pub conditions: Vec<Section>,
    /// What was done, and by whom.
    pub actions: Vec<Section>,
    /// What the next person has to do.
    pub needs: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Section {
    pub heading: String,
    pub lines: Vec<String>,
}

/// Writes the note. The same record gives the same note.
pub fn write(record: &Record<'_>) -> HandoffNote {
    HandoffNote {
        title: line(&record.investigation.title),
        written_at: record.at,
        to: line(&record.added.to),
        conditions: conditions::sections(record.investigation),
        actions: actions::sections(record),
        needs: needs::sections(record),
    }
}

impl HandoffNote {
    /// The three parts with their headings, in order.
    pub fn parts(&self) -> [(&'static str, &[Section]); 3] {
        [
            ("Conditions", &self.conditions),
            ("Actions", &self.actions),
            ("Needs", &self.needs),
        ]
    }
}

impl Section {
    /// `None` where there is nothing to say: an empty heading only costs time.
    fn of(heading: &str, lines: Vec<String>) -> Option<Self> {
        (!lines.is_empty()).then(|| Self {
            heading: heading.to_owned(),
            lines: lines.iter().map(|text| line(text)).collect(),
        })
    }
}

/// `2026-11-22 10:02 UTC`
fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Characters of one line; what people wrote may be longer, and stands whole in the investigation.
const LINE_MAX: usize = 600;

/// One line, cut where it is too long, and free of everything that is no text.
fn line(text: &str) -> String {
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !word.is_empty() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.extend(word.chars().filter(|c| !turns_text(*c)));
        }
    }
    match words.char_indices().nth(LINE_MAX) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None => words,
    }
}

/// Whether it makes text run the other way: a note that reads otherwise than it is written is a trap.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `most` of them, and a line that says how many are left out.
fn at_most(most: usize, lines: Vec<String>, left_out: impl Fn(usize) -> String) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    let mut kept: Vec<String> = lines.into_iter().take(most).collect();
    if more > 0 {
        kept.push(left_out(more));
    }
    kept
}
