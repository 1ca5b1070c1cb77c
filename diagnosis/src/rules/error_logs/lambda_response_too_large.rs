//! # The Lambda function's answer is larger than 1 MB
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 and
//! `error_reason` `LambdaResponseTooLarge`.
//!
//! ## Why this makes a 502
//!
//! An Application Load Balancer takes at most 1 MB from a function, the JSON around the body included,
//! and a body in base64 is a third larger than what it stands for. That is far less than the 6 MB that
//! Lambda itself allows, so a function that works everywhere else fails here. The limit is fixed.
//!
//! ## How to be sure
//!
//! The rows carry `LambdaResponseTooLarge`, on the paths that return lists, exports, images or PDFs; the
//! function's own `Errors` stay flat. A request to the same path that asks for less (a page, a shorter
//! period) is answered.
//!
//! ## How to fix it
//!
//! Answer in pages, compress the body, or put what is large into S3 and answer with a redirect to a
//! presigned URL. What must stay large needs another way than a load balancer: a function URL, or a
//! target that is no function.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "Lambda functions as targets", limits:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway

use super::lambda_invalid_response;
use crate::{
    case::Case,
    document::{Fix, Strength},
    fix,
    rule::{Answer, Claims, Draft, Rule},
    rules::lambda::{self, Cause, Function, Question, Told},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "lambda-response-too-large",
    step: Step::ErrorLogs,
    specificity: 76,
    source: include_str!("lambda_response_too_large.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::ResponseTooLarge,
    counted: lambda::BY_FUNCTION,
    nothing: "No 502 carries LambdaResponseTooLarge",
    open: "a function's answers may have been too large",
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
        |function, minutes| lambda_invalid_response::by_minutes(function, minutes),
    )
}

fn finding<'a>(case: &Case<'a>, function: &Function<'a>, rows: &[usize]) -> Draft {
    let mut because = lambda::occurrences(case, function, rows);
    let paths = lambda_invalid_response::paths(case, rows);
    if !paths.is_empty() {
        because += &format!(" Paths: {}.", words::list(&paths, 4));
    }
    lambda::draft(
        case,
        function,
        Strength::Proven,
        format!("The answer of {} is larger than 1 MB", function.name()),
        because,
        Claims::Rows(rows.to_vec()),
        Fix {
            summary: "Answer with less than 1 MB: in pages, compressed, or with a redirect to a presigned S3 \
                      URL. The limit cannot be raised."
                .to_owned(),
            cli: vec![
                fix::aws(
                    &format!(
                        "lambda invoke --function-name {} --cli-binary-format raw-in-base64-out --payload file://a-request-that-fails.json answer.json",
                        function.word()
                    ),
                    &case.evidence.load_balancer.region,
                ),
                "wc -c answer.json".to_owned(),
            ],
            console: function.console(case, "testing"),
            terraform: "# The limit of 1 MB is fixed. A large answer can be handed out by S3 instead:\nresource \"aws_s3_bucket\" \"answers\" {\n  bucket_prefix = \"large-answers-\"\n}\n".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, rules::lambda::fixture::*};

    #[test]
    fn a_request_that_is_too_large_is_the_near_miss() {
        let mut evidence = function_behind();
        let mut row = failed("10:10:00", "LambdaRequestTooLarge", 0.0);
        row.elb_status_code = 413;
        set_rows(
            &mut evidence,
            vec![row, failed("10:12:00", "LambdaInvalidResponse", 0.2)],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn the_code_of_the_row_proves_it() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaResponseTooLarge", 1.2)],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("1 request to function orders-api at 10:10:00"));
        assert!(because.contains("/cart (1)"), "{because}");
    }

    #[test]
    fn without_a_log_it_cannot_be_told() {
        let mut evidence = function_behind();
        log_off(&mut evidence, &[("10:10:00", 7.0)]);
        assert_cannot_tell(&RULE, &evidence, "access log: off");
    }
}
