//! How often each code was answered and by whom: from the log, else from CloudWatch, which is coarser.

use std::collections::BTreeMap;

use crate::{
    case::{Case, bounded},
    evidence::access_log::other_codes::CodeReason,
};

/// Codes whose rows are kept; 502 is the ledger's.
const WITH_ROWS: [u16; 7] = [460, 463, 464, 500, 503, 504, 561];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    One(u16),
    /// All of the 4xx range together.
    Any4xx,
    /// Those of the 5xx range that have no counter of their own.
    Any5xx,
}

impl Code {
    /// As [`Ledger::neighbours`](crate::document::Ledger::neighbours) names it.
    pub(super) fn name(self) -> String {
        match self {
            Self::One(status) => status.to_string(),
            Self::Any4xx => "4XX".to_owned(),
            Self::Any5xx => "5XX".to_owned(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Counted<'a> {
    pub(super) code: Code,
    pub(super) by_load_balancer: u64,
    pub(super) by_target: u64,
    pub(super) known: Known<'a>,
}

/// What is known of those that the load balancer made.
#[derive(Clone, Debug)]
pub(super) enum Known<'a> {
    /// Their places in `AccessLog::rows`.
    Rows(Vec<usize>),
    /// Their reasons, where the log gives one.
    Reasons(&'a [CodeReason]),
    /// Their number.
    Metrics,
}

/// In order of the code; none that was not answered.
pub(super) fn counted<'a>(case: &Case<'a>) -> Vec<Counted<'a>> {
    let mut all = match case.access_log() {
        Some(_) => by_log(case),
        None => by_metrics(case),
    };
    all.retain(|one| one.by_load_balancer + one.by_target > 0);
    all.sort_by_key(|one| one.code);
    all
}

fn by_log<'a>(case: &Case<'a>) -> Vec<Counted<'a>> {
    let mut by_rows: BTreeMap<u16, (u64, u64, Vec<usize>)> = BTreeMap::new();
    for (place, row) in case.rows().iter().enumerate() {
        if !WITH_ROWS.contains(&row.elb_status_code) {
            continue;
        }
        let (own, passed_on, rows) = by_rows.entry(row.elb_status_code).or_default();
        if row.is_passed_on() {
            *passed_on += bounded(row.count);
        } else {
            *own += bounded(row.count);
            rows.push(place);
        }
    }
    let with_rows = by_rows
        .into_iter()
        .map(|(status, (own, passed_on, rows))| Counted {
            code: Code::One(status),
            by_load_balancer: own,
            by_target: passed_on,
            known: Known::Rows(rows),
        });
    let others = case.access_log().map_or(&[][..], |log| &log.other_codes);
    let without_rows = others
        .iter()
        // Evidence may come from anywhere: a code stands in one place.
        .filter(|code| code.status != 502 && !WITH_ROWS.contains(&code.status))
        .map(|code| Counted {
            code: Code::One(code.status),
            by_load_balancer: bounded(code.made_by_load_balancer),
            by_target: bounded(code.made_by_target),
            known: Known::Reasons(&code.reasons),
        });
    with_rows.chain(without_rows).collect()
}

fn by_metrics<'a>(case: &Case<'a>) -> Vec<Counted<'a>> {
    let total = |name: &str| case.total(case.load_balancer_series(name, "Sum"));
    let count = |code: Code, by_load_balancer: u64, by_target: u64| Counted {
        code,
        by_load_balancer,
        by_target,
        known: Known::Metrics,
    };
    let or_0 = |name: &str| total(name).unwrap_or(0);
    if case.is_classic() {
        let Some(all) = total("HTTPCode_ELB_5XX") else {
            return Vec::new();
        };
        return vec![
            count(Code::Any4xx, or_0("HTTPCode_ELB_4XX"), 0),
            count(Code::Any5xx, all, or_0("HTTPCode_Backend_5XX")),
        ];
    }
    // Without the count of 502s the ledger has no source, and nothing stands beside it.
    let Some(of_502) = total("HTTPCode_ELB_502_Count") else {
        return Vec::new();
    };
    let mut all: Vec<Counted<'_>> = Vec::new();
    let mut told = of_502;
    for status in [500, 503, 504] {
        let n = or_0(&format!("HTTPCode_ELB_{status}_Count"));
        told += n;
        all.push(count(Code::One(status), n, 0));
    }
    all.push(count(Code::Any4xx, or_0("HTTPCode_ELB_4XX_Count"), 0));
    all.push(count(
        Code::Any5xx,
        or_0("HTTPCode_ELB_5XX_Count").saturating_sub(told),
        or_0("HTTPCode_Target_5XX_Count"),
    ));
    all
}
