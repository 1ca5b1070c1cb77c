use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// `GET /environment`: what this server can do for the person in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Environment {
    pub version: String,
    /// The region that calls go to when none is named.
    pub region: Option<String>,
    /// Regions to offer, in alphabetical order.
    pub regions: Vec<String>,
    pub credentials: Credentials,
    pub practice: Vec<PracticeIncident>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Credentials {
    /// STS answered.
    Valid { account: String, arn: String },
    /// None found, expired, or refused: what is missing and how to give it.
    Missing { problem: Problem },
}

/// A recorded incident that replays without AWS; `POST /practice/{name}` opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PracticeIncident {
    pub name: String,
    pub title: String,
    pub description: String,
}
