//! What was changed in the window, and what the application wrote.

use diagnosis::{
    Evidence,
    evidence::{AppLog, Change, Ecs, app_log::AppLogLine},
    need::Need,
};

use super::{Seen, Told};
use crate::traffic::clock;

pub(super) fn changes(evidence: &mut Evidence, told: &Told, seen: &Seen) {
    let changes = told.changes.iter().map(|line| {
        let (at, rest) = line.split_once(' ').expect("a time");
        let (name, rest) = rest.split_once(" by ").expect("who");
        let (who, resources) = rest.split_once(": ").expect("what");
        Change {
            at: clock(at).unwrap(),
            name: name.to_owned(),
            who: who.to_owned(),
            resources: resources.split_whitespace().map(str::to_owned).collect(),
            summary: format!("{name} {resources}"),
            error: None,
        }
    });
    evidence.cloudtrail = seen.part(Need::CloudTrail, changes.collect());
    evidence.auto_scaling = seen.part(Need::AutoScaling, Vec::new());
    evidence.ecs = seen.part(Need::Ecs, Ecs::default());
    if let Some(lines) = &told.app_log {
        let lines = lines.iter().map(|line| {
            let (at, message) = line.split_once(' ').expect("a time");
            AppLogLine {
                at: clock(at).unwrap(),
                group: "/shop/web".to_owned(),
                stream: "1".to_owned(),
                message: message.to_owned(),
            }
        });
        evidence.app_log = seen.part(
            Need::AppLog,
            AppLog {
                groups: vec!["/shop/web".to_owned()],
                lines: lines.collect(),
            },
        );
    }
}
