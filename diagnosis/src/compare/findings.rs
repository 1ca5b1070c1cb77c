//! Findings and answers of rules on two sides.

use crate::{
    api::{FindingChange, FindingMove, FindingPlace, RuleChange},
    document::{Diagnosis, Finding, RuleAnswer, RuleResult},
};

/// What came, went or moved, and how many did none of it.
pub(super) fn findings(from: &Diagnosis, to: &Diagnosis) -> (Vec<FindingChange>, u32) {
    let before: Vec<(u32, &Finding)> = (1..).zip(&from.findings).collect();
    let after: Vec<(u32, &Finding)> = (1..).zip(&to.findings).collect();
    let partners = partners(&from.findings, &to.findings);
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for ((rank, finding), partner) in after.iter().zip(&partners) {
        let now = place(*rank, finding);
        let Some((rank, earlier)) = partner.and_then(|partner| before.get(partner)) else {
            let change = absent(
                from,
                finding,
                FindingMove::Came,
                FindingMove::NotJudgedBefore,
            );
            changes.push(one(finding, change, None, Some(now), from));
            continue;
        };
        let was = place(*rank, earlier);
        if was == now {
            unchanged += 1;
        } else {
            changes.push(one(finding, FindingMove::Moved, Some(was), Some(now), to));
        }
    }
    for (at, (rank, finding)) in before.iter().enumerate() {
        if partners.contains(&Some(at)) {
            continue;
        }
        let change = absent(to, finding, FindingMove::Went, FindingMove::NotJudgedAfter);
        changes.push(one(finding, change, Some(place(*rank, finding)), None, to));
    }
    (changes, unchanged)
}

/// Rules whose answer is another.
pub(super) fn rules(from: &Diagnosis, to: &Diagnosis) -> Vec<RuleChange> {
    let after = to.steps.iter().flat_map(|step| {
        let rules = step.rules.iter();
        rules.map(|rule| (step.step, rule))
    });
    after
        .filter_map(|(step, now)| {
            let was = result(from, &now.rule)?;
            (was.answer != now.answer).then(|| RuleChange {
                rule: now.rule.clone(),
                step,
                from: was.answer,
                to: now.answer,
                because: said(now),
            })
        })
        .collect()
}

/// For each finding of `after` the place of the same one in `before`: of the same rule and about the
/// same resources; else, of those of the rule that are left, the one that shares most of them; else
/// the only ones that are left on both sides.
fn partners(before: &[Finding], after: &[Finding]) -> Vec<Option<usize>> {
    let mut partners = vec![None; after.len()];
    for least in [Alike::Same, Alike::Shares, Alike::Rule] {
        for place in 0..after.len() {
            if partners[place].is_some() {
                continue;
            }
            let free: Vec<usize> = (0..before.len())
                .filter(|at| !partners.contains(&Some(*at)))
                .filter(|at| alike(&before[*at], &after[place]) >= Some(least))
                .collect();
            let rivals = (0..after.len())
                .filter(|at| partners[*at].is_none() && after[*at].rule == after[place].rule)
                .count();
            partners[place] = match least {
                Alike::Rule if free.len() != 1 || rivals != 1 => None,
                _ => free.into_iter().max_by_key(|at| {
                    let common = common(&before[*at], &after[place]);
                    (common, std::cmp::Reverse(*at))
                }),
            };
        }
    }
    partners
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alike {
    Rule,
    Shares,
    Same,
}

fn alike(one: &Finding, other: &Finding) -> Option<Alike> {
    if one.rule != other.rule {
        return None;
    }
    let common = common(one, other);
    Some(
        if common == one.resources.len() && common == other.resources.len() {
            Alike::Same
        } else if common > 0 {
            Alike::Shares
        } else {
            Alike::Rule
        },
    )
}

fn common(one: &Finding, other: &Finding) -> usize {
    let shared = one.resources.iter();
    shared.filter(|id| other.resources.contains(id)).count()
}

fn place(rank: u32, finding: &Finding) -> FindingPlace {
    FindingPlace {
        rank,
        strength: finding.strength,
        explains: finding.explains,
    }
}

fn one(
    finding: &Finding,
    change: FindingMove,
    from: Option<FindingPlace>,
    to: Option<FindingPlace>,
    elsewhere: &Diagnosis,
) -> FindingChange {
    let stands_in_both = from.is_some() && to.is_some();
    let because = result(elsewhere, &finding.rule).filter(|_| !stands_in_both);
    let because = because.map_or_else(String::new, said);
    FindingChange {
        rule: finding.rule.clone(),
        step: finding.step,
        title: finding.title.clone(),
        change,
        from,
        to,
        because,
    }
}

fn result<'a>(diagnosis: &'a Diagnosis, rule: &str) -> Option<&'a RuleResult> {
    let mut results = diagnosis.steps.iter().flat_map(|step| &step.rules);
    results.find(|result| result.rule == rule)
}

/// What it means that a finding does not stand on a side: `sure` where its rule had all that it needs.
/// One that was folded into another as its trace is still there.
fn absent(
    elsewhere: &Diagnosis,
    finding: &Finding,
    sure: FindingMove,
    unsure: FindingMove,
) -> FindingMove {
    let mut traces = elsewhere.findings.iter().flat_map(|one| &one.also_seen);
    let folded = traces.any(|trace| trace.rule == finding.rule);
    match result(elsewhere, &finding.rule) {
        _ if folded => FindingMove::Moved,
        Some(result) if result.answer == RuleAnswer::Clear => sure,
        Some(result) if result.answer == RuleAnswer::Found && result.missing.is_empty() => sure,
        _ => unsure,
    }
}

fn said(result: &RuleResult) -> String {
    if result.because.is_empty() {
        result.missing.join("; ")
    } else {
        result.because.clone()
    }
}
