//! Ranking of findings and the verdict of an investigation.
//!
//! - `cause_found`: proven findings explain more than half of the 502s that any source counted. Where
//!   there was no 502, the 503s and 504s take their place, and the words say so. Where there was
//!   none of these either, a proven fault is still a cause found: an expired listener certificate
//!   makes clients fail although no 502 is ever logged, and to tell a tired person "no fault found"
//!   then would send them back to bed; the words say that it makes no 502s.
//! - `likely_cause`: something proven or likely stands, but it does not explain most, or is not
//!   proven. What explains other codes alone is no cause of 502s.
//! - `no_fault_found`: all six steps ran and every call was answered in full, every rule is clear
//!   (risks that no 502 is tied to may stand), and no 502 is left over. One hole anywhere and it is
//!   not said: which hole hides nothing is not for us to guess.
//! - `cannot_tell`: everything else, with what is missing.

mod ranking;
mod words;

use std::collections::BTreeMap;

use crate::{
    case::Case,
    coverage,
    document::{
        Diagnosis, Finding, LedgerSource, LoadBalancerRef, RuleAnswer, RuleResult, StepResult,
        StepState, Strength, Verdict,
    },
    evidence::Evidence,
    keep_alive,
    ledger::{self, Settlement},
    need::{self, Need},
    neighbours::{self, Neighbour},
    rule::{self, Answer, Draft, Rule},
    rules, skew,
    step::Step,
    steps, timeout_chain, what_changed,
};

/// Faults that clients feel and that no 502 ever comes from: the load balancer's own certificate and
/// policy face the client, a 502 arises behind it. [V] DOC-TS lists neither among the causes.
const NEVER_A_502: &[&str] = &[
    "listener-certificate-expired",
    "listener-certificate-expiring",
    "listener-policy-outdated",
];

/// 503s and 504s that are fewer than this, per thousand requests, do not put an otherwise clean
/// window in question. [I]: they are told, but a load balancer without a single one is rare.
const NEIGHBOURS_IN_PASSING_PER_THOUSAND: u64 = 1;

pub fn judge(evidence: &Evidence) -> Diagnosis {
    let case = Case::new(evidence);
    let answers: Vec<(&'static Rule, Answer)> = rules::all()
        .map(|rule| (rule, within_its_sources(rule, (rule.check)(&case))))
        .collect();
    let drafts: Vec<(&Rule, &Draft)> = answers
        .iter()
        .flat_map(|(rule, answer)| answer.findings.iter().map(move |draft| (*rule, draft)))
        .collect();
    let settlement = ledger::settle(&case, &drafts);
    let changes = what_changed::changes(&case);
    let mut findings = ranking::rank(evidence, &drafts, &settlement);
    what_changed::tell(&changes.told, &mut findings);
    let steps: Vec<StepResult> = Step::ALL
        .into_iter()
        .map(|step| step_result(evidence, step, &answers, &findings))
        .collect();
    let missing = missing(evidence, &settlement, &steps);
    let neighbours = neighbours::of(&case, &findings);
    let judged = Judged {
        case: &case,
        settlement: &settlement,
        other_codes: &neighbours,
        findings: &findings,
        steps: &steps,
    };
    let verdict = judged.verdict();
    let in_words = words::of(&judged, verdict);
    let keep_alive = keep_alive::publish(&case);
    let load_balancer = &evidence.load_balancer;
    Diagnosis {
        load_balancer: LoadBalancerRef {
            arn: load_balancer.arn.clone(),
            name: load_balancer.name.clone(),
            kind: load_balancer.kind,
            region: load_balancer.region.clone(),
            account: load_balancer.account.clone(),
        },
        window: evidence.window,
        ledger: settlement.ledger.clone(),
        neighbours,
        verdict,
        in_words,
        missing,
        findings,
        timeout_chain: timeout_chain::of(&case, &answers, &keep_alive),
        keep_alive,
        skew: skew::skew(&case),
        coverage: coverage::of(&case),
        steps,
        changes: changes.told,
        changes_left_out: changes.left_out,
        observations: evidence.observations.clone(),
    }
}

/// A rule without a verified source proves nothing.
fn within_its_sources(rule: &Rule, mut answer: Answer) -> Answer {
    let surest = answer.findings.iter().map(|draft| draft.strength).max();
    if surest == Some(Strength::Proven) && !rule::is_verified(rule) {
        for draft in &mut answer.findings {
            draft.strength = draft.strength.min(Strength::Likely);
        }
    }
    answer
}

/// All that the verdict rests on.
struct Judged<'a> {
    case: &'a Case<'a>,
    settlement: &'a Settlement,
    other_codes: &'a [Neighbour],
    findings: &'a [Finding],
    steps: &'a [StepResult],
}

impl Judged<'_> {
    fn verdict(&self) -> Verdict {
        let total = self.settlement.most_502s;
        let neighbours = self.neighbours();
        if total > 0 {
            return self.by_share(self.explained(Strength::Proven), total);
        }
        if neighbours > 0 {
            let explained = self.neighbours_explained(Strength::Proven);
            let verdict = self.by_share(explained, neighbours);
            let in_passing = verdict == Verdict::CannotTell && self.neighbours_in_passing();
            if !in_passing {
                return verdict;
            }
        }
        self.without_errors()
    }

    /// There is something to explain: do proven findings explain most of it?
    fn by_share(&self, explained: u64, total: u64) -> Verdict {
        if explained > total / 2 {
            Verdict::CauseFound
        } else if self
            .causes()
            .any(|f| f.strength > Strength::Possible && self.is_answer(f))
        {
            Verdict::LikelyCause
        } else {
            Verdict::CannotTell
        }
    }

    /// There is nothing to explain, or nothing could be counted.
    fn without_errors(&self) -> Verdict {
        let counted = self.settlement.ledger.source != LedgerSource::None;
        let strongest = self.findings.iter().map(|finding| finding.strength).max();
        match strongest {
            Some(Strength::Proven) if counted => Verdict::CauseFound,
            Some(Strength::Proven | Strength::Likely) => Verdict::LikelyCause,
            Some(Strength::Possible) | None if counted && self.nothing_hidden() => {
                Verdict::NoFaultFound
            }
            Some(Strength::Possible) | None => Verdict::CannotTell,
        }
    }

    fn causes(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| !NEVER_A_502.contains(&finding.rule.as_str()))
    }

    /// Whether the finding may be the cause of what is asked about: one that explains other codes alone
    /// is none of the 502s, unless these are the others' by-catch.
    fn is_answer(&self, finding: &Finding) -> bool {
        let of_others_alone =
            finding.explains == 0 && finding.explains_neighbours.values().any(|n| *n > 0);
        !of_others_alone || self.settlement.most_502s == 0 || ranking::are_by_catch(self.settlement)
    }

    /// 502s that findings of at least this strength account for.
    fn explained(&self, at_least: Strength) -> u64 {
        self.findings
            .iter()
            .filter(|finding| finding.strength >= at_least)
            .map(|finding| finding.explains)
            .sum()
    }

    /// 503s and 504s that findings of at least this strength account for.
    fn neighbours_explained(&self, at_least: Strength) -> u64 {
        self.findings
            .iter()
            .filter(|finding| finding.strength >= at_least)
            .map(|finding| in_question(&finding.explains_neighbours))
            .sum()
    }

    fn neighbours(&self) -> u64 {
        in_question(&self.settlement.made_neighbours)
    }

    fn neighbours_in_passing(&self) -> bool {
        let requests = self
            .case
            .access_log()
            .map(|log| log.requests)
            .or_else(|| {
                self.case
                    .total(self.case.load_balancer_series("RequestCount", "Sum"))
            })
            .unwrap_or(0);
        !self.case.is_classic()
            && self.neighbours().saturating_mul(1000)
                < requests.saturating_mul(NEIGHBOURS_IN_PASSING_PER_THOUSAND)
    }

    /// Nothing that could hide a fault is missing.
    fn nothing_hidden(&self) -> bool {
        // Without a 502 it may be these that people saw: they must have been counted, by a log or by their metrics.
        let others = [
            self.case.load_balancer_503s(),
            self.case.load_balancer_504s(),
        ];
        self.settlement.missing.is_empty()
            && others.iter().all(Option::is_some)
            && self.steps.iter().all(|step| {
                step.state == StepState::Done
                    && step.rules.iter().all(|rule| {
                        rule.answer != RuleAnswer::CannotTell || lacks_only_a_log_that_is_off(rule)
                    })
            })
    }
}

/// Where access logs are off and the metrics, seen in full, count neither a 502 nor any 5xx of the
/// targets, a log could not have shown one either. What else only a log tells is no 502.
fn lacks_only_a_log_that_is_off(rule: &RuleResult) -> bool {
    rule.missing
        .iter()
        .all(|words| words == need::ACCESS_LOG_OFF)
}

/// The neighbours that a 502 may really be about.
fn in_question(neighbours: &BTreeMap<String, u64>) -> u64 {
    ["503", "504", "5XX"]
        .into_iter()
        .filter_map(|code| neighbours.get(code))
        .sum()
}

fn step_result(
    evidence: &Evidence,
    step: Step,
    answers: &[(&'static Rule, Answer)],
    findings: &[Finding],
) -> StepResult {
    StepResult {
        step,
        state: steps::state(evidence, step),
        rules: answers
            .iter()
            .filter(|(rule, _)| rule.step == step)
            .map(|(rule, answer)| RuleResult {
                rule: rule.id.to_owned(),
                answer: answer.answer(),
                because: because(rule, answer, findings),
                missing: answer.missing.clone(),
            })
            .collect(),
    }
}

fn because(rule: &Rule, answer: &Answer, findings: &[Finding]) -> String {
    if !answer.because.is_empty() {
        return answer.because.clone();
    }
    let titles: Vec<&str> = answer
        .findings
        .iter()
        .map(|finding| finding.title.as_str())
        .collect();
    let titles = titles.join("; ");
    match ranking::folded_into(rule, findings) {
        Some(other) => format!(
            "{titles}. This is a trace of another finding, which explains all of it: {}",
            other.title
        ),
        None => titles,
    }
}

/// Most telling first: what is wrong with the counts, then steps that have not run, then what the
/// rules lack, then what else was not seen in full.
fn missing(evidence: &Evidence, settlement: &Settlement, steps: &[StepResult]) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    let mut add = |words: String| {
        if !missing.contains(&words) {
            missing.push(words);
        }
    };
    settlement.missing.iter().cloned().for_each(&mut add);
    let mut all_ran = true;
    for step in steps {
        if step.state == StepState::NotRun {
            all_ran = false;
            add(format!(
                "Step “{}” has not run yet; run it",
                step.step.title()
            ));
        }
    }
    let of_rules = steps
        .iter()
        .flat_map(|step| &step.rules)
        .flat_map(|rule| rule.missing.clone());
    let of_steps = Step::ALL.into_iter().flat_map(|step| {
        Need::of(step)
            .iter()
            .flat_map(|need| need.missing(evidence))
    });
    for words in of_rules.chain(of_steps) {
        // "Not asked" says no more than that the step has not run, which stands above.
        if all_ran || !words.contains(NOT_ASKED) {
            add(words);
        }
    }
    for observation in refused(evidence) {
        if !missing.iter().any(|words| words.contains(&observation)) {
            missing.push(format!(
                "{observation} was not answered; see the step's calls"
            ));
        }
    }
    missing
}

/// As [`Observed::missing`](crate::Observed::missing) words it.
const NOT_ASKED: &str = "not asked yet";

/// IAM actions of the steps' calls that were denied or failed.
fn refused(evidence: &Evidence) -> Vec<String> {
    let used: std::collections::BTreeSet<u32> =
        evidence.steps.values().flatten().copied().collect();
    let mut actions: Vec<String> = evidence
        .observations
        .iter()
        .filter(|observation| {
            used.contains(&observation.n)
                && observation.outcome != crate::observation::Outcome::Seen
        })
        .map(crate::Observation::action)
        .collect();
    actions.sort();
    actions.dedup();
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document::Fix, rule::Claims};

    #[test]
    fn a_rule_without_a_verified_source_proves_nothing() {
        let proven = Draft {
            strength: Strength::Proven,
            title: String::new(),
            because: String::new(),
            claims: Claims::Nothing,
            resources: Vec::new(),
            cites: Vec::new(),
            fix: Fix::default(),
        };
        let strength = |source| {
            let rule = Rule {
                id: "made-up",
                step: Step::Load,
                specificity: 1,
                source,
                check: |_| Answer::clear("nothing"),
            };
            within_its_sources(&rule, Answer::found(proven.clone())).findings[0].strength
        };
        assert_eq!(
            strength("//! ## References\n//! - [S] a blog\n"),
            Strength::Likely
        );
        assert_eq!(
            strength("//! ## References\n//! - AWS, \"X\"\n"),
            Strength::Proven
        );
    }
}
