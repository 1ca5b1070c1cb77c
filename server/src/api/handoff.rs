//! `/investigations/{id}/handoff`: the note for whoever takes over, its sending and its acceptance.

use std::sync::Arc;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};
use diagnosis::{
    api::{
        AcceptHandoff, DeliveryCause, Draft, EventKind, FieldChange, Handoff, Problem, SentHandoff,
    },
    handoff::Added,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    error::Error,
    extract::{self, Json, Path},
    investigations::etag,
    person::Person,
};
use crate::{
    app::App,
    db::{
        self, deliveries, events, handoffs,
        investigations::{self, Row},
    },
    handoff,
};

/// Characters.
const TO_MAX: usize = 100;
const JUDGEMENT_MAX: usize = 4_000;
const NEXT_CHECK_MAX: usize = 500;

/// The note as it would be sent now, and those that were sent.
#[utoipa::path(get, path = "/investigations/{id}/handoff", tag = "investigations",
    params(("id" = String, Path)),
    responses((status = 200, body = Handoff), (status = 404, body = Problem)))]
pub(super) async fn get_handoff(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Error> {
    let id = extract::id(&id)?;
    let mut tx = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut tx, id).await?;
    let row = row.ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let handoff = read(&mut tx, row).await?;
    Ok((etag(handoff.version), Answer(handoff)))
}

/// Writes what a person adds to the draft that If-Match names.
#[utoipa::path(put, path = "/investigations/{id}/handoff", tag = "investigations",
    params(("id" = String, Path), ("if-match" = String, Header, description = "The ETag of what was read")),
    request_body = Added,
    responses((status = 200, body = Handoff), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 428, body = Problem)))]
pub(super) async fn put_handoff(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(added): Json<Added>,
) -> Result<impl IntoResponse, Error> {
    let added = checked(added)?;
    let (mut tx, row) = locked(&app, &id).await?;
    of_version(&mut tx, row.id, &headers).await?;
    handoffs::put_draft(&mut tx, row.id, &added).await?;
    let handoff = read(&mut tx, row).await?;
    tx.commit().await?;
    Ok((etag(handoff.version), Answer(handoff)))
}

/// Sends the draft that If-Match names, as the record stands; a new, empty draft takes its place.
#[utoipa::path(post, path = "/investigations/{id}/handoff/send", tag = "investigations",
    params(("id" = String, Path), ("if-match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, body = Handoff), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 428, body = Problem)))]
pub(super) async fn send_handoff(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    person: Person,
) -> Result<impl IntoResponse, Error> {
    let (mut tx, mut row) = locked(&app, &id).await?;
    let added = of_version(&mut tx, row.id, &headers).await?;
    if added.to.is_empty() {
        return Err(Error::Field {
            field: "to",
            detail: "The note is for nobody yet.".into(),
            what_to_do: "Name the person or the role that takes over, then send it.",
        });
    }
    let now = db::now();
    let (_, text) = handoff::written(&mut tx, row.clone(), &added, now).await?;
    let sent = handoffs::insert(&mut tx, row.id, &text, person.name(), now).await?;
    handoffs::put_draft(&mut tx, row.id, &Added::default()).await?;
    let kind = EventKind::HandoffSent {
        n: sent.n,
        to: sent.to.clone(),
    };
    events::append(&mut tx, row.id, &kind, person.name(), now).await?;
    if let Some(webhook) = &app.webhook {
        let body = webhook.handoff_sent(row.id, &sent);
        deliveries::insert(&mut tx, row.id, DeliveryCause::HandoffSent, &body, now).await?;
    }
    row.updated_at = now;
    investigations::update(&mut tx, &row).await?;
    let handoff = read(&mut tx, row).await?;
    tx.commit().await?;
    app.wake_webhook();
    Ok((etag(handoff.version), Answer(handoff)))
}

/// Takes over: whoever accepts the newest note is the owner from then on.
#[utoipa::path(post, path = "/investigations/{id}/handoff/accept", tag = "investigations",
    params(("id" = String, Path)), request_body = AcceptHandoff,
    responses((status = 200, body = Handoff), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn accept_handoff(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    person: Person,
    Json(accept): Json<AcceptHandoff>,
) -> Result<impl IntoResponse, Error> {
    let named = accept.person.as_deref().map(Person::named).transpose()?;
    let who = named.and_then(|named| named.0).or(person.0);
    let who = who.ok_or(Error::Field {
        field: "person",
        detail: "Nobody said who takes over.".into(),
        what_to_do: "Give your name: it becomes the investigation's owner.",
    })?;
    let (mut tx, row) = locked(&app, &id).await?;
    if let Some(accepted) = newest(&mut tx, row.id, accept.n, &who).await? {
        let row = take_over(&app, &mut tx, row, &accepted, &who).await?;
        let handoff = read(&mut tx, row).await?;
        tx.commit().await?;
        app.wake_webhook();
        return Ok((etag(handoff.version), Answer(handoff)));
    }
    // The same person said so before: nothing is left to do.
    let handoff = read(&mut tx, row).await?;
    Ok((etag(handoff.version), Answer(handoff)))
}

/// Marks the note as accepted; `None` where this person has accepted it already.
async fn newest(
    tx: &mut PgConnection,
    id: Uuid,
    n: u32,
    who: &str,
) -> Result<Option<SentHandoff>, Error> {
    let sent = handoffs::list(tx, id).await?;
    let Some(newest) = sent.first() else {
        return Err(Error::NotFound {
            what: "handoff note",
            name: n.to_string(),
        });
    };
    if newest.n != n {
        return Err(Error::Handoff {
            detail: format!(
                "Note {n} is not the newest: note {} was sent after it.",
                newest.n
            ),
            what_to_do: "Read the newest note, and accept that one.",
        });
    }
    match &newest.accepted_by {
        Some(before) if before == who => return Ok(None),
        Some(before) => {
            return Err(Error::Handoff {
                detail: format!("{before} has accepted this note already."),
                what_to_do: "Ask them; or set the owner yourself.",
            });
        }
        None => {}
    }
    Ok(handoffs::accept(tx, id, n, who, db::now()).await?)
}

async fn take_over(
    app: &App,
    tx: &mut PgConnection,
    mut row: Row,
    accepted: &SentHandoff,
    who: &str,
) -> Result<Row, Error> {
    let now = db::now();
    let kind = EventKind::HandoffAccepted { n: accepted.n };
    events::append(tx, row.id, &kind, Some(who), now).await?;
    row.updated_at = now;
    if row.owner.as_deref() != Some(who) {
        let before = row.owner.replace(who.to_owned());
        row.version += 1;
        let kind = EventKind::InvestigationChanged {
            version: row.version,
            changes: vec![FieldChange {
                field: "owner".to_owned(),
                from: before,
                to: row.owner.clone(),
            }],
        };
        events::append(tx, row.id, &kind, Some(who), now).await?;
    }
    investigations::update(tx, &row).await?;
    if let Some(webhook) = &app.webhook {
        let body = webhook.handoff_accepted(row.id, &row.title, accepted, who);
        deliveries::insert(tx, row.id, DeliveryCause::HandoffAccepted, &body, now).await?;
    }
    Ok(row)
}

async fn locked(
    app: &App,
    id: &str,
) -> Result<(sqlx::Transaction<'static, sqlx::Postgres>, Row), Error> {
    let id = extract::id(id)?;
    let mut tx = app.db.begin().await?;
    let row = investigations::lock(&mut tx, id).await?;
    let row = row.ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    Ok((tx, row))
}

/// What the draft says, if it is the version that the request was written for.
async fn of_version(tx: &mut PgConnection, id: Uuid, headers: &HeaderMap) -> Result<Added, Error> {
    let wanted = headers.get(header::IF_MATCH).ok_or(Error::NoIfMatch)?;
    let (version, added) = handoffs::draft(tx, id).await?;
    if wanted != "*" && wanted.as_bytes() != format!("\"{version}\"").as_bytes() {
        return Err(Error::Changed { version });
    }
    Ok(added)
}

async fn read(db: &mut PgConnection, row: Row) -> Result<Handoff, Error> {
    let id = row.id;
    let (version, added) = handoffs::draft(db, id).await?;
    let (investigation, text) = handoff::written(db, row, &added, db::now()).await?;
    Ok(Handoff {
        version,
        last_event_id: investigation.last_event_id,
        title: investigation.title,
        owner: investigation.owner,
        draft: Draft { added, text },
        sent: handoffs::list(db, id).await?,
        deliveries: deliveries::list(db, id).await?,
    })
}

fn checked(mut added: Added) -> Result<Added, Error> {
    added.to = added.to.trim().to_owned();
    if added.to.chars().count() > TO_MAX || added.to.chars().any(char::is_control) {
        return Err(Error::Field {
            field: "to",
            detail: "The person or role is longer than 100 characters, or more than one line."
                .into(),
            what_to_do: "Give one line of at most 100 characters, or nothing for nobody yet.",
        });
    }
    if added.judgement.chars().count() > JUDGEMENT_MAX {
        return Err(Error::Field {
            field: "judgement",
            detail: "The judgement is longer than 4,000 characters.".into(),
            what_to_do: "Shorten it; what is longer belongs into a note of the investigation.",
        });
    }
    if added.next_check.chars().count() > NEXT_CHECK_MAX {
        return Err(Error::Field {
            field: "next_check",
            detail: "The next check is longer than 500 characters.".into(),
            what_to_do: "Shorten it; what is longer belongs into a note of the investigation.",
        });
    }
    Ok(added)
}
