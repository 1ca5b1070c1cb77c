//! Codes without rows: counted by maker, with AWS's own words for why.

use super::*;
use crate::evidence::access_log::{
    OtherCode,
    other_codes::{CodeReason, REASONS_KEPT},
};

/// A 400 of the load balancer, classified so.
fn refused(class: &str, reason: &str) -> String {
    let line = Row {
        target: "-",
        times: "-1 -1 -1",
        statuses: "400 -",
        ..Row::default()
    }
    .line();
    line.replace(
        "\"200\" \"-\" \"-\" TID",
        &format!("\"-\" \"{class}\" \"{reason}\" TID"),
    )
}

fn reason(reason: &str, count: u64) -> CodeReason {
    CodeReason {
        reason: reason.to_owned(),
        classification: Some("Severe".to_owned()),
        count,
    }
}

#[test]
fn they_are_counted_by_maker_and_reason() {
    let by_target = Row {
        statuses: "400 400",
        ..Row::default()
    };
    let by_function = Row {
        target: "-",
        statuses: "413 -",
        error_reason: "LambdaRequestTooLarge",
        ..Row::default()
    };
    let text = refused("Severe", "BadUri")
        + &refused("Severe", "BadHeader")
        + &refused("Severe", "BadHeader")
        + &refused("-", "-")
        + &by_target.line()
        + &by_function.line()
        // A target's own 404 says nothing of the load balancer.
        + &Row { statuses: "404 404", ..Row::default() }.line();
    let log = application(&text);
    assert_eq!(log.rows, []);
    assert_eq!(
        log.other_codes,
        [
            OtherCode {
                status: 400,
                made_by_load_balancer: 4,
                made_by_target: 1,
                reasons: vec![reason("BadHeader", 2), reason("BadUri", 1)],
            },
            OtherCode {
                status: 413,
                made_by_load_balancer: 1,
                made_by_target: 0,
                reasons: vec![CodeReason {
                    reason: "LambdaRequestTooLarge".to_owned(),
                    classification: None,
                    count: 1,
                }],
            }
        ]
    );
}

#[test]
fn what_is_no_word_of_awss_is_counted_and_not_kept() {
    let log = application(&(refused("Severe", "<b>") + &refused("Severe", &"x".repeat(65))));
    assert_eq!(log.other_codes[0].made_by_load_balancer, 2);
    assert_eq!(log.other_codes[0].reasons, []);
}

#[test]
fn the_reasons_kept_do_not_depend_on_the_order_of_objects() {
    let object = |from: usize, to: usize| {
        let text: String = (from..to)
            .map(|n| refused("Severe", &format!("Reason{n:03}")))
            .collect();
        read(LoadBalancerType::Application, text.as_bytes())
    };
    let one = whole(
        LoadBalancerType::Application,
        [object(0, 90), object(30, 120)],
    );
    let other = whole(
        LoadBalancerType::Application,
        [object(30, 120), object(0, 90)],
    );
    assert_eq!(one.other_codes, other.other_codes);
    let code = &one.other_codes[0];
    assert_eq!(code.made_by_load_balancer, 180);
    assert_eq!(code.reasons.len(), REASONS_KEPT);
    assert_eq!(code.reasons[0], reason("Reason030", 2));
}
