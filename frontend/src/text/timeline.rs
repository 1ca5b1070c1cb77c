//! An event in words, for the timeline.

use diagnosis::api::{Event, EventKind, FieldChange, ShareLinkLine};

/// What happened in one line, and more of it in a second; empty where there is no more to say.
pub(crate) fn words(event: &Event) -> (String, String) {
    match &event.kind {
        EventKind::RunStarted { run } => (format!("Run {} began", run.n), String::new()),
        EventKind::RunEnded {
            run,
            verdict,
            findings,
        } => {
            let (_, verdict) = super::verdict(*verdict);
            let title = format!("Run {}: {}. {verdict}", run.n, super::run_state(run.state));
            let lines = findings.iter().map(|finding| {
                let (_, strength, _) = super::strength(finding.strength);
                format!("{strength}: {}", finding.title)
            });
            (title, lines.collect::<Vec<_>>().join("\n"))
        }
        EventKind::NoteAdded { note } => ("Note".to_owned(), note.text.clone()),
        EventKind::HandoffSent { n, to } => {
            (format!("Handoff note {n} sent to {to}"), String::new())
        }
        EventKind::HandoffAccepted { n } => {
            let who = event.person.as_deref().unwrap_or("Somebody");
            (format!("{who} took over (handoff note {n})"), String::new())
        }
        EventKind::InvestigationChanged { changes, .. } => {
            let lines: Vec<_> = changes.iter().map(change).collect();
            match &lines[..] {
                [] => ("Changed".to_owned(), String::new()),
                [one] => (one.clone(), String::new()),
                more => ("Changed".to_owned(), more.join("\n")),
            }
        }
        EventKind::ShareLinkCreated { link } => (
            "Share link made".to_owned(),
            format!(
                "{}. Open until {}",
                share(link),
                crate::time::utc(link.expires_at)
            ),
        ),
        EventKind::ShareLinkUsed { link } => (
            "Share link opened for the first time".to_owned(),
            share(link),
        ),
        EventKind::ShareLinkRevoked { link } => ("Share link revoked".to_owned(), share(link)),
        EventKind::WatchStarted { fixed_at, .. } => (
            format!("Began to watch the fix of {}", crate::time::utc(*fixed_at)),
            String::new(),
        ),
        EventKind::WatchEnded {
            state, in_words, ..
        } => (
            format!("Watch of the fix: {}", super::watch_state(*state).1),
            in_words.clone(),
        ),
        // The progress of runs is not part of a timeline.
        EventKind::StepStarted { .. }
        | EventKind::StepEnded { .. }
        | EventKind::ObservationStarted { .. }
        | EventKind::ObservationEnded { .. } => {
            (event.kind.name().replace('_', " "), String::new())
        }
    }
}

fn share(link: &ShareLinkLine) -> String {
    format!(
        "{}, {}",
        super::share_mode(link.mode),
        super::masking(link.masking)
    )
}

fn change(change: &FieldChange) -> String {
    let nothing = || "nothing".to_owned();
    let to = change.to.clone().unwrap_or_else(nothing);
    if let Some(question) = change.field.strip_prefix("answers.") {
        return format!("Answered “{question}”: {to}");
    }
    let from = change.from.clone().unwrap_or_else(nothing);
    let mut letters = change.field.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let field: String = first.into_iter().chain(letters).collect();
    format!("{field}: {from} → {to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: serde_json::Value) -> Event {
        let mut event = serde_json::json!({"id": 1, "at": "2026-11-22T02:00:00Z"});
        for (key, value) in kind.as_object().unwrap() {
            event[key] = value.clone();
        }
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn a_change_says_from_what_to_what() {
        let changed = event(
            serde_json::json!({"kind": "investigation_changed", "version": 2, "changes": [
            {"field": "status", "from": "open", "to": "mitigated"}]}),
        );
        assert_eq!(words(&changed).0, "Status: open → mitigated");
        let two = event(
            serde_json::json!({"kind": "investigation_changed", "version": 2, "changes": [
            {"field": "owner", "from": null, "to": "Zoë"},
            {"field": "answers.deployed", "from": null, "to": "yes"}]}),
        );
        assert_eq!(
            words(&two).1,
            "Owner: nothing → Zoë\nAnswered “deployed”: yes"
        );
    }

    #[test]
    fn a_run_says_what_it_found() {
        let ended = event(
            serde_json::json!({"kind": "run_ended", "verdict": "cause_found",
            "run": {"n": 3, "steps": [], "state": "done", "started_at": "2026-11-22T02:00:00Z", "ended_at": null, "reason": null},
            "findings": [{"rule": "target-cpu-saturated", "strength": "proven", "title": "CPU at its limit", "explains": 4}]}),
        );
        assert_eq!(
            words(&ended),
            (
                "Run 3: done. Cause found".to_owned(),
                "Proven: CPU at its limit".to_owned()
            )
        );
    }
}
