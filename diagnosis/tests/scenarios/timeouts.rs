//! The chain of timeouts never says another thing than the rules, and never more with less evidence.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::{
    Diagnosis, diagnose,
    document::{RuleAnswer, Strength},
    rules,
    timeout_chain::{InequalityState, TimeoutChain},
};

use crate::{holes, scenario::Scenario};

/// A stop timeout may be longer than the delay whatever happened to tasks.
const BY_NUMBERS_ALONE: &str = "deregistration-delay-below-stop-timeout";

fn answers(diagnosis: &Diagnosis) -> BTreeMap<&str, RuleAnswer> {
    let rules = diagnosis.steps.iter().flat_map(|step| &step.rules);
    rules
        .map(|rule| (rule.rule.as_str(), rule.answer))
        .collect()
}

fn complaints(diagnosis: &Diagnosis) -> Vec<String> {
    let chain = &diagnosis.timeout_chain;
    let answers = answers(diagnosis);
    let mut complaints = Vec::new();
    for one in &chain.inequalities {
        let id = &one.id;
        let Some(hop) = chain.hop(&one.hop) else {
            complaints.push(format!("{id} binds no hop"));
            continue;
        };
        if one.state == InequalityState::Holds && hop.seconds.is_none() {
            complaints.push(format!("{id} holds of a number that is not known"));
        }
        if one.missing.is_empty() == (one.state == InequalityState::CannotTell) {
            complaints.push(format!(
                "{id} is {:?} with missing {:?}",
                one.state, one.missing
            ));
        }
        let Some(rule) = &one.rule else { continue };
        assert!(rules::by_id(rule).is_some(), "{id}: no rule {rule}");
        let by_rule = answers[rule.as_str()];
        if one.state == InequalityState::Holds
            && by_rule == RuleAnswer::CannotTell
            && !id.starts_with(BY_NUMBERS_ALONE)
        {
            complaints.push(format!("{id} holds, and {rule} cannot tell"));
        }
        let elsewhere = chain.broken().any(|other| other.rule == one.rule);
        if one.state == InequalityState::Holds
            && by_rule == RuleAnswer::Found
            && !elsewhere
            && diagnosis
                .findings
                .iter()
                .any(|finding| finding.rule == *rule && finding.strength > Strength::Possible)
        {
            complaints.push(format!("{id} holds, and {rule} was found nowhere"));
        }
    }
    for finding in &diagnosis.findings {
        let judged: Vec<_> = chain
            .inequalities
            .iter()
            .filter(|one| one.rule.as_ref() == Some(&finding.rule))
            .collect();
        let told = judged.iter().any(|one| one.state != InequalityState::Holds);
        if finding.strength > Strength::Possible && !judged.is_empty() && !told {
            complaints.push(format!("{} is found, and all of it holds", finding.rule));
        }
    }
    complaints
}

fn in_state(chain: &TimeoutChain, state: InequalityState) -> BTreeSet<&str> {
    let all = chain.inequalities.iter();
    all.filter(|one| one.state == state)
        .map(|one| one.id.as_str())
        .collect()
}

/// With every part of the evidence taken away in turn, the chain still agrees with the rules, and
/// nothing comes to hold that did not with all of it.
#[test]
fn the_chain_of_timeouts_agrees_with_the_rules() {
    let mut wrong = Vec::new();
    for scenario in Scenario::all() {
        let whole = diagnose(&scenario.evidence);
        let name = &scenario.name;
        wrong.extend(
            complaints(&whole)
                .iter()
                .map(|words| format!("{name}: {words}")),
        );
        let held = in_state(&whole.timeout_chain, InequalityState::Holds);
        for (hole, evidence) in holes::all(&scenario.evidence) {
            let holed = diagnose(&evidence);
            let place = format!("{name} with {hole}");
            wrong.extend(
                complaints(&holed)
                    .iter()
                    .map(|words| format!("{place}: {words}")),
            );
            for id in in_state(&holed.timeout_chain, InequalityState::Holds).difference(&held) {
                wrong.push(format!("{place}: {id} comes to hold"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is shorter stays so when every hop is set to its safe number.
#[test]
fn safe_numbers_mend_what_is_broken() {
    let mut wrong = Vec::new();
    for scenario in Scenario::all() {
        let chain = diagnose(&scenario.evidence).timeout_chain;
        for broken in chain.broken() {
            let hop = chain.hop(&broken.hop).unwrap();
            let Some(safe) = hop.safe_seconds.map(|seconds| seconds * 1_000) else {
                wrong.push(format!("{}: {} has no safe number", scenario.name, hop.id));
                continue;
            };
            // The other side: another hop's safe number, or what was seen.
            let idle = chain.hop("idle-timeout").unwrap().safe_seconds;
            let other = match broken.id.split(':').next().unwrap() {
                "idle-timeout-below-target-keep-alive" => idle.map(|seconds| seconds * 1_000),
                "longest-run-below-function-timeout" => broken.longer.milliseconds,
                "longest-answer-below-idle-timeout"
                | "longest-request-below-deregistration-delay" => broken.shorter.milliseconds,
                // No number alone mends these: the order of things does.
                _ => continue,
            };
            if other.is_some_and(|other| safe <= other) {
                wrong.push(format!(
                    "{}: {safe} ms is not safe: {broken:#?}",
                    scenario.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
