//! What the rules say of one target group: theirs is the last word on what happened to requests.

use super::TimeoutChain;
use crate::{
    case::Case,
    document::Strength,
    evidence::TargetGroup,
    keep_alive,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    rules,
};

pub(super) const KEEP_ALIVE: &str = "keep-alive-shorter-than-idle-timeout";
pub(super) const SLOW_ANSWERS: &str = "idle-timeout-shorter-than-response";
pub(super) const DRAIN_TOO_SHORT: &str = "deregistration-delay-too-short";
pub(super) const NOT_DRAINED: &str = "deploy-stops-targets-before-draining";
pub(super) const SLOW_DETECTION: &str = "health-check-slower-than-shutdown";
pub(super) const FUNCTION_TIMEOUT: &str = "lambda-timeout";

const ALL: [&str; 6] = [
    KEEP_ALIVE,
    SLOW_ANSWERS,
    DRAIN_TOO_SHORT,
    NOT_DRAINED,
    SLOW_DETECTION,
    FUNCTION_TIMEOUT,
];

/// The chain alone: asks the rules that judge it, and no others.
pub(crate) fn ask(case: &Case<'_>) -> TimeoutChain {
    let answers: Vec<(&'static Rule, Answer)> = ALL
        .iter()
        .filter_map(|id| rules::by_id(id))
        .map(|rule| (rule, (rule.check)(case)))
        .collect();
    super::of(case, &answers, &keep_alive::publish(case))
}

pub(super) struct Judges<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) answers: &'a [(&'static Rule, Answer)],
}

/// What a rule says.
pub(super) enum Opinion<'a> {
    /// Likely or proven.
    Found(&'a Draft),
    /// Why it cannot tell, and what is missing: never nothing.
    Open(String, Vec<String>),
    /// Why not.
    Clear(String),
}

impl Judges<'_> {
    /// The rule's opinion of one target group; with `None` of those that were not seen, of which it
    /// never is clear.
    pub(super) fn on(&self, id: &str, group: Option<&TargetGroup>) -> Opinion<'_> {
        if group.is_some() {
            return self.opinion(id, group);
        }
        let none_seen = self.case.target_groups().is_empty();
        let (because, mut missing) = match self.opinion(id, None) {
            Opinion::Found(draft) if none_seen => return Opinion::Found(draft),
            Opinion::Open(because, missing) => (because, missing),
            Opinion::Found(_) | Opinion::Clear(_) => (String::new(), Vec::new()),
        };
        missing.extend(self.case.missing(&[Need::TargetGroups]));
        let because = if because.is_empty() {
            "not every target group was seen".to_owned()
        } else {
            because
        };
        Opinion::Open(because, missing)
    }

    /// Its opinion of the load balancer as a whole.
    pub(super) fn on_all(&self, id: &str) -> Opinion<'_> {
        self.opinion(id, None)
    }

    fn opinion(&self, id: &str, group: Option<&TargetGroup>) -> Opinion<'_> {
        let Some((_, answer)) = self.answers.iter().find(|(rule, _)| rule.id == id) else {
            let missing = vec![format!("the answer of the rule {id}: it was not asked")];
            return Opinion::Open("No rule judged it".to_owned(), missing);
        };
        let mut missing = answer.missing.clone();
        for draft in &answer.findings {
            match self.concerns(draft, group) {
                Some(true) if draft.strength > Strength::Possible => return Opinion::Found(draft),
                Some(true) => missing.push(format!(
                    "a clearer trace than this, which is possible at most: {}",
                    draft.title
                )),
                None => missing.push(format!(
                    "access log: without it nothing says which target group this is of: {}",
                    draft.title
                )),
                Some(false) => {}
            }
        }
        if !missing.is_empty() {
            return Opinion::Open(answer.because.clone(), missing);
        }
        Opinion::Clear(if answer.findings.is_empty() {
            answer.because.clone()
        } else {
            "it was seen at other target groups only".to_owned()
        })
    }

    /// Whether a finding is one of this group; `None` where that is not known.
    fn concerns(&self, draft: &Draft, group: Option<&TargetGroup>) -> Option<bool> {
        let Some(group) = group else {
            return Some(true);
        };
        if draft.resources.contains(&group.arn) {
            return Some(true);
        }
        if let Claims::Rows(places) = &draft.claims {
            return Some(places.iter().any(|place| {
                let row = self.case.rows().get(*place);
                let of = row.and_then(|row| self.case.target_group_of(row));
                of.is_some_and(|of| of.arn == group.arn)
            }));
        }
        let only = super::groups(self.case, false).count() == 1
            && self.case.evidence.target_groups.whole().is_some();
        only.then_some(true)
    }
}
