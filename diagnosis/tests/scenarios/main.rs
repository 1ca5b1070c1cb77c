//! Whole incidents, as files that a newcomer reads: `diagnosis/scenarios/*.md`.
//!
//! Each holds prose and three fenced blocks: `evidence` and `expect` in TOML, and `access-log` in
//! lines that say who asked when (see `traffic.rs`), which become log lines and go through
//! the real access log reader.

#![expect(
    clippy::unwrap_used,
    reason = "a scenario that cannot be read should fail"
)]

mod accuracy;
mod evidence;
mod expect;
mod holes;
mod leaves;
mod log_lines;
mod masked;
mod retold;
mod scenario;
mod timeouts;
mod traffic;
mod truth;

use std::collections::BTreeSet;

use diagnosis::{
    diagnose,
    document::{LedgerSource, Strength, Verdict},
    neighbours::FIXED_RESPONSE,
    rule, rules,
};
use scenario::Scenario;

/// Every scenario's expectations hold.
#[test]
fn incidents_are_judged_as_told() {
    let mut wrong = Vec::new();
    for scenario in Scenario::all() {
        let diagnosis = diagnose(&scenario.evidence);
        for complaint in scenario.expect.complaints(&diagnosis) {
            wrong.push(format!("{}: {complaint}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Same evidence, same document, byte for byte.
#[test]
fn the_same_evidence_gives_the_same_bytes() {
    for scenario in Scenario::all() {
        let once = serde_json::to_string(&diagnose(&scenario.evidence)).unwrap();
        let through_json: diagnosis::Evidence =
            serde_json::from_str(&serde_json::to_string(&scenario.evidence).unwrap()).unwrap();
        let again = serde_json::to_string(&diagnose(&through_json)).unwrap();
        assert_eq!(once, again, "{}", scenario.name);
    }
}

/// Every 502 in exactly one place.
#[test]
fn the_ledger_adds_up() {
    for scenario in Scenario::all() {
        let diagnosis = diagnose(&scenario.evidence);
        let ledger = &diagnosis.ledger;
        assert_eq!(
            ledger.attributed + ledger.unexplained,
            ledger.made_by_load_balancer + ledger.made_by_target,
            "{}",
            scenario.name
        );
        let explained: u64 = diagnosis.findings.iter().map(|f| f.explains).sum();
        assert_eq!(explained, ledger.attributed, "{}", scenario.name);
    }
}

/// Every answer of another code under one sign, and every one of the load balancer's under one finding
/// or none; the ledger counts as many.
#[test]
fn the_other_codes_add_up() {
    for scenario in Scenario::all() {
        let name = &scenario.name;
        let diagnosis = diagnose(&scenario.evidence);
        for code in &diagnosis.neighbours {
            let seen: u64 = code.seen.iter().map(|sign| sign.count).sum();
            let explained: u64 = code.explained.iter().map(|by| by.count).sum();
            let made = code.made_by_load_balancer;
            assert_eq!(code.count, made + code.made_by_target, "{name}: {code:?}");
            assert_eq!(seen, code.count, "{name}: {code:?}");
            let told = code.seen.iter().find(|sign| sign.id == FIXED_RESPONSE);
            let as_told = told.map_or(0, |sign| sign.count);
            assert_eq!(
                explained + code.unexplained + as_told,
                made,
                "{name}: {code:?}"
            );
            assert!(code.unexplained == 0 || !code.look_at.is_empty(), "{name}");
        }
        if diagnosis.ledger.source != LedgerSource::AccessLog {
            continue;
        }
        for (code, n) in &diagnosis.ledger.neighbours {
            let told = diagnosis.neighbours.iter().find(|one| one.code == *code);
            assert_eq!(told.map_or(0, |one| one.count), *n, "{name}: {code}");
        }
    }
}

/// Whatever AWS would not say, it never turns a fault into an all-clear, nor makes a wrong answer
/// sure: the first finding stays right or weakens to `possible`, and nothing is `likely` or `proven`
/// that did not happen. Where not even a count of 502s is left, a true fault beside them may stand
/// first.
#[test]
fn a_hole_never_gives_an_all_clear_or_a_wrong_cause() {
    let mut wrong = Vec::new();
    for scenario in Scenario::all() {
        let whole = diagnose(&scenario.evidence);
        let true_rules = scenario.truth.all_from_afar();
        let answers = truth::from_afar(&scenario.truth.answers());
        for (hole, evidence) in holes::all(&scenario.evidence) {
            let holed = diagnose(&evidence);
            let place = format!("{} with {hole}", scenario.name);
            if holed.verdict == Verdict::NoFaultFound && whole.verdict != Verdict::NoFaultFound {
                wrong.push(format!("{place}: an all-clear"));
            }
            for finding in holed.findings.iter().filter(|f| accuracy::is_held(f)) {
                if !true_rules.contains(finding.rule.as_str()) {
                    wrong.push(format!(
                        "{place}: {} is {:?}, and is not true",
                        finding.rule, finding.strength
                    ));
                }
            }
            if let Some(first) = holed.findings.first().filter(|f| accuracy::is_held(f))
                && holed.verdict != Verdict::CannotTell
                && holed.ledger.source != LedgerSource::None
                && !answers.contains(first.rule.as_str())
            {
                wrong.push(format!("{place}: {} stands first", first.rule));
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

/// A refused call is named, and nothing healthy is called so while it is.
#[test]
fn a_refused_call_is_never_an_all_clear_and_always_named() {
    for scenario in Scenario::all() {
        for (hole, evidence) in holes::refusals(&scenario.evidence) {
            let holed = diagnose(&evidence);
            let place = format!("{} with {hole} refused", scenario.name);
            assert_ne!(holed.verdict, Verdict::NoFaultFound, "{place}");
            let named = holed.missing.iter().any(|words| words.contains(&hole));
            assert!(named, "{place}: not named in {:?}", holed.missing);
        }
    }
}

/// With only some of the steps run there is no all-clear.
#[test]
fn part_of_the_steps_is_no_all_clear() {
    for scenario in Scenario::all() {
        for step in diagnosis::Step::ALL {
            let mut evidence = scenario.evidence.clone();
            evidence.steps.remove(&step);
            assert_ne!(
                diagnose(&evidence).verdict,
                Verdict::NoFaultFound,
                "{} without {step}",
                scenario.name
            );
        }
    }
}

/// A rule whose every source is graded S, I or U never proves anything.
#[test]
fn without_a_verified_source_nothing_is_proven() {
    for scenario in Scenario::all() {
        for finding in diagnose(&scenario.evidence).findings {
            let rule = rules::by_id(&finding.rule).unwrap();
            assert!(
                finding.strength < Strength::Proven || rule::is_verified(rule),
                "{}: {}",
                scenario.name,
                rule.id
            );
        }
    }
}

/// A rule comes with its help page, and with a scenario in which it is the answer.
#[test]
fn every_rule_has_headings_a_scenario_and_a_source() {
    let found: BTreeSet<String> = Scenario::all()
        .iter()
        .flat_map(|scenario| scenario.expect.rules_found())
        .collect();
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        let help = rule::help(rule);
        for heading in [
            "## What it looks for",
            "## Why this makes a 502",
            "## How to be sure",
            "## How to fix it",
            "## References",
        ] {
            if !help.lines().any(|line| line == heading) {
                wrong.push(format!("{}: its help page lacks \"{heading}\"", rule.id));
            }
        }
        let references = rule::references(rule);
        if references.is_empty() {
            wrong.push(format!("{}: names no source", rule.id));
        }
        for reference in references {
            // Verified is what names a text that can be read again; all else says that it is not.
            let is_marked = ["[S]", "[I]", "[U]"]
                .iter()
                .any(|mark| reference.starts_with(mark));
            let names_a_text = ["AWS", "\"", "RFC", "<https://"]
                .iter()
                .any(|sign| reference.contains(sign));
            if !is_marked && !names_a_text {
                wrong.push(format!(
                    "{}: \"{reference}\" names no text; begin it with [S], [I] or [U]",
                    rule.id
                ));
            }
        }
        if Scenario::are_ours() && !found.contains(rule.id) {
            wrong.push(format!("{}: no scenario finds it", rule.id));
        }
        if !ids.insert(rule.id) {
            wrong.push(format!("{}: stands twice in the book", rule.id));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
