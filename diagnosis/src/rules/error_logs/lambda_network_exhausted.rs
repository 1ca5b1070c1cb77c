//! # Lambda cannot give the function its network interface
//!
//! ## What it looks for
//!
//! Requests to a Lambda target group that the load balancer answered with 502 and `error_reason`
//! `LambdaENILimitReachedException`, `LambdaSubnetIPAddressLimitReachedException`,
//! `LambdaEC2ThrottledException` or `LambdaEC2UnexpectedException`; and a function whose state says the
//! same.
//!
//! ## Why this makes a 502
//!
//! A function that is attached to a VPC needs a network interface in its subnets, with an address of
//! them. Where the VPC has no interface left, the subnet no address, or EC2 no call to spare, Lambda
//! cannot start the function, and the invocation fails before any of its code runs.
//!
//! ## How to be sure
//!
//! The rows carry one of the codes. The subnets of the function's configuration show 0 available
//! addresses, or the account's number of network interfaces in the region stands at its quota. The
//! function's `Invocations` and `Errors` are silent for those requests.
//!
//! ## How to fix it
//!
//! Give the function subnets with free addresses (a /24 or larger, kept for functions), delete interfaces
//! that nobody uses, or ask for a higher quota of network interfaces. Functions that share subnets and
//! security groups share interfaces: fewer combinations need fewer. A function that reaches nothing in
//! the VPC needs none.
//!
//! ## References
//!
//! - AWS, "Access logs for your Application Load Balancer", error reason codes:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>
//! - AWS, "Giving Lambda functions access to resources in an Amazon VPC":
//!   <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
//! - AWS SDK, Lambda, FunctionConfiguration (StateReasonCode)

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
    id: "lambda-network-exhausted",
    step: Step::ErrorLogs,
    specificity: 77,
    source: include_str!("lambda_network_exhausted.rs"),
    check,
};

const QUESTION: Question = Question {
    is_mine: |reason| reason.cause == Cause::Network,
    counted: lambda::BY_FUNCTION,
    nothing: "No 502 speaks of a network interface that Lambda could not make",
    open: "a function may have been without a network interface",
};

/// Reasons of a function's state that name its network. [V] SDK, StateReasonCode
const STATES: &[&str] = &["EniLimitExceeded", "SubnetOutOfIPAddresses"];

fn check(case: &Case<'_>) -> Answer {
    lambda::judge(
        case,
        &QUESTION,
        |function, rows| {
            if rows.is_empty() {
                return without_rows(case, function);
            }
            Told::Found(by_rows(case, function, rows))
        },
        |function, minutes| by_minutes(case, function, minutes),
    )
}

/// What the function's own state says of its network.
fn state<'a>(function: &Function<'a>) -> Option<&'a str> {
    let configuration = function.configuration?;
    [
        &configuration.state_reason,
        &configuration.last_update_reason,
    ]
    .into_iter()
    .flatten()
    .map(String::as_str)
    .find(|reason| STATES.contains(reason))
}

fn by_rows<'a>(case: &Case<'a>, function: &Function<'a>, rows: &[usize]) -> Vec<Draft> {
    let certain = |place: &usize| {
        case.rows()
            .get(*place)
            .and_then(lambda::reason)
            .is_some_and(|reason| reason.certain)
    };
    let (sure, other): (Vec<usize>, Vec<usize>) = rows.iter().partition(|place| certain(place));
    [(sure, Strength::Proven), (other, Strength::Likely)]
        .into_iter()
        .filter(|(rows, _)| !rows.is_empty())
        .map(|(rows, strength)| {
            let because = format!(
                "{}{}",
                lambda::occurrences(case, function, &rows),
                subnets(case, function)
            );
            finding(case, function, strength, because, Claims::Rows(rows))
        })
        .collect()
}

fn without_rows<'a>(case: &Case<'a>, function: &Function<'a>) -> Told {
    let Some(state) = state(function).filter(|_| case.missing_rows().is_empty()) else {
        return Told::Nothing(String::new());
    };
    let because = format!(
        "The state of {} gives the reason {state}. No request has met that in the window.{}",
        function.name(),
        subnets(case, function)
    );
    Told::Found(vec![finding(
        case,
        function,
        Strength::Possible,
        because,
        Claims::Nothing,
    )])
}

fn by_minutes<'a>(case: &Case<'a>, function: &Function<'a>, minutes: &[FailedMinute]) -> Told {
    let Some(state) = state(function) else {
        return Told::Nothing(String::new());
    };
    let claimed: Vec<_> = minutes
        .iter()
        .filter(|minute| minute.errors == Some(0) && minute.throttles == Some(0))
        .map(|minute| (minute.at, minute.failed))
        .collect();
    if claimed.is_empty() {
        return Told::Nothing(String::new());
    }
    let n = claimed.iter().fold(0, |sum, (_, n)| bounded(sum + n));
    let because = format!(
        "The state of {} gives the reason {state}. {} to it failed (LambdaUserError) in periods in which \
         the function itself had no error and no throttle. Without an access log no single request can be \
         tied to that.{}",
        function.name(),
        words::count(n, "request", "requests"),
        subnets(case, function)
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

/// The function's subnets, with their free addresses where these are known.
fn subnets(case: &Case<'_>, function: &Function<'_>) -> String {
    let Some(configuration) = function.configuration else {
        return String::new();
    };
    let free = |id: &String| {
        let subnets = case.evidence.subnets.seen()?;
        subnets
            .iter()
            .find(|one| one.id == *id)?
            .available_addresses
    };
    let named: Vec<String> = configuration
        .vpc_subnet_ids
        .iter()
        .map(|id| match free(id) {
            Some(n) => format!(
                "{id} ({} now)",
                words::count(n.into(), "free address", "free addresses")
            ),
            None => id.clone(),
        })
        .collect();
    if named.is_empty() {
        return String::new();
    }
    format!(" It is attached to {}.", words::list(&named, 4))
}

fn finding<'a>(
    case: &Case<'a>,
    function: &Function<'a>,
    strength: Strength,
    because: String,
    claims: Claims,
) -> Draft {
    let region = &case.evidence.load_balancer.region;
    let subnets: Vec<String> = function
        .configuration
        .map_or(&[][..], |configuration| &configuration.vpc_subnet_ids)
        .iter()
        .take(6)
        .map(|id| fix::quote(id))
        .collect();
    let mut cli = vec![fix::aws(
        "ec2 describe-network-interfaces --filters Name=interface-type,Values=lambda --query 'length(NetworkInterfaces)'",
        region,
    )];
    if !subnets.is_empty() {
        cli.insert(
            0,
            fix::aws(
                &format!(
                    "ec2 describe-subnets --subnet-ids {} --query 'Subnets[].[SubnetId,AvailableIpAddressCount]'",
                    subnets.join(" ")
                ),
                region,
            ),
        );
    }
    cli.push(fix::aws(
        &format!(
            "lambda update-function-configuration --function-name {} --vpc-config SubnetIds=SUBNET-WITH-FREE-ADDRESSES,SecurityGroupIds=YOUR-SECURITY-GROUP",
            function.word()
        ),
        region,
    ));
    lambda::draft(
        case,
        function,
        strength,
        format!("Lambda has no network interface for {}", function.name()),
        because,
        claims,
        Fix {
            summary: "Give the function subnets with free addresses, delete network interfaces that nobody \
                      uses, or ask for a higher quota."
                .to_owned(),
            cli,
            console: function.console(case, "configuration"),
            terraform: "resource \"aws_lambda_function\" \"this\" {\n  vpc_config {\n    # Subnets with room, kept for functions.\n    subnet_ids         = aws_subnet.functions[*].id\n    security_group_ids = [aws_security_group.function.id]\n  }\n}\n".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::Subnet, fixture::*, rules::lambda::fixture::*};

    #[test]
    fn a_throttled_function_is_the_near_miss() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![failed("10:10:00", "LambdaThrottling", 0.01)],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn the_code_of_the_row_proves_it_and_the_subnet_is_named() {
        let mut evidence = function_behind();
        set_function(&mut evidence, |function| {
            function.vpc_subnet_ids = vec!["subnet-f".to_owned()];
        });
        evidence.subnets = seen(vec![Subnet {
            id: "subnet-f".to_owned(),
            available_addresses: Some(0),
            ..Subnet::default()
        }]);
        set_rows(
            &mut evidence,
            vec![failed(
                "10:10:00",
                "LambdaSubnetIPAddressLimitReachedException",
                0.4,
            )],
        );
        let because = assert_found(&RULE, &evidence, Strength::Proven);
        assert!(
            because.contains("subnet-f (0 free addresses now)"),
            "{because}"
        );
    }

    #[test]
    fn an_unexpected_error_of_ec2_is_no_proof() {
        let mut evidence = function_behind();
        set_rows(
            &mut evidence,
            vec![
                failed("10:10:00", "LambdaEC2UnexpectedException", 0.4),
                failed("10:11:00", "LambdaEC2ThrottledException", 0.4),
            ],
        );
        assert_found(&RULE, &evidence, Strength::Proven);
        let findings = ask(&RULE, &evidence).findings;
        assert_eq!(findings[1].strength, Strength::Likely);
        assert_eq!(findings[1].claims, Claims::Rows(vec![0]));
    }

    #[test]
    fn without_a_log_the_functions_state_makes_it_likely() {
        let mut evidence = function_behind();
        log_off(&mut evidence, &[("10:10:00", 9.0)]);
        assert_cannot_tell(&RULE, &evidence, "access log: off");
        set_function(&mut evidence, |function| {
            function.state_reason = Some("SubnetOutOfIPAddresses".to_owned());
        });
        assert_found(&RULE, &evidence, Strength::Likely);
    }
}
