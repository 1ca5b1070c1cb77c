//! Which findings stand, and in which order.
//!
//! A finding may come out of the ledger with nothing, because surer or narrower ones had taken all
//! that it claims. It is then no cause of its own, and never `proven` as the cause of nothing:
//!
//! - One that rests on the log's rows alone (a rule of the step `error-logs`, or a second finding of
//!   a rule that explains other rows) saw the trace of the finding that took them: refused connects are
//!   how a stopped instance shows. It is folded into that finding, which says so in `also_seen`.
//! - One that rests on a state (a closed port, unhealthy targets, a full CPU) is a fault whoever
//!   explains the rows: it stays, as `possible`, and `explained_by` says who explains them.

use std::{cmp::Reverse, collections::BTreeMap};

use super::in_question;
use crate::{
    document::{AlsoSeen, Finding, Strength},
    evidence::Evidence,
    ledger::{LeftOut, Settlement},
    raw_rows,
    rule::{Draft, Rule},
    step::Step,
    words::count,
};

/// 502s that are fewer than one in this many 503s and 504s are their by-catch: connections that
/// were open when a security group was shut, say. [I]: then what explains the many comes first.
const BY_CATCH: u64 = 20;

/// Answers what is asked about, then strength, then how many it explains, then how narrow it is,
/// then the id. A finding that explains nothing is no answer while there is something to explain,
/// however well it is proven.
pub(super) fn rank(
    evidence: &Evidence,
    drafts: &[(&Rule, &Draft)],
    settlement: &Settlement,
) -> Vec<Finding> {
    let fates = fates(drafts, settlement);
    let mut traces: BTreeMap<usize, Vec<AlsoSeen>> = BTreeMap::new();
    for (place, fate) in fates.iter().enumerate() {
        if let Fate::Folded(left_out) = fate {
            let (rule, draft) = drafts[place];
            let seen = AlsoSeen {
                rule: rule.id.to_owned(),
                title: draft.title.clone(),
                claimed: left_out.claimed,
            };
            traces.entry(left_out.by).or_default().push(seen);
        }
    }
    let neighbours = in_question(&settlement.made_neighbours);
    let asked = Asked {
        anything: settlement.most_502s + neighbours > 0,
        by_catch: are_by_catch(settlement),
        any_502: settlement.most_502s > 0,
    };
    let mut ranked: Vec<(u8, Finding)> = drafts
        .iter()
        .enumerate()
        .filter(|(place, _)| !matches!(fates[*place], Fate::Folded(_)))
        .map(|(place, (rule, draft))| {
            let mut finding = finding(evidence, rule, draft);
            finding.explains = settlement.shares[place].explains;
            finding
                .explains_neighbours
                .clone_from(&settlement.shares[place].neighbours);
            finding.rows = raw_rows::of(evidence, rule.id, &settlement.shares[place].rows);
            if let Fate::Beside(left_out) = fates[place] {
                finding.strength = Strength::Possible;
                let (by, other) = drafts[left_out.by];
                finding.because += &beside(left_out, &other.title);
                finding.explained_by = Some(by.id.to_owned());
            }
            if let Some(traces) = traces.remove(&place) {
                finding.also_seen = traces;
            }
            (rule.specificity, finding)
        })
        .collect();
    ranked.sort_by_cached_key(|(specificity, finding)| {
        let neighbours: u64 = finding.explains_neighbours.values().sum();
        (
            asked.distance(finding),
            Reverse(finding.strength),
            Reverse(finding.explains + if asked.by_catch { neighbours } else { 0 }),
            Reverse(neighbours),
            Reverse(*specificity),
            finding.rule.clone(),
            finding.resources.clone(),
        )
    });
    ranked.into_iter().map(|(_, finding)| finding).collect()
}

/// Whether the 502s are so few beside the 503s and 504s that what explains those explains them too.
pub(super) fn are_by_catch(settlement: &Settlement) -> bool {
    settlement.most_502s.saturating_mul(BY_CATCH) < in_question(&settlement.made_neighbours)
}

/// The finding that a rule's own was folded into, if that is what became of it.
pub(super) fn folded_into<'a>(rule: &Rule, findings: &'a [Finding]) -> Option<&'a Finding> {
    if findings.iter().any(|finding| finding.rule == rule.id) {
        return None;
    }
    findings
        .iter()
        .find(|finding| finding.also_seen.iter().any(|seen| seen.rule == rule.id))
}

/// What a person came to ask about.
struct Asked {
    anything: bool,
    any_502: bool,
    by_catch: bool,
}

impl Asked {
    /// How far the finding is from it; 0 is an answer.
    fn distance(&self, finding: &Finding) -> u8 {
        let only_502s = self.any_502 && !self.by_catch;
        if !self.anything || finding.explains > 0 {
            0
        } else if finding.explains_neighbours.values().all(|n| *n == 0) {
            2
        } else {
            u8::from(only_502s)
        }
    }
}

/// What becomes of a draft after the ledger.
#[derive(Clone, Copy)]
enum Fate {
    Stands,
    Folded(LeftOut),
    Beside(LeftOut),
}

fn fates(drafts: &[(&Rule, &Draft)], settlement: &Settlement) -> Vec<Fate> {
    let explains = |place: usize| {
        let share = &settlement.shares[place];
        share.explains > 0 || !share.neighbours.is_empty()
    };
    drafts
        .iter()
        .zip(&settlement.left_out)
        .map(|((rule, _), left_out)| {
            let Some(left_out) = *left_out else {
                return Fate::Stands;
            };
            let has_another = drafts
                .iter()
                .enumerate()
                .any(|(place, (other, _))| other.id == rule.id && explains(place));
            if rule.step == Step::ErrorLogs || has_another {
                Fate::Folded(left_out)
            } else {
                Fate::Beside(left_out)
            }
        })
        .collect()
}

fn beside(left_out: LeftOut, title: &str) -> String {
    format!(
        " It fits {}, but a surer or narrower finding explains {}: {}. This fault stands beside it.",
        count(
            left_out.claimed,
            "error of the window",
            "errors of the window"
        ),
        if left_out.claimed == 1 { "it" } else { "them" },
        title.trim_end_matches('.'),
    )
}

fn finding(evidence: &Evidence, rule: &Rule, draft: &Draft) -> Finding {
    let mut cites = draft.cites.clone();
    cites.sort_unstable();
    cites.dedup();
    cites.retain(|n| {
        evidence
            .observations
            .binary_search_by_key(n, |observation| observation.n)
            .is_ok()
    });
    let mut resources: Vec<String> = Vec::new();
    for resource in &draft.resources {
        if !resources.contains(resource) {
            resources.push(resource.clone());
        }
    }
    Finding {
        rule: rule.id.to_owned(),
        step: rule.step,
        strength: draft.strength,
        title: draft.title.clone(),
        because: draft.because.clone(),
        explains: 0,
        explains_neighbours: BTreeMap::new(),
        resources,
        cites,
        rows: Vec::new(),
        also_seen: Vec::new(),
        explained_by: None,
        fix: draft.fix.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Evidence, diagnose,
        document::{Finding, Strength},
        fixture::*,
        observed::Observed,
    };

    fn rules(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|f| f.rule.as_str()).collect()
    }

    /// Two connects to `i-2` refused since it stopped, and counted.
    fn stopped() -> Evidence {
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.instances {
            value[1].state = "stopped".to_owned();
            value[1].state_reason = Some("User initiated (2026-11-20 10:31:22 GMT)".to_owned());
        }
        set_rows(
            &mut evidence,
            vec![refused("10:32:00", 2), refused("10:32:04", 2)],
        );
        set_series(
            &mut evidence,
            series(
                WEB,
                "TargetConnectionErrorCount",
                "Sum",
                &[("10:32:00", 2.0)],
            ),
        );
        evidence
    }

    #[test]
    fn a_trace_is_folded_into_the_fault_that_left_it() {
        let findings = diagnose(&stopped()).findings;
        assert_eq!(rules(&findings), ["target-instance-not-running"]);
        let seen = &findings[0].also_seen[0];
        assert_eq!(
            (seen.rule.as_str(), seen.claimed),
            ("target-refused-connection", 2)
        );
        // Told once: whoever shows a finding shows its traces.
        assert!(!findings[0].because.contains("target-refused-connection"));
    }

    #[test]
    fn the_step_says_where_the_trace_went() {
        let diagnosis = diagnose(&stopped());
        let rule = diagnosis
            .steps
            .iter()
            .flat_map(|step| &step.rules)
            .find(|rule| rule.rule == "target-refused-connection")
            .unwrap();
        assert!(rule.because.contains("i-2 is stopped"), "{}", rule.because);
    }

    #[test]
    fn a_fault_whose_errors_another_explains_stands_as_possible() {
        let mut evidence = stopped();
        set_health(
            &mut evidence,
            vec![
                target(1, "healthy", None),
                target(2, "unhealthy", Some("Target.FailedHealthChecks")),
                target(3, "healthy", None),
            ],
        );
        let findings = diagnose(&evidence).findings;
        let failing = findings
            .iter()
            .find(|f| f.rule == "targets-failing-health-checks")
            .unwrap();
        assert_eq!(failing.strength, Strength::Possible);
        assert_eq!(
            failing.explained_by.as_deref(),
            Some("target-instance-not-running")
        );
    }
}
