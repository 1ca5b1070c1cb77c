//! Evidence as tables for people: what each step saw, the same on the page and in the terminal.

use serde::{Deserialize, Serialize};

use crate::{case::Case, evidence::Evidence, step::Step};

mod build;
mod changes;
mod error_logs;
mod load;
mod network;
mod target_health;
mod timeouts;
mod tls;

/// One table of a step. All text is untrusted (names and tags come from AWS).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Table {
    /// Unique within the step, kebab-case: `targets`.
    pub id: String,
    pub title: String,
    pub columns: Vec<Column>,
    /// The first rows (at most [`ROWS_SHOWN`]), those with a fault first.
    pub rows: Vec<Vec<Cell>>,
    pub rows_total: u64,
    /// One line under the title: where it comes from, what is left out.
    pub note: String,
    /// The observations that it was made from.
    pub cites: Vec<u32>,
}

pub const ROWS_SHOWN: usize = 200;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Column {
    pub title: String,
    pub numeric: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cell {
    pub text: String,
    #[serde(default, skip_serializing_if = "Tone::is_plain")]
    pub tone: Tone,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// The tables of one step; empty when nothing was seen yet. What was denied or failed is a table
/// without rows whose note says so: never one that looks as if there were nothing.
pub fn tables(evidence: &Evidence, step: Step) -> Vec<Table> {
    let case = Case::new(evidence);
    match step {
        Step::TargetHealth => target_health::tables(&case),
        Step::ErrorLogs => error_logs::tables(&case),
        Step::Network => network::tables(&case),
        Step::Load => load::tables(&case),
        Step::Tls => tls::tables(&case),
        Step::Timeouts => timeouts::tables(&case),
    }
}

#[cfg(test)]
mod tests;
