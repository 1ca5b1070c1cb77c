//! ## What it looks for
//!
//! Certificates of the load balancer's listeners that end within the next fourteen days.
//!
//! ## Why this makes a 502
//!
//! It does not, today or later: see `listener-certificate-expired`. It is told because the next page
//! would be about it. ACM renews what it issued long before that; one this near its end is imported,
//! or its renewal waits for a validation.
//!
//! ## How to be sure
//!
//! `aws acm describe-certificate` shows the end and the state of the renewal.
//!
//! ## How to fix it
//!
//! Complete the validation that the renewal waits for, or import the new certificate under the same
//! ARN.
//!
//! ## References
//!
//! - ACM guide, "Managed certificate renewal", "Reimport a certificate"

use chrono::TimeDelta;

use super::listener_certificate_expired::{is_expired, name, renew, unknown_dates};
use crate::{
    document::Strength,
    evidence::Certificate,
    need::Need,
    rule::{Answer, Case, Claims, Draft, Rule},
    step::Step,
};

pub(super) const RULE: Rule = Rule {
    id: "listener-certificate-expiring",
    step: Step::Tls,
    specificity: 40,
    source: include_str!("listener_certificate_expiring.rs"),
    check,
};

/// ACM begins to renew 60 days before the end; at two weeks something keeps it from it.
const SOON: TimeDelta = TimeDelta::days(14);

fn check(case: &Case<'_>) -> Answer {
    let certificates = case
        .evidence
        .certificates
        .seen()
        .map_or(&[][..], Vec::as_slice);
    let now = case.evidence.observed_at;
    let findings: Vec<Draft> = certificates
        .iter()
        .filter(|certificate| !is_expired(case, certificate))
        .filter(|certificate| {
            certificate
                .not_after
                .is_some_and(|not_after| not_after.signed_duration_since(now) <= SOON)
        })
        .map(|certificate| draft(case, certificate))
        .collect();
    if !findings.is_empty() {
        return Answer {
            findings,
            ..Answer::default()
        };
    }
    let missing = unknown_dates(case, certificates);
    if missing.is_empty() {
        Answer::clear("No listener's certificate ends within 14 days.")
    } else {
        Answer::cannot_tell("Not every listener's certificate could be read.", missing)
    }
}

fn draft(case: &Case<'_>, certificate: &Certificate) -> Draft {
    let end = certificate.not_after.unwrap_or(case.evidence.observed_at);
    let days = end
        .signed_duration_since(case.evidence.observed_at)
        .num_days();
    let renewal = certificate
        .renewal_status
        .as_ref()
        .map(|status| format!(" Its renewal is {status}."))
        .unwrap_or_default();
    Draft {
        strength: Strength::Possible,
        title: format!(
            "The listener's certificate of {} ends in {days} days",
            name(certificate)
        ),
        because: format!(
            "It is valid until {} UTC.{renewal} From then on clients fail; it makes no 502.",
            end.format("%Y-%m-%d %H:%M")
        ),
        claims: Claims::Nothing,
        resources: vec![certificate.arn.clone()],
        cites: case.sources(&[Need::Certificates, Need::Listeners]),
        fix: renew(case, certificate),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::listener_certificate_expired::tests::ends_in, *};
    use crate::fixture::{assert_cannot_tell, assert_clear, assert_found, denied};

    #[test]
    fn two_weeks_are_near() {
        assert_clear(&RULE, &ends_in(15));
        assert_found(&RULE, &ends_in(13), Strength::Possible);
        // An ended one is another rule's.
        assert_clear(&RULE, &ends_in(-1));
    }

    #[test]
    fn unreadable_certificates_are_not_clear() {
        let mut evidence = ends_in(200);
        evidence.certificates = denied("acm:DescribeCertificate");
        assert_cannot_tell(&RULE, &evidence, "acm:DescribeCertificate");
    }
}
