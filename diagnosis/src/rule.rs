//! What a rule is: one fault, its help page, and a pure check.
//!
//! A rule never fetches. It looks at the whole [`Case`] and returns an [`Answer`]: what it found,
//! why it is clear, or what it would need to see. A denied or failed call never reads as clear.
//!
//! The references of a help page are graded: one that rests on a blog or an issue thread begins with
//! `[S]`, an inference with `[I]`, what could not be verified with `[U]`; all others were read in
//! AWS's own text, in a standard or in source, and name it. Without one of these nothing that the rule
//! finds is ever `proven` ([`is_verified`]).

use chrono::{DateTime, Utc};

pub use crate::case::{Case, Target};
use crate::{
    document::{Fix, RuleAnswer, Strength},
    step::Step,
};

/// One fault that lb502 knows.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The public id, as in `keep-alive-shorter-than-idle-timeout`.
    pub id: &'static str,
    pub step: Step,
    /// 0–100: of two findings of equal strength that could both explain a row, the narrower one
    /// (the larger number) gets it.
    pub specificity: u8,
    /// The rule's own file: its leading `//!` lines are the help page (see [`help`]).
    pub source: &'static str,
    pub check: fn(&Case<'_>) -> Answer,
}

/// A rule's answer. With findings it is `found`; else with anything missing `cannot_tell`; else
/// `clear`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub findings: Vec<Draft>,
    /// Why it is clear or cannot be told (a finding carries its own reasons).
    pub because: String,
    /// What was not seen and could change the answer, each as [`Observed::missing`] words it.
    ///
    /// [`Observed::missing`]: crate::Observed::missing
    pub missing: Vec<String>,
}

/// A finding before the ledger decides how much of the window it explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub strength: Strength,
    pub title: String,
    pub because: String,
    pub claims: Claims,
    pub resources: Vec<String>,
    /// Observations, by `n`; sorted and made unique by the engine.
    pub cites: Vec<u32>,
    pub fix: Fix,
}

/// Which faults of the window a finding says it caused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Claims {
    /// None: the fault stands in the configuration only.
    #[default]
    Nothing,
    /// Places in `AccessLog::rows` (502s and neighbours alike).
    Rows(Vec<usize>),
    /// With access logs off: at most this many 502s of the minute that starts at the time.
    Minutes(Vec<(DateTime<Utc>, u64)>),
    /// The same of a neighbour's code (503, 504). On Classic, where one metric counts all codes, of
    /// that metric.
    MinutesOf(u16, Vec<(DateTime<Utc>, u64)>),
}

impl Answer {
    pub fn found(finding: Draft) -> Self {
        Self {
            findings: vec![finding],
            ..Self::default()
        }
    }

    pub fn clear(because: impl Into<String>) -> Self {
        Self {
            because: because.into(),
            ..Self::default()
        }
    }

    pub fn cannot_tell(because: impl Into<String>, missing: Vec<String>) -> Self {
        Self {
            findings: Vec::new(),
            because: because.into(),
            missing,
        }
    }

    pub fn answer(&self) -> RuleAnswer {
        if !self.findings.is_empty() {
            RuleAnswer::Found
        } else if !self.missing.is_empty() {
            RuleAnswer::CannotTell
        } else {
            RuleAnswer::Clear
        }
    }
}

/// The help page of a rule: the leading `//!` lines of its file, as Markdown.
pub fn help(rule: &Rule) -> String {
    rule.source
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .map(|line| line.trim_start_matches("//!").trim_start_matches(' '))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The references of the help page, each in one line.
pub fn references(rule: &Rule) -> Vec<String> {
    let help = help(rule);
    let listed = help.split("## References").nth(1).unwrap_or_default();
    let mut references: Vec<String> = Vec::new();
    for line in listed.lines() {
        if let Some(first) = line.strip_prefix("- ") {
            references.push(first.to_owned());
        } else if let Some(reference) = references.last_mut() {
            *reference += " ";
            *reference += line.trim();
        }
    }
    references
}

/// Whether at least one of the rule's references is verified, so that it may find something `proven`.
pub fn is_verified(rule: &Rule) -> bool {
    references(rule).iter().any(|reference| {
        !["[S]", "[I]", "[U]"]
            .iter()
            .any(|mark| reference.starts_with(mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &'static str) -> Rule {
        Rule {
            id: "made-up",
            step: Step::ErrorLogs,
            specificity: 1,
            source,
            check: |_| Answer::clear("nothing"),
        }
    }

    #[test]
    fn references_are_read_whole_and_graded() {
        let mixed = rule(
            "//! # X\n//! ## References\n//!\n//! - [S] an issue\n//!   thread\n//! - AWS, \"Y\"\n",
        );
        assert_eq!(references(&mixed), ["[S] an issue thread", "AWS, \"Y\""]);
        assert!(is_verified(&mixed));
        assert!(!is_verified(&rule(
            "//! ## References\n//! - [S] a blog\n//! - [I] inferred\n"
        )));
        assert!(!is_verified(&rule("//! # No references\n")));
    }
}
