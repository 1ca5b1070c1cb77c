//! The values that lines and rows have in each dimension: the same for a line that is counted and
//! for the row that is kept of it.

use super::route;
use crate::evidence::access_log::{FaultRow, base_rates::Dividing};

pub(super) const KINDS: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];

/// Each class reaches up to the next one's first byte.
pub(super) const SIZES: [(u64, &str); 9] = [
    (0, "under 1 KB"),
    (1 << 10, "1 to 4 KB"),
    (1 << 12, "4 to 16 KB"),
    (1 << 14, "16 to 64 KB"),
    (1 << 16, "64 to 256 KB"),
    (1 << 18, "256 KB to 1 MB"),
    (1 << 20, "1 to 4 MB"),
    (1 << 22, "4 to 16 MB"),
    (1 << 24, "16 MB and more"),
];

pub(super) fn size_place(bytes: u64) -> usize {
    SIZES.partition_point(|(from, _)| *from <= bytes) - 1
}

/// The class of a number of bytes received, and those above it.
pub fn size_classes_from(bytes: u64) -> Vec<&'static str> {
    let classes = SIZES[size_place(bytes)..].iter();
    classes.map(|(_, name)| *name).collect()
}

/// The value of a row in a dimension; `None` where the row does not say.
pub fn value_of(row: &FaultRow, by: Dividing) -> Option<String> {
    // A merged row speaks for several requests: what they do not share is left out of it.
    if row.method.is_empty() && row.client.is_empty() {
        return None;
    }
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match by {
        Dividing::Node => row.node.clone(),
        Dividing::Rule => Some(rule_value(
            priority(row.matched_rule_priority.as_deref()?.as_bytes())?,
            row.target_group_arn.as_deref().unwrap_or("-"),
        )),
        Dividing::Route => route::route_of(row),
        Dividing::Method => route::method_of(row).map(str::to_owned),
        Dividing::Size => Some(SIZES[size_place(row.received_bytes)].1.to_owned()),
        Dividing::Protocol => KINDS
            .iter()
            .find(|kind| **kind == row.kind)
            .map(|kind| (*kind).to_owned()),
        Dividing::Client => given(&row.client),
    }
}

pub(super) fn rule_value(priority: i32, target_group: &str) -> String {
    format!("{priority} {target_group}")
}

/// 0 is the default rule.
pub(super) fn priority(field: &[u8]) -> Option<i32> {
    match field {
        b"-1" => Some(-1),
        [] => None,
        digits if digits.len() <= 6 => digits.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i32::from(byte - b'0'))
        }),
        _ => None,
    }
}
