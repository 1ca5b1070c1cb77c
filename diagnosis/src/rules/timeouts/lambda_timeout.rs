//! # The Lambda function reaches its own timeout
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 because the function ended
//! with an error (`error_reason` `LambdaUnhandled`), after exactly as long as the function's timeout
//! allows.
//!
//! ## Why this makes a 502
//!
//! Lambda ends an invocation that runs longer than the function's timeout (3 seconds unless set
//! otherwise, at most 15 minutes). There is no answer then, only an error, and the load balancer gives
//! 502. Mostly the function waits for something: a database, an API without a time limit of its own, a
//! network that lets nothing out.
//!
//! ## How to be sure
//!
//! `Duration` (Maximum) of the function stands at its timeout in the minutes of the rows, the rows took
//! as long, and the function's log says `Task timed out after 3.00 seconds`. The access log has no code
//! of its own for this: an error of another kind leaves `LambdaUnhandled` too, after less time.
//!
//! ## How to fix it
//!
//! Find out what it waits for (its log, X-Ray), and give that call a time limit shorter than the
//! function's, so that it can answer 504 itself. Raise the timeout where the work is honest and clients
//! wait that long. In a VPC: look whether the subnets reach what it calls (a NAT gateway, an endpoint).
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Configure Lambda function timeout":
//!   <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
//! - AWS, "Types of metrics for Lambda functions" (Duration)

use crate::{
    case::{Case, bounded},
    document::{Fix, Strength},
    fix,
    rule::{Answer, Claims, Draft, Rule},
    rules::lambda::{self, Cause, FailedMinute, Function, Question, Ran, Told},
    safe_timeouts,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "lambda-timeout",
    step: Step::Timeouts,
    specificity: 79,
    source: include_str!("lambda_timeout.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::Ran,
    counted: lambda::BY_FUNCTION,
    nothing: "No failed request to a function ran to its timeout",
    open: "a function may have reached its timeout",
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
    let (mut sure, mut seems, mut unknown, mut shorter) = (vec![], vec![], vec![], vec![]);
    for place in rows {
        match lambda::ran(case, function, &case.rows()[*place]) {
            Ran::ToItsTimeout => sure.push(*place),
            Ran::ToItsTimeoutItSeems => seems.push(*place),
            Ran::Unknown => unknown.push(*place),
            Ran::Shorter => shorter.push(*place),
        }
    }
    let findings: Vec<Draft> = [(sure, Strength::Proven), (seems, Strength::Likely)]
        .into_iter()
        .filter(|(rows, _)| !rows.is_empty())
        .map(|(rows, strength)| of_rows(case, function, rows, strength))
        .collect();
    if !findings.is_empty() {
        return Told::Found(findings);
    }
    if !unknown.is_empty() {
        return Told::Open(
            format!(
                "{} Whether that was its timeout, only its configuration and its Duration can say.",
                lambda::occurrences(case, function, &unknown)
            ),
            lambda::what_tells(case, function),
        );
    }
    if shorter.is_empty() {
        return never(case, function).unwrap_or_else(|| Told::Nothing(String::new()));
    }
    Told::Nothing(format!(
        "{}{}",
        lambda::occurrences(case, function, &shorter),
        lambda::run_times(case, function, &shorter)
    ))
}

/// Where its longest run in the window stayed below the timeout, none met it.
fn never<'a>(case: &Case<'a>, function: &Function<'a>) -> Option<Told> {
    case.evidence.target_metrics.whole()?;
    let longest = function.most(case, "Duration")?;
    let timeout = function.timeout()?;
    (!lambda::reaches(longest, timeout)).then(|| {
        Told::RuledOut(format!(
            "The longest run of {} in the window took {}; its timeout is {}.",
            function.name(),
            words::seconds(longest),
            words::seconds(timeout)
        ))
    })
}

fn of_rows<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    rows: Vec<usize>,
    strength: Strength,
) -> Draft {
    let mut because = lambda::occurrences(case, function, &rows);
    because += &lambda::run_times(case, function, &rows);
    because += match strength {
        Strength::Proven => {
            " Its Duration (Maximum) stands at the timeout when they began, so Lambda ended them."
        }
        _ => {
            " Only one of the two clocks, the access log's and Duration, was seen, and an error of another \
             kind leaves the same code."
        }
    };
    finding(case, function, strength, because, Claims::Rows(rows))
}

fn by_minutes<'a>(case: &Case<'a>, function: &Function<'a>, minutes: &[FailedMinute]) -> Told {
    if lambda::counts_others(case, function, minutes, "Errors") {
        return Told::Open(lambda::of_other_callers(function, "errors"), Vec::new());
    }
    let with_errors = |minute: &&FailedMinute| minute.has_errors();
    let usual = lambda::usual_errors(case, minutes);
    let claimed: Vec<_> = minutes
        .iter()
        .filter(with_errors)
        .filter(|minute| minute.reached_timeout() == Some(true))
        .map(|minute| (minute.at, minute.at_its_timeout(usual)))
        .filter(|(_, n)| *n > 0)
        .collect();
    let either = lambda::either_in_words(function, minutes);
    if claimed.is_empty() {
        let unknown = minutes
            .iter()
            .filter(with_errors)
            .any(|minute| minute.reached_timeout().is_none());
        return if unknown {
            let words = format!(
                "The errors of {} may be its timeout.{either}",
                function.name()
            );
            Told::Open(words, lambda::what_tells(case, function))
        } else {
            never(case, function).unwrap_or_else(|| {
                if either.is_empty() {
                    Told::Nothing(String::new())
                } else {
                    Told::Open(either.trim_start().to_owned(), Vec::new())
                }
            })
        };
    }
    let n = claimed.iter().fold(0, |sum, (_, n)| bounded(sum + n));
    let mut because = format!(
        "In {} in which requests to {} failed (LambdaUserError) its Duration (Maximum) stands at its \
         timeout of {}, and it counts errors, enough for {} of the load balancer's 502s. Without an access \
         log no single request can be tied to them.{either}",
        words::count(claimed.len() as u64, "period", "periods"),
        function.name(),
        words::seconds(function.timeout().unwrap_or_default()),
        words::thousands(n),
    );
    if usual > 0 {
        because += &format!(
            " {} a minute are left out: as many it has where no run reaches the timeout.",
            words::count(usual, "error", "errors")
        );
    }
    let claims = Claims::Minutes(claimed);
    Told::Found(vec![finding(
        case,
        function,
        Strength::Likely,
        because,
        claims,
    )])
}

fn finding<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    strength: Strength,
    because: String,
    claims: Claims,
) -> Draft {
    let seconds = function
        .configuration
        .and_then(|configuration| configuration.timeout)
        .unwrap_or_default();
    let title = format!(
        "{} reaches its timeout of {seconds} s",
        words::capital(&function.name())
    );
    let raised = safe_timeouts::function_timeout(u64::from(seconds));
    lambda::draft(
        case,
        function,
        strength,
        title,
        because,
        claims,
        Fix {
            summary: "Find out what the function waits for, and give that call a time limit shorter than the \
                      function's own. Raise the timeout only where the work is honest."
                .to_owned(),
            cli: vec![fix::aws(
                &format!(
                    "lambda update-function-configuration --function-name {} --timeout {raised}",
                    function.word()
                ),
                &case.evidence.load_balancer.region,
            )],
            console: function.console(case, "configuration"),
            terraform: format!(
                "resource \"aws_lambda_function\" \"this\" {{\n  timeout = {raised}\n}}\n"
            ),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, rules::lambda::fixture::*};

    fn timed_out() -> crate::Evidence {
        let mut evidence = function_behind();
        set_counted(
            &mut evidence,
            "Duration",
            &[("10:09:00", 3_000.0), ("10:21:00", 3_004.0)],
        );
        set_counted(
            &mut evidence,
            "Errors",
            &[("10:09:00", 1.0), ("10:21:00", 1.0)],
        );
        set_rows(
            &mut evidence,
            vec![
                // It began in the minute before.
                failed("10:10:00.5", "LambdaUnhandled", 3.011),
                failed("10:21:40", "LambdaUnhandled", 3.02),
            ],
        );
        evidence
    }

    #[test]
    fn an_error_after_less_time_is_the_near_miss() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![
                failed("10:10:00", "LambdaUnhandled", 0.2),
                failed("10:12:00", "LambdaUnhandled", 2.7),
            ],
        );
        assert_clear(&RULE, &evidence);
        // The log's clock says nothing of the run, and Duration says that it was short.
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaUnhandled", 0.001)],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn both_clocks_at_the_timeout_prove_it() {
        let because = assert_found(&RULE, &timed_out(), Strength::Proven);
        assert!(
            because.contains("They took 3.01 s to 3.02 s; its timeout is 3 s."),
            "{because}"
        );
        let claims = ask(&RULE, &timed_out()).findings[0].claims.clone();
        assert_eq!(claims, Claims::Rows(vec![0, 1]));
    }

    #[test]
    fn one_clock_alone_is_likely() {
        let mut evidence = timed_out();
        evidence.target_metrics = denied("cloudwatch:GetMetricData");
        assert_found(&RULE, &evidence, Strength::Likely);
        let mut evidence = timed_out();
        set_rows(
            &mut evidence,
            vec![failed("10:21:40", "LambdaUnhandled", 0.001)],
        );
        assert_found(&RULE, &evidence, Strength::Likely);
    }

    #[test]
    fn a_slow_run_of_another_minute_proves_nothing() {
        let mut evidence = timed_out();
        set_rows(
            &mut evidence,
            vec![failed("10:40:00", "LambdaUnhandled", 3.02)],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn without_the_configuration_it_cannot_be_told() {
        let mut evidence = timed_out();
        evidence.lambda_functions = denied("lambda:GetFunctionConfiguration");
        assert_cannot_tell(&RULE, &evidence, "lambda:GetFunctionConfiguration");
    }

    #[test]
    fn a_merged_row_is_judged_by_duration_alone() {
        let mut evidence = timed_out();
        let mut merged = failed("10:21:00", "LambdaUnhandled", 0.2);
        merged.count = 40;
        set_rows(&mut evidence, vec![merged]);
        assert_found(&RULE, &evidence, Strength::Likely);
    }

    #[test]
    fn without_a_log_errors_at_the_timeout_are_likely() {
        let mut evidence = timed_out();
        log_off(&mut evidence, &[("10:10:00", 4.0), ("10:50:00", 2.0)]);
        assert_found(&RULE, &evidence, Strength::Likely);
        let claims = ask(&RULE, &evidence).findings[0].claims.clone();
        assert_eq!(claims, Claims::Minutes(vec![(at("10:10:00"), 1)]));
    }

    #[test]
    fn errors_of_every_minute_are_not_the_timeouts() {
        let mut evidence = function_behind();
        let minutes: Vec<String> = (0..60).map(|minute| format!("10:{minute:02}:00")).collect();
        let with = |n: f64| -> Vec<(&str, f64)> {
            minutes
                .iter()
                .enumerate()
                .map(|(minute, at)| (at.as_str(), if minute < 10 { n + 5.0 } else { n }))
                .collect()
        };
        set_counted(&mut evidence, "Errors", &with(2.0));
        let slow: Vec<(&str, f64)> = minutes[..10]
            .iter()
            .map(|at| (at.as_str(), 3_001.0))
            .collect();
        set_counted(&mut evidence, "Duration", &slow);
        log_off(&mut evidence, &with(2.0));
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(
            because.contains("2 errors a minute are left out"),
            "{because}"
        );
        let Claims::Minutes(claimed) = ask(&RULE, &evidence).findings[0].claims.clone() else {
            panic!("no minutes");
        };
        assert!(claimed.iter().take(10).all(|(_, n)| *n == 5), "{claimed:?}");
    }
}
