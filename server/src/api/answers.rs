//! `/investigations/{id}/answers/{question}`.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use diagnosis::api::{EventKind, FieldChange, Investigation, Problem};
use serde::Deserialize;

use super::{
    error::Error,
    extract::{self, Json, Path},
    investigations as whole,
    person::Person,
};
use crate::{
    app::App,
    db::{self, answers, events, investigations},
};

/// Bytes; a question's id is kebab-case.
const QUESTION_MAX: usize = 64;
/// Characters.
const ANSWER_MAX: usize = 2_000;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutAnswer {
    /// 1 to 2,000 characters.
    answer: String,
}

/// Answers a question that no AWS call can answer; a later answer replaces an earlier one.
#[utoipa::path(put, path = "/investigations/{id}/answers/{question}", tag = "investigations",
    params(("id" = String, Path), ("question" = String, Path)), request_body = PutAnswer,
    responses((status = 200, body = Investigation), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn put_answer(
    State(app): State<Arc<App>>,
    Path((id, question)): Path<(String, String)>,
    person: Person,
    Json(body): Json<PutAnswer>,
) -> Result<Answer<Investigation>, Error> {
    let id = extract::id(&id)?;
    let answer = checked(&question, &body.answer)?;
    let mut tx = app.db.begin().await?;
    let mut row = investigations::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::NoInvestigation(id.to_string()))?;
    let before = answers::list(&mut tx, id).await?.remove(&question);
    answers::upsert(&mut tx, id, &question, answer).await?;
    row.version += 1;
    row.updated_at = db::now();
    investigations::update(&mut tx, &row).await?;
    let kind = EventKind::InvestigationChanged {
        version: row.version,
        changes: vec![FieldChange {
            field: format!("answers.{question}"),
            from: before,
            to: Some(answer.to_owned()),
        }],
    };
    events::append(&mut tx, id, &kind, person.name(), row.updated_at).await?;
    tx.commit().await?;
    Ok(Answer(whole::read(&app, id).await?))
}

fn checked<'a>(question: &str, answer: &'a str) -> Result<&'a str, Error> {
    let is_id = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if question.len() > QUESTION_MAX || !question.bytes().all(is_id) {
        return Err(Error::NotFound {
            what: "question",
            name: question.to_owned(),
        });
    }
    let answer = answer.trim();
    if answer.is_empty() || answer.chars().count() > ANSWER_MAX {
        return Err(Error::Field {
            field: "answer",
            detail: "The answer is empty or longer than 2,000 characters.".into(),
            what_to_do: "Give 1 to 2,000 characters.",
        });
    }
    Ok(answer)
}
