//! How long requests take on their targets: by the access log, or without one by CloudWatch.
//!
//! Both time an answer until its first byte; how long its body took they do not say. Without WAF the
//! time that a client took to upload counts as well. [V] DOC-AL

use crate::{
    case::{Case, minute_of, whole},
    evidence::{
        TargetGroup,
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    ledger::coverage,
    need::Need,
    waits::waited,
    words,
};

/// The longest answer of the group, or of all groups but those of functions, milliseconds; `None`
/// where nobody timed one.
pub(crate) fn longest_answer(case: &Case<'_>, group: Option<&TargetGroup>) -> Option<u64> {
    if let Some(log) = case.access_log() {
        return log
            .targets
            .iter()
            .filter(|counts| counts.answered > 0)
            .filter(|counts| is_of(case, counts.target_group_arn.as_deref(), group))
            .map(|counts| whole(counts.max_seconds * 1_000.0))
            .max();
    }
    let name = if case.is_classic() {
        "Latency"
    } else {
        "TargetResponseTime"
    };
    let series = match group {
        Some(group) => case.target_group_series(&group.arn, name, "Maximum"),
        None => case.load_balancer_series(name, "Maximum"),
    }?;
    let window = case.evidence.window;
    series
        .between(minute_of(window.from), window.to)
        .map(|point| whole(point.value * 1_000.0))
        .max()
}

/// The longest time that a target of the group had a request, milliseconds: until it answered, hung up,
/// or the load balancer gave up.
pub(crate) fn longest_request(case: &Case<'_>, group: Option<&TargetGroup>) -> Option<u64> {
    let held = case
        .rows()
        .iter()
        .filter(|row| was_held(row))
        .filter(|row| is_of(case, row.target_group_arn.as_deref(), group))
        .filter_map(waited)
        .max();
    held.max(longest_answer(case, group))
}

/// What keeps either of these from being the longest of the window.
pub(crate) fn missing(case: &Case<'_>) -> Vec<String> {
    if case.access_log().is_some() {
        return case.missing_rows();
    }
    let mut missing = case.missing(&[Need::Metrics]);
    // CloudWatch is ahead of the log, and still some minutes behind the clock.
    if let Some(at) = coverage::late_until(case) {
        missing.push(format!(
            "the last minutes of CloudWatch's counts: ask again after {} UTC",
            words::clock(at)
        ));
    }
    // Requests that were given up are not among CloudWatch's answers.
    if case.load_balancer_504s() != Some(0) {
        missing.extend(case.missing(&[Need::AccessLog]));
    }
    missing
}

/// A target had it: a connect that came to nothing is not in flight.
fn was_held(row: &FaultRow) -> bool {
    match row.shape() {
        Shape::NotAnswered | Shape::NotAnsweredUntimed | Shape::Answered => row.target.is_some(),
        Shape::NotConnected | Shape::Other => false,
    }
}

fn is_of(case: &Case<'_>, arn: Option<&str>, group: Option<&TargetGroup>) -> bool {
    match group {
        Some(group) => case.is_classic() || arn == Some(&group.arn),
        None => arn
            .and_then(|arn| case.target_group(arn))
            .is_none_or(|group| group.target_type != TargetType::Lambda),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::*;

    #[test]
    fn a_request_that_broke_was_in_flight_as_well() {
        let mut evidence = healthy();
        assert_eq!(longest_request(&Case::new(&evidence), None), Some(400));
        set_rows(
            &mut evidence,
            vec![refused("10:20:00", 1), hung_up("10:21:00", 2, 71.0)],
        );
        let case = Case::new(&evidence);
        assert_eq!(longest_answer(&case, None), Some(400));
        let web = case.target_group(WEB);
        assert_eq!(longest_request(&case, web), Some(71_000));
        assert_eq!(missing(&case), [""; 0]);
    }

    #[test]
    fn without_a_log_cloudwatch_times_the_answers_of_a_group() {
        let mut evidence = healthy();
        evidence.access_log = denied("s3:GetObject");
        assert_eq!(longest_request(&Case::new(&evidence), None), None);
        let times = series(WEB, "TargetResponseTime", "Maximum", &[("10:20:00", 2.25)]);
        set_series(&mut evidence, times);
        let case = Case::new(&evidence);
        assert_eq!(longest_request(&case, case.target_group(WEB)), Some(2_250));
        assert_eq!(missing(&case), [""; 0]);
        let given_up = series(
            LOAD_BALANCER,
            "HTTPCode_ELB_504_Count",
            "Sum",
            &[("10:20:00", 1.0)],
        );
        set_series(&mut evidence, given_up);
        assert!(missing(&Case::new(&evidence))[0].contains("s3:GetObject"));
    }
}
