//! The chain of timeouts as a table: one row a hop, with the worst that is said of it.

use super::super::{
    Cell, ROWS_SHOWN, Table, Tone,
    build::{Builder, cell, toned},
};
use crate::{
    case::Case,
    need::Need,
    timeout_chain::{self, Hop, HopSource, Inequality, InequalityState, NotKnown, TimeoutChain},
    words,
};

pub(super) fn table(case: &Case<'_>) -> Table {
    let chain = timeout_chain::ask(case);
    let mut table = Builder::new(
        "timeouts",
        "Who waits how long",
        &[
            "Hop",
            "Setting",
            "Value",
            "Where from",
            "Safe number",
            "Does it hold?",
        ],
    );
    for hop in &chain.hops {
        table.row(vec![
            cell(&hop.place),
            cell(&hop.setting),
            cell(value(hop)),
            cell(source(hop)),
            cell(safe(hop)),
            verdict(&chain, hop),
        ]);
    }
    table.note(
        "From the client inwards. The safe numbers belong together: each is safe if the others are set so.",
    );
    table.from(
        case,
        &[
            Need::Attributes,
            Need::TargetGroups,
            Need::TargetGroupAttributes,
        ],
    );
    if chain.hops.len() > ROWS_SHOWN {
        table.worst_first()
    } else {
        table.in_order()
    }
}

fn value(hop: &Hop) -> String {
    match (hop.seconds, hop.not_known) {
        (Some(seconds), _) => seconds_of(seconds),
        (None, Some(NotKnown::Several)) => "several".to_owned(),
        (None, _) => "not known".to_owned(),
    }
}

fn seconds_of(seconds: u64) -> String {
    format!("{} s", words::thousands(seconds))
}

fn source(hop: &Hop) -> &str {
    match (hop.source, hop.not_known) {
        (Some(HopSource::Attribute), _) => "attribute",
        (Some(HopSource::Default), _) => "default, or set to it",
        (Some(HopSource::Estimate), _) => "estimate from the log",
        (Some(HopSource::Answer), _) => "a person's answer",
        (Some(HopSource::Fixed), _) => "fixed by AWS",
        (None, Some(NotKnown::Denied)) => "denied",
        (None, Some(NotKnown::Failed)) => "the call failed",
        (None, Some(NotKnown::NotAsked)) => "not asked yet",
        (None, Some(NotKnown::NotInAws)) => "not in AWS: ask the application",
        (None, _) => "not told",
    }
}

fn safe(hop: &Hop) -> String {
    match hop.safe_seconds {
        Some(seconds) => format!("{}. {}", seconds_of(seconds), hop.safe_because),
        None => hop.safe_because.clone(),
    }
}

/// All that binds the hop; broken before open, open before what holds.
fn verdict(chain: &TimeoutChain, hop: &Hop) -> Cell {
    let mut of_hop: Vec<&Inequality> = chain
        .inequalities
        .iter()
        .filter(|one| one.hop == hop.id)
        .collect();
    of_hop.sort_by_key(|one| match one.state {
        InequalityState::Broken => 0,
        InequalityState::CannotTell => 1,
        InequalityState::Holds => 2,
    });
    let tone = match of_hop.first().map(|one| one.state) {
        Some(InequalityState::Broken) => Tone::Bad,
        Some(InequalityState::CannotTell) => Tone::Warn,
        Some(InequalityState::Holds) => Tone::Good,
        None => return cell("bound by nothing"),
    };
    let texts: Vec<String> = of_hop.into_iter().map(in_words).collect();
    toned(texts.join(" "), tone)
}

fn in_words(inequality: &Inequality) -> String {
    let codes: Vec<String> = inequality.codes.iter().map(u16::to_string).collect();
    let state = match inequality.state {
        InequalityState::Broken if codes.is_empty() => "broken".to_owned(),
        InequalityState::Broken => format!("broken ({})", codes.join(", ")),
        InequalityState::CannotTell => "cannot tell".to_owned(),
        InequalityState::Holds => "holds".to_owned(),
    };
    format!("{}: {state}. {}", inequality.in_words(), inequality.because)
}
