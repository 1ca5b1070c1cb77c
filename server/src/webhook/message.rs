//! What the messages say.

use diagnosis::{
    api::SentHandoff,
    document::{Diagnosis, Verdict},
    handoff::slack_text,
};
use serde_json::json;
use uuid::Uuid;

use super::Webhook;

/// Slack cuts a message at 40,000 characters; nobody reads as many in a chat.
const LONGEST: usize = 12_000;

impl Webhook {
    /// The note itself, with who sent it.
    pub(crate) fn handoff_sent(&self, id: Uuid, sent: &SentHandoff) -> String {
        body(&format!(
            "{} handed an investigation over to {}. Investigation {id}, note {}.\n\n{}",
            slack_text(sent.sent_by.as_deref().unwrap_or("Somebody")),
            slack_text(&sent.to),
            sent.n,
            sent.text.slack
        ))
    }

    pub(crate) fn handoff_accepted(
        &self,
        id: Uuid,
        title: &str,
        sent: &SentHandoff,
        who: &str,
    ) -> String {
        body(&format!(
            "{} took over “{}”, which was handed to {}. Investigation {id}.",
            slack_text(who),
            slack_text(title),
            slack_text(&sent.to)
        ))
    }

    pub(crate) fn verdict_changed(
        &self,
        id: Uuid,
        title: &str,
        before: Verdict,
        after: &Diagnosis,
    ) -> String {
        body(&format!(
            "The verdict of “{}” changed from {} to {}. {} Investigation {id}.",
            slack_text(title),
            words(before),
            words(after.verdict),
            slack_text(&after.in_words)
        ))
    }
}

fn body(text: &str) -> String {
    let cut = match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…\nCut here: the whole is in lb502.", &text[..at]),
        None => text.to_owned(),
    };
    json!({ "text": cut }).to_string()
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::CauseFound => "cause found",
        Verdict::LikelyCause => "likely cause",
        Verdict::NoFaultFound => "no fault found",
        Verdict::CannotTell => "cannot tell",
    }
}
