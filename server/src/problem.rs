//! What went wrong, in words: the same for the API, the page and the command line.

use diagnosis::api::Problem;

use crate::{aws::AwsError, window::WindowError};

const CREDENTIALS: &str = "Give credentials as for the aws command: AWS_PROFILE, aws sso login, \
                           AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an instance role. What stands in the environment \
                           is read when lb502 starts.";
const RENEW: &str = "Renew them (aws sso login, or new keys in the environment) and start lb502 again if they came \
                     from its environment.";

/// `kind` is the last part of the problem's type.
pub fn problem(
    status: u16,
    kind: &str,
    title: &str,
    detail: impl Into<String>,
    what_to_do: &str,
) -> Problem {
    Problem {
        kind: format!("urn:lb502:{kind}"),
        title: title.to_owned(),
        status,
        detail: detail.into(),
        what_to_do: what_to_do.to_owned(),
        ..Problem::default()
    }
}

/// What the person asked for decides 422; what this machine lacks or AWS refuses, 503.
pub fn of_aws(error: &AwsError) -> Problem {
    let detail = format!("{}.", error.to_string().trim_end_matches('.'));
    match error {
        AwsError::NoCredentials => problem(
            503,
            "no-credentials",
            "No AWS credentials",
            detail,
            CREDENTIALS,
        ),
        AwsError::ExpiredCredentials => problem(
            503,
            "expired-credentials",
            "The AWS credentials have expired",
            detail,
            RENEW,
        ),
        AwsError::InvalidCredentials(_) => problem(
            503,
            "invalid-credentials",
            "AWS does not accept the credentials",
            detail,
            CREDENTIALS,
        ),
        AwsError::NoRegion => at(
            "region",
            problem(
                422,
                "no-region",
                "No region",
                detail,
                "Name the region, or set AWS_REGION or the profile's region.",
            ),
        ),
        AwsError::UnknownRegion(_) => at(
            "region",
            problem(
                422,
                "unknown-region",
                "Unknown region",
                detail,
                "Give a region's id, such as eu-west-1.",
            ),
        ),
        AwsError::Unreachable(_) => problem(
            503,
            "aws-unreachable",
            "AWS could not be reached",
            detail,
            "Check the network, the proxy settings and AWS_ENDPOINT_URL, then try again.",
        ),
        AwsError::Denied(action) => problem(
            503,
            "denied",
            "IAM denies a call",
            detail,
            &format!("Allow {action} (lb502 iam-policy prints the whole policy), then try again."),
        ),
        AwsError::UnknownLoadBalancer(_) => at(
            "load_balancer",
            problem(
                422,
                "unknown-load-balancer",
                "Unknown load balancer",
                detail,
                "Check its name, the region and the account; an ARN or the DNS name is surest.",
            ),
        ),
        AwsError::Ambiguous(choices) => Problem {
            choices: choices.clone(),
            ..at(
                "load_balancer",
                problem(
                    422,
                    "ambiguous-load-balancer",
                    "Several load balancers match",
                    detail,
                    "Choose one of them by its ARN.",
                ),
            )
        },
        AwsError::Failed(_) => problem(
            503,
            "aws-failed",
            "AWS gave no answer",
            detail,
            "Try again in a moment; if it stays, look at the AWS Health Dashboard.",
        ),
        AwsError::NotAnElbName(_) => at(
            "load_balancer",
            problem(
                422,
                "not-an-elb-name",
                "Not a load balancer's own name",
                detail,
                "The DNS name stands in the EC2 console under Load Balancers, and in the answer of dig for your name.",
            ),
        ),
        AwsError::UnsupportedType { .. } => at(
            "load_balancer",
            problem(
                422,
                "unsupported-load-balancer",
                "Not a load balancer that lb502 covers",
                detail,
                "Name an Application or Classic Load Balancer.",
            ),
        ),
    }
}

pub fn of_window(error: &WindowError) -> Problem {
    at(
        error.field,
        problem(
            422,
            "bad-window",
            "The window cannot be used",
            &error.detail,
            &error.what_to_do,
        ),
    )
}

/// Says which field of the request is meant.
pub fn at(field: &str, problem: Problem) -> Problem {
    Problem {
        field: Some(field.to_owned()),
        ..problem
    }
}
