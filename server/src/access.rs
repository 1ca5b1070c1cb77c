//! How this process reaches AWS.

use crate::aws::{Aws, AwsError};

#[derive(Clone, Default)]
pub enum Access {
    /// The SDK's default chain, and nothing of our own.
    #[default]
    DefaultChain,
    /// One endpoint for every service, with its own keys: what tests use, so that they need no
    /// environment and never reach AWS.
    Given {
        endpoint: String,
        region: String,
        access_key: String,
        secret_key: String,
    },
}

impl Access {
    /// `region`: else the SDK's own choice (environment, profile, instance).
    pub async fn connect(&self, region: Option<&str>) -> Result<Aws, AwsError> {
        match self {
            Self::DefaultChain => Aws::connect(region).await,
            Self::Given {
                endpoint,
                region: own,
                access_key,
                secret_key,
            } => {
                let region = region.unwrap_or(own);
                Aws::connect_to(endpoint, region, access_key, secret_key).await
            }
        }
    }
}

impl std::fmt::Debug for Access {
    /// Without keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DefaultChain => "DefaultChain",
            Self::Given { .. } => "Given",
        })
    }
}
