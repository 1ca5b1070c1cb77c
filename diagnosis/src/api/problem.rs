use serde::{Deserialize, Serialize};

/// `application/problem+json` (RFC 9457): what is wrong, which field, what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A stable name of the kind: `urn:lb502:unknown-load-balancer`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// What to do about it, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what_to_do: String,
    /// The field of the request that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where several things match: what to choose from (load balancer ARNs).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}
