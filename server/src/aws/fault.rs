//! How a call can end badly, read from the SDK's errors.

use std::{error::Error, fmt};

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use super::text::cut;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// IAM or the resource's own policy refused. `action`: as AWS's message names it.
    Denied {
        action: Option<String>,
    },
    NoCredentials,
    ExpiredCredentials,
    InvalidCredentials(String),
    /// No connection to the endpoint came about.
    Unreachable(String),
    Throttled,
    TimedOut,
    /// The answer was cut off or made no sense.
    Unreadable,
    /// What we asked for is not there (by the service's own error code).
    NotFound(String),
    Service(String),
    Cancelled,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { action: None } => f.write_str("IAM denies it"),
            Self::Denied {
                action: Some(action),
            } => write!(f, "IAM denies {action}"),
            Self::NoCredentials => f.write_str("no AWS credentials were found"),
            Self::ExpiredCredentials => f.write_str("the AWS credentials have expired"),
            Self::InvalidCredentials(why) => {
                write!(f, "AWS does not accept the credentials: {why}")
            }
            Self::Unreachable(why) => write!(f, "AWS could not be reached: {why}"),
            Self::Throttled => f.write_str("throttled by AWS, also when asked again"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Unreadable => f.write_str("the answer was cut short or could not be read"),
            Self::NotFound(why) | Self::Service(why) => f.write_str(why),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl<E, R> From<SdkError<E, R>> for Fault
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        match &error {
            SdkError::ServiceError(answer) => {
                from_code(answer.err().code(), answer.err().message())
            }
            SdkError::TimeoutError(_) => Self::TimedOut,
            SdkError::ResponseError(_) => Self::Unreadable,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                from_dispatch(&context(&error), true)
            }
            SdkError::DispatchFailure(failure) if failure.is_io() => {
                from_dispatch(&context(&error), false)
            }
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => {
                from_words(&context(&error))
            }
            _ => Self::Service(cut(&context(&error), 300)),
        }
    }
}

/// Error codes by which services deny, throttle or refuse credentials.
fn from_code(code: Option<&str>, message: Option<&str>) -> Fault {
    let message = cut(message.unwrap_or_default(), 300);
    match code.unwrap_or_default() {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "AuthorizationError"
        | "Forbidden"
        | "UnauthorizedException" => Fault::Denied {
            action: denied_action(&message),
        },
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            Fault::ExpiredCredentials
        }
        code @ ("InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidToken"
        | "OptInRequired") => Fault::InvalidCredentials(format!("{code}, {message}")),
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "LimitExceededException"
        | "BandwidthLimitExceeded"
        | "EC2ThrottledException"
        | "PriorRequestNotComplete" => Fault::Throttled,
        code if code.contains("NotFound")
            || code.starts_with("NoSuch")
            || code == "ResourceNotFoundException" =>
        {
            Fault::NotFound(format!("{code}, {message}"))
        }
        "" if message.is_empty() => {
            Fault::Service("AWS answered with an error that it does not explain".to_owned())
        }
        "" => Fault::Service(message),
        code => Fault::Service(format!("{code}, {message}")),
    }
}

/// `… is not authorized to perform: kms:Decrypt on resource …`: the action that AWS itself names.
fn denied_action(message: &str) -> Option<String> {
    let rest = message.split("to perform: ").nth(1)?;
    let action = rest.split([' ', ',']).next()?.trim_end_matches('.');
    let (service, operation) = action.split_once(':')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (is_name(service) && is_name(operation)).then(|| action.to_owned())
}

fn from_dispatch(words: &str, timed_out: bool) -> Fault {
    if words.contains("dns error") || words.contains("failed to lookup") {
        Fault::Unreachable("the name of its endpoint has no address here".to_owned())
    } else if words.contains("refused") {
        Fault::Unreachable("the connection was refused".to_owned())
    } else if timed_out {
        Fault::TimedOut
    } else if words.contains("ertificate") {
        Fault::Unreachable("its certificate is not trusted here".to_owned())
    } else if words.contains("incomplete") || words.contains("IncompleteMessage") {
        Fault::Unreadable
    } else if words.contains("connect") {
        Fault::Unreachable("no connection came about".to_owned())
    } else {
        Fault::Unreachable("the connection broke".to_owned())
    }
}

/// The credential chain reports its failures in words only.
fn from_words(words: &str) -> Fault {
    let lower = words.to_ascii_lowercase();
    if lower.contains("expired") {
        Fault::ExpiredCredentials
    } else if ["no providers in chain", "was not enabled", "imds"]
        .iter()
        .any(|sign| lower.contains(sign))
    {
        // The instance's metadata is asked last: where even that gives none, there are none.
        Fault::NoCredentials
    } else if lower.contains("credential") || lower.contains("identity") || lower.contains("token")
    {
        Fault::InvalidCredentials(cut(words, 300))
    } else {
        Fault::Service(cut(words, 300))
    }
}

fn context(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        source = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_denied_action_is_the_one_that_aws_names() {
        let message = "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:…";
        assert_eq!(denied_action(message).as_deref(), Some("kms:Decrypt"));
        assert_eq!(denied_action("Access Denied"), None);
        assert_eq!(denied_action("to perform: <script> on"), None);
    }

    #[test]
    fn the_credential_chain_is_understood_by_its_words() {
        for (words, fault) in [
            (
                "other: the credential provider was not enabled: no providers in chain provided credentials",
                Fault::NoCredentials,
            ),
            (
                "other: an error occurred while loading credentials: failed to load IMDS session token: request forbidden",
                Fault::NoCredentials,
            ),
            (
                "other: an error occurred while loading credentials: the SSO token has expired",
                Fault::ExpiredCredentials,
            ),
        ] {
            assert_eq!(from_words(words), fault, "{words}");
        }
        let other = from_words("the credentials provider was not properly configured");
        assert!(matches!(other, Fault::InvalidCredentials(_)));
    }

    #[test]
    fn codes_tell_denial_throttling_and_credentials_apart() {
        let of = |code| from_code(Some(code), Some("m"));
        assert_eq!(of("UnauthorizedOperation"), Fault::Denied { action: None });
        assert_eq!(of("RequestLimitExceeded"), Fault::Throttled);
        assert_eq!(of("ExpiredTokenException"), Fault::ExpiredCredentials);
        assert!(matches!(
            of("InvalidClientTokenId"),
            Fault::InvalidCredentials(_)
        ));
        assert!(matches!(of("LoadBalancerNotFound"), Fault::NotFound(_)));
        assert!(matches!(of("NoSuchBucket"), Fault::NotFound(_)));
        assert_eq!(
            of("InternalError"),
            Fault::Service("InternalError, m".to_owned())
        );
    }
}
