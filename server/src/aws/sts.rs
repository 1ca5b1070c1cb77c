//! Who the credentials belong to.

use super::{Aws, AwsError, fault::Fault, read_only};

/// Who the credentials belong to (STS GetCallerIdentity).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

impl Aws {
    pub async fn identity(&self) -> Result<Identity, AwsError> {
        let answer = self
            .inner
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| {
                AwsError::from_fault(Fault::from(error), read_only::GET_CALLER_IDENTITY.action())
            })?;
        Ok(Identity {
            account: answer.account().unwrap_or_default().to_owned(),
            arn: answer.arn().unwrap_or_default().to_owned(),
        })
    }
}
