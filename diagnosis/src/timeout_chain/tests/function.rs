//! Functions behind the load balancer.

use super::*;
use crate::rules::lambda::fixture::{failed, set_counted, set_function};

#[test]
fn a_function_that_reaches_its_timeout_breaks_the_chain_there() {
    let mut evidence = function_behind();
    assert_eq!(broken(&evidence), [""; 0]);
    assert_eq!(states(&evidence, [RUNS, PATIENCE]), [Holds, Holds]);
    // There is no connection to keep, and nothing to drain.
    let ids: Vec<String> = chain(&evidence)
        .hops
        .into_iter()
        .map(|hop| hop.id)
        .collect();
    assert_eq!(
        ids,
        [
            "client-keep-alive",
            "idle-timeout",
            "function-timeout:orders"
        ]
    );
    set_counted(&mut evidence, "Duration", &[("10:21:00", 3_004.0)]);
    // Another caller's run may have been that long.
    assert_eq!(states(&evidence, [RUNS]), [CannotTell]);
    set_counted(&mut evidence, "Errors", &[("10:21:00", 1.0)]);
    let rows = vec![failed("10:21:40", "LambdaUnhandled", 3.02)];
    set_rows(&mut evidence, rows);
    assert_eq!(broken(&evidence), [RUNS]);
    let function = hop(&evidence, "function-timeout:orders");
    assert_eq!(
        (function.seconds, function.safe_seconds),
        (Some(3), Some(6))
    );
    assert_eq!(hop(&evidence, "idle-timeout").safe_seconds, Some(60));
    // Raised above the idle timeout, it takes that with it.
    set_idle_timeout(&mut evidence, 5);
    assert_eq!(hop(&evidence, "idle-timeout").safe_seconds, Some(11));
}

#[test]
fn what_a_function_outlasts_is_not_documented_and_so_not_said() {
    let mut evidence = function_behind();
    set_function(&mut evidence, |function| function.timeout = Some(90));
    let chain = chain(&evidence);
    let patience = one(&chain, PATIENCE);
    assert_eq!((patience.state, &patience.rule), (CannotTell, &None));
    assert!(patience.missing[0].contains("does not document"));
    evidence.lambda_functions = denied("lambda:GetFunctionConfiguration");
    assert_eq!(states(&evidence, [RUNS, PATIENCE]), [CannotTell; 2]);
    let mut evidence = function_behind();
    evidence.target_metrics = denied("cloudwatch:GetMetricData");
    assert_eq!(states(&evidence, [RUNS]), [CannotTell]);
}
