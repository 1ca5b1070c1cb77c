//! How things stand: state, impact in numbers, what is proven, what is ruled out, what cannot be told.

use std::collections::BTreeSet;

use super::{Section, at_most, moment};
use crate::{
    api::Investigation,
    document::{Finding, LedgerSource, RuleAnswer, Strength},
    evidence::LoadBalancerType,
    words::{count, thousands},
};

/// Rules of one kind that are named; the page lists all.
const RULES_NAMED: usize = 40;
const MISSING_NAMED: usize = 15;

pub(super) fn sections(investigation: &Investigation) -> Vec<Section> {
    [
        Section::of("State", state(investigation)),
        Section::of("Impact", impact(investigation)),
        Section::of("What is known", known(investigation)),
        Section::of("Ruled out, and why", ruled_out(investigation)),
        Section::of(
            "What cannot be told, and how to find out",
            cannot_tell(investigation),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn state(investigation: &Investigation) -> Vec<String> {
    let load_balancer = &investigation.diagnosis.load_balancer;
    let window = investigation.diagnosis.window;
    let kind = match load_balancer.kind {
        LoadBalancerType::Application => "Application Load Balancer",
        LoadBalancerType::Classic => "Classic Load Balancer",
    };
    let mut lines = Vec::new();
    if investigation.practice {
        lines.push("Practice: recorded evidence, no incident of today.".to_owned());
    }
    lines.push(format!(
        "{}; owner: {}.",
        crate::words::capital(investigation.status.word()),
        investigation.owner.as_deref().unwrap_or("nobody")
    ));
    lines.push(format!(
        "{kind} {} in {}, account {}.",
        load_balancer.name,
        load_balancer.region,
        if load_balancer.account.is_empty() {
            "not known"
        } else {
            &load_balancer.account
        }
    ));
    lines.push(format!(
        "Window looked at: {} to {}.",
        moment(window.from),
        moment(window.to)
    ));
    lines.push(match investigation.runs.first() {
        None => "No step has been run yet.".to_owned(),
        Some(run) => format!(
            "Newest run: number {}, begun {}, {}.",
            run.n,
            moment(run.started_at),
            super::actions::state_of(run.state)
        ),
    });
    lines
}

fn impact(investigation: &Investigation) -> Vec<String> {
    let ledger = &investigation.diagnosis.ledger;
    let total = ledger
        .made_by_load_balancer
        .saturating_add(ledger.made_by_target);
    let mut lines = Vec::new();
    match ledger.source {
        LedgerSource::None => {
            return vec![
                "How many requests failed is not known: neither access log nor metrics were seen."
                    .to_owned(),
            ];
        }
        LedgerSource::AccessLog => lines.push(format!(
            "{} in the window, by the access log: {} made by the load balancer, {} by targets.",
            count(total, "502", "502s"),
            thousands(ledger.made_by_load_balancer),
            thousands(ledger.made_by_target)
        )),
        LedgerSource::Metrics => lines.push(format!(
            "{} made by the load balancer in the window, by CloudWatch's counts; those that targets made are not \
             in them.",
            count(ledger.made_by_load_balancer, "502", "502s")
        )),
    }
    if total > 0 {
        lines.push(format!(
            "{} explained by the findings below, {} unexplained.",
            thousands(ledger.attributed),
            thousands(ledger.unexplained)
        ));
    }
    let others = ledger.neighbours.iter().filter(|(_, n)| **n > 0);
    let others: Vec<String> = others
        .map(|(code, n)| format!("{} × {code}", thousands(*n)))
        .collect();
    if !others.is_empty() {
        lines.push(format!("Other codes beside them: {}.", others.join(", ")));
    }
    lines
}

/// The verdict, then every finding with its strength in front: a reader must not take a maybe for a fact.
fn known(investigation: &Investigation) -> Vec<String> {
    let diagnosis = &investigation.diagnosis;
    let mut lines = vec![diagnosis.in_words.clone()];
    lines.extend(diagnosis.findings.iter().map(finding));
    lines
}

fn finding(finding: &Finding) -> String {
    let strength = match finding.strength {
        Strength::Proven => "Proven",
        Strength::Likely => "Likely, not proven",
        Strength::Possible => "Possible, tied to no error",
    };
    let explains = match finding.explains {
        0 => String::new(),
        n => format!(" Explains {}.", count(n, "502", "502s")),
    };
    format!(
        "{strength}: {}.{explains} {} [{}]",
        finding.title.trim_end_matches('.'),
        finding.because,
        finding.rule
    )
}

fn ruled_out(investigation: &Investigation) -> Vec<String> {
    let rules = answered(investigation, RuleAnswer::Clear);
    let lines = rules.map(|(rule, because)| format!("{rule}: {because}"));
    at_most(RULES_NAMED, lines.collect(), |more| {
        format!("{more} more; the page lists all.")
    })
}

/// What is missing with how to get it, then the rules that are open for it.
fn cannot_tell(investigation: &Investigation) -> Vec<String> {
    let diagnosis = &investigation.diagnosis;
    let mut lines = at_most(MISSING_NAMED, diagnosis.missing.clone(), |more| {
        format!("{more} more things are missing; the page lists all.")
    });
    let open: BTreeSet<&str> = answered(investigation, RuleAnswer::CannotTell)
        .map(|(rule, _)| rule)
        .collect();
    if !open.is_empty() {
        let open: Vec<&str> = open.into_iter().collect();
        lines.push(format!(
            "Neither found nor ruled out: {}.",
            crate::words::list(&open, RULES_NAMED)
        ));
    }
    lines
}

fn answered(
    investigation: &Investigation,
    answer: RuleAnswer,
) -> impl Iterator<Item = (&str, &str)> {
    let steps = investigation.diagnosis.steps.iter();
    steps
        .flat_map(|step| &step.rules)
        .filter(move |rule| rule.answer == answer)
        .map(|rule| (rule.rule.as_str(), rule.because.as_str()))
}
