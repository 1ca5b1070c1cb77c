//! Without an access log: minutes in which connection errors and 502s were counted together.

use chrono::{DateTime, Utc};

use super::{Errors, how_to_fix};
use crate::{
    case::{Case, minute_of},
    document::Strength,
    need::Need,
    rule::{Answer, Claims, Draft},
    words,
};

pub(super) fn by_minutes(case: &Case<'_>, errors: &Errors) -> Answer {
    let mut missing = case.missing(&[Need::Metrics]);
    let shared: Vec<(DateTime<Utc>, u64)> = case
        .minutes_with_502()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(at, n)| {
            let errors = errors.counts.get(&minute_of(at))?;
            Some((at, n.min(*errors)))
        })
        .collect();
    if !shared.is_empty() {
        missing.extend(case.missing(&[Need::AccessLog]));
        return Answer {
            missing,
            ..Answer::found(by_minutes_finding(case, shared))
        };
    }
    if !errors.asked && case.evidence.metrics.seen().is_some() {
        missing
            .push("load balancer metrics: connection errors of targets were not asked for".into());
    }
    if missing.is_empty() && errors.counts.is_empty() {
        return Answer::clear("no connection error to any target was counted");
    }
    if missing.is_empty() && case.load_balancer_502s() == Some(0) {
        return Answer::clear("the load balancer made no 502");
    }
    missing.extend(case.missing(&[Need::AccessLog]));
    Answer::cannot_tell("targets may have refused connections", missing)
}

fn by_minutes_finding(case: &Case<'_>, shared: Vec<(DateTime<Utc>, u64)>) -> Draft {
    let n: u64 = shared.iter().map(|(_, n)| n).sum();
    let groups: Vec<String> = Errors::of(case)
        .by_group
        .into_iter()
        .filter(|(_, minutes)| !minutes.is_empty())
        .map(|(arn, _)| arn)
        .collect();
    Draft {
        strength: Strength::Likely,
        title: "Targets refuse connections".to_owned(),
        because: format!(
            "In {} connection errors to targets and 502s were counted together, {} at most. Which \
             request met which error, only an access log can say.",
            words::count(shared.len() as u64, "minute", "minutes"),
            words::count(n, "502", "502s"),
        ),
        claims: Claims::Minutes(shared),
        resources: groups,
        cites: case.sources(&[Need::Metrics]),
        fix: how_to_fix(case),
    }
}
