//! Counts by status code, in a form that survives being read back.
//!
//! JSON writes the codes as strings. Inside a tagged enum (as [`Observed`](crate::Observed) is) serde
//! reads a map from a buffer, where a string is not taken for a number: so they are read as strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub(super) fn serialize<S: Serializer>(
    counts: &BTreeMap<u16, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    counts.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<u16, u64>, D::Error> {
    BTreeMap::<String, u64>::deserialize(deserializer)?
        .into_iter()
        .map(|(code, n)| Ok((code.parse().map_err(D::Error::custom)?, n)))
        .collect()
}
