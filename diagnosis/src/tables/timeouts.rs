//! Step `timeouts`: every hop's patience, in the order of the hops, and the gaps that rows show.

mod chain;

use std::collections::BTreeMap;

use super::{
    Table, Tone,
    build::{Builder, count, toned, was_asked},
};
use crate::{
    case::{Case, bounded},
    evidence::access_log::Shape,
    need::Need,
    words,
};

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let mut tables = Vec::new();
    if was_asked(&evidence.attributes) || was_asked(&evidence.target_groups) {
        tables.push(chain::table(case));
    }
    if was_asked(&evidence.access_log) {
        tables.push(gaps(case));
    }
    tables
}

/// How long before each hang-up the target had last answered, by whole seconds.
fn gaps(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "gaps",
        "Idle before the target hung up",
        &[
            "Seconds since the target's last answer",
            "Requests#",
            "Targets#",
        ],
    );
    let code = case.hung_up_code();
    let mut by_second: BTreeMap<u64, (u64, std::collections::BTreeSet<&str>)> = BTreeMap::new();
    let mut untimed = 0;
    for row in case.rows() {
        if row.elb_status_code != code
            || row.made_by_target()
            || !matches!(row.shape(), Shape::NotAnswered | Shape::NotAnsweredUntimed)
        {
            continue;
        }
        match row.idle_ms {
            Some(idle) => {
                let (n, targets) = by_second.entry(idle / 1_000).or_default();
                *n = bounded(*n + bounded(row.count));
                targets.extend(row.target.as_deref());
            }
            None => untimed = bounded(untimed + bounded(row.count)),
        }
    }
    let most = by_second
        .values()
        .map(|(n, _)| *n)
        .max()
        .unwrap_or_default();
    for (second, (n, targets)) in by_second {
        let tone = if n == most && n > 1 {
            Tone::Warn
        } else {
            Tone::Plain
        };
        table.row(vec![
            toned(format!("{second}–{}", second.saturating_add(1)), tone),
            count(n),
            count(targets.len() as u64),
        ]);
    }
    table.note(format!(
        "{code}s whose target closed the connection before it answered. Where the gaps gather at one number, that is the target's keep-alive."
    ));
    if untimed > 0 {
        table.note(format!(
            "{} without an earlier answer of the target in the log.",
            words::count(untimed, "more", "more")
        ));
    }
    table.from(case, &[Need::AccessLog]);
    table.in_order()
}
