//! What a scenario says must come out. Without `verdict` it says nothing of that, and is judged by what
//! truly happened alone.

use std::collections::BTreeMap;

use diagnosis::{
    Diagnosis,
    document::{LedgerSource, RuleAnswer, Strength, Verdict},
};
use serde::Deserialize;

use crate::scenario::Scenario;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    verdict: Option<Verdict>,
    source: Option<LedgerSource>,
    #[serde(default)]
    by_load_balancer: u64,
    #[serde(default)]
    by_target: u64,
    #[serde(default)]
    unexplained: u64,
    /// Those that are named here; others are not looked at.
    #[serde(default)]
    neighbours: BTreeMap<String, u64>,
    /// Every finding in order: `rule strength explains`, and for neighbours ` 504=31`.
    #[serde(default)]
    findings: Vec<String>,
    /// What the other codes show, if told: each `504 no-answer 21`, in order.
    signs: Option<Vec<String>>,
    /// Faults that stand beside the causes of the traffic's rows, and that no row shows.
    pub(crate) also_true: Option<Vec<String>>,
    /// The changes that the errors follow, each name once, in order of time.
    suspects: Option<Vec<String>>,
    /// Every inequality of the chain of timeouts that is broken, by id, in order.
    broken: Option<Vec<String>>,
    #[serde(default)]
    clear: Vec<String>,
    #[serde(default)]
    cannot_tell: Vec<String>,
    /// Words of the verdict's sentences.
    #[serde(default)]
    says: Vec<String>,
    /// Words of the list of what is missing.
    #[serde(default)]
    missing: Vec<String>,
}

impl Expect {
    pub(crate) fn rules_found(&self) -> Vec<String> {
        self.findings
            .iter()
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect()
    }

    /// The rules of findings above `possible`.
    pub(crate) fn rules_held(&self) -> Vec<String> {
        self.findings
            .iter()
            .filter(|line| line.split(' ').nth(1) != Some("possible"))
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn complaints(&self, diagnosis: &Diagnosis) -> Vec<String> {
        let mut complaints = Vec::new();
        let (verdict, source) = match (self.verdict, self.source) {
            (Some(verdict), Some(source)) => (verdict, source),
            _ if Scenario::are_ours() => return vec!["no verdict, or no source".to_owned()],
            _ => return complaints,
        };
        let mut differ = |what: &str, expected: String, got: String| {
            if expected != got {
                complaints.push(format!("{what}: expected {expected}, got {got}"));
            }
        };
        let ledger = &diagnosis.ledger;
        if verdict != diagnosis.verdict {
            let why = format!("{} {:#?}", diagnosis.in_words, diagnosis.missing);
            differ(
                "verdict",
                format!("{verdict:?}"),
                format!("{:?}: {why}", diagnosis.verdict),
            );
        }
        differ(
            "ledger",
            format!(
                "{source:?} {}/{}, {} unexplained",
                self.by_load_balancer, self.by_target, self.unexplained
            ),
            format!(
                "{:?} {}/{}, {} unexplained",
                ledger.source,
                ledger.made_by_load_balancer,
                ledger.made_by_target,
                ledger.unexplained
            ),
        );
        for (code, n) in &self.neighbours {
            let got = ledger.neighbours.get(code).copied().unwrap_or(0);
            differ(&format!("{code}s"), n.to_string(), got.to_string());
        }
        if let Some(signs) = &self.signs {
            let got: Vec<String> = diagnosis
                .neighbours
                .iter()
                .flat_map(|code| code.seen.iter().map(move |sign| (&code.code, sign)))
                .map(|(code, sign)| format!("{code} {} {}", sign.id, sign.count))
                .collect();
            differ("signs", format!("{signs:#?}"), format!("{got:#?}"));
        }
        let findings: Vec<String> = diagnosis.findings.iter().map(line).collect();
        differ(
            "findings",
            format!("{:#?}", self.findings),
            format!("{findings:#?}"),
        );
        let answers: BTreeMap<&str, (RuleAnswer, String)> = diagnosis
            .steps
            .iter()
            .flat_map(|step| &step.rules)
            .map(|rule| {
                let why = format!("{} {:?}", rule.because, rule.missing);
                (rule.rule.as_str(), (rule.answer, why))
            })
            .collect();
        for (rules, answer) in [
            (&self.clear, RuleAnswer::Clear),
            (&self.cannot_tell, RuleAnswer::CannotTell),
        ] {
            for rule in rules {
                match answers.get(rule.as_str()) {
                    Some((got, _)) if *got == answer => {}
                    Some((got, why)) => {
                        differ(rule, format!("{answer:?}"), format!("{got:?}: {why}"));
                    }
                    None => differ(rule, format!("{answer:?}"), "no such rule".to_owned()),
                }
            }
        }
        if let Some(expected) = &self.suspects {
            let mut got: Vec<&str> = Vec::new();
            for change in diagnosis.changes.iter().filter(|one| one.suspect.is_some()) {
                if !got.contains(&change.name.as_str()) {
                    got.push(&change.name);
                }
            }
            differ("suspects", format!("{expected:?}"), format!("{got:?}"));
        }
        if let Some(expected) = &self.broken {
            let got: Vec<&str> = diagnosis
                .timeout_chain
                .broken()
                .map(|one| one.id.as_str())
                .collect();
            differ("broken", format!("{expected:?}"), format!("{got:?}"));
        }
        for words in &self.says {
            if !diagnosis.in_words.contains(words) {
                differ("in words", words.clone(), diagnosis.in_words.clone());
            }
        }
        for words in &self.missing {
            if !diagnosis.missing.iter().any(|line| line.contains(words)) {
                differ(
                    "missing",
                    words.clone(),
                    format!("{:#?}", diagnosis.missing),
                );
            }
        }
        complaints
    }
}

fn line(finding: &diagnosis::document::Finding) -> String {
    let strength = match finding.strength {
        Strength::Possible => "possible",
        Strength::Likely => "likely",
        Strength::Proven => "proven",
    };
    let mut line = format!("{} {strength} {}", finding.rule, finding.explains);
    for (code, n) in &finding.explains_neighbours {
        line += &format!(" {code}={n}");
    }
    line
}
