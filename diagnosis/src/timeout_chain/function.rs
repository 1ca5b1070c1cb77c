//! A Lambda function's timeout: against how long it runs, and against the load balancer's patience.
//!
//! The load balancer invokes a function, it holds no connection to it. [V] "Lambda functions as targets".
//! What it answers to a client whose connection is silent for the idle timeout while a function still
//! runs, AWS does not say. [U]

use super::{
    Hop, HopSource, InequalityState, Side, TimeoutChain,
    hop::NOTHING_ASKS,
    judges::{FUNCTION_TIMEOUT, Judges, Opinion},
    verdict::{Terms, Verdict},
};
use crate::{
    evidence::TargetGroup,
    need::Need,
    rules::lambda::{Function, reaches, what_tells},
    safe_timeouts, words,
};

/// Adds the hop of this group's function; gives its safe number where that is another than the present.
pub(super) fn add(
    chain: &mut TimeoutChain,
    judges: &Judges<'_>,
    group: &TargetGroup,
) -> Option<u64> {
    let case = judges.case;
    let function = Function::behind(case, Some(&group.arn));
    let mut hop = Hop {
        id: format!("function-timeout:{}", group.name),
        place: function.name(),
        setting: "Timeout".to_owned(),
        ..Hop::of(
            Need::LambdaFunctions.name(),
            &case.evidence.lambda_functions,
        )
    };
    let seconds = function.configuration.and_then(|one| one.timeout);
    hop.know(
        seconds.map(u64::from),
        HopSource::Attribute,
        "As set in AWS.",
    );
    let timeout = function.timeout();
    let longest = function.most(case, "Duration");
    let runs = runs(judges, group, &function, longest);
    let raised = hop.seconds.filter(|_| runs.is_broken()).map(|seconds| {
        let raised = safe_timeouts::function_timeout(seconds);
        hop.becomes(
            raised,
            "Twice what it reaches, if the work is honest; better a time limit of its own on what it waits \
             for.",
        );
        raised
    });
    if raised.is_none() {
        hop.stays(NOTHING_ASKS);
    }
    let idle = case
        .evidence
        .attributes
        .seen()
        .map(|attributes| u64::from(attributes.idle_timeout).saturating_mul(1_000));
    let first = Terms {
        id: "longest-run-below-function-timeout",
        hop: &hop.id,
        shorter: Side::new("longest run seen", longest),
        longer: Side::new("timeout of the function", timeout),
        when_broken: "Lambda ends the run, and the load balancer answers 502.",
        codes: &[502],
        rule: Some(FUNCTION_TIMEOUT),
        cites: case.sources(&[Need::LambdaFunctions, Need::TargetMetrics, Need::AccessLog]),
    }
    .with(runs);
    let second = Terms {
        id: "function-timeout-below-idle-timeout",
        hop: &hop.id,
        shorter: Side::new("timeout of the function", timeout),
        longer: Side::new("idle timeout", idle),
        when_broken: "The client's connection is silent for longer than the load balancer keeps it; with \
                      which code that ends, AWS does not say.",
        codes: &[],
        rule: None,
        cites: case.sources(&[Need::LambdaFunctions, Need::Attributes]),
    }
    .with(patience(judges, timeout, idle));
    debug_assert_ne!(second.state, InequalityState::Broken);
    chain.inequalities.extend([first, second]);
    chain.hops.push(hop);
    raised
}

fn runs<'a>(
    judges: &Judges<'a>,
    group: &TargetGroup,
    function: &Function<'a>,
    longest: Option<u64>,
) -> Verdict {
    let case = judges.case;
    match judges.on(FUNCTION_TIMEOUT, Some(group)) {
        Opinion::Found(draft) => return Verdict::broken(draft.title.clone()),
        Opinion::Open(because, missing) => return Verdict::cannot_tell(because, missing),
        Opinion::Clear(_) => {}
    }
    match (longest, function.timeout()) {
        (Some(longest), Some(timeout)) if reaches(longest, timeout) => Verdict::cannot_tell(
            format!(
                "Its longest run took {}, and no request of the load balancer failed so",
                words::seconds(longest)
            ),
            vec!["whose run that was: Duration counts all callers of the function".to_owned()],
        ),
        (Some(longest), Some(_)) if case.missing(&[Need::TargetMetrics]).is_empty() => {
            Verdict::holds(format!(
                "Its longest run in the window took {}",
                words::seconds(longest)
            ))
        }
        _ => Verdict::cannot_tell("One of the two is not known", what_tells(case, function)),
    }
}

/// It never is broken: what would happen is not documented.
fn patience(judges: &Judges<'_>, timeout: Option<u64>, idle: Option<u64>) -> Verdict {
    match (timeout, idle) {
        (Some(timeout), Some(idle)) if timeout < idle => {
            Verdict::holds("The function ends before the load balancer's patience does")
        }
        (Some(_), Some(_)) => Verdict::cannot_tell(
            "A run may last longer than a connection may be silent",
            vec![
                "what the load balancer answers then: AWS does not document it; try it with a function that \
                 waits"
                    .to_owned(),
            ],
        ),
        _ => {
            let mut missing = judges
                .case
                .missing(&[Need::LambdaFunctions, Need::Attributes]);
            missing.push("one of the two timeouts".to_owned());
            Verdict::cannot_tell("One of the two is not known", missing)
        }
    }
}
