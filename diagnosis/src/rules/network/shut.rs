//! What the rules of this step share: which ways are shut at their gates, and whether the faults of
//! the window say so too.
//!
//! The tables alone prove no 502: they are of now, and the window is in the past. A finding is
//! `proven` where exactly the targets behind the shut gate failed to connect in the window and
//! nothing speaks against it; `likely` where something does, or where only health checks time out;
//! `possible` where nothing of it was felt.
//!
//! A rule of this step is a [`Question`] (which gates, on which ports), the words it says of one
//! [`Shut`] gate, and how to open it again (`fixes.rs`). [`judge`] does the rest: `ways` groups the
//! ways that one deciding rule shuts, `failures` finds the requests that never got a connection,
//! `proof` weighs both.

mod failures;
mod proof;
mod ways;

use crate::{
    case::Case,
    document::Fix,
    need::Need,
    reachability::{Decider, Gate, Outcome, Path, Paths, Purpose, paths},
    rule::{Answer, Claims, Draft},
    words,
};
use proof::Proof;
pub(super) use ways::Shut;

/// Findings of one rule: each stands for one deciding rule, which is one thing to mend.
const MAX_FINDINGS: usize = 10;

/// What one rule looks at.
pub(super) struct Question {
    pub(super) gates: &'static [Gate],
    pub(super) purposes: &'static [Purpose],
    /// The tables that the gates are read from, beside those that name the targets.
    pub(super) needs: &'static [Need],
    /// "the inbound rules of the targets' security groups", for the reason of `clear`.
    pub(super) what: &'static str,
    /// Network ACLs keep no state: connections that stood when they were shut die too, with a 504
    /// once the idle timeout is over.
    pub(super) stateless: bool,
}

/// What a rule says of one [`Shut`].
pub(super) struct Wording {
    pub(super) title: String,
    /// The first sentence: which rule decides what.
    pub(super) because: String,
    /// Ids of the tables and groups to mend.
    pub(super) resources: Vec<String>,
    pub(super) fix: Fix,
}

const NEEDS: &[Need] = &[
    Need::Listeners,
    Need::TargetGroups,
    Need::TargetHealth,
    Need::Instances,
    Need::Subnets,
    Need::NetworkInterfaces,
];

pub(super) fn judge(
    case: &Case<'_>,
    question: &Question,
    wording: impl Fn(&Shut<'_, '_>) -> Wording,
) -> Answer {
    let paths = paths(case);
    let shuts = ways::shuts(case, question, &paths);
    if !shuts.is_empty() {
        return Answer {
            findings: shuts
                .iter()
                .take(MAX_FINDINGS)
                .map(|shut| draft(question, shut, wording(shut)))
                .collect(),
            ..Answer::default()
        };
    }
    let mut missing = case.missing(NEEDS);
    missing.extend(case.missing(question.needs));
    let relevant: Vec<&Path<'_, '_>> = paths
        .all
        .iter()
        .filter(|path| question.purposes.contains(&path.purpose))
        .collect();
    for path in &relevant {
        for gate in question.gates {
            if let Outcome::Unknown(words) = path.reach.at(*gate)
                && !missing
                    .iter()
                    .any(|known| known.starts_with(words.as_str()))
            {
                missing.push(words.clone());
            }
        }
    }
    missing.dedup();
    if !missing.is_empty() {
        missing.truncate(20);
        return Answer::cannot_tell(format!("Not all of {} was seen.", question.what), missing);
    }
    Answer::clear(clear(case, question, &paths, &relevant))
}

fn clear(
    case: &Case<'_>,
    question: &Question,
    paths: &Paths<'_, '_>,
    relevant: &[&Path<'_, '_>],
) -> String {
    let mut because = match relevant.first() {
        Some(path) => {
            let example = question
                .gates
                .iter()
                .map(|gate| match path.reach.at(*gate) {
                    Outcome::Open(by) => by.to_string(),
                    _ => String::new(),
                })
                .next()
                .unwrap_or_default();
            format!(
                "Open on all {} from the load balancer's subnets to its targets, as {} ({}).",
                words::count(relevant.len() as u64, "way", "ways"),
                example,
                question.what
            )
        }
        None if case.evidence.load_balancer.zones.is_empty() => {
            "The load balancer stands in no subnet of a VPC.".to_owned()
        }
        None if question.purposes == [Purpose::HealthCheck] => {
            "Health checks use the port of the requests.".to_owned()
        }
        None => "No registered target has a network path to judge.".to_owned(),
    };
    let beyond = relevant.iter().any(|path| {
        Gate::ALL
            .iter()
            .any(|gate| matches!(path.reach.at(*gate), Outcome::Open(Decider::Beyond { .. })))
    });
    if beyond {
        because += " Targets outside the VPC are judged as far as its own tables tell.";
    }
    if !paths.skipped.is_empty() {
        because += &format!(" Left out: {}.", words::list(&paths.skipped, 3));
    }
    because
}

fn draft(question: &Question, shut: &Shut<'_, '_>, wording: Wording) -> Draft {
    let case = shut.case;
    let proof = Proof::of(question, shut);
    let mut because = wording.because;
    because += " ";
    because += &proof.in_words;

    let mut needs = vec![Need::TargetHealth, Need::Subnets];
    needs.extend(question.needs);
    let mut cites = case.sources(&needs);
    if !proof.rows.is_empty() {
        cites.extend(case.sources(&[Need::AccessLog]));
    }
    if proof.change {
        cites.extend(case.sources(&[Need::CloudTrail]));
    }
    let mut resources = wording.resources;
    resources.extend(
        shut.targets
            .iter()
            .take(50)
            .map(|shut| shut.target.health.id.clone()),
    );
    Draft {
        strength: proof.strength,
        title: wording.title,
        because,
        claims: if proof.rows.is_empty() {
            Claims::Nothing
        } else {
            Claims::Rows(proof.rows)
        },
        resources,
        cites,
        fix: wording.fix,
    }
}
