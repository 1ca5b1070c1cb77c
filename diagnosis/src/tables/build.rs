//! A table as it is put together: rows with how bad they are, and what to say of the rest.

use chrono::{DateTime, Utc};

use super::{Cell, Column, ROWS_SHOWN, Table, Tone};
use crate::{case::Case, need::Need, observed::Observed, words};

/// Characters of one cell; the whole text stands in the observation.
const CELL_CHARS: usize = 300;

pub(super) struct Builder {
    table: Table,
    /// Worse rows come first; of equal ones, in the order in which they were added.
    rows: Vec<(Tone, Vec<Cell>)>,
    notes: Vec<String>,
}

impl Builder {
    /// Columns whose title ends in `#` hold numbers.
    pub(super) fn new(id: &str, title: &str, columns: &[&str]) -> Self {
        Self {
            table: Table {
                id: id.to_owned(),
                title: title.to_owned(),
                columns: columns
                    .iter()
                    .map(|column| Column {
                        title: column.trim_end_matches('#').to_owned(),
                        numeric: column.ends_with('#'),
                    })
                    .collect(),
                ..Table::default()
            },
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A row; its worst cell decides its place.
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        let worst = cells
            .iter()
            .map(|cell| cell.tone)
            .max_by_key(|tone| badness(*tone))
            .unwrap_or_default();
        self.rows.push((worst, cells));
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Says what of these was not seen, and cites where they come from.
    pub(super) fn from(&mut self, case: &Case<'_>, needs: &[Need]) {
        for missing in case.missing(needs) {
            self.notes.push(format!("Not seen: {missing}."));
        }
        self.table.cites.extend(case.sources(needs));
    }

    /// In the order in which the rows were added, faults or not.
    pub(super) fn in_order(self) -> Table {
        self.finish(false)
    }

    /// Faults first.
    pub(super) fn worst_first(self) -> Table {
        self.finish(true)
    }

    fn finish(mut self, worst_first: bool) -> Table {
        if worst_first {
            self.rows
                .sort_by_key(|(tone, _)| std::cmp::Reverse(badness(*tone)));
        }
        self.table.rows_total = self.rows.len() as u64;
        if self.rows.len() > ROWS_SHOWN {
            self.notes.push(format!(
                "The first {ROWS_SHOWN} of {} rows.",
                words::thousands(self.table.rows_total)
            ));
        }
        self.table.rows = self
            .rows
            .into_iter()
            .take(ROWS_SHOWN)
            .map(|(_, cells)| cells)
            .collect();
        self.notes.dedup();
        let left_out = self.notes.len().saturating_sub(6);
        self.notes.truncate(6);
        if left_out > 0 {
            self.notes.push(format!("And {left_out} more remarks."));
        }
        self.table.note = self.notes.join(" ");
        self.table.cites.sort_unstable();
        self.table.cites.dedup();
        self.table
    }
}

fn badness(tone: Tone) -> u8 {
    match tone {
        Tone::Plain | Tone::Good => 0,
        Tone::Warn => 1,
        Tone::Bad => 2,
    }
}

pub(super) fn was_asked<T>(observed: &Observed<T>) -> bool {
    !matches!(observed, Observed::NotAsked)
}

pub(super) fn cell(text: impl Into<String>) -> Cell {
    toned(text, Tone::Plain)
}

pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Cell {
    let mut text: String = text.into();
    if let Some((end, _)) = text.char_indices().nth(CELL_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    Cell { text, tone }
}

pub(super) fn count(n: u64) -> Cell {
    cell(words::thousands(n))
}

/// A count that should be zero.
pub(super) fn bad_count(n: u64) -> Cell {
    toned(
        words::thousands(n),
        if n > 0 { Tone::Bad } else { Tone::Plain },
    )
}

/// A count that is better zero.
pub(super) fn odd_count(n: u64) -> Cell {
    toned(
        words::thousands(n),
        if n > 0 { Tone::Warn } else { Tone::Plain },
    )
}

pub(super) fn or_dash(text: Option<&str>) -> Cell {
    cell(text.unwrap_or("–"))
}

/// Milliseconds tell two rows of one second apart.
pub(super) fn time(at: DateTime<Utc>) -> Cell {
    cell(at.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

/// `app/shop/50dc6c495c0c9188` of an ARN.
pub(super) fn short(arn: &str) -> &str {
    arn.rsplit_once(':').map_or(arn, |(_, rest)| rest)
}
