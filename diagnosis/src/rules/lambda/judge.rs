//! The frame: rows of each function, or minutes of each function, become a rule's answer.

use std::collections::BTreeMap;

use super::{Counted, FailedMinute, Function, Reason, reason};
use crate::{
    case::Case,
    document::{Fix, Strength},
    evidence::{access_log::FaultRow, target_groups::TargetType},
    need::Need,
    rule::{Answer, Claims, Draft},
    words,
};

/// Findings of one rule: each stands for one function.
const MAX_FINDINGS: usize = 10;

/// What one rule looks for.
pub(in crate::rules) struct Question {
    /// The codes that are this rule's.
    pub(in crate::rules) is_mine: fn(&Reason) -> bool,
    /// Where CloudWatch counts them.
    pub(in crate::rules) counted: Counted,
    /// "No 502 carries LambdaThrottling": the reason of clear.
    pub(in crate::rules) nothing: &'static str,
    /// "a function may have been throttled": what stays open.
    pub(in crate::rules) open: &'static str,
}

/// What a rule makes of one function.
pub(in crate::rules) enum Told {
    Found(Vec<Draft>),
    /// Nothing, with a sentence that says why; may be empty.
    Nothing(String),
    /// The function's own metrics rule it out, whatever the log would say.
    RuledOut(String),
    /// It cannot be told, with a sentence and what is missing beside the log.
    Open(String, Vec<String>),
}

/// `by_rows` gets the rows of one function that carry one of the rule's codes (possibly none);
/// `by_minutes` the minutes in which its requests failed, where no log was read.
pub(in crate::rules) fn judge<'a>(
    case: &Case<'a>,
    question: &Question,
    by_rows: impl Fn(&Function<'a>, &[usize]) -> Told,
    by_minutes: impl Fn(&Function<'a>, &[FailedMinute]) -> Told,
) -> Answer {
    if case.is_classic() {
        return Answer::clear("A Classic load balancer has no Lambda functions behind it.");
    }
    let mut gathered = Gathered::default();
    if case.access_log().is_some() {
        for (group, places) in rows_by_function(case, question.is_mine) {
            gathered.add(by_rows(&Function::behind(case, group), &places));
        }
        let missing = case.missing_rows();
        return gathered.answer(case, question, missing);
    }
    let mut missing = case.missing(&[Need::TargetGroups, Need::Metrics, Need::AccessLog]);
    for function in Function::all(case) {
        let metric = question.counted.metric;
        if function.failures(case, metric).is_none() {
            missing.push(format!(
                "load balancer metrics: {metric} of {} was not asked for",
                function.name()
            ));
            continue;
        }
        let minutes = FailedMinute::of(case, &function, question.counted);
        if minutes.is_empty() && case.evidence.metrics.whole().is_some() {
            gathered.add(Told::RuledOut(format!(
                "No minute with a {} has a failed invocation of {} ({metric}).",
                question.counted.codes_in_words(),
                function.name()
            )));
        } else {
            missing.extend(case.missing(&[Need::TargetMetrics]));
            gathered.add(by_minutes(&function, &minutes));
        }
    }
    gathered.answer(case, question, missing)
}

/// A finding's draft for rows or minutes of one function.
pub(in crate::rules) fn draft(
    case: &Case<'_>,
    function: &Function<'_>,
    strength: Strength,
    title: String,
    because: String,
    claims: Claims,
    fix: Fix,
) -> Draft {
    Draft {
        strength,
        title,
        because,
        claims,
        resources: function.resources(),
        cites: case.sources(&[
            Need::AccessLog,
            Need::LambdaFunctions,
            Need::Metrics,
            Need::TargetMetrics,
        ]),
        fix,
    }
}

/// The first sentence of a finding: how many requests, of which function, when, and what AWS says.
pub(in crate::rules) fn occurrences(
    case: &Case<'_>,
    function: &Function<'_>,
    places: &[usize],
) -> String {
    let rows = case.rows();
    let mut means: BTreeMap<&str, &str> = BTreeMap::new();
    for row in places.iter().filter_map(|place| rows.get(*place)) {
        if let Some(reason) = reason(row) {
            means.insert(reason.code, reason.means);
        }
    }
    let codes: Vec<&str> = means.keys().copied().collect();
    let said: Vec<&str> = means.values().copied().collect();
    let times = || {
        places
            .iter()
            .filter_map(|place| rows.get(*place))
            .map(|row| row.time)
    };
    let when = match (times().min(), times().max()) {
        (Some(first), Some(last)) if first < last => {
            format!("between {} and {}", words::clock(first), words::clock(last))
        }
        (Some(first), _) => format!("at {}", words::clock(first)),
        _ => String::new(),
    };
    let mut sentence = format!(
        "{} to {} {when} failed with error_reason {}: {}.",
        words::count(case.requests(places), "request", "requests"),
        function.name(),
        words::list(&codes, 4),
        said.join("; "),
    );
    // AWS counts the codes of the table under one of two metrics of the group.
    let metric = places
        .iter()
        .filter_map(|place| reason(rows.get(*place)?))
        .map(Reason::metric)
        .next();
    if let Some(metric) = metric
        && let Some(n) = case
            .total(function.failures(case, metric))
            .filter(|n| *n > 0)
    {
        sentence += &format!(
            " {metric} of its target group counts {}.",
            words::thousands(n)
        );
    }
    sentence
}

/// The load balancer answered itself, and says that the invocation was why.
fn is_failed_invocation(row: &FaultRow) -> bool {
    // Which of them a code comes with AWS does not say for all. [U]
    matches!(row.elb_status_code, 500..=504) && row.target_status_code.is_none()
}

/// The rule's rows by target group; every known function is there, also without any.
fn rows_by_function<'a>(
    case: &Case<'a>,
    is_mine: fn(&Reason) -> bool,
) -> BTreeMap<Option<&'a str>, Vec<usize>> {
    let mut by_function: BTreeMap<Option<&'a str>, Vec<usize>> = Function::all(case)
        .into_iter()
        .map(|function| (function.target_group_arn, Vec::new()))
        .collect();
    for (place, row) in case.rows().iter().enumerate() {
        if is_failed_invocation(row) && reason(row).is_some_and(is_mine) {
            by_function
                .entry(row.target_group_arn.as_deref())
                .or_default()
                .push(place);
        }
    }
    by_function
}

#[derive(Default)]
struct Gathered {
    findings: Vec<Draft>,
    clear: Vec<String>,
    ruled_out: Vec<String>,
    open: Vec<String>,
    missing: Vec<String>,
    functions: usize,
}

impl Gathered {
    fn add(&mut self, told: Told) {
        self.functions += 1;
        match told {
            Told::RuledOut(words) => {
                self.clear.push(words.clone());
                self.ruled_out.push(words);
            }
            Told::Found(drafts) => self.findings.extend(drafts),
            Told::Nothing(words) if words.is_empty() => {}
            Told::Nothing(words) => self.clear.push(words),
            Told::Open(words, missing) => {
                self.open.push(words);
                self.missing.extend(missing);
            }
        }
    }

    fn answer(mut self, case: &Case<'_>, question: &Question, missing: Vec<String>) -> Answer {
        if !self.findings.is_empty() {
            self.findings.truncate(MAX_FINDINGS);
            return Answer {
                findings: self.findings,
                because: String::new(),
                missing,
            };
        }
        if !self.missing.is_empty() {
            let mut all = self.missing;
            all.extend(missing);
            all.dedup();
            return Answer::cannot_tell(self.open.join(" "), all);
        }
        let why = match missing.as_slice() {
            [] => no_functions(case),
            _ => no_functions(case).or_else(|| none_failed(case, question.counted)),
        };
        if let Some(why) = why {
            return Answer::clear(why);
        }
        let all_ruled_out = self.ruled_out.len() == self.functions && self.functions > 0;
        if all_ruled_out && case.evidence.target_groups.whole().is_some() {
            return Answer::clear(self.ruled_out.join(" "));
        }
        if !missing.is_empty() {
            self.open
                .insert(0, format!("{}.", words::capital(question.open)));
            return Answer::cannot_tell(self.open.join(" "), missing);
        }
        self.clear.insert(0, format!("{}.", question.nothing));
        Answer::clear(self.clear.join(" "))
    }
}

fn no_functions(case: &Case<'_>) -> Option<&'static str> {
    let groups = case.evidence.target_groups.whole()?;
    let any = groups
        .iter()
        .any(|group| group.target_type == TargetType::Lambda);
    (!any).then_some("No target group has a Lambda function.")
}

/// Why no 502 can be of a function, whatever the log would have said.
fn none_failed(case: &Case<'_>, counted: Counted) -> Option<&'static str> {
    let no_504 = || !counted.codes.contains(&504) || case.load_balancer_504s() == Some(0);
    if case.load_balancer_502s() == Some(0) && no_504() {
        return Some("The load balancer made no error that a function's failure shows as.");
    }
    let evidence = case.evidence;
    let counted = evidence.target_groups.whole().is_some() && evidence.metrics.whole().is_some();
    let silent = |function: &Function<'_>| {
        ["LambdaUserError", "LambdaInternalError"]
            .iter()
            .all(|metric| case.total(function.failures(case, metric)) == Some(0))
    };
    (counted && Function::all(case).iter().all(silent))
        .then_some("No invocation failed: LambdaUserError and LambdaInternalError are silent.")
}
