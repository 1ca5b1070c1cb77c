//! # The Lambda function failed
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 because the function ended
//! with an error before its timeout (`error_reason` `LambdaUnhandled`), or could not be started at all
//! (a lost package, alias, subnet, security group or key, a runtime that is no longer supported).
//!
//! ## Why this makes a 502
//!
//! An exception that the handler does not catch, a process that exits, or a function that runs out of
//! memory gives Lambda an error and no answer. The load balancer has nothing to pass on. A function that
//! cannot be started has not even that.
//!
//! ## How to be sure
//!
//! The rows carry the code; the function's `Errors` count in the same minutes; its log says which
//! exception it was (`ERROR`, `Traceback`, `Runtime exited with error: signal: killed` for memory). A
//! function that was ended at its timeout leaves the same code: there `Duration` reaches the timeout, and
//! the rule `lambda-timeout` speaks of it.
//!
//! ## How to fix it
//!
//! Read the function's log at the time of the rows. Catch what the handler lets through and answer 500
//! with a body that says something; give it more memory where it was killed; roll the last release back
//! where the errors began with it. Where it cannot be started, mend what the code names.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway
//! - AWS, "Types of metrics for Lambda functions" (Errors, Duration):
//!   <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>

use crate::{
    case::{Case, bounded},
    document::{Fix, Strength},
    fix,
    rule::{Answer, Claims, Draft, Rule},
    rules::lambda::{self, Cause, FailedMinute, Function, Question, Ran, Told},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "lambda-function-error",
    step: Step::ErrorLogs,
    specificity: 74,
    source: include_str!("lambda_function_error.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| matches!(reason.cause, Cause::Ran | Cause::NotStarted),
    counted: lambda::BY_FUNCTION,
    nothing: "No 502 speaks of an error of a function",
    open: "a function may have failed",
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
    let (mut not_started, mut failed, mut unknown, mut timed_out) = (vec![], vec![], vec![], 0);
    for place in rows {
        let row = &case.rows()[*place];
        if lambda::reason(row).is_some_and(|reason| reason.cause == Cause::NotStarted) {
            not_started.push(*place);
            continue;
        }
        match lambda::ran(case, function, row) {
            Ran::Shorter => failed.push(*place),
            Ran::Unknown => unknown.push(*place),
            Ran::ToItsTimeout | Ran::ToItsTimeoutItSeems => {
                timed_out = bounded(timed_out + case.requests(&[*place]));
            }
        }
    }
    let mut findings = Vec::new();
    if !not_started.is_empty() {
        findings.push(cannot_start(case, function, not_started));
    }
    if !failed.is_empty() {
        findings.push(of_itself(case, function, failed));
    }
    if !findings.is_empty() {
        return Told::Found(findings);
    }
    if !unknown.is_empty() {
        return Told::Open(
            format!(
                "{} Whether it failed of itself or at its timeout, only its configuration and its Duration \
                 can say.",
                lambda::occurrences(case, function, &unknown)
            ),
            lambda::what_tells(case, function),
        );
    }
    Told::Nothing(match timed_out {
        0 => String::new(),
        n => format!(
            "{} to {} ran to its timeout: lambda-timeout speaks of them.",
            words::count(n, "request", "requests"),
            function.name()
        ),
    })
}

fn of_itself<'a>(case: &Case<'a>, function: &Function<'a>, rows: Vec<usize>) -> Draft {
    let mut because = lambda::occurrences(case, function, &rows);
    because += &lambda::run_times(case, function, &rows);
    if let Some(n) = function.total(case, "Errors") {
        because += &format!(
            " The function counts {} in the window.",
            words::count(n, "error", "errors")
        );
    }
    let title = format!("{} ended with an error", words::capital(&function.name()));
    finding(
        case,
        function,
        Strength::Proven,
        title,
        because,
        Claims::Rows(rows),
    )
}

fn cannot_start<'a>(case: &Case<'a>, function: &Function<'a>, rows: Vec<usize>) -> Draft {
    let mut because = lambda::occurrences(case, function, &rows);
    let state = function.configuration.and_then(|one| {
        let state = one.state.as_deref().filter(|state| *state != "Active")?;
        Some((state, one.state_reason.as_deref()))
    });
    match state {
        Some((state, Some(reason))) => because += &format!(" Its state is {state} ({reason})."),
        Some((state, None)) => because += &format!(" Its state is {state}."),
        None => {}
    }
    let title = format!("Lambda cannot start {}", function.name());
    finding(
        case,
        function,
        Strength::Proven,
        title,
        because,
        Claims::Rows(rows),
    )
}

/// Periods in which the function counts errors and none of its runs reached the timeout; where one did,
/// as many errors as the function has otherwise.
fn by_minutes<'a>(case: &Case<'a>, function: &Function<'a>, minutes: &[FailedMinute]) -> Told {
    if lambda::counts_others(case, function, minutes, "Errors") {
        return Told::Open(lambda::of_other_callers(function, "errors"), Vec::new());
    }
    let with_errors = |minute: &&FailedMinute| minute.has_errors();
    let usual = lambda::usual_errors(case, minutes);
    let claimed: Vec<_> = minutes
        .iter()
        .filter(with_errors)
        .filter_map(|minute| {
            let n = match minute.reached_timeout()? {
                false => minute.by_errors,
                true => minute.by_errors - minute.at_its_timeout(usual),
            };
            (n > 0).then_some((minute.at, n))
        })
        .collect();
    let either = lambda::either_in_words(function, minutes);
    if claimed.is_empty() {
        let unknown = minutes
            .iter()
            .filter(with_errors)
            .any(|minute| minute.reached_timeout().is_none());
        return if unknown {
            let words = format!(
                "The errors of {} may be its own or its timeout.{either}",
                function.name()
            );
            Told::Open(words, lambda::what_tells(case, function))
        } else if either.is_empty() {
            Told::Nothing(String::new())
        } else {
            Told::Open(either.trim_start().to_owned(), Vec::new())
        };
    }
    let n = claimed.iter().fold(0, |sum, (_, n)| bounded(sum + n));
    let mut because = format!(
        "In {} in which requests to {} failed (LambdaUserError) the function counts errors, enough for {} \
         of the load balancer's 502s, and no run reached its timeout. Without an access log no single \
         request can be tied to them.{either}",
        words::count(claimed.len() as u64, "period", "periods"),
        function.name(),
        words::thousands(n),
    );
    if usual > 0
        && minutes
            .iter()
            .any(|minute| minute.reached_timeout() == Some(true))
    {
        because += &format!(
            " Where a run did reach it, {} a minute are counted here, as in the other minutes.",
            words::count(usual, "error", "errors")
        );
    }
    let title = format!("{} ended with errors", words::capital(&function.name()));
    let claims = Claims::Minutes(claimed);
    Told::Found(vec![finding(
        case,
        function,
        Strength::Likely,
        title,
        because,
        claims,
    )])
}

fn finding<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    strength: Strength,
    title: String,
    because: String,
    claims: Claims,
) -> Draft {
    let window = case.evidence.window;
    lambda::draft(
        case,
        function,
        strength,
        title,
        because,
        claims,
        Fix {
            summary: "Read the function's log at the time of the rows; catch what the handler lets through and \
                      answer 500 instead. Mend what the code names where the function cannot be started."
                .to_owned(),
            cli: vec![fix::aws(
                &format!(
                    "logs filter-log-events --log-group-name {} --start-time {} --end-time {} --filter-pattern '?ERROR ?Error ?Traceback ?\"Runtime exited\" ?\"Task timed out\"'",
                    fix::quote(&format!(
                        "/aws/lambda/{}",
                        function.short().unwrap_or("YOUR-FUNCTION")
                    )),
                    window.from.timestamp_millis(),
                    window.to.timestamp_millis()
                ),
                &case.evidence.load_balancer.region,
            )],
            console: function.console(case, "monitoring"),
            terraform: "resource \"aws_lambda_function\" \"this\" {\n  # Where it was killed for memory.\n  memory_size = 1024\n}\n".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, rules::lambda::fixture::*};

    #[test]
    fn a_run_to_the_timeout_is_the_near_miss() {
        let mut evidence = function_behind();
        set_counted(&mut evidence, "Duration", &[("10:09:00", 3_003.0)]);
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaUnhandled", 3.02)],
        );
        assert_clear(&RULE, &evidence);
        let because = ask(&RULE, &evidence).because;
        assert!(because.contains("lambda-timeout"), "{because}");
    }

    #[test]
    fn an_error_well_before_the_timeout_is_proven() {
        let mut evidence = function_behind();
        set_counted(&mut evidence, "Errors", &[("10:10:00", 2.0)]);
        set_rows(
            &mut evidence,
            vec![
                failed("10:10:00", "LambdaUnhandled", 0.09),
                failed("10:10:40", "LambdaUnhandled", 0.41),
            ],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("They took 0.09 s to 0.41 s; its timeout is 3 s."),
            "{because}"
        );
        assert!(because.contains("2 errors in the window"), "{because}");
    }

    #[test]
    fn what_cannot_start_is_told_apart() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaKMSDisabledException", 0.2)],
        );
        assert_found(&RULE, &evidence, Strength::Proven);
        let finding = &ask(&RULE, &evidence).findings[0];
        assert_eq!(finding.title, "Lambda cannot start function orders-api");
    }

    #[test]
    fn less_than_a_second_is_no_timeout_whatever_is_configured() {
        let mut evidence = function_behind();
        evidence.lambda_functions = denied("lambda:GetFunctionConfiguration");
        evidence.target_metrics = denied("cloudwatch:GetMetricData");
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaUnhandled", 0.4)],
        );
        assert_found(&RULE, &evidence, Strength::Proven);
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaUnhandled", 3.0)],
        );
        assert_cannot_tell(&RULE, &evidence, "lambda:GetFunctionConfiguration");
    }

    #[test]
    fn without_a_log_errors_below_the_timeout_are_likely() {
        let mut evidence = function_behind();
        set_counted(
            &mut evidence,
            "Errors",
            &[("10:10:00", 5.0), ("10:20:00", 5.0)],
        );
        set_counted(&mut evidence, "Duration", &[("10:20:00", 3_000.0)]);
        log_off(&mut evidence, &[("10:10:00", 5.0), ("10:20:00", 5.0)]);
        assert_found(&RULE, &evidence, Strength::Likely);
        let claims = ask(&RULE, &evidence).findings[0].claims.clone();
        assert_eq!(claims, Claims::Minutes(vec![(at("10:10:00"), 5)]));
    }
}
