//! # Lambda throttled the function
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 and
//! `error_reason` `LambdaThrottling`.
//!
//! ## Why this makes a 502
//!
//! Lambda runs only so many invocations of a function at once: as many as are reserved for it, or what
//! the account's other functions leave over, and it adds new ones only so fast. An invocation beyond
//! that is refused, and the load balancer neither waits nor tries again: the client gets 502 at once.
//!
//! ## How to be sure
//!
//! The rows carry `LambdaThrottling`, and the function's `Throttles` count in the same minutes. Where
//! `ConcurrentExecutions` stands at the reserved concurrency, that is the limit that was met; where none
//! is reserved, it is the account's. Throttles without such a row are of other callers of the function.
//!
//! ## How to fix it
//!
//! Raise the function's reserved concurrency, or take it away so that the function may use what the
//! account has; ask for a higher account quota where that is the limit. Make the function faster: half
//! the duration needs half the concurrency. A reserved concurrency of 0 switches a function off.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "Understanding Lambda function scaling":
//!   <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway

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
    id: "lambda-throttled",
    step: Step::ErrorLogs,
    specificity: 78,
    source: include_str!("lambda_throttled.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::Throttled,
    counted: lambda::BY_FUNCTION,
    nothing: "No 502 carries LambdaThrottling",
    open: "a function may have been throttled",
};

fn check(case: &Case<'_>) -> Answer {
    lambda::judge(
        case,
        &QUESTION,
        |function, rows| {
            if rows.is_empty() {
                return never_throttled(case, function)
                    .unwrap_or_else(|| Told::Nothing(throttled_elsewhere(case, function)));
            }
            Told::Found(vec![by_rows(case, function, rows)])
        },
        |function, minutes| by_minutes(case, function, minutes),
    )
}

/// Without one throttle in the window, none can have been a 502.
fn never_throttled<'a>(case: &Case<'a>, function: &Function<'a>) -> Option<Told> {
    let none = case.evidence.target_metrics.whole().is_some()
        && function.total(case, "Throttles") == Some(0);
    none.then(|| {
        Told::RuledOut(format!(
            "Lambda counts no throttle of {} in the window.",
            function.name()
        ))
    })
}

fn throttled_elsewhere<'a>(case: &Case<'a>, function: &Function<'a>) -> String {
    match function.total(case, "Throttles") {
        Some(n) if n > 0 => format!(
            "Lambda counts {} of {}, but none of them was a 502 of this load balancer: other callers met \
             them.",
            words::count(n, "throttle", "throttles"),
            function.name()
        ),
        _ => String::new(),
    }
}

fn by_rows<'a>(case: &Case<'a>, function: &Function<'a>, rows: &[usize]) -> Draft {
    let because = format!(
        "{}{}",
        lambda::occurrences(case, function, rows),
        limits(case, function)
    );
    let claims = Claims::Rows(rows.to_vec());
    finding(case, function, Strength::Proven, because, claims)
}

fn by_minutes<'a>(case: &Case<'a>, function: &Function<'a>, minutes: &[FailedMinute]) -> Told {
    if lambda::counts_others(case, function, minutes, "Throttles") {
        return Told::Open(lambda::of_other_callers(function, "throttles"), Vec::new());
    }
    let claimed: Vec<_> = minutes
        .iter()
        .map(|minute| (minute.at, minute.by_throttles))
        .filter(|(_, n)| *n > 0)
        .collect();
    let either = lambda::either_in_words(function, minutes);
    if claimed.is_empty() {
        return never_throttled(case, function).unwrap_or_else(|| {
            if either.is_empty() {
                Told::Nothing(String::new())
            } else {
                Told::Open(either.trim_start().to_owned(), Vec::new())
            }
        });
    }
    let n = claimed.iter().fold(0, |sum, (_, n)| bounded(sum + n));
    let because = format!(
        "In {} in which requests to {} failed (LambdaUserError) the function counts throttles, enough for \
         {} of the load balancer's 502s. Without an access log no single request can be tied to them.\
         {either}{}",
        words::count(claimed.len() as u64, "period", "periods"),
        function.name(),
        words::thousands(n),
        limits(case, function)
    );
    let claims = Claims::Minutes(claimed);
    Told::Found(vec![finding(
        case,
        function,
        Strength::Likely,
        because,
        claims,
    )])
}

/// Which limit was met, as far as is known.
fn limits<'a>(case: &Case<'a>, function: &Function<'a>) -> String {
    let mut words = String::new();
    if let Some(n) = function.total(case, "Throttles").filter(|n| *n > 0) {
        words += &format!(
            " The function counts {} in the window.",
            words::count(n, "throttle", "throttles")
        );
    }
    let most = function.most(case, "ConcurrentExecutions");
    let reserved = function
        .configuration
        .and_then(|configuration| configuration.reserved_concurrency);
    match (reserved, most) {
        (Some(0), _) => {
            words += " Its reserved concurrency is 0: the function is switched off.";
        }
        (Some(reserved), Some(most)) => {
            words += &format!(
                " Its reserved concurrency is {}; at most {} ran at once.",
                words::thousands(reserved.into()),
                words::thousands(most)
            );
        }
        (Some(reserved), None) => {
            words += &format!(
                " Its reserved concurrency is {}.",
                words::thousands(reserved.into())
            );
        }
        (None, Some(most)) => {
            words += &format!(" At most {} ran at once.", words::thousands(most));
        }
        (None, None) => {}
    }
    words
}

fn finding<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    strength: Strength,
    because: String,
    claims: Claims,
) -> Draft {
    let region = &case.evidence.load_balancer.region;
    let reserved = function
        .configuration
        .and_then(|configuration| configuration.reserved_concurrency);
    let summary = match reserved {
        Some(0) => {
            "The reserved concurrency of 0 switches the function off. Raise it, or take it away.".to_owned()
        }
        Some(reserved) => format!(
            "Raise the reserved concurrency above {reserved}, or take it away so that the function may use \
             what the account has left."
        ),
        None => "Look at the account's concurrency: ask for a higher quota, or reserve a share of it for \
                 this function."
            .to_owned(),
    };
    let quota = fix::aws("lambda get-account-settings", region);
    let change = if reserved.is_some() {
        fix::aws(
            &format!(
                "lambda delete-function-concurrency --function-name {}",
                function.word()
            ),
            region,
        )
    } else {
        fix::aws(
            &format!(
                "lambda put-function-concurrency --function-name {} --reserved-concurrent-executions 200",
                function.word()
            ),
            region,
        )
    };
    lambda::draft(
        case,
        function,
        strength,
        format!("Lambda throttled {}", function.name()),
        because,
        claims,
        Fix {
            summary,
            cli: vec![quota, change],
            console: function.console(case, "configuration"),
            terraform: "resource \"aws_lambda_function\" \"this\" {\n  # -1 takes the limit away; 0 switches the function off.\n  reserved_concurrent_executions = -1\n}\n".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, rules::lambda::fixture::*};

    #[test]
    fn throttles_without_such_a_row_are_the_near_miss() {
        let mut evidence = function_behind();
        set_counted(&mut evidence, "Throttles", &[("10:10:00", 300.0)]);
        set_rows(
            &mut evidence,
            vec![failed("10:10:05", "LambdaInvalidResponse", 0.2)],
        );
        assert_clear(&RULE, &evidence);
        let because = ask(&RULE, &evidence).because;
        assert!(because.contains("300 throttles"), "{because}");
    }

    #[test]
    fn the_code_of_the_row_proves_it_and_the_limit_is_named() {
        let mut evidence = function_behind();
        set_function(&mut evidence, |function| {
            function.reserved_concurrency = Some(5);
        });
        set_counted(&mut evidence, "Throttles", &[("10:10:00", 4.0)]);
        set_counted(&mut evidence, "ConcurrentExecutions", &[("10:10:00", 5.0)]);
        set_rows(
            &mut evidence,
            vec![failed("10:10:05", "LambdaThrottling", 0.008)],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("reserved concurrency is 5"), "{because}");
        assert!(because.contains("4 throttles in the window"), "{because}");
    }

    #[test]
    fn a_function_that_is_switched_off_is_called_so() {
        let mut evidence = function_behind();
        set_function(&mut evidence, |function| {
            function.reserved_concurrency = Some(0);
        });
        set_rows(
            &mut evidence,
            vec![failed("10:10:05", "LambdaThrottling", 0.0)],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("switched off"), "{because}");
    }

    #[test]
    fn errors_beside_it_that_are_too_many_leave_each_what_the_other_cannot_have() {
        let mut evidence = function_behind();
        set_counted(&mut evidence, "Throttles", &[("10:10:00", 6.0)]);
        set_counted(&mut evidence, "Errors", &[("10:10:00", 5.0)]);
        log_off(&mut evidence, &[("10:10:00", 8.0)]);
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(because.contains("3 requests may be either"), "{because}");
        let claims = ask(&RULE, &evidence).findings[0].claims.clone();
        assert_eq!(claims, Claims::Minutes(vec![(at("10:10:00"), 3)]));
        // As many of both as failed: nobody can say which.
        set_counted(&mut evidence, "Throttles", &[("10:10:00", 8.0)]);
        set_counted(&mut evidence, "Errors", &[("10:10:00", 8.0)]);
        assert_cannot_tell(&RULE, &evidence, "access log: off");
    }

    #[test]
    fn without_a_log_throttles_of_the_failed_minutes_are_likely() {
        let mut evidence = function_behind();
        set_counted(&mut evidence, "Throttles", &[("10:10:00", 4.0)]);
        log_off(&mut evidence, &[("10:10:00", 9.0), ("10:30:00", 2.0)]);
        assert_found(&RULE, &evidence, Strength::Likely);
        let claims = ask(&RULE, &evidence).findings[0].claims.clone();
        assert_eq!(claims, Claims::Minutes(vec![(at("10:10:00"), 4)]));
    }

    #[test]
    fn without_the_functions_metrics_and_a_log_it_cannot_be_told() {
        let mut evidence = function_behind();
        log_off(&mut evidence, &[("10:10:00", 9.0)]);
        evidence.target_metrics = denied("cloudwatch:GetMetricData");
        assert_cannot_tell(&RULE, &evidence, "cloudwatch:GetMetricData");
    }
}
