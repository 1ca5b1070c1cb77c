//! # The Lambda function's answer is not a valid response
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 and
//! `error_reason` `LambdaInvalidResponse`.
//!
//! ## Why this makes a 502
//!
//! The function ran and returned, but not what the load balancer can turn into an HTTP answer. It
//! expects a JSON object with a `statusCode` that is a number; `headers` whose values are all text (or,
//! with multi-value headers switched on, `multiValueHeaders` with lists of text); a `body` that is text;
//! and `isBase64Encoded` true or false. One header with a number as its value is enough to spoil it.
//!
//! ## How to be sure
//!
//! The rows carry `LambdaInvalidResponse`, while the function's own `Errors` stay flat: for Lambda the
//! invocation succeeded. Invoke the function with the request of one of the rows (a test event of the
//! kind "ELB Application Load Balancer") and look at what it returns.
//!
//! ## How to fix it
//!
//! Return `statusCode` as a number, every header value as text, `body` as text (`JSON.stringify`), and
//! `isBase64Encoded` as a boolean. Look at the paths first that fail: mostly one branch, such as a
//! redirect, an error page or a file, builds its answer by another way than the rest.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "Lambda functions as targets", respond to the load balancer:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway

use std::{cmp::Reverse, collections::BTreeMap};

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
    id: "lambda-invalid-response",
    step: Step::ErrorLogs,
    specificity: 75,
    source: include_str!("lambda_invalid_response.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::InvalidResponse,
    counted: lambda::BY_FUNCTION,
    nothing: "No 502 carries LambdaInvalidResponse",
    open: "a function's answers may have been invalid",
};

fn check(case: &Case<'_>) -> Answer {
    lambda::judge(
        case,
        &QUESTION,
        |function, rows| {
            if rows.is_empty() {
                return Told::Nothing(String::new());
            }
            Told::Found(vec![finding(case, function, rows)])
        },
        |function, minutes| by_minutes(function, minutes),
    )
}

/// The metrics show that an answer was refused, but not why: too large leaves the same trace.
pub(super) fn by_minutes(function: &Function<'_>, minutes: &[FailedMinute]) -> Told {
    let refused: u64 = minutes
        .iter()
        .filter(|minute| {
            minute.errors == Some(0)
                && minute.throttles == Some(0)
                && minute.invocations.is_some_and(|n| n > 0)
        })
        .fold(0, |sum, minute| bounded(sum + minute.failed));
    if refused == 0 {
        return Told::Nothing(String::new());
    }
    Told::Open(
        format!(
            "The load balancer counts {} to {} in minutes in which the function itself had no error: \
             its answers were invalid or too large. Only the access log tells which.",
            words::count(refused, "failed request", "failed requests"),
            function.name(),
        ),
        Vec::new(),
    )
}

fn finding<'a>(case: &Case<'a>, function: &Function<'a>, rows: &[usize]) -> Draft {
    let mut because = lambda::occurrences(case, function, rows);
    let paths = paths(case, rows);
    if !paths.is_empty() {
        because += &format!(" Paths: {}.", words::list(&paths, 4));
    }
    if function.total(case, "Errors") == Some(0) {
        because += " The function's own Errors are silent: it ran to its end, and only its answer is \
                    at fault.";
    }
    lambda::draft(
        case,
        function,
        Strength::Proven,
        format!("The answer of {} is not a valid response", function.name()),
        because,
        Claims::Rows(rows.to_vec()),
        Fix {
            summary: "Return a JSON object with a numeric statusCode, headers whose values are all text, a \
                      body that is text, and isBase64Encoded true or false. Begin with the paths that fail."
                .to_owned(),
            cli: vec![fix::aws(
                &format!(
                    "lambda invoke --function-name {} --cli-binary-format raw-in-base64-out --payload file://a-request-that-fails.json answer.json",
                    function.word()
                ),
                &case.evidence.load_balancer.region,
            )],
            console: function.console(case, "testing"),
            terraform: "# The answer is made in the function's code. It must look like this:\n# {\"statusCode\": 200, \"headers\": {\"Content-Type\": \"text/html\"}, \"body\": \"...\", \"isBase64Encoded\": false}\n".to_owned(),
        },
    )
}

/// The paths of the rows, most frequent first.
pub(super) fn paths(case: &Case<'_>, rows: &[usize]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows.iter().filter_map(|place| case.rows().get(*place)) {
        let path = row.url.split('?').next().unwrap_or_default();
        if !path.is_empty() {
            let sum = counts.entry(path).or_default();
            *sum = bounded(*sum + bounded(row.count));
        }
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(path, n)| (Reverse(*n), *path));
    counts
        .into_iter()
        .map(|(path, n)| format!("{path} ({})", words::thousands(n)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, rules::lambda::fixture::*};

    #[test]
    fn another_error_reason_is_the_near_miss() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaResponseTooLarge", 0.2)],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn the_code_of_the_row_proves_it() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![
                failed("10:10:00", "LambdaInvalidResponse", 0.2),
                failed("10:11:00", "LambdaThrottling", 0.01),
                failed("10:12:00", "LambdaInvalidResponse", 0.2),
            ],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("2 requests to function orders-api between 10:10:00 and 10:12:00")
        );
        assert!(because.contains("Errors are silent"), "{because}");
        let finding = &ask(&RULE, &evidence).findings[0];
        assert_eq!(finding.claims, Claims::Rows(vec![0, 2]));
        assert_eq!(finding.resources, [ORDERS, GROUP]);
    }

    #[test]
    fn a_functions_own_502_is_not_the_load_balancers() {
        let mut evidence = function_behind();
        let mut row = failed("10:10:00", "LambdaInvalidResponse", 0.2);
        row.target_status_code = Some(502);
        set_rows(&mut evidence, vec![row]);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn without_a_log_invalid_and_too_large_look_alike() {
        let mut evidence = function_behind();
        log_off(&mut evidence, &[("10:10:00", 7.0)]);
        assert_cannot_tell(&RULE, &evidence, "access log: off");
        let answer = ask(&RULE, &evidence);
        assert!(answer.because.contains("7 failed requests"), "{answer:?}");
        log_off(&mut evidence, &[]);
        assert_clear(&RULE, &evidence);
    }

    /// However its times look, a function's row is no connection that a target refused or cut.
    #[test]
    fn a_functions_row_is_no_fault_of_a_connection() {
        let mut evidence = function_behind();
        let mut cut = failed("10:10:00", "LambdaInvalidResponse", 0.2);
        cut.response_processing_time = None;
        let mut unsent = failed("10:11:00", "LambdaInvalidResponse", 0.2);
        unsent.request_processing_time = None;
        unsent.target_processing_time = None;
        unsent.response_processing_time = None;
        set_rows(&mut evidence, vec![cut, unsent]);
        for id in ["target-closed-connection", "target-refused-connection"] {
            assert_clear(crate::rules::by_id(id).unwrap(), &evidence);
        }
        assert_found(&RULE, &evidence, Strength::Proven);
    }

    #[test]
    fn a_balancer_without_functions_is_clear() {
        assert_clear(&RULE, &healthy());
    }
}
