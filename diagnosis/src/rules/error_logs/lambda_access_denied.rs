//! # A permission is missing for the Lambda function
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 and `error_reason`
//! `LambdaAccessDenied`, `LambdaEC2AccessDeniedException` or `LambdaKMSAccessDeniedException`; and a
//! function whose policy does not let the load balancer in.
//!
//! ## Why this makes a 502
//!
//! The load balancer invokes the function under a permission that stands in the function's own policy,
//! for one target group, and, where an alias or version is registered, for that one. A function that was
//! made anew, an alias that was moved to another name, or a group that was replaced has none. The other
//! two codes are the function's role: without leave to make its network interface or to decrypt its
//! environment variables, Lambda cannot start it.
//!
//! ## How to be sure
//!
//! The rows carry the code. `aws lambda get-policy` of exactly what is registered (with its alias or
//! version) shows no statement with the principal `elasticloadbalancing.amazonaws.com`, the action
//! `lambda:InvokeFunction` and this target group's ARN as source. The function's `Invocations` are silent.
//!
//! ## How to fix it
//!
//! `LambdaAccessDenied`: give the permission back with `aws lambda add-permission`. The EC2 code: the role
//! needs `AWSLambdaVPCAccessExecutionRole`. The KMS code: the role needs `kms:Decrypt` on the key, and the
//! key's policy must not deny it.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "Lambda functions as targets", permissions to invoke the function:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
//! - AWS, "Giving Lambda functions access to resources in an Amazon VPC"

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
    id: "lambda-access-denied",
    step: Step::ErrorLogs,
    specificity: 77,
    source: include_str!("lambda_access_denied.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::AccessDenied,
    counted: lambda::BY_FUNCTION,
    nothing: "No 502 speaks of a missing permission",
    open: "the load balancer may have lacked the permission to invoke a function",
};

fn check(case: &Case<'_>) -> Answer {
    lambda::judge(
        case,
        &QUESTION,
        |function, rows| {
            if rows.is_empty() {
                return without_rows(case, function);
            }
            Told::Found(vec![by_rows(case, function, rows)])
        },
        |function, minutes| by_minutes(case, function, minutes),
    )
}

/// What the function's policy says now; `None` where it could not be read, or was read for another
/// target group of the same function.
fn allowed(function: &Function<'_>) -> Option<bool> {
    let configuration = function.configuration?;
    let read_for = configuration.target_group_arn.as_deref();
    configuration
        .invoke_allowed
        .filter(|_| read_for.is_none_or(|group| function.target_group_arn == Some(group)))
}

fn by_rows<'a>(case: &Case<'a>, function: &Function<'a>, rows: &[usize]) -> Draft {
    let mut because = lambda::occurrences(case, function, rows);
    let of_load_balancer = rows
        .iter()
        .filter_map(|place| case.rows().get(*place))
        .any(|row| row.error_reason.as_deref() == Some("LambdaAccessDenied"));
    if of_load_balancer {
        because += match allowed(function) {
            Some(false) => {
                " Its policy still lets no load balancer invoke it for this target group."
            }
            Some(true) => " Its policy lets the load balancer in now: it was mended since.",
            None => " Its policy could not be read.",
        };
    }
    let claims = Claims::Rows(rows.to_vec());
    finding(
        case,
        function,
        Strength::Proven,
        because,
        claims,
        of_load_balancer,
    )
}

/// A policy that lets nobody in is a fault before the first request meets it. Where requests were
/// answered, it is the reading of the policy that is wrong, or the policy was changed since: nothing to
/// wake somebody for.
fn without_rows<'a>(case: &Case<'a>, function: &Function<'a>) -> Told {
    if allowed(function) != Some(false) {
        return Told::Nothing(String::new());
    }
    let answered = case.access_log().is_some_and(|log| {
        log.targets.iter().any(|target| {
            target.target_group_arn.as_deref() == function.target_group_arn && target.answered > 0
        })
    });
    if answered || !case.missing_rows().is_empty() {
        return Told::Nothing(format!(
            "The policy of {} names no permission for this target group, but its requests were not refused \
             for that.",
            function.name()
        ));
    }
    let because = format!(
        "The policy of {} has no statement that lets elasticloadbalancing.amazonaws.com invoke it for this \
         target group. No request has met that in the window.",
        function.name()
    );
    let finding = finding(
        case,
        function,
        Strength::Possible,
        because,
        Claims::Nothing,
        true,
    );
    Told::Found(vec![finding])
}

fn by_minutes<'a>(case: &Case<'a>, function: &Function<'a>, minutes: &[FailedMinute]) -> Told {
    match allowed(function) {
        Some(true) => return Told::Nothing(String::new()),
        None => {
            return Told::Open(
                format!("The policy of {} was not read.", function.name()),
                case.missing(&[crate::need::Need::LambdaFunctions]),
            );
        }
        Some(false) => {}
    }
    let claimed: Vec<_> = minutes
        .iter()
        .filter(|minute| minute.invocations == Some(0) && minute.throttles == Some(0))
        .map(|minute| (minute.at, minute.failed))
        .collect();
    if claimed.is_empty() {
        return Told::Nothing(String::new());
    }
    let n = claimed.iter().fold(0, |sum, (_, n)| bounded(sum + n));
    let because = format!(
        "The policy of {} has no statement that lets elasticloadbalancing.amazonaws.com invoke it for this \
         target group. {} to it failed (LambdaUserError) in periods in which it was not invoked at all. \
         Without an access log no single request can be tied to that.",
        function.name(),
        words::count(n, "request", "requests"),
    );
    let claims = Claims::Minutes(claimed);
    Told::Found(vec![finding(
        case,
        function,
        Strength::Likely,
        because,
        claims,
        true,
    )])
}

fn finding<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    strength: Strength,
    because: String,
    claims: Claims,
    of_load_balancer: bool,
) -> Draft {
    let region = &case.evidence.load_balancer.region;
    let group = function.target_group_arn.unwrap_or("YOUR-TARGET-GROUP-ARN");
    // With its alias or version: the permission stands for exactly what is registered.
    let registered = function
        .arn
        .map_or_else(|| "YOUR-FUNCTION".to_owned(), fix::quote);
    let (summary, cli, terraform) = if of_load_balancer {
        (
            "Let the load balancer invoke the function for this target group.",
            format!(
                "lambda add-permission --function-name {registered} --statement-id load-balancer --principal elasticloadbalancing.amazonaws.com --action lambda:InvokeFunction --source-arn {}",
                fix::quote(group)
            ),
            format!(
                "resource \"aws_lambda_permission\" \"load_balancer\" {{\n  action        = \"lambda:InvokeFunction\"\n  function_name = {}\n  principal     = \"elasticloadbalancing.amazonaws.com\"\n  source_arn    = {}\n}}\n",
                fix::terraform_string(function.arn.unwrap_or("YOUR-FUNCTION")),
                fix::terraform_string(group)
            ),
        )
    } else {
        (
            "Give the function's role the permission that it lacks: AWSLambdaVPCAccessExecutionRole for its \
             network interface, kms:Decrypt for its key.",
            format!("lambda get-function-configuration --function-name {registered} --query Role"),
            "resource \"aws_iam_role_policy_attachment\" \"vpc\" {\n  role       = aws_iam_role.function.name\n  policy_arn = \"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole\"\n}\n".to_owned(),
        )
    };
    let title = if of_load_balancer {
        format!("The load balancer may not invoke {}", function.name())
    } else {
        format!("The role of {} lacks a permission", function.name())
    };
    lambda::draft(
        case,
        function,
        strength,
        title,
        because,
        claims,
        Fix {
            summary: summary.to_owned(),
            cli: vec![fix::aws(&cli, region)],
            console: function.console(case, "configuration"),
            terraform,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::*, observed::Observed, rules::lambda::fixture::*};

    fn not_allowed(evidence: &mut crate::Evidence) {
        set_function(evidence, |function| function.invoke_allowed = Some(false));
    }

    #[test]
    fn a_policy_that_seems_closed_while_requests_are_answered_is_the_near_miss() {
        let mut evidence = function_behind();
        not_allowed(&mut evidence);
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn the_code_of_the_row_proves_it() {
        let mut evidence = function_behind();
        not_allowed(&mut evidence);
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaAccessDenied", 0.002)],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("still lets no load balancer"), "{because}");
        let fix = ask(&RULE, &evidence).findings[0].fix.clone();
        assert!(fix.cli[0].contains(
            "--function-name arn:aws:lambda:eu-west-1:111122223333:function:orders-api:live"
        ));
        set_function(&mut evidence, |_| {});
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(because.contains("mended since"), "{because}");
    }

    #[test]
    fn a_key_that_the_role_may_not_use_is_told_apart() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaKMSAccessDeniedException", 0.1)],
        );
        assert_found(&RULE, &evidence, Strength::Proven);
        let finding = &ask(&RULE, &evidence).findings[0];
        assert_eq!(
            finding.title,
            "The role of function orders-api lacks a permission"
        );
    }

    #[test]
    fn a_closed_policy_that_nobody_met_is_a_risk() {
        let mut evidence = function_behind();
        not_allowed(&mut evidence);
        if let Observed::Seen { value, .. } = &mut evidence.access_log {
            value.targets.clear();
        }
        assert_found(&RULE, &evidence, Strength::Possible);
    }

    #[test]
    fn without_a_log_a_closed_policy_and_no_invocation_are_likely() {
        let mut evidence = function_behind();
        not_allowed(&mut evidence);
        set_counted(
            &mut evidence,
            "Invocations",
            &[("10:09:00", 0.0), ("10:10:00", 0.0)],
        );
        log_off(&mut evidence, &[("10:10:00", 9.0)]);
        assert_found(&RULE, &evidence, Strength::Likely);
        evidence.lambda_functions = denied("lambda:GetPolicy");
        assert_cannot_tell(&RULE, &evidence, "lambda:GetPolicy");
    }
}
