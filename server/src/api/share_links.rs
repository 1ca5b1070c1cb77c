//! `/investigations/{id}/share-links`: links for people outside, made, listed and revoked here.

use std::sync::Arc;

use axum::{Json as Answer, extract::State, http::StatusCode};
use chrono::TimeDelta;
use diagnosis::api::{
    CreateShareLink, CreatedShareLink, EventKind, Problem, ShareLink, ShareLinkLine, ShareLinkList,
    ShareMode, ShareState,
};
use uuid::Uuid;

use super::{
    error::Error,
    extract::{self, Json, Path},
    person::Person,
};
use crate::{
    app::App,
    db::{self, events, investigations, share_links},
    share::{self, token::Token},
};

const HOURS_DEFAULT: u32 = 7 * 24;
const HOURS_MAX: u32 = 90 * 24;
/// Links of one investigation that are open at once.
const OPEN_MAX: i64 = 100;
const LISTED_MAX: i64 = 500;

/// Makes a link. Only this answer holds its token: lb502 keeps a hash.
#[utoipa::path(post, path = "/investigations/{id}/share-links", tag = "share links",
    params(("id" = String, Path)), request_body = CreateShareLink,
    responses((status = 201, body = CreatedShareLink), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 500, body = Problem)))]
pub(super) async fn create_share_link(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    person: Person,
    Json(wanted): Json<CreateShareLink>,
) -> Result<(StatusCode, Answer<CreatedShareLink>), Error> {
    let id = extract::id(&id)?;
    let link = begun(&wanted, &person)?;
    let mut reading = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut reading, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    // Also for a live link: what cannot be masked is told here, and not to whoever opens it.
    let document =
        share::document(&mut reading, row, link.mode, link.masking, link.expires_at).await?;
    reading.commit().await?;
    let snapshot = (link.mode == ShareMode::Frozen).then_some(&document);
    let token = Token::make().map_err(Error::NoRandomness)?;

    let mut tx = app.db.begin().await?;
    investigations::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    if share_links::count_open(&mut tx, id, link.made_at).await? >= OPEN_MAX {
        return Err(Error::TooManyLinks);
    }
    share_links::insert(&mut tx, id, &link, &token.hash(), snapshot).await?;
    let kind = EventKind::ShareLinkCreated {
        link: ShareLinkLine::from(&link),
    };
    events::append(&mut tx, id, &kind, person.name(), link.made_at).await?;
    tx.commit().await?;
    let token = token.into_text();
    let created = CreatedShareLink {
        link,
        path: format!("/shared/{token}"),
        token,
    };
    Ok((StatusCode::CREATED, Answer(created)))
}

/// Every link of the investigation, with who made it and how often it was opened.
#[utoipa::path(get, path = "/investigations/{id}/share-links", tag = "share links",
    params(("id" = String, Path)),
    responses((status = 200, body = ShareLinkList), (status = 404, body = Problem)))]
pub(super) async fn list_share_links(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Answer<ShareLinkList>, Error> {
    let id = extract::id(&id)?;
    let mut connection = app.db.acquire().await?;
    investigations::find(&mut connection, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let share_links = share_links::list(&mut connection, id, db::now(), LISTED_MAX).await?;
    Ok(Answer(ShareLinkList { share_links }))
}

/// Revokes a link: from now on it opens nothing, and what it has open closes. Once more changes nothing.
#[utoipa::path(delete, path = "/investigations/{id}/share-links/{link}", tag = "share links",
    params(("id" = String, Path), ("link" = String, Path)),
    responses((status = 200, body = ShareLink), (status = 404, body = Problem)))]
pub(super) async fn revoke_share_link(
    State(app): State<Arc<App>>,
    Path((id, link)): Path<(String, String)>,
    person: Person,
) -> Result<Answer<ShareLink>, Error> {
    let id = extract::id(&id)?;
    let unknown = || Error::NotFound {
        what: "share link",
        name: link.clone(),
    };
    let link_id = Uuid::try_parse(&link).map_err(|_| unknown())?;
    let now = db::now();
    let mut tx = app.db.begin().await?;
    // The link before the investigation: whoever opens it takes them in this order too.
    let revoked = share_links::revoke(&mut tx, id, link_id, person.name(), now).await?;
    let (revoked, is_new) = revoked.ok_or_else(unknown)?;
    if is_new {
        investigations::lock(&mut tx, id)
            .await?
            .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
        let kind = EventKind::ShareLinkRevoked {
            link: ShareLinkLine::from(&revoked),
        };
        // Every process hears of it, and closes what it has open through this link.
        events::append(&mut tx, id, &kind, person.name(), now).await?;
    }
    tx.commit().await?;
    Ok(Answer(revoked))
}

fn begun(wanted: &CreateShareLink, person: &Person) -> Result<ShareLink, Error> {
    let hours = wanted.expires_in_hours.unwrap_or(HOURS_DEFAULT);
    if !(1..=HOURS_MAX).contains(&hours) {
        return Err(Error::Field {
            field: "expires_in_hours",
            detail: format!("A link cannot be open for {hours} hours."),
            what_to_do: "Give 1 to 2160 hours (90 days), or leave it out for 168 (7 days).",
        });
    }
    let now = db::now();
    Ok(ShareLink {
        id: Uuid::now_v7().to_string(),
        mode: wanted.mode,
        masking: wanted.masking,
        state: ShareState::Open,
        made_at: now,
        made_by: person.0.clone(),
        expires_at: now + TimeDelta::hours(i64::from(hours)),
        revoked_at: None,
        revoked_by: None,
        uses: 0,
        last_used_at: None,
    })
}
