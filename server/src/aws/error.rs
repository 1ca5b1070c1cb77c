use super::fault::Fault;

/// Why AWS cannot be asked at all, or the load balancer not be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    #[error("No AWS credentials were found")]
    NoCredentials,
    #[error("The AWS credentials have expired")]
    ExpiredCredentials,
    #[error("AWS does not accept the credentials: {0}")]
    InvalidCredentials(String),
    #[error("No region is set")]
    NoRegion,
    #[error("There is no AWS region {0:?}")]
    UnknownRegion(String),
    #[error("AWS could not be reached: {0}")]
    Unreachable(String),
    /// An IAM action, as `elasticloadbalancing:DescribeLoadBalancers`.
    #[error("IAM denies {0}")]
    Denied(String),
    /// AWS was reached and gave no usable answer: throttled, timed out, an error of the service.
    #[error("AWS gave no answer: {0}")]
    Failed(String),
    #[error("No load balancer matches {0:?}")]
    UnknownLoadBalancer(String),
    /// A host name of the person's own; what it points at is not looked up.
    #[error(
        "{0:?} is not a load balancer's own name: give its DNS name (it ends in .elb.amazonaws.com), its name or its ARN"
    )]
    NotAnElbName(String),
    /// A Network or Gateway load balancer (`kind` is `network` or `gateway`).
    #[error(
        "{name:?} is a {kind} load balancer; lb502 covers Application and Classic load balancers, which are those that answer 502"
    )]
    UnsupportedType { name: String, kind: String },
    /// ARNs to choose from.
    #[error("{} load balancers match", .0.len())]
    Ambiguous(Vec<String>),
}

impl AwsError {
    /// `action`: the IAM action that was asked for.
    pub(super) fn from_fault(fault: Fault, action: &str) -> Self {
        match fault {
            Fault::NoCredentials => Self::NoCredentials,
            Fault::ExpiredCredentials => Self::ExpiredCredentials,
            Fault::InvalidCredentials(why) => Self::InvalidCredentials(why),
            Fault::Unreachable(why) => Self::Unreachable(why),
            Fault::Denied { action: told } => {
                Self::Denied(told.unwrap_or_else(|| action.to_owned()))
            }
            other => Self::Failed(format!("{action}: {other}")),
        }
    }
}
