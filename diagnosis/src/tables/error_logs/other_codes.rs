//! The codes other than 502: who made them, and what tells their causes apart.

use crate::{
    case::Case,
    need::Need,
    neighbours,
    tables::{
        Table,
        build::{Builder, cell, count, odd_count},
    },
};

pub(super) fn table(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "other-codes",
        "Other codes",
        &[
            "Code",
            "Answers#",
            "By load balancer#",
            "By target#",
            "What they show",
            "What that points to",
            "What the code means",
        ],
    );
    // What explains them the findings say: a table shows what was seen.
    let all = neighbours::of(case, &[]);
    for code in &all {
        for sign in &code.seen {
            let by_target = if sign.id == neighbours::PASSED_ON {
                sign.count
            } else {
                0
            };
            table.row(vec![
                cell(&code.code),
                count(sign.count),
                odd_count(sign.count - by_target),
                count(by_target),
                cell(&sign.shows),
                cell(&sign.tells),
                cell(&code.means),
            ]);
        }
    }
    if all.is_empty() {
        table.note("No other error code of the load balancer or of a target was seen.");
    } else {
        table.note("Each answer stands in one line. 4xx answers of the application that have no meaning to the load balancer (401, 403, 404 …) are not here.");
    }
    let need = match case.access_log() {
        Some(_) => Need::AccessLog,
        None => Need::Metrics,
    };
    table.from(case, &[need]);
    table.in_order()
}
