//! Error codes that leave no row: who made them, and what the load balancer notes of why.

use std::collections::BTreeMap;

use super::format::{self, Line};
use crate::evidence::{
    LoadBalancerType,
    access_log::other_codes::{CODES, CodeReason, OtherCode, REASONS_KEPT},
};

/// AWS's longest word for a reason has 43 letters; what is longer is none of them.
const REASON_BYTES: usize = 64;

/// Whether a line of this status is counted here.
pub(super) fn is_one(elb_status: u16) -> bool {
    // Nearly every line is an answer below 400.
    elb_status >= 400 && CODES.contains(&elb_status)
}

#[derive(Debug, Default)]
pub(super) struct OtherCodes(BTreeMap<u16, Counts>);

#[derive(Debug, Default)]
struct Counts {
    made_by_load_balancer: u64,
    made_by_target: u64,
    reasons: Reasons,
}

/// Reason and classification. Past [`REASONS_KEPT`] the last in order go: which ones are left does
/// not depend on the order in which they came.
#[derive(Debug, Default)]
struct Reasons(BTreeMap<(Box<str>, Option<Box<str>>), u64>);

impl OtherCodes {
    pub(super) fn count(&mut self, format: LoadBalancerType, line: &Line<'_>, raw: &[u8]) {
        let counts = self.0.entry(line.elb_status).or_default();
        if line.target_status == Some(line.elb_status) {
            counts.made_by_target += 1;
            return;
        }
        counts.made_by_load_balancer += 1;
        let details = format::details(format, raw);
        let reason = match word(details.error_reason) {
            Some(reason) => Some((reason, None)),
            None => word(details.classification_reason)
                .map(|reason| (reason, word(details.classification))),
        };
        if let Some(reason) = reason {
            counts.reasons.add(reason, 1);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (status, more) in other.0 {
            let counts = self.0.entry(status).or_default();
            counts.made_by_load_balancer += more.made_by_load_balancer;
            counts.made_by_target += more.made_by_target;
            for (reason, n) in more.reasons.0 {
                counts.reasons.add(reason, n);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<OtherCode> {
        let codes = self.0.into_iter();
        codes
            .map(|(status, counts)| OtherCode {
                status,
                made_by_load_balancer: counts.made_by_load_balancer,
                made_by_target: counts.made_by_target,
                reasons: counts.reasons.finish(),
            })
            .collect()
    }
}

impl Reasons {
    fn add(&mut self, reason: (Box<str>, Option<Box<str>>), n: u64) {
        *self.0.entry(reason).or_default() += n;
        if self.0.len() > REASONS_KEPT {
            self.0.pop_last();
        }
    }

    fn finish(self) -> Vec<CodeReason> {
        let mut reasons: Vec<CodeReason> = self
            .0
            .into_iter()
            .map(|((reason, classification), count)| CodeReason {
                reason: reason.into(),
                classification: classification.map(Into::into),
                count,
            })
            .collect();
        reasons.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.cmp(other)));
        reasons
    }
}

/// A word of AWS's: anything else in its place is a field that was read wrongly.
fn word(field: Option<&[u8]>) -> Option<Box<str>> {
    let field = field.filter(|field| field.len() <= REASON_BYTES)?;
    let text = std::str::from_utf8(field).ok()?;
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then(|| text.into())
}
