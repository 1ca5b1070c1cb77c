//! The `error_reason` codes of Lambda targets, all of them, and which rule each belongs to.
//!
//! Where the contract names no rule for a code, it goes to the rule whose cure it shares: a denied KMS
//! key or a denied `ec2:CreateNetworkInterface` is a permission somebody has to grant
//! (`lambda-access-denied`); a disabled or lost key, a lost subnet, an unsupported runtime or a broken
//! package keeps the function from starting (`lambda-function-error`). Codes that the client causes
//! (a request over 1 MB is a 413, a WebSocket or text that is not UTF-8 a 400) belong to no fault of the
//! function: a row that has one stays unexplained. Those of Lambda's or the load balancer's own trouble
//! (`LambdaInternalError`) are `lambda-service-error`.

use crate::evidence::access_log::FaultRow;

/// What a code is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) enum Cause {
    InvalidResponse,
    ResponseTooLarge,
    /// It ran and failed: an exception, a crash, or its timeout.
    Ran,
    /// It could not be started.
    NotStarted,
    Throttled,
    AccessDenied,
    Network,
    /// The client's request: no 502.
    Request,
    /// Lambda's or the load balancer's own trouble.
    Service,
}

/// One code of the access log's field `error_reason`.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Reason {
    pub(in crate::rules) code: &'static str,
    pub(in crate::rules) cause: Cause,
    /// Whether the word alone names the cause.
    pub(in crate::rules) certain: bool,
    /// Counted in `LambdaInternalError` rather than in `LambdaUserError`.
    internal: bool,
    /// What it says, after "Lambda…" or "The function…".
    pub(in crate::rules) means: &'static str,
}

const fn code(code: &'static str, cause: Cause, means: &'static str) -> Reason {
    Reason {
        code,
        cause,
        certain: true,
        internal: matches!(cause, Cause::Service),
        means,
    }
}

/// [V] DOC-AL, "Error reason codes"; the metric of each is named there too.
const REASONS: &[Reason] = &[
    code(
        "LambdaInvalidResponse",
        Cause::InvalidResponse,
        "the function's answer is malformed or lacks a field that it must have",
    ),
    code(
        "LambdaResponseTooLarge",
        Cause::ResponseTooLarge,
        "the function's answer is larger than 1 MB",
    ),
    code(
        "LambdaUnhandled",
        Cause::Ran,
        "the function ended with an error that it did not handle",
    ),
    code(
        "LambdaInvalidRuntimeException",
        Cause::NotStarted,
        "its runtime is no longer supported",
    ),
    code(
        "LambdaInvalidZipFileException",
        Cause::NotStarted,
        "its package cannot be unzipped",
    ),
    code(
        "LambdaResourceNotFound",
        Cause::NotStarted,
        "the function, or the version or alias that is registered, does not exist",
    ),
    code(
        "LambdaInvalidSubnetIDException",
        Cause::NotStarted,
        "a subnet of its configuration does not exist",
    ),
    code(
        "LambdaInvalidSecurityGroupIDException",
        Cause::NotStarted,
        "a security group of its configuration does not exist",
    ),
    code(
        "LambdaKMSDisabledException",
        Cause::NotStarted,
        "the KMS key of its environment variables is disabled",
    ),
    code(
        "LambdaKMSInvalidStateException",
        Cause::NotStarted,
        "the KMS key of its environment variables is in a state in which it cannot be used",
    ),
    code(
        "LambdaKMSNotFoundException",
        Cause::NotStarted,
        "the KMS key of its environment variables does not exist",
    ),
    code(
        "LambdaThrottling",
        Cause::Throttled,
        "Lambda refused to run the function because too many requests came at once",
    ),
    code(
        "LambdaAccessDenied",
        Cause::AccessDenied,
        "the load balancer has no permission to invoke the function",
    ),
    code(
        "LambdaEC2AccessDeniedException",
        Cause::AccessDenied,
        "the function's role has no permission to set up its network interface",
    ),
    code(
        "LambdaKMSAccessDeniedException",
        Cause::AccessDenied,
        "the function's role has no permission to use the KMS key of its environment variables",
    ),
    code(
        "LambdaENILimitReachedException",
        Cause::Network,
        "the limit of network interfaces in its VPC is reached",
    ),
    code(
        "LambdaSubnetIPAddressLimitReachedException",
        Cause::Network,
        "a subnet of the function has no free address",
    ),
    code(
        "LambdaEC2ThrottledException",
        Cause::Network,
        "EC2 throttled Lambda while it set up the function's network interface",
    ),
    Reason {
        // EC2 failed while the interface was made; whether anything was exhausted it does not say.
        certain: false,
        ..code(
            "LambdaEC2UnexpectedException",
            Cause::Network,
            "EC2 failed unexpectedly while Lambda set up the function's network interface",
        )
    },
    code(
        "LambdaBadRequest",
        Cause::Request,
        "the request holds text that is not UTF-8",
    ),
    code(
        "LambdaRequestTooLarge",
        Cause::Request,
        "the request is larger than 1 MB",
    ),
    code(
        "LambdaWebsocketNotSupported",
        Cause::Request,
        "the request asks for a WebSocket",
    ),
    code(
        "LambdaConnectionError",
        Cause::Service,
        "the load balancer could not connect to Lambda",
    ),
    code(
        "LambdaConnectionTimeout",
        Cause::Service,
        "the load balancer's connection to Lambda timed out",
    ),
    code(
        "LambdaServiceException",
        Cause::Service,
        "Lambda had an error of its own",
    ),
    code(
        "LambdaUnhandledException",
        Cause::Service,
        "the load balancer had an error of its own",
    ),
];

/// What the row's `error_reason` says, if it is one of the table.
pub(in crate::rules) fn reason(row: &FaultRow) -> Option<&'static Reason> {
    by_code(row.error_reason.as_deref()?)
}

pub(in crate::rules) fn by_code(code: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.code == code)
}

impl Reason {
    /// The metric of the target group that counts it.
    pub(in crate::rules) fn metric(&self) -> &'static str {
        if self.internal {
            "LambdaInternalError"
        } else {
            "LambdaUserError"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fixture::refused;

    #[test]
    fn every_code_stands_once_and_under_its_metric() {
        let codes: BTreeSet<&str> = REASONS.iter().map(|reason| reason.code).collect();
        assert_eq!(codes.len(), REASONS.len());
        assert_eq!(REASONS.len(), 26, "DOC-AL lists as many");
        let internal: Vec<&str> = REASONS
            .iter()
            .filter(|reason| reason.metric() == "LambdaInternalError")
            .map(|reason| reason.code)
            .collect();
        assert_eq!(
            internal,
            [
                "LambdaConnectionError",
                "LambdaConnectionTimeout",
                "LambdaServiceException",
                "LambdaUnhandledException"
            ]
        );
    }

    #[test]
    fn a_row_without_a_known_code_has_no_reason() {
        let mut row = refused("10:10:00", 1);
        assert!(reason(&row).is_none());
        row.error_reason = Some("LambdaSomethingNew".to_owned());
        assert!(reason(&row).is_none());
        row.error_reason = Some("LambdaThrottling".to_owned());
        assert_eq!(reason(&row).map(|one| one.cause), Some(Cause::Throttled));
    }
}
