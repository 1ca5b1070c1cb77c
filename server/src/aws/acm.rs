//! Certificates in ACM.

use diagnosis::{Observed, Step, evidence::Certificate};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    fault::Fault,
    pages::Reading,
    read_only,
    text::{owned, stamp, time},
};

impl Aws {
    pub(crate) async fn acm_certificate(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Certificate> {
        let ask = Ask::new(
            read_only::DESCRIBE_CERTIFICATE,
            json!({"CertificateArn": arn}),
        );
        self.observe(recorder, step, ask, async {
            let answer = self
                .inner
                .acm
                .describe_certificate()
                .certificate_arn(arn)
                .send()
                .await?;
            let found = answer.certificate().ok_or(Fault::Unreadable)?;
            let value = Certificate {
                arn: arn.to_owned(),
                listener_arns: Vec::new(),
                domain: found.domain_name().map(str::to_owned),
                alternative_names: owned(found.subject_alternative_names()),
                not_before: found.not_before().and_then(time),
                not_after: found.not_after().and_then(time),
                status: found.status().map(|status| status.as_str().to_owned()),
                renewal_status: found
                    .renewal_summary()
                    .map(|renewal| renewal.renewal_status().as_str().to_owned()),
                key_algorithm: found.key_algorithm().map(|key| key.as_str().to_owned()),
                gap: None,
            };
            Ok(Reading::new(value, detail))
        })
        .await
    }
}

pub(super) fn detail(certificate: &Certificate) -> String {
    let domain = certificate.domain.as_deref().unwrap_or("no domain");
    match certificate.not_after {
        Some(at) => format!("{domain}, valid until {}", stamp(at)),
        None => format!("{domain}, no end date"),
    }
}
