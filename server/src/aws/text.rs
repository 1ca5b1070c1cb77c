//! AWS's words and ours: times, cut texts, counted nouns.

use aws_smithy_types::DateTime as AwsTime;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

/// `None` for a time that chrono cannot hold.
pub(super) fn time(at: &AwsTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.secs(), at.subsec_nanos())
}

pub(super) fn aws_time(at: DateTime<Utc>) -> AwsTime {
    AwsTime::from_secs(at.timestamp())
}

/// As AWS's command line takes it.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.trunc_subsecs(0)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// At most `most` characters, on one line.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut kept: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(most)
        .collect();
    if text.chars().nth(most).is_some() {
        kept.push('…');
    }
    kept
}

/// `1 target`, `2 targets`.
pub(super) fn count(n: usize, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {noun}s"),
    }
}

/// What is kept of an answer for people: lists to 50 entries, texts to 1,000 characters.
pub(super) fn bounded(value: Value) -> Value {
    const ENTRIES: usize = 50;
    match value {
        Value::Array(entries) => {
            let left_out = entries.len().saturating_sub(ENTRIES);
            let mut kept: Vec<Value> = entries.into_iter().take(ENTRIES).map(bounded).collect();
            if left_out > 0 {
                kept.push(Value::String(format!("… and {left_out} more")));
            }
            Value::Array(kept)
        }
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, bounded(value)))
            .collect(),
        Value::String(text) => Value::String(cut(&text, 1_000)),
        other => other,
    }
}

/// A port as EC2 says it: -1 and absent are every port.
pub(super) fn port(port: Option<i32>) -> Option<u16> {
    port.and_then(|port| u16::try_from(port).ok())
}

pub(super) fn owned(texts: &[String]) -> Vec<String> {
    texts.to_vec()
}
