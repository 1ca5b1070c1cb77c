//! What changed near the window, laid against the 502s.
//!
//! Everything that CloudTrail, ECS, Auto Scaling and the counts of healthy targets say of the window and
//! the hour before it, in order of time. A change is a **suspect** when the 502s step up within minutes
//! after it. The test is in [`suspects`]: the exact test of two Poisson rates (binomial), corrected for
//! the number of changes that were tested, together with a change point (maximum likelihood) that has to
//! lie after the change. A suspect is no cause: it says when to look, a rule's finding says why.

pub(crate) mod chance;
pub(crate) mod departures;
pub(crate) mod disturbances;
mod errors;
mod events;
pub(crate) mod hosts;
pub(crate) mod known;
mod own;
mod suspects;
mod tasks;
pub(crate) mod tie;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{case::Case, document::Finding, words};

/// One change, in the diagnosis document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DatedChange {
    pub at: DateTime<Utc>,
    pub source: ChangeSource,
    /// CloudTrail's event name, or what happened in a few words.
    pub name: String,
    /// User, role session or service that did it.
    pub who: String,
    /// Ids, ARNs and addresses that it names; at most 20.
    pub resources: Vec<String>,
    /// One line for people.
    pub in_words: String,
    /// The error code where AWS refused it: then it changed nothing.
    pub refused: Option<String>,
    /// The errors stepped up after it.
    pub suspect: Option<Suspect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeSource {
    CloudTrail,
    AutoScaling,
    /// A service's event or a task that stopped.
    Ecs,
    /// CloudWatch's count of healthy targets went up or down.
    TargetHealth,
}

/// How the errors followed a change. They are 502s, or, in a window without any, 503s and 504s (on
/// Classic 502s and 504s); where the change names targets or groups, those on these alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suspect {
    /// From the change to the first error of the run that followed; 0 where they fall together.
    pub seconds_to_first_error: u64,
    pub first_error_at: DateTime<Utc>,
    /// Errors a minute before the change (up to 30 minutes) and from the first error on.
    pub errors_per_minute_before: f64,
    pub errors_per_minute_after: f64,
    /// How many minutes the second number is taken from.
    pub minutes_after: u64,
    pub in_words: String,
}

/// So many changes stand in the document: suspects first, then those nearest to the errors.
const CHANGES_KEPT: usize = 300;
const RESOURCES_KEPT: usize = 20;

/// What is told of all changes.
#[derive(Clone, Debug)]
pub struct Changes {
    /// In order of time.
    pub told: Vec<DatedChange>,
    /// How many more there were: no suspects, and further from the errors.
    pub left_out: u64,
}

pub fn changes(case: &Case<'_>) -> Changes {
    let events = events::events(case);
    let suspects = suspects::suspects(case, &events);
    let mut changes: Vec<DatedChange> = events
        .into_iter()
        .zip(suspects)
        .map(|(event, suspect)| DatedChange {
            at: event.at,
            source: event.source,
            name: event.name,
            who: event.who,
            resources: event.resources.into_iter().take(RESOURCES_KEPT).collect(),
            in_words: event.in_words,
            refused: event.refused,
            suspect,
        })
        .collect();
    let left_out = changes.len().saturating_sub(CHANGES_KEPT) as u64;
    if left_out > 0 {
        let near = errors::first(case).unwrap_or(case.evidence.window.from);
        changes.sort_by_key(|one| (one.suspect.is_none(), crate::case::apart(one.at, near)));
        changes.truncate(CHANGES_KEPT);
    }
    changes.sort_by(|a, b| {
        (a.at, a.source, &a.name, &a.in_words).cmp(&(b.at, b.source, &b.name, &b.in_words))
    });
    Changes {
        told: changes,
        left_out,
    }
}

/// Says on each finding that rests on a suspect's resource by how much the errors followed it.
pub(crate) fn tell(changes: &[DatedChange], findings: &mut [Finding]) {
    for finding in findings {
        let explains = finding.explains > 0 || !finding.explains_neighbours.is_empty();
        if !explains || finding.because.contains(tie::AFTER_THE_EVENT) {
            continue;
        }
        let rests_on = |change: &&DatedChange| {
            change
                .resources
                .iter()
                .any(|one| finding.resources.contains(one))
        };
        let nearest = changes
            .iter()
            .filter(rests_on)
            .filter_map(|change| Some((change, change.suspect.as_ref()?)))
            .min_by_key(|(change, suspect)| (suspect.seconds_to_first_error, change.at));
        if let Some((change, suspect)) = nearest {
            finding.because += &format!(
                " {} at {} by {} came before: {}",
                change.name,
                words::clock(change.at),
                change.who,
                suspect.in_words
            );
        }
    }
}

#[cfg(test)]
mod tests;
