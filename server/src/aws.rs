//! AWS answers → evidence: the only place that names AWS SDK types.

use diagnosis::{api::LoadBalancerList, evidence::LoadBalancer};

/// Clients for one region (and, later, one assumed role), made from the SDK's default chain.
#[derive(Clone, Debug)]
pub struct Aws {
    region: String,
}

/// Who the credentials belong to (STS GetCallerIdentity).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

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
    #[error("IAM denies {0}")]
    Denied(String),
    #[error("No load balancer matches {0:?}")]
    UnknownLoadBalancer(String),
    /// ARNs to choose from.
    #[error("{} load balancers match", .0.len())]
    Ambiguous(Vec<String>),
}

impl Aws {
    /// Does not call AWS yet. `region`: else the SDK's own chain (environment, profile).
    pub async fn connect(region: Option<&str>) -> Result<Self, AwsError> {
        region
            .map(|region| Self {
                region: region.to_owned(),
            })
            .ok_or(AwsError::NoRegion)
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub async fn identity(&self) -> Result<Identity, AwsError> {
        Err(AwsError::NoCredentials)
    }

    /// By name, ARN, DNS name or URL.
    pub async fn find_load_balancer(&self, asked: &str) -> Result<LoadBalancer, AwsError> {
        Err(AwsError::UnknownLoadBalancer(asked.to_owned()))
    }

    /// The home page's list: state, 502s of the last hour, targets; what was denied is in `missing`.
    pub async fn list_load_balancers(&self, q: Option<&str>) -> Result<LoadBalancerList, AwsError> {
        let _ = q;
        Err(AwsError::NoCredentials)
    }
}
