//! `/investigations/{id}/notes`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State, http::StatusCode};
use diagnosis::api::{CreateNote, EventKind, Note, Problem};

use super::{
    error::Error,
    extract::{self, Json, Path},
    person::Person,
};
use crate::{
    app::App,
    db::{self, events, investigations, notes},
};

/// Characters.
const TEXT_MAX: usize = 10_000;
const AUTHOR_MAX: usize = 100;

/// Adds a note.
#[utoipa::path(post, path = "/investigations/{id}/notes", tag = "investigations",
    params(("id" = String, Path)), request_body = CreateNote,
    responses((status = 201, body = Note), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create_note(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    person: Person,
    Json(note): Json<CreateNote>,
) -> Result<(StatusCode, Answer<Note>), Error> {
    let id = extract::id(&id)?;
    let mut note = checked(note)?;
    // Whoever sends it wrote it, unless the note says otherwise.
    note.author = note.author.or_else(|| person.0.clone());
    let now = db::now();
    let mut tx = app.db.begin().await?;
    let mut row = investigations::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let note = notes::insert(&mut tx, id, &note, now).await?;
    row.updated_at = now;
    investigations::update(&mut tx, &row).await?;
    events::append(
        &mut tx,
        id,
        &EventKind::NoteAdded { note: note.clone() },
        person.name().or(note.author.as_deref()),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Answer(note)))
}

fn checked(note: CreateNote) -> Result<CreateNote, Error> {
    let text = note.text.trim();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        return Err(Error::Field {
            field: "text",
            detail: "The note is empty or longer than 10,000 characters.".into(),
            what_to_do: "Write 1 to 10,000 characters.",
        });
    }
    let author = note
        .author
        .as_deref()
        .map(str::trim)
        .filter(|author| !author.is_empty());
    if author.is_some_and(|author| author.chars().count() > AUTHOR_MAX) {
        return Err(Error::Field {
            field: "author",
            detail: "The author's name is longer than 100 characters.".into(),
            what_to_do: "Give at most 100 characters, or leave it out.",
        });
    }
    Ok(CreateNote {
        text: text.to_owned(),
        author: author.map(str::to_owned),
        step: note.step,
    })
}
