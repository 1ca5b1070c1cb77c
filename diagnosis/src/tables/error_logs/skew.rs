//! What the 502s are bound to.

use crate::{
    case::Case,
    need::Need,
    skew::{
        MadeBy, SkewAnswer, Sure, skew,
        words::{percent, title, value},
    },
    tables::{
        Table, Tone,
        build::{Builder, cell, count, toned},
    },
    words,
};

pub(super) fn table(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "skew",
        "What the 502s are bound to",
        &[
            "By",
            "Answer",
            "Value",
            "Of 502s",
            "Of requests",
            "502s#",
            "Requests#",
            "Values#",
            "Made by",
        ],
    );
    let all = skew(case);
    for skew in &all {
        let (answer, tone) = match (skew.answer, skew.sure) {
            (SkewAnswer::Bound, Sure::Weak) => ("bound, perhaps by chance", Tone::Warn),
            (SkewAnswer::Bound, _) => ("bound", Tone::Bad),
            (SkewAnswer::Even, _) => ("not bound", Tone::Good),
            (SkewAnswer::CannotTell, _) => ("cannot tell", Tone::Plain),
        };
        let at_most = if skew.requests_at_most {
            "at most "
        } else {
            ""
        };
        table.row(vec![
            cell(title(skew.dimension)),
            toned(answer, tone),
            cell(value(case, skew)),
            cell(percent(skew.errors, skew.errors_of)),
            cell(format!(
                "{at_most}{}",
                percent(skew.requests, skew.requests_of)
            )),
            count(skew.errors),
            count(skew.requests),
            count(skew.values),
            cell(match skew.made_by {
                MadeBy::LoadBalancer => "load balancer",
                MadeBy::Target => "target",
            }),
        ]);
    }
    if let Some(first) = all.first().filter(|first| first.sure > Sure::None) {
        table.note(first.sentence.clone());
        table.note(format!(
            "If nothing were bound, the chance of anything like it is below 1 in {}.",
            words::thousands(10_u64.saturating_pow(first.chance_tens))
        ));
    } else if all.is_empty() {
        table.note("There are too few 502s to compare with all requests.");
    } else {
        table.note("No value holds markedly more of the 502s than of the requests.");
    }
    table.from(case, &[Need::AccessLog]);
    table.in_order()
}
