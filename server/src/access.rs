//! How this process reaches AWS.

use crate::aws::{Aws, AwsError};

/// The SDK's default chain, and nothing of our own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access;

impl Access {
    /// `region`: else the SDK's own choice (environment, profile, instance).
    pub async fn connect(&self, region: Option<&str>) -> Result<Aws, AwsError> {
        Aws::connect(region).await
    }
}
