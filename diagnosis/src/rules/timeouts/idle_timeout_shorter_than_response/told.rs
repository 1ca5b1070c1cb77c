//! What is said of answers that were too slow, and how to mend it.

use std::collections::{BTreeMap, BTreeSet};

use super::route;
use crate::{
    case::{Case, bounded},
    document::{Fix, Strength},
    fix,
    in_flight::longest_answer,
    need::Need,
    rule::{Claims, Draft},
    safe_timeouts, words,
};

pub(super) fn draft(
    case: &Case<'_>,
    strength: Strength,
    because: String,
    claims: Claims,
    idle: u64,
) -> Draft {
    let claims = if strength > Strength::Possible {
        claims
    } else {
        Claims::Nothing
    };
    let resources = match &claims {
        Claims::Rows(places) => {
            let targets: BTreeSet<&str> = places
                .iter()
                .filter_map(|place| case.rows()[*place].target.as_deref())
                .collect();
            targets.into_iter().take(10).map(str::to_owned).collect()
        }
        _ => vec![case.evidence.load_balancer.arn.clone()],
    };
    Draft {
        strength,
        title: format!(
            "Answers take longer than the idle timeout of {}: the load balancer gives up with 504",
            words::seconds(idle)
        ),
        because,
        claims,
        resources,
        cites: case.sources(&[Need::AccessLog, Need::Attributes, Need::Metrics]),
        fix: how_to_fix(case, idle),
    }
}

fn how_to_fix(case: &Case<'_>, idle: u64) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let above = safe_timeouts::idle_timeout_above(idle / 1_000);
    let (words, kind) = if case.is_classic() {
        (
            format!(
                "elb modify-load-balancer-attributes --load-balancer-name {} --load-balancer-attributes {}",
                fix::quote(&load_balancer.name),
                fix::quote(&format!("ConnectionSettings={{IdleTimeout={above}}}"))
            ),
            "aws_elb",
        )
    } else {
        (
            format!(
                "elbv2 modify-load-balancer-attributes --load-balancer-arn {} --attributes {}",
                fix::quote(&load_balancer.arn),
                fix::quote(&format!("Key=idle_timeout.timeout_seconds,Value={above}"))
            ),
            "aws_lb",
        )
    };
    Fix {
        summary: format!(
            "Make the slow routes faster, or answer at once and deliver later. If answers must take so \
             long, raise the idle timeout above the longest ({above} s, say), and the targets' keep-alive \
             above that."
        ),
        cli: vec![fix::aws(&words, &load_balancer.region)],
        console: fix::load_balancer_console(load_balancer),
        terraform: format!(
            "resource \"{kind}\" \"this\" {{\n  name         = {}\n  idle_timeout = {above}\n}}\n",
            fix::terraform_string(&load_balancer.name)
        ),
    }
}

pub(super) fn longest_that_came(case: &Case<'_>) -> String {
    longest_answer(case, None).map_or_else(String::new, |longest| {
        format!(
            " The longest answer that still came took {}.",
            words::seconds(longest)
        )
    })
}

/// `GET /report (12)`, most frequent first.
pub(super) fn routes(case: &Case<'_>, places: &[usize]) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for place in places {
        let row = &case.rows()[*place];
        if !row.method.is_empty() {
            *counts.entry(route(row)).or_default() += bounded(row.count);
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(route, n)| (std::cmp::Reverse(*n), *route));
    counts
        .into_iter()
        .map(|((method, path), n)| format!("{method} {path} ({})", words::thousands(n)))
        .collect()
}
