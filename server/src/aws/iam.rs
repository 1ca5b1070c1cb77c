//! Server certificates in IAM, which older listeners use.

use diagnosis::{Observed, Step, evidence::Certificate};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use webpki::EndEntityCert;

use super::{
    Aws, Recorder, acm::detail, ask::Ask, fault::Fault, pages::Reading, read_only, text::time,
};

/// Of one certificate; AWS takes far fewer.
const NAMES: usize = 200;

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
            let found = answer.server_certificate().ok_or(Fault::Unreadable)?;
            let described = found
                .server_certificate_metadata()
                .ok_or(Fault::Unreadable)?;
            let names = names(found.certificate_body());
            let value = Certificate {
                arn: arn.to_owned(),
                // Whoever uploaded it named it; where its own names cannot be read, that has to do.
                domain: Some(match names.first() {
                    Some(name) => name.clone(),
                    None => described.server_certificate_name().to_owned(),
                }),
                alternative_names: names,
                not_after: described.expiration().and_then(time),
                ..Certificate::default()
            };
            Ok(Reading::new(value, detail))
        })
        .await
    }
}

/// The domains that a certificate (PEM) is for; empty where it cannot be read.
fn names(body: &str) -> Vec<String> {
    let Ok(certificate) = CertificateDer::from_pem_slice(body.as_bytes()) else {
        return Vec::new();
    };
    EndEntityCert::try_from(&certificate).map_or_else(
        |_| Vec::new(),
        |certificate| {
            certificate
                .valid_dns_names()
                .take(NAMES)
                .map(str::to_owned)
                .collect()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBxjCCAWygAwIBAgIUFEHMqEtbSiBMw6LJ5jiT6P0pPhcwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwScG9ydGFsLmV4YW1wbGUuY29tMB4XDTI2MTEyMjEzNDcxMFoX
DTM2MTExOTEzNDcxMFowHTEbMBkGA1UEAwwScG9ydGFsLmV4YW1wbGUuY29tMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpMS+SG0aw06B65J3Bcu53ESAL6iJGvnb
isua/UcdiWgH1+69PQfZbGruIUyxuGRERbKtQ9WOHqxjc2pwhQrxvaOBiTCBhjAd
BgNVHQ4EFgQUec2cbqcu1bZbptjE5kziyI5ZedYwHwYDVR0jBBgwFoAUec2cbqcu
1bZbptjE5kziyI5ZedYwDwYDVR0TAQH/BAUwAwEB/zAzBgNVHREELDAqghJwb3J0
YWwuZXhhbXBsZS5jb22CFCoucG9ydGFsLmV4YW1wbGUuY29tMAoGCCqGSM49BAMC
A0gAMEUCIG6XrVnMe9v7MJmAPbAG1ma27BIaJ+tOCM0Y1Ayn64d4AiEAt6ZUtU9d
mfJjNFnh7bKEI8jzC7Hd1uKXjUwMemX2jg8=
-----END CERTIFICATE-----\n";

    #[test]
    fn the_names_are_those_of_the_certificate() {
        assert_eq!(names(BODY), ["portal.example.com", "*.portal.example.com"]);
    }

    #[test]
    fn what_is_no_certificate_has_no_names() {
        let cut = &BODY[..BODY.len() / 2];
        let other = BODY.replace("MII", "MIJ");
        for body in ["", "portal.example.com", cut, &other] {
            assert!(names(body).is_empty(), "{body}");
        }
    }
}
