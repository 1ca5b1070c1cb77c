//! What changed near the window, with the errors that followed.

use super::{
    Table, Tone,
    build::{Builder, cell, time, toned},
};
use crate::{
    case::Case,
    need::Need,
    what_changed::{self, ChangeSource, DatedChange},
    words,
};

pub(super) fn table(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "changes",
        "What changed",
        &[
            "Time",
            "What",
            "Who",
            "Errors after it",
            "Touched",
            "Details",
        ],
    );
    let what_changed::Changes {
        told: all,
        left_out,
    } = what_changed::changes(case);
    let suspects = all.iter().filter(|one| one.suspect.is_some()).count();
    for change in &all {
        table.row(vec![
            time(change.at),
            toned(
                &change.name,
                if change.refused.is_some() {
                    Tone::Warn
                } else {
                    Tone::Plain
                },
            ),
            cell(&change.who),
            match &change.suspect {
                Some(suspect) => toned(words::capital(&suspect.in_words), Tone::Bad),
                None => cell("–"),
            },
            cell(words::list(&change.resources, 4)),
            cell(details(change)),
        ]);
    }
    let mut note = match suspects {
        0 => "In order of time, UTC. The errors step up after none of them.".to_owned(),
        1 => "In order of time, UTC. The errors step up after one of them.".to_owned(),
        n => format!(
            "In order of time, UTC. The errors step up after {n} of them; changes of the same minute \
             cannot be told apart."
        ),
    };
    if left_out > 0 {
        note += &format!(
            " {} not here: no suspects, and further from the errors.",
            words::count(left_out, "more change is", "more changes are")
        );
    }
    table.note(note);
    table.from(case, &[Need::CloudTrail, Need::AutoScaling, Need::Ecs]);
    table.in_order()
}

fn details(change: &DatedChange) -> String {
    let source = match change.source {
        ChangeSource::CloudTrail => "CloudTrail",
        ChangeSource::AutoScaling => "Auto Scaling",
        ChangeSource::Ecs => "ECS",
        ChangeSource::TargetHealth => "CloudWatch",
    };
    format!("{source}: {}", change.in_words)
}
