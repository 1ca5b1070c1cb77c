//! The verdict in one or two sentences.

use super::{Judged, NEVER_A_502};
use crate::{
    document::{Finding, LedgerSource, StepState, Strength, Verdict},
    neighbours::{FIXED_RESPONSE, Neighbour},
    words::{self, count, thousands},
};

pub(super) fn of(judged: &Judged<'_>, verdict: Verdict) -> String {
    let mut sentences = Vec::new();
    match verdict {
        Verdict::CauseFound => {
            sentences.push(format!("Cause found: {}.", title(judged)));
            sentences.push(explained(judged, Strength::Proven));
        }
        Verdict::LikelyCause => {
            sentences.push(format!("Likely cause: {}.", title(judged)));
            sentences.push(explained(judged, Strength::Likely));
        }
        Verdict::NoFaultFound => {
            sentences.push(format!(
                "No fault found: {} and every call of the six steps was answered.",
                nothing_seen(judged)
            ));
            sentences.extend(risks(judged));
            sentences.extend(other_codes(judged));
        }
        Verdict::CannotTell => {
            sentences.push(cannot_tell(judged));
            sentences.extend(other_codes(judged));
        }
    }
    if judged.settlement.ledger.source == LedgerSource::Metrics {
        sentences.push(
            "Counted by CloudWatch per minute, without an access log: coarser, and 502s that targets \
             made themselves are not in it."
                .to_owned(),
        );
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// The title of the first finding that is an answer, without its full stop.
fn title(judged: &Judged<'_>) -> String {
    let mut findings = judged.findings.iter();
    let first = findings.find(|finding| judged.is_answer(finding));
    let first = first.map_or("", |finding| finding.title.as_str());
    first.trim_end_matches('.').to_owned()
}

fn explained(judged: &Judged<'_>, at_least: Strength) -> String {
    let total = judged.settlement.most_502s;
    let several = judged
        .findings
        .iter()
        .filter(|finding| finding.strength >= at_least && explains_something(finding))
        .count();
    let subject = if several > 1 {
        format!("{} causes together explain", thousands(several as u64))
    } else {
        "It explains".to_owned()
    };
    if total > 0 {
        let n = judged.explained(at_least);
        let rest = total.saturating_sub(n);
        let mut sentence = format!(
            "{subject} {} of {}",
            thousands(n),
            count(total, "502", "502s")
        );
        if rest > 0 {
            sentence += &format!("; {} stay unexplained", thousands(rest));
        }
        return sentence + ".";
    }
    if judged.settlement.ledger.source == LedgerSource::None {
        return "How many 502s it explains is not known: neither access log nor metrics were seen."
            .to_owned();
    }
    let neighbours = judged.neighbours();
    if neighbours > 0 && judged.neighbours_explained(at_least) > 0 {
        let n = judged.neighbours_explained(at_least);
        return format!(
            "The code seen is {}, not 502: {} {} of {}.",
            codes(judged),
            subject.to_lowercase(),
            thousands(n),
            thousands(neighbours)
        );
    }
    let clients_only = judged
        .findings
        .first()
        .is_some_and(|finding| NEVER_A_502.contains(&finding.rule.as_str()));
    if clients_only {
        "There was no 502 in the window, and this does not make any: it is clients that fail on it."
            .to_owned()
    } else {
        "There was no 502 in the window.".to_owned()
    }
}

fn explains_something(finding: &Finding) -> bool {
    finding.explains > 0 || !finding.explains_neighbours.is_empty()
}

/// `504`, `503 and 504`.
fn codes(judged: &Judged<'_>) -> String {
    let neighbours = &judged.settlement.made_neighbours;
    let codes: Vec<&str> = ["503", "504", "5XX"]
        .into_iter()
        .filter(|code| neighbours.get(*code).is_some_and(|n| *n > 0))
        .collect();
    codes.join(" and ")
}

fn nothing_seen(judged: &Judged<'_>) -> String {
    match judged.neighbours() {
        0 => "no 502 in the window".to_owned(),
        n => format!(
            "no 502 in the window ({} of {} in passing)",
            thousands(n),
            codes(judged)
        ),
    }
}

/// What stands although no 502 is tied to it.
fn risks(judged: &Judged<'_>) -> Option<String> {
    let titles: Vec<&str> = judged
        .findings
        .iter()
        .map(|finding| finding.title.trim_end_matches('.'))
        .collect();
    (!titles.is_empty()).then(|| {
        format!(
            "{} to look at, without a 502 tied to it: {}.",
            words::capital(&count(titles.len() as u64, "risk", "risks")),
            words::list(&titles, 3)
        )
    })
}

/// Codes of the load balancer that people take for a 502 and that no finding explains, where there was
/// none; 503s and 504s are told of before.
fn other_codes(judged: &Judged<'_>) -> Option<String> {
    if judged.settlement.most_502s > 0 {
        return None;
    }
    let told: Vec<String> = judged
        .other_codes
        .iter()
        .flat_map(|other| [as_told(other), unexplained(other)])
        .flatten()
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "Beside that the load balancer made {}.",
            words::list(&told, 5)
        )
    })
}

fn as_told(other: &Neighbour) -> Option<String> {
    let sign = other.seen.iter().find(|sign| sign.id == FIXED_RESPONSE)?;
    Some(format!(
        "{} of {} (the fixed response of a listener's rule)",
        thousands(sign.count),
        other.code
    ))
}

fn unexplained(other: &Neighbour) -> Option<String> {
    let what = match other.code.as_str() {
        "460" => "the client hung up first",
        "463" => "too many addresses in X-Forwarded-For",
        "464" => "the protocol does not fit the target group",
        "500" => "AWS WAF or the sign-in failed",
        "561" => "the identity provider answered with an error",
        _ => return None,
    };
    let n = thousands(other.unexplained);
    (other.unexplained > 0).then(|| format!("{n} of {} ({what})", other.code))
}

fn cannot_tell(judged: &Judged<'_>) -> String {
    let not_run = judged
        .steps
        .iter()
        .filter(|step| step.state == StepState::NotRun)
        .count();
    if not_run == judged.steps.len() {
        return "No step has run yet.".to_owned();
    }
    let total = judged.settlement.most_502s;
    let what = if total > 0 {
        format!("{} and no rule explains most of them", were(total, "502"))
    } else if judged.neighbours() > 0 {
        format!(
            "no 502 was counted, but {} that no rule explains",
            were(judged.neighbours(), &codes(judged))
        )
    } else if judged.settlement.ledger.source == LedgerSource::None {
        "the 502s could not be counted".to_owned()
    } else {
        "no 502 was counted, but not everything that could hide a fault was seen".to_owned()
    };
    let rest = match not_run {
        0 => String::new(),
        n => format!(
            " {} of six {} not run yet.",
            thousands(n as u64),
            if n == 1 { "steps has" } else { "steps have" }
        ),
    };
    format!("Cannot tell: {what}.{rest}")
}

fn were(n: u64, code: &str) -> String {
    if n == 1 {
        format!("there was one {code}")
    } else {
        format!("there were {} {code}s", thousands(n))
    }
}
