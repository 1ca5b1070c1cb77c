use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::handoff::{Added, HandoffNote};

/// `GET /investigations/{id}/handoff`: the draft as it would be sent now, and the notes that were sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Handoff {
    /// Grows with every change of the draft and every sending; the ETag is `"<version>"`.
    pub version: i64,
    /// The newest event that this answer includes: where to follow the stream from.
    pub last_event_id: i64,
    /// The investigation's title and owner.
    pub title: String,
    pub owner: Option<String>,
    pub draft: Draft,
    /// Newest first. None of them ever changes, but for who accepted it.
    pub sent: Vec<SentHandoff>,
    /// Messages to the webhook, newest first; empty where none is set.
    #[serde(default)]
    pub deliveries: Vec<Delivery>,
}

/// What the person added so far, and the note that comes of it with the record as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Draft {
    pub added: Added,
    pub text: HandoffText,
}

/// A note in the forms in which people pass it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoffText {
    pub note: HandoffNote,
    pub markdown: String,
    pub slack: String,
}

/// A note that went out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentHandoff {
    /// Counts from 1 within the investigation.
    pub n: u32,
    pub sent_by: Option<String>,
    pub sent_at: DateTime<Utc>,
    /// The person or role it is for.
    pub to: String,
    /// Who took over; the owner from then on.
    pub accepted_by: Option<String>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub text: HandoffText,
}

/// `POST /investigations/{id}/handoff/accept`: takes over what was sent last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AcceptHandoff {
    /// Number of the note, as a check that it is the one that was read.
    pub n: u32,
    /// Who takes over. Left out: the person of `lb502-person`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

impl HandoffText {
    pub fn of(note: HandoffNote) -> Self {
        Self {
            markdown: crate::handoff::markdown(&note),
            slack: crate::handoff::slack(&note),
            note,
        }
    }
}

/// A message to the webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    pub id: String,
    pub cause: DeliveryCause,
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    pub made_at: DateTime<Utc>,
    /// When it arrived or was given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why the newest attempt failed.
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryCause {
    HandoffSent,
    HandoffAccepted,
    VerdictChanged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not sent yet, or tried again later.
    Waiting,
    Delivered,
    /// Given up after the last attempt.
    Failed,
}
