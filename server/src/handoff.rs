//! A handoff note from what the store holds. The same for the API and the command line.

use chrono::{DateTime, Utc};
use diagnosis::{
    api::{Event, HandoffText, Investigation},
    handoff::{self, Added, Record},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    assemble,
    db::{events, investigations::Row},
};

/// Events of one page, and the most that a note is written from.
const PAGE: i64 = 1_000;
const EVENTS_MAX: usize = 20_000;

/// The note as the record stands. `db` is to be one snapshot, or to hold the investigation's row.
pub async fn written(
    db: &mut PgConnection,
    row: Row,
    added: &Added,
    at: DateTime<Utc>,
) -> sqlx::Result<(Investigation, HandoffText)> {
    let events = timeline(db, row.id).await?;
    let investigation = assemble::investigation(db, row).await?;
    let note = handoff::write(&Record {
        investigation: &investigation,
        events: &events,
        added,
        at,
    });
    Ok((investigation, HandoffText::of(note)))
}

async fn timeline(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Vec<Event>> {
    let mut all: Vec<Event> = Vec::new();
    while all.len() < EVENTS_MAX {
        let after = all.last().map_or(0, |event| event.id);
        let page = events::timeline(db, id, after, PAGE).await?;
        let last = (page.len() as i64) < PAGE;
        all.extend(page);
        if last {
            break;
        }
    }
    Ok(all)
}
