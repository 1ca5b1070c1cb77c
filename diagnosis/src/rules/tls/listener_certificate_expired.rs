//! ## What it looks for
//!
//! Certificates of the load balancer's listeners whose validity has ended.
//!
//! ## Why this makes a 502
//!
//! It does not. The listener's certificate faces the clients: they refuse the handshake, show a
//! warning, and never send a request, so there is nothing to answer 502 to. It is told here because
//! clients fail all the same, and because a proxy in front of this load balancer that checks the
//! certificate may answer its own clients with a 502 that no log of this load balancer holds.
//!
//! ## How to be sure
//!
//! `openssl s_client -connect <host>:443 -servername <host>` shows the dates. ClientTLSNegotiationErrorCount
//! rises and the request count falls. Certificates on *targets* do not matter: the load balancer does
//! not check them.
//!
//! ## How to fix it
//!
//! Renew the certificate (ACM: complete the validation that its renewal waits for; imported: import
//! the new one under the same ARN), or give the listener another.
//!
//! ## References
//!
//! - ACM guide, "Managed certificate renewal", "Reimport a certificate"
//! - "Target groups for your Application Load Balancers": target certificates are not validated
//! - "CloudWatch metrics for your Application Load Balancer": ClientTLSNegotiationErrorCount

use crate::{
    document::{Fix, Strength},
    evidence::Certificate,
    fix,
    need::Need,
    rule::{Answer, Case, Claims, Draft, Rule},
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "listener-certificate-expired",
    step: Step::Tls,
    specificity: 50,
    source: include_str!("listener_certificate_expired.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let certificates = case
        .evidence
        .certificates
        .seen()
        .map_or(&[][..], Vec::as_slice);
    let expired: Vec<&Certificate> = certificates
        .iter()
        .filter(|certificate| is_expired(case, certificate))
        .collect();
    if !expired.is_empty() {
        return Answer {
            findings: expired.into_iter().map(|of| draft(case, of)).collect(),
            ..Answer::default()
        };
    }
    let missing = unknown_dates(case, certificates);
    if !missing.is_empty() {
        return Answer::cannot_tell("Not every listener's certificate could be read.", missing);
    }
    match certificates.iter().filter_map(|of| of.not_after).min() {
        Some(first) => Answer::clear(format!(
            "{} valid; the first ends on {}.",
            if certificates.len() == 1 {
                "The certificate is"
            } else {
                "All certificates are"
            },
            first.format("%Y-%m-%d")
        )),
        None => Answer::clear("No listener has a certificate."),
    }
}

/// What keeps the dates of the listeners' certificates from being known.
pub(super) fn unknown_dates(case: &Case<'_>, certificates: &[Certificate]) -> Vec<String> {
    let mut missing = case.missing(&[Need::Listeners, Need::Certificates]);
    for certificate in certificates {
        if certificate.not_after.is_none() && certificate.gap.is_none() {
            missing.push(format!(
                "certificate {}: it has no end date",
                certificate.arn
            ));
        }
    }
    // A listener names a certificate that was never looked up.
    for arn in case
        .evidence
        .listeners
        .seen()
        .into_iter()
        .flatten()
        .flat_map(|listener| &listener.certificate_arns)
    {
        if missing.is_empty() && !certificates.iter().any(|of| of.arn == *arn) {
            missing.push(format!("certificate {arn}: not among those seen"));
        }
    }
    missing
}

pub(super) fn is_expired(case: &Case<'_>, certificate: &Certificate) -> bool {
    match certificate.not_after {
        Some(not_after) => not_after <= case.evidence.observed_at,
        None => certificate.status.as_deref() == Some("EXPIRED"),
    }
}

/// `shop.example.com`, or the certificate's id.
pub(super) fn name(certificate: &Certificate) -> &str {
    certificate
        .domain
        .as_deref()
        .unwrap_or_else(|| certificate.arn.rsplit('/').next().unwrap_or_default())
}

/// How to renew: ACM renews what it issued, an imported one must be imported again.
pub(super) fn renew(case: &Case<'_>, certificate: &Certificate) -> Fix {
    let region = &case.evidence.load_balancer.region;
    let arn = fix::quote(&certificate.arn);
    let in_acm = certificate.arn.contains(":acm:");
    Fix {
        summary: format!(
            "Renew the certificate of {}, or give the listener another.",
            name(certificate)
        ),
        cli: if in_acm {
            vec![
                fix::aws(&format!("acm describe-certificate --certificate-arn {arn}"), region),
                fix::aws(&format!("acm renew-certificate --certificate-arn {arn}"), region),
            ]
        } else {
            Vec::new()
        },
        console: if in_acm {
            fix::console(
                region,
                &format!(
                    "acm/home?region={region}#/certificates/{}",
                    fix::encode(certificate.arn.rsplit('/').next().unwrap_or_default())
                ),
            )
        } else {
            fix::load_balancer_console(&case.evidence.load_balancer)
        },
        terraform: "# a certificate that ACM renews by itself\nresource \"aws_acm_certificate\" \"listener\" {\n  domain_name       = ".to_owned()
            + &fix::terraform_string(name(certificate))
            + "\n  validation_method = \"DNS\"\n\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n",
    }
}

fn draft(case: &Case<'_>, certificate: &Certificate) -> Draft {
    let mut because = match certificate.not_after {
        Some(not_after) => format!(
            "The certificate of {} ended at {} UTC, {}.",
            name(certificate),
            not_after.format("%Y-%m-%d %H:%M"),
            if not_after <= case.evidence.window.from {
                "before the window"
            } else if not_after < case.evidence.window.to {
                "within the window"
            } else {
                "after the window"
            }
        ),
        None => format!(
            "ACM calls the certificate of {} expired.",
            name(certificate)
        ),
    };
    because += " Clients refuse it and send no request. It is not the cause of any 502: those arise between the load balancer and its targets.";
    let failed = case.total(case.load_balancer_series("ClientTLSNegotiationErrorCount", "Sum"));
    if let Some(failed) = failed.filter(|failed| *failed > 0) {
        because += &format!(
            " {} of clients failed in the window (ClientTLSNegotiationErrorCount).",
            words::count(failed, "handshake", "handshakes")
        );
    }
    let mut resources = vec![certificate.arn.clone()];
    resources.extend(certificate.listener_arns.iter().cloned());
    Draft {
        strength: Strength::Proven,
        title: format!(
            "The listener's certificate of {} has expired (clients fail, but not with 502)",
            name(certificate)
        ),
        because,
        claims: Claims::Nothing,
        resources,
        cites: case.sources(&[Need::Certificates, Need::Listeners]),
        fix: renew(case, certificate),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{
        evidence::Evidence,
        fixture::{ask, assert_cannot_tell, assert_clear, assert_found, at, denied, healthy, seen},
        observed::Observed,
    };

    pub(in super::super) const ARN: &str =
        "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234";

    /// An HTTPS listener whose certificate ends so many days after the observation.
    pub(in super::super) fn ends_in(days: i64) -> Evidence {
        let mut evidence = healthy();
        if let Observed::Seen { value, .. } = &mut evidence.listeners {
            value[0].protocol = "HTTPS".to_owned();
            value[0].certificate_arns = vec![ARN.to_owned()];
        }
        evidence.certificates = seen(vec![Certificate {
            arn: ARN.to_owned(),
            listener_arns: vec!["listener/https".to_owned()],
            domain: Some("shop.example.com".to_owned()),
            not_after: Some(at("11:05:00") + TimeDelta::days(days)),
            status: Some("ISSUED".to_owned()),
            ..Certificate::default()
        }]);
        evidence
    }

    #[test]
    fn a_valid_or_no_certificate_is_clear() {
        assert_clear(&RULE, &healthy());
        assert_clear(&RULE, &ends_in(200));
        assert!(ask(&RULE, &ends_in(200)).because.contains("2027-06-08"));
    }

    #[test]
    fn an_ended_certificate_is_proven_and_explains_no_502() {
        let because = assert_found(&RULE, &ends_in(-1), Strength::Proven);
        assert!(
            because.contains("ended at 2026-11-19 11:05 UTC, before the window"),
            "{because}"
        );
        assert!(because.contains("not the cause of any 502"), "{because}");
        let finding = &ask(&RULE, &ends_in(-1)).findings[0];
        assert_eq!(finding.claims, Claims::Nothing);
        assert_eq!(finding.resources, [ARN, "listener/https"]);
        assert!(
            finding
                .fix
                .console
                .starts_with("https://eu-west-1.console.aws.amazon.com/acm/home")
        );
    }

    #[test]
    fn unreadable_certificates_are_not_clear() {
        let mut evidence = ends_in(200);
        evidence.certificates = denied("acm:DescribeCertificate");
        assert_cannot_tell(&RULE, &evidence, "acm:DescribeCertificate");
        let mut evidence = ends_in(200);
        if let Observed::Seen { value, .. } = &mut evidence.certificates {
            value[0].not_after = None;
            value[0].gap = Some("IAM denies iam:GetServerCertificate".to_owned());
        }
        assert_cannot_tell(&RULE, &evidence, "iam:GetServerCertificate");
        let mut evidence = ends_in(200);
        evidence.certificates = seen(Vec::new());
        assert_cannot_tell(&RULE, &evidence, ARN);
    }
}
