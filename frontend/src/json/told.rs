//! What names its kind in a field among others: events, and whether there are credentials.

use chrono::{DateTime, Utc};
use diagnosis::{
    Observation, Step,
    api::{
        Credentials, Environment, Event, EventKind, FieldChange, FindingLine, Note, Problem, Run,
        WatchState, share::ShareLinkLine,
    },
    document::{StepState, Verdict},
};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use super::{Error, Json, from_value, is_not};

/// An event, as the server tells it.
pub(crate) struct Told(pub(crate) Event);

/// A page of the timeline, as [`diagnosis::api::Timeline`].
#[derive(Deserialize)]
pub(crate) struct ToldTimeline {
    pub(crate) events: Vec<Told>,
    pub(crate) next_after: Option<i64>,
}

/// What the server can do, as the server tells it.
pub(crate) struct ToldEnvironment(pub(crate) Environment);

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        event(Value::deserialize(from)?)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ToldEnvironment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        environment(Value::deserialize(from)?)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

fn event(value: Value) -> Result<Event, Error> {
    let mut fields = fields(value)?;
    let mut take = |name| fields.remove(name).unwrap_or_default();
    Ok(Event {
        id: from_value(take("id"))?,
        at: from_value(take("at"))?,
        person: from_value(take("person"))?,
        kind: Kind::deserialize(variant(fields, "kind")?)?,
    })
}

fn environment(value: Value) -> Result<Environment, Error> {
    let mut all = fields(value)?;
    let mut take = |name| all.remove(name).unwrap_or_default();
    Ok(Environment {
        version: from_value(take("version"))?,
        region: from_value(take("region"))?,
        regions: from_value(take("regions"))?,
        credentials: Given::deserialize(variant(fields(take("credentials"))?, "state")?)?,
        practice: from_value(take("practice"))?,
    })
}

fn fields(value: Value) -> Result<Map<String, Value>, Error> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(is_not(&other, "an object")),
    }
}

/// The fields under the name that one of them gives, as an enum is read.
fn variant(mut fields: Map<String, Value>, tag: &str) -> Result<Json, Error> {
    let name = from_value(fields.remove(tag).unwrap_or_default())?;
    let held = Value::Object(fields);
    Ok(Json(Value::Object(Map::from_iter([(name, held)]))))
}

/// [`EventKind`], field by field. The compiler holds them together: what is read here must make one, and what the tests
/// write of one must name every kind.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(remote = "EventKind", rename_all = "snake_case")]
enum Kind {
    RunStarted {
        run: Run,
    },
    StepStarted {
        step: Step,
    },
    ObservationStarted {
        n: u32,
        step: Step,
        service: String,
        operation: String,
        region: String,
    },
    ObservationEnded {
        observation: Observation,
    },
    StepEnded {
        step: Step,
        state: StepState,
    },
    RunEnded {
        run: Run,
        verdict: Verdict,
        #[serde(default)]
        findings: Vec<FindingLine>,
    },
    NoteAdded {
        note: Note,
    },
    HandoffSent {
        n: u32,
        to: String,
    },
    HandoffAccepted {
        n: u32,
    },
    WatchStarted {
        watch: u32,
        fixed_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    },
    WatchEnded {
        watch: u32,
        state: WatchState,
        in_words: String,
    },
    InvestigationChanged {
        version: i64,
        #[serde(default)]
        changes: Vec<FieldChange>,
    },
    ShareLinkCreated {
        link: ShareLinkLine,
    },
    ShareLinkUsed {
        link: ShareLinkLine,
    },
    ShareLinkRevoked {
        link: ShareLinkLine,
    },
}

/// [`Credentials`], in the same way.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(remote = "Credentials", rename_all = "snake_case")]
enum Given {
    Valid { account: String, arn: String },
    Missing { problem: Problem },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Their serializers compile only where no kind is left out.
    #[test]
    fn what_is_written_kind_by_kind_is_read_again() {
        let kind = EventKind::HandoffAccepted { n: 2 };
        let written = Kind::serialize(&kind, serde_json::value::Serializer).unwrap();
        assert_eq!(Kind::deserialize(Json(written)).unwrap(), kind);
        let given = Credentials::Valid {
            account: "123456789012".into(),
            arn: "arn:aws:iam::123456789012:user/ada".into(),
        };
        let written = Given::serialize(&given, serde_json::value::Serializer).unwrap();
        assert_eq!(Given::deserialize(Json(written)).unwrap(), given);
    }
}
