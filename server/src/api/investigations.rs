//! `/investigations` and `/investigations/{id}`.

use std::sync::Arc;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use diagnosis::api::{
    CreateInvestigation, EventKind, FieldChange, Investigation, InvestigationList,
    PatchInvestigation, Problem, Status,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    error::Error,
    extract::{self, Json, Path, Query},
    person::Person,
};
use crate::{
    app::App,
    assemble,
    db::{
        self, events,
        investigations::{self, Filter, New, Row},
    },
    find, problem, window,
};

/// Characters.
const TITLE_MAX: usize = 200;
const OWNER_MAX: usize = 100;
/// Investigations of one page of a list.
const PAGE: usize = 50;

/// Opens an investigation of a load balancer that AWS knows. Nothing is kept unless all is well.
#[utoipa::path(post, path = "/investigations", tag = "investigations",
    request_body = CreateInvestigation,
    responses((status = 201, body = Investigation), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Json(asked): Json<CreateInvestigation>,
) -> Result<impl IntoResponse, Error> {
    let now = db::now();
    let (from, to, last) = (
        asked.from.as_deref(),
        asked.to.as_deref(),
        asked.last.as_deref(),
    );
    let window = window::window(from, to, last, now).map_err(|wrong| problem::of_window(&wrong))?;
    let title = asked.title.as_deref().map(title).transpose()?;
    let (_, load_balancer) = find::load_balancer(
        &app.access,
        &asked.load_balancer,
        asked.region.as_deref(),
        asked.account.as_deref(),
    )
    .await?;
    let new = New {
        title: title.unwrap_or_else(|| format!("502s of {}", load_balancer.name)),
        practice: None,
        load_balancer,
        window,
    };
    let mut connection = app.db.acquire().await?;
    let id = investigations::insert(&mut connection, &new, now).await?;
    drop(connection);
    Ok(created(read(&app, id).await?))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    status: Option<Status>,
    /// ARN or name.
    load_balancer: Option<String>,
    /// Words of title, load balancer, owner, findings or notes, as in a search engine; or a part of title or name.
    q: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The investigations, newest first, 50 a page.
#[utoipa::path(get, path = "/investigations", tag = "investigations", params(ListQuery),
    responses((status = 200, body = InvestigationList), (status = 400, body = Problem)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Answer<InvestigationList>, Error> {
    let before = query.cursor.as_deref().map(cursor).transpose()?;
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let filter = Filter {
        status: query.status,
        load_balancer: filled(query.load_balancer),
        q: filled(query.q),
        before,
    };
    let mut connection = app.db.acquire().await?;
    let mut investigations =
        investigations::list(&mut connection, &filter, PAGE as i64 + 1).await?;
    let more = investigations.len() > PAGE;
    investigations.truncate(PAGE);
    let last = investigations.last().filter(|_| more);
    Ok(Answer(InvestigationList {
        next_cursor: last.map(|last| last.id.clone()),
        investigations,
    }))
}

/// One investigation, whole.
#[utoipa::path(get, path = "/investigations/{id}", tag = "investigations",
    params(("id" = String, Path)),
    responses((status = 200, body = Investigation), (status = 404, body = Problem)))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Error> {
    let investigation = read(&app, extract::id(&id)?).await?;
    Ok((etag(investigation.version), Answer(investigation)))
}

/// Changes title, status, window or owner of the version that If-Match names.
#[utoipa::path(patch, path = "/investigations/{id}", tag = "investigations",
    params(("id" = String, Path), ("if-match" = String, Header, description = "The ETag of what was read")),
    request_body = PatchInvestigation,
    responses((status = 200, body = Investigation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem)))]
pub(super) async fn patch(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    person: Person,
    Json(change): Json<PatchInvestigation>,
) -> Result<impl IntoResponse, Error> {
    let id = extract::id(&id)?;
    let wanted = headers.get(header::IF_MATCH).ok_or(Error::NoIfMatch)?;
    let mut tx = app.db.begin().await?;
    let row = investigations::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    if wanted != "*" && wanted.as_bytes() != format!("\"{}\"", row.version).as_bytes() {
        return Err(Error::Changed {
            version: row.version,
        });
    }
    let changed = changed(&row, change)?;
    investigations::update(&mut tx, &changed).await?;
    if changed.window != row.window {
        look_elsewhere(&mut tx, &changed).await?;
    }
    let kind = EventKind::InvestigationChanged {
        version: changed.version,
        changes: differences(&row, &changed),
    };
    events::append(&mut tx, id, &kind, person.name(), changed.updated_at).await?;
    tx.commit().await?;
    let investigation = read(&app, id).await?;
    Ok((etag(investigation.version), Answer(investigation)))
}

/// Reads it whole, from one snapshot.
pub(super) async fn read(app: &App, id: Uuid) -> Result<Investigation, Error> {
    let mut tx = db::snapshot(&app.db).await?;
    let row = investigations::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let investigation = assemble::investigation(&mut tx, row).await?;
    tx.commit().await?;
    Ok(investigation)
}

/// 201, with where it is and which version.
pub(super) fn created(investigation: Investigation) -> impl IntoResponse {
    let location = format!("/api/v1/investigations/{}", investigation.id);
    (
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        etag(investigation.version),
        Answer(investigation),
    )
}

/// A title that can be kept: 1 to 200 characters, one line.
pub(super) fn title(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TITLE_MAX || text.chars().any(char::is_control) {
        return Err(Error::Field {
            field: "title",
            detail: "The title is empty, longer than 200 characters, or more than one line.".into(),
            what_to_do: "Give one line of 1 to 200 characters.",
        });
    }
    Ok(text.to_owned())
}

fn changed(row: &Row, change: PatchInvestigation) -> Result<Row, Error> {
    let now = db::now();
    let window = change
        .window
        .map(|window| window::checked(window, now))
        .transpose()
        .map_err(|wrong| problem::of_window(&wrong))?;
    if window.is_some() && row.practice.is_some() {
        return Err(Error::Field {
            field: "window",
            detail: "A practice incident was recorded for one window, which cannot change.".into(),
            what_to_do: "Leave the window out.",
        });
    }
    Ok(Row {
        title: change
            .title
            .as_deref()
            .map(title)
            .transpose()?
            .unwrap_or_else(|| row.title.clone()),
        status: change.status.unwrap_or(row.status),
        owner: match change.owner {
            Some(owner) => owned_by(&owner)?,
            None => row.owner.clone(),
        },
        window: window.unwrap_or(row.window),
        version: row.version + 1,
        updated_at: now,
        ..row.clone()
    })
}

/// What a change comes to, for the timeline.
fn differences(before: &Row, after: &Row) -> Vec<FieldChange> {
    let said = |row: &Row| {
        let window = format!(
            "{} – {}",
            row.window.from.to_rfc3339(),
            row.window.to.to_rfc3339()
        );
        [
            ("title", Some(row.title.clone())),
            ("status", Some(row.status.word().to_owned())),
            ("window", Some(window)),
            ("owner", row.owner.clone()),
        ]
    };
    let both = said(before).into_iter().zip(said(after));
    both.filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| FieldChange {
            field: field.to_owned(),
            from,
            to,
        })
        .collect()
}

/// An empty owner is nobody.
fn owned_by(owner: &str) -> Result<Option<String>, Error> {
    let owner = owner.trim();
    if owner.chars().count() > OWNER_MAX || owner.chars().any(char::is_control) {
        return Err(Error::Field {
            field: "owner",
            detail: "The owner is longer than 100 characters, or more than one line.".into(),
            what_to_do: "Give one line of at most 100 characters, or nothing for nobody.",
        });
    }
    Ok((!owner.is_empty()).then(|| owner.to_owned()))
}

/// What was seen of another window proves nothing about this one, and stays with its runs: a window
/// that is chosen again finds again what they saw.
async fn look_elsewhere(tx: &mut sqlx::PgConnection, row: &Row) -> Result<(), Error> {
    let running = db::runs::list(tx, row.id)
        .await?
        .iter()
        .any(|run| run.state == diagnosis::api::RunState::Running);
    if running {
        return Err(Error::Running);
    }
    let judged = assemble::judged(tx, row).await?;
    investigations::judge(tx, row.id, judged.as_ref(), db::now()).await?;
    Ok(())
}

fn cursor(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| Error::Field {
        field: "cursor",
        detail: "The cursor is none that this server gave.".into(),
        what_to_do: "Leave it out for the first page; pass next_cursor for the next.",
    })
}

pub(super) fn etag(version: i64) -> [(header::HeaderName, HeaderValue); 1] {
    let value = HeaderValue::try_from(format!("\"{version}\""));
    [(
        header::ETAG,
        value.unwrap_or(HeaderValue::from_static("\"\"")),
    )]
}
