//! How right the answers are over the whole corpus, by what truly happened: `make accuracy`.

use std::fmt;

use diagnosis::{
    Diagnosis, Evidence,
    case::Case,
    diagnose,
    document::{Finding, Strength},
    ledger, rules,
};

use crate::{scenario::Scenario, truth};

/// Goals, in tenths of a per cent.
const FIRST_FINDINGS: u64 = 980;
const ATTRIBUTED: u64 = 950;

/// How the 502s of one scenario (or of all) were attributed.
#[derive(Clone, Copy, Default)]
struct Attributed {
    right: u64,
    wrong: u64,
    /// To nothing, although nothing was taken away.
    missed: u64,
    /// To nothing, where evidence was taken away: no mistake.
    open: u64,
}

#[derive(Default)]
pub(crate) struct Report {
    scenarios: u64,
    first_right: u64,
    attributed: Attributed,
    neighbours: Attributed,
    false_findings: u64,
    untold: Vec<String>,
    misses: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, scenario: &Scenario) {
        let diagnosis = diagnose(&scenario.evidence);
        let name = &scenario.name;
        self.scenarios += 1;
        if !scenario.truth.told {
            self.untold.push(name.clone());
        }
        match wrong_first(scenario, &diagnosis) {
            None => self.first_right += 1,
            Some(why) => self.misses.push(format!("{name}: {why}")),
        }
        for finding in false_findings(scenario, &diagnosis) {
            self.false_findings += 1;
            self.misses.push(format!(
                "{name}: {} is {:?}, and is not true",
                finding.rule, finding.strength
            ));
        }
        let (of_502s, of_neighbours) = attribution(scenario, &diagnosis);
        if of_502s.wrong + of_502s.missed > 0 {
            self.misses.push(format!("{name}: of its 502s, {of_502s}"));
        }
        self.attributed.add(of_502s);
        self.neighbours.add(of_neighbours);
    }

    pub(crate) fn meets_goals(&self) -> bool {
        per_thousand(self.first_right, self.scenarios) >= FIRST_FINDINGS
            && self.attributed.per_thousand() >= ATTRIBUTED
            && self.false_findings == 0
    }
}

/// Why the first finding is not the right one.
fn wrong_first(scenario: &Scenario, diagnosis: &Diagnosis) -> Option<String> {
    let truth = &scenario.truth;
    let mut right = truth.answers();
    if truth.has_holes {
        right = truth::from_afar(&right);
    }
    let first = diagnosis.findings.first();
    match first {
        Some(first) if right.contains(first.rule.as_str()) => None,
        Some(first) if is_held(first) => Some(format!(
            "the first finding is {}, not {right:?}",
            first.rule
        )),
        // A mere risk, or nothing.
        _ if right.is_empty() || truth.has_holes => None,
        _ => Some(format!("nothing is found, not {right:?}")),
    }
}

/// Findings above `possible` whose fault is not there.
fn false_findings<'a>(scenario: &Scenario, diagnosis: &'a Diagnosis) -> Vec<&'a Finding> {
    let truth = &scenario.truth;
    let all = if truth.has_holes {
        truth.all_from_afar()
    } else {
        truth.all()
    };
    let found = diagnosis.findings.iter();
    found
        .filter(|finding| is_held(finding) && !all.contains(finding.rule.as_str()))
        .collect()
}

pub(crate) fn is_held(finding: &Finding) -> bool {
    finding.strength > Strength::Possible
}

/// How the 502s and the other codes were attributed: row by row where a log was read, else by the
/// counts of the findings.
fn attribution(scenario: &Scenario, diagnosis: &Diagnosis) -> (Attributed, Attributed) {
    let truth = &scenario.truth;
    let (mut of_502s, mut of_neighbours) = (Attributed::default(), Attributed::default());
    let case = Case::new(&scenario.evidence);
    if case.access_log().is_none() {
        let all = truth.all_from_afar();
        for finding in &diagnosis.findings {
            if all.contains(finding.rule.as_str()) {
                of_502s.right += finding.explains;
            } else {
                of_502s.wrong += finding.explains;
            }
        }
        of_502s.open = diagnosis.ledger.unexplained;
        return (of_502s, of_neighbours);
    }
    let takers = takers(&scenario.evidence);
    for (row, taker) in case.rows().iter().zip(takers) {
        let mut right = truth.of(row);
        if truth.has_holes {
            right = truth::from_afar(&right);
        }
        let sum = if row.elb_status_code == 502 {
            &mut of_502s
        } else {
            &mut of_neighbours
        };
        match taker {
            Some(rule) if right.contains(rule) => sum.right += row.count,
            Some(_) => sum.wrong += row.count,
            None if truth.has_holes => sum.open += row.count,
            None if right.is_empty() => sum.right += row.count,
            None => sum.missed += row.count,
        }
    }
    (of_502s, of_neighbours)
}

/// For each row of the log the rule that the ledger gives it to.
fn takers(evidence: &Evidence) -> Vec<Option<&'static str>> {
    let case = Case::new(evidence);
    let answers: Vec<_> = rules::all()
        .map(|rule| (rule, (rule.check)(&case)))
        .collect();
    let drafts: Vec<_> = answers
        .iter()
        .flat_map(|(rule, answer)| answer.findings.iter().map(move |draft| (*rule, draft)))
        .collect();
    let mut takers = vec![None; case.rows().len()];
    for ((rule, _), share) in drafts.iter().zip(&ledger::settle(&case, &drafts).shares) {
        for place in &share.rows {
            takers[*place] = Some(rule.id);
        }
    }
    takers
}

impl Attributed {
    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
        self.open += other.open;
    }

    fn per_thousand(self) -> u64 {
        per_thousand(self.right, self.right + self.wrong + self.missed)
    }
}

impl fmt::Display for Attributed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} right, {} wrong, {} missed, {} left open for want of evidence",
            self.right, self.wrong, self.missed, self.open
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |tenths: u64| format!("{}.{} %", tenths / 10, tenths % 10);
        writeln!(f, "{} scenarios", self.scenarios)?;
        writeln!(
            f,
            "first finding right      {:>8}   {} of {} (goal {})",
            share(per_thousand(self.first_right, self.scenarios)),
            self.first_right,
            self.scenarios,
            share(FIRST_FINDINGS)
        )?;
        writeln!(
            f,
            "502s attributed right    {:>8}   {} (goal {})",
            share(self.attributed.per_thousand()),
            self.attributed,
            share(ATTRIBUTED)
        )?;
        writeln!(
            f,
            "other codes right        {:>8}   {}",
            share(self.neighbours.per_thousand()),
            self.neighbours
        )?;
        writeln!(
            f,
            "false proven or likely   {:>8}   (goal 0)",
            self.false_findings
        )?;
        for miss in &self.misses {
            writeln!(f, "  miss: {miss}")?;
        }
        if !self.untold.is_empty() {
            let untold = self.untold.join(", ");
            writeln!(f, "  judged by their own expectations: {untold}")?;
        }
        Ok(())
    }
}

/// Rounded down; 1000 of nothing.
fn per_thousand(part: u64, whole: u64) -> u64 {
    (part * 1000).checked_div(whole).unwrap_or(1000)
}

/// First findings, the ledger's rows and every finding, held against what truly happened.
#[test]
#[expect(clippy::print_stdout, reason = "`make accuracy` shows it to a person")]
fn accuracy() {
    let mut report = Report::default();
    for scenario in Scenario::all() {
        report.add(&scenario);
    }
    println!("{report}");
    assert!(report.meets_goals(), "below a goal\n{report}");
}
