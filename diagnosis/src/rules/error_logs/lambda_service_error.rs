//! # Lambda itself, or the way to it, failed
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered itself with `error_reason`
//! `LambdaConnectionError`, `LambdaConnectionTimeout`, `LambdaServiceException` or
//! `LambdaUnhandledException`: AWS counts these four in `LambdaInternalError`, apart from all that a
//! function does (`LambdaUserError`).
//!
//! ## Why this makes a 502
//!
//! The load balancer invokes the function through the Lambda service. Where it cannot connect to that,
//! where Lambda has an error of its own, or where the load balancer fails on the way, no code of the
//! function runs and there is no answer to pass on. Where Lambda does not answer the connect in time the
//! code is 504; which code the others come with AWS does not say, so the row's own is taken.
//!
//! ## How to be sure
//!
//! The rows carry the code, and `LambdaInternalError` of the target group counts in the same minutes. The
//! function's `Errors` and `Throttles` are silent for these requests, and other callers of Lambda in the
//! region may fail as well. Without an access log only the counter is left: it does not say which requests
//! it counted, so that is at most *likely*.
//!
//! ## How to fix it
//!
//! Nothing of yours failed. Let clients repeat requests that may be repeated. Look at the AWS Health
//! Dashboard for Lambda and Elastic Load Balancing in the region; where it lasts, open a support case with
//! the trace ids of some of the rows. If few requests meet it now and then, that is the rest that every
//! service has, and repeating them is the cure.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "CloudWatch metrics for your Application Load Balancer", LambdaInternalError
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 504: gateway timeout
//! - [U] Which status code each of the four comes with, but for the connect that times out

use crate::{
    case::{Case, bounded},
    document::{Fix, Strength},
    fix,
    rule::{Answer, Claims, Draft, Rule},
    rules::lambda::{self, Cause, FailedMinute, Function, Question, Told},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "lambda-service-error",
    step: Step::ErrorLogs,
    specificity: 76,
    source: include_str!("lambda_service_error.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::Service,
    counted: lambda::BY_SERVICE,
    nothing: "No request speaks of an error of Lambda or of the way to it",
    open: "Lambda itself may have failed",
};

fn check(case: &Case<'_>) -> Answer {
    lambda::judge(
        case,
        &QUESTION,
        |function, rows| by_rows(case, function, rows),
        |function, minutes| by_minutes(case, function, minutes),
    )
}

fn by_rows<'a>(case: &Case<'a>, function: &Function<'a>, rows: &[usize]) -> Told {
    if rows.is_empty() {
        return Told::Nothing(String::new());
    }
    let because =
        lambda::occurrences(case, function, rows) + " No code of the function ran for them.";
    let claims = Claims::Rows(rows.to_vec());
    Told::Found(vec![finding(
        case,
        function,
        Strength::Proven,
        because,
        claims,
    )])
}

/// The counter of the group beside the load balancer's own 502s and 504s: which of them it counted, no
/// log says.
fn by_minutes<'a>(case: &Case<'a>, function: &Function<'a>, minutes: &[FailedMinute]) -> Told {
    let mut findings = Vec::new();
    let of_502: Vec<_> = minutes.iter().map(|one| (one.at, one.failed)).collect();
    let of_504: Vec<_> = minutes.iter().map(|one| (one.at, one.timed_out)).collect();
    for (status, mut claimed) in [(502, of_502), (504, of_504)] {
        claimed.retain(|(_, n)| *n > 0);
        if claimed.is_empty() {
            continue;
        }
        let n = claimed.iter().fold(0, |sum, (_, n)| bounded(sum + n));
        let because = format!(
            "In {} LambdaInternalError counts failed requests to {}, enough for {} of the load balancer's \
             {status}s. Without an access log no single request can be tied to them.",
            words::count(claimed.len() as u64, "period", "periods"),
            function.name(),
            words::thousands(n),
        );
        let claims = match status {
            502 => Claims::Minutes(claimed),
            _ => Claims::MinutesOf(status, claimed),
        };
        findings.push(finding(case, function, Strength::Likely, because, claims));
    }
    if findings.is_empty() {
        Told::Nothing(String::new())
    } else {
        Told::Found(findings)
    }
}

fn finding<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    strength: Strength,
    because: String,
    claims: Claims,
) -> Draft {
    let region = &case.evidence.load_balancer.region;
    let filter = format!(
        "{{\"services\":[\"LAMBDA\",\"ELASTICLOADBALANCING\"],\"regions\":[\"{region}\"]}}"
    );
    lambda::draft(
        case,
        function,
        strength,
        format!("Lambda itself failed for {}", function.name()),
        because,
        claims,
        Fix {
            summary: "Nothing of yours failed: look at the AWS Health Dashboard, let clients repeat what may \
                      be repeated, and where it lasts open a support case with the trace ids of the rows."
                .to_owned(),
            // AWS Health answers in one region.
            cli: vec![fix::aws(
                &format!("health describe-events --filter {}", fix::quote(&filter)),
                "us-east-1",
            )],
            console: function.console(case, "monitoring"),
            terraform: String::new(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, rules::lambda::fixture::*};

    #[test]
    fn each_code_of_awss_own_trouble_is_proven_whatever_its_status() {
        for (reason, status) in [
            ("LambdaConnectionError", 502),
            ("LambdaConnectionTimeout", 504),
            ("LambdaServiceException", 500),
            ("LambdaUnhandledException", 503),
        ] {
            let mut evidence = function_behind();
            let mut row = failed("10:10:00", reason, 0.02);
            row.elb_status_code = status;
            set_rows(&mut evidence, vec![row]);
            let because = assert_found(&RULE, &evidence, Strength::Proven);
            assert!(because.contains(reason), "{because}");
        }
    }

    #[test]
    fn what_the_function_did_is_the_near_miss() {
        let mut evidence = function_behind();
        let mut of_target = failed("10:12:00", "LambdaServiceException", 0.4);
        of_target.target_status_code = Some(502);
        set_rows(
            &mut evidence,
            vec![
                failed("10:10:00", "LambdaUnhandled", 0.09),
                failed("10:11:00", "LambdaThrottling", 0.01),
                of_target,
            ],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn without_a_log_the_counter_makes_it_likely_for_both_codes() {
        let mut evidence = function_behind();
        log_off(&mut evidence, &[]);
        assert_clear(&RULE, &evidence);
        let internal = [("10:10:00", 5.0)];
        set_series(
            &mut evidence,
            series(GROUP, "LambdaInternalError", "Sum", &internal),
        );
        for (name, n) in [
            ("HTTPCode_ELB_502_Count", 3.0),
            ("HTTPCode_ELB_504_Count", 9.0),
        ] {
            let series = series(LOAD_BALANCER, name, "Sum", &[("10:10:00", n)]);
            set_series(&mut evidence, series);
        }
        assert_found(&RULE, &evidence, Strength::Likely);
        let claims: Vec<Claims> = ask(&RULE, &evidence)
            .findings
            .into_iter()
            .map(|finding| finding.claims)
            .collect();
        assert_eq!(
            claims,
            [
                Claims::Minutes(vec![(at("10:10:00"), 3)]),
                Claims::MinutesOf(504, vec![(at("10:10:00"), 2)])
            ]
        );
    }

    #[test]
    fn an_unread_log_and_unseen_metrics_are_not_clear() {
        let mut evidence = function_behind();
        evidence.access_log = denied("s3:GetObject");
        evidence.metrics = denied("cloudwatch:GetMetricData");
        assert_cannot_tell(&RULE, &evidence, "s3:GetObject");
    }
}
