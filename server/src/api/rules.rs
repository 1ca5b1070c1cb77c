//! `/rules/{id}`.

use axum::Json as Answer;
use diagnosis::{Step, api::Problem, rule, rules::by_id};
use serde::Serialize;

use super::{error::Error, extract::Path};

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct RuleHelp {
    id: &'static str,
    step: Step,
    /// Markdown, under the headings that every rule has.
    help: String,
}

/// A rule's help page.
#[utoipa::path(get, path = "/rules/{id}", tag = "rules", params(("id" = String, Path)),
    responses((status = 200, body = RuleHelp), (status = 404, body = Problem)))]
pub(super) async fn get_rule(Path(id): Path<String>) -> Result<Answer<RuleHelp>, Error> {
    let Some(rule) = by_id(&id) else {
        return Err(Error::NotFound {
            what: "rule",
            name: id,
        });
    };
    Ok(Answer(RuleHelp {
        id: rule.id,
        step: rule.step,
        help: rule::help(rule),
    }))
}
