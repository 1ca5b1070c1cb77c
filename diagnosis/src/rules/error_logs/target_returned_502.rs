//! # The target answered 502 itself
//!
//! ## What it looks for
//!
//! Access log rows whose target status code is 502: the load balancer only passed the answer on.
//!
//! ## Why this makes a 502
//!
//! Behind the load balancer stands another proxy (nginx, Envoy, a sidecar, an API gateway) or an
//! application that calls a third party, and that hop could not reach, or did not understand, the next
//! one. The load balancer is not at fault, and nothing in its settings will cure it.
//!
//! ## How to be sure
//!
//! `elb_status_code` and `target_status_code` are both 502. In CloudWatch such answers count in
//! `HTTPCode_Target_5XX_Count` (there is no count of the target's 502s alone), never in
//! `HTTPCode_ELB_502_Count`. The page that clients get is the proxy's own, without
//! `Server: awselb/2.0`.
//!
//! ## How to fix it
//!
//! Read the error log of the proxy on the named targets at the time of the rows. nginx says
//! `connect() failed`, `upstream prematurely closed connection` or `upstream sent too big header`;
//! Envoy notes response flags (`UF`, `UH`, `UC`). Then fix the process behind the proxy, or its limits.
//! Let the health check ask for something that needs that process, so that such a target is taken out.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer" (elb_status_code, target_status_code):
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS re:Post, "How do I troubleshoot Application Load Balancer HTTP 502 errors?"
//! - AWS, "CloudWatch metrics for your Application Load Balancer"

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    case::{Case, bounded},
    document::{Fix, Strength},
    evidence::access_log::FaultRow,
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "target-returned-502",
    step: Step::ErrorLogs,
    specificity: 50,
    source: include_str!("target_returned_502.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let rows = case.places(|row| row.made_by_target());
    if !rows.is_empty() {
        return Answer {
            missing: case.missing_rows(),
            ..Answer::found(finding(case, rows))
        };
    }
    let name = if case.is_classic() {
        "HTTPCode_Backend_5XX"
    } else {
        "HTTPCode_Target_5XX_Count"
    };
    let by_metric = case.total(case.load_balancer_series(name, "Sum"));
    if by_metric == Some(0) && case.missing(&[Need::Metrics]).is_empty() {
        return Answer::clear(format!("targets answered no 5xx at all ({name} is silent)"));
    }
    let mut missing = case.missing_rows();
    // Without a log the metric alone could rule it out.
    if case.access_log().is_none() && by_metric.is_none() && case.evidence.metrics.seen().is_some()
    {
        missing.push(format!("load balancer metrics: {name} was not asked for"));
    }
    if missing.is_empty() {
        Answer::clear("no row of the access log has 502 as the target's own status")
    } else {
        let mut because = "a target may have answered 502 itself".to_owned();
        if let Some(n) = by_metric {
            because += &format!(
                ": {name} counts {}, of any code",
                words::count(n, "answer", "answers")
            );
        }
        Answer::cannot_tell(because, missing)
    }
}

fn finding(case: &Case<'_>, rows: Vec<usize>) -> Draft {
    let n = case.requests(&rows);
    let targets = most(case, &rows, |row| {
        row.target.clone().or_else(|| function_of(case, row))
    });
    let paths = most(case, &rows, |row| {
        Some(row.url.split('?').next().unwrap_or_default().to_owned())
    });
    let all = case.access_log().map_or(0, |log| log.targets.len());
    let first = case.rows()[rows[0]].time;
    let last = case.rows()[rows[rows.len() - 1]].time;
    let names: Vec<String> = targets
        .iter()
        .map(|(target, n)| format!("{target} ({})", words::thousands(*n)))
        .collect();
    let paths: Vec<String> = paths
        .iter()
        .map(|(path, n)| format!("{path} ({})", words::thousands(*n)))
        .collect();
    Draft {
        strength: Strength::Proven,
        title: "The target answered 502 itself".to_owned(),
        because: format!(
            "In {} of the access log, between {} and {}, the target's own status code is 502: the load \
             balancer passed on what it got. They come from {} of {} in the log: {}. Paths: {}.",
            words::count(n, "row", "rows"),
            words::clock(first),
            words::clock(last),
            words::thousands(targets.len() as u64),
            words::count(all as u64, "target", "targets"),
            words::list(&names, 4),
            words::list(&paths, 4),
        ),
        claims: Claims::Rows(rows),
        resources: targets.into_iter().take(10).map(|(t, _)| t).collect(),
        cites: case.sources(&[Need::AccessLog]),
        fix: how_to_fix(case),
    }
}

/// A function has no address that a row could name: it is the one of the row's group.
fn function_of(case: &Case<'_>, row: &FaultRow) -> Option<String> {
    let targets = case.health(row.target_group_arn.as_deref()?);
    let function = targets.seen()?.first()?;
    case.was_to_function(row).then(|| function.id.clone())
}

/// What these rows have most often in one field.
fn most(
    case: &Case<'_>,
    rows: &[usize],
    field: impl Fn(&FaultRow) -> Option<String>,
) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for place in rows {
        let row = &case.rows()[*place];
        if let Some(value) = field(row) {
            *counts.entry(value).or_default() += bounded(row.count);
        }
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(value, n)| (Reverse(*n), value.clone()));
    counts
}

fn how_to_fix(case: &Case<'_>) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    Fix {
        summary: "Read the error log of the proxy on these targets at these times, and fix what stands \
                  behind it. Let the health check ask for a page that needs it."
            .to_owned(),
        cli: case
            .target_groups()
            .iter()
            .filter(|_| !case.is_classic())
            .take(3)
            .map(|group| {
                fix::aws(
                    &format!(
                        "elbv2 modify-target-group --target-group-arn {} --health-check-path /a-page-that-needs-the-application",
                        fix::quote(&group.arn)
                    ),
                    &load_balancer.region,
                )
            })
            .collect(),
        console: fix::load_balancer_console(load_balancer),
        terraform: "resource \"aws_lb_target_group\" \"this\" {\n  health_check {\n    path = \"/a-page-that-needs-the-application\"\n  }\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::*;

    fn returned(clock: &str, n: u8) -> FaultRow {
        FaultRow {
            response_processing_time: Some(0.0),
            target_status_code: Some(502),
            ..hung_up(clock, n, 0.002)
        }
    }

    #[test]
    fn the_load_balancers_own_502_is_the_near_miss() {
        let mut evidence = healthy();
        set_rows(&mut evidence, vec![hung_up("10:10:00", 1, 0.002)]);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn the_targets_502_is_proven_by_its_row() {
        let mut evidence = healthy();
        set_rows(
            &mut evidence,
            vec![
                returned("10:10:00", 1),
                hung_up("10:11:00", 1, 2.0),
                returned("10:12:00", 2),
            ],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("2 of 3 targets"), "{because}");
        assert_eq!(
            ask(&RULE, &evidence).findings[0].claims,
            Claims::Rows(vec![0, 2])
        );
    }

    #[test]
    fn without_a_log_only_a_silent_metric_clears_it() {
        let mut evidence = healthy();
        evidence.access_log = denied("s3:GetObject");
        assert_clear(&RULE, &evidence);
        set_series(
            &mut evidence,
            series(
                LOAD_BALANCER,
                "HTTPCode_Target_5XX_Count",
                "Sum",
                &[("10:10:00", 9.0)],
            ),
        );
        assert_cannot_tell(&RULE, &evidence, "s3:GetObject");
    }
}
