//! Server certificates in IAM, which older listeners use.

use diagnosis::{Observed, Step, evidence::Certificate};
use serde_json::json;

use super::{
    Aws, Recorder, acm::detail, ask::Ask, fault::Fault, pages::Reading, read_only, text::time,
};

impl Aws {
    /// `arn:aws:iam::123456789012:server-certificate/path/name`
    pub(crate) async fn iam_certificate(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Certificate> {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let ask = Ask::new(
            read_only::GET_SERVER_CERTIFICATE,
            json!({"ServerCertificateName": name}),
        );
        self.observe(recorder, step, ask, async {
            let answer = self
                .inner
                .iam
                .get_server_certificate()
                .server_certificate_name(name)
                .send()
                .await?;
            let found = answer
                .server_certificate()
                .and_then(|found| found.server_certificate_metadata())
                .ok_or(Fault::Unreadable)?;
            let value = Certificate {
                arn: arn.to_owned(),
                domain: Some(found.server_certificate_name().to_owned()),
                not_after: found.expiration().and_then(time),
                ..Certificate::default()
            };
            Ok(Reading::new(value, detail))
        })
        .await
    }
}
