//! What the next person has to do: the judgement, the next check, the fix at hand, the open questions.

use super::{Record, Section, moment};
use crate::{document::StepState, question, words::count};

pub(super) fn sections(record: &Record<'_>) -> Vec<Section> {
    [
        Section::of("Judgement", paragraphs(&record.added.judgement)),
        Section::of("Next check", next_check(record)),
        Section::of("Fix at hand", fix(record)),
        Section::of("Open questions", open(record)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn paragraphs(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn next_check(record: &Record<'_>) -> Vec<String> {
    let what = record.added.next_check.trim();
    match (what.is_empty(), record.added.next_check_at) {
        (true, None) => Vec::new(),
        (false, None) => vec![what.to_owned()],
        (true, Some(at)) => vec![format!("At {}.", moment(at))],
        (false, Some(at)) => vec![format!("At {}: {what}", moment(at))],
    }
}

/// Of the first finding alone: the next person starts there.
fn fix(record: &Record<'_>) -> Vec<String> {
    let Some(first) = record.investigation.diagnosis.findings.first() else {
        return Vec::new();
    };
    let mut lines = vec![first.fix.summary.clone()];
    lines.extend(first.fix.cli.iter().map(|command| format!("$ {command}")));
    lines.retain(|line| !line.trim().is_empty());
    lines
}

fn open(record: &Record<'_>) -> Vec<String> {
    let investigation = record.investigation;
    let diagnosis = &investigation.diagnosis;
    let mut lines = Vec::new();
    if diagnosis.ledger.unexplained > 0 {
        lines.push(format!(
            "What made the {} that no finding explains?",
            count(diagnosis.ledger.unexplained, "502", "502s")
        ));
    }
    let not_run = diagnosis
        .steps
        .iter()
        .filter(|step| step.state == StepState::NotRun);
    lines.extend(not_run.map(|step| format!("Step not run yet: {}.", step.step.title())));
    let asked = question::ALL.iter().filter(|question| {
        let answer = investigation.answers.get(question.id);
        answer.is_none_or(|answer| answer.trim().is_empty())
    });
    lines.extend(asked.map(|question| question.words.to_owned()));
    lines
}
