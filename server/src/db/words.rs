//! Between Rust's words and Postgres': enums as their JSON word, and text without NUL.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The word that an enum has in JSON, for a text column.
pub(super) fn word<T: Serialize>(value: &T) -> sqlx::Result<String> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        Ok(other) => Err(sqlx::Error::Encode(format!("{other} is no word").into())),
        Err(error) => Err(sqlx::Error::Encode(error.into())),
    }
}

/// The enum that a text column's word means.
pub(super) fn from_word<T: DeserializeOwned>(word: String) -> sqlx::Result<T> {
    from_json(Value::String(word))
}

/// JSON that Postgres can keep: `jsonb` refuses NUL, and what comes from AWS is not ours to trust.
pub(super) fn json<T: Serialize>(value: &T) -> sqlx::Result<Value> {
    let mut json =
        serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(error.into()))?;
    strip(&mut json);
    Ok(json)
}

pub(super) fn from_json<T: DeserializeOwned>(json: Value) -> sqlx::Result<T> {
    serde_json::from_value(json).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Text that Postgres can keep.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn strip(json: &mut Value) {
    match json {
        Value::String(value) if value.contains('\0') => *value = text(value),
        Value::Array(values) => values.iter_mut().for_each(strip),
        Value::Object(fields) => {
            fields.values_mut().for_each(strip);
            if fields.keys().any(|key| key.contains('\0')) {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(key, value)| (text(&key), value))
                    .collect();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_never_reaches_postgres() {
        let hostile = serde_json::json!({"a\0": ["b\0", {"c": "\0"}], "n": 1});
        let kept = json(&hostile).unwrap();
        assert_eq!(
            kept,
            serde_json::json!({"a\u{fffd}": ["b\u{fffd}", {"c": "\u{fffd}"}], "n": 1})
        );
    }

    #[test]
    fn words_go_there_and_back() {
        let step = diagnosis::Step::TargetHealth;
        assert_eq!(word(&step).unwrap(), "target-health");
        assert_eq!(
            from_word::<diagnosis::Step>("target-health".into()).unwrap(),
            step
        );
        assert!(word(&1).is_err());
    }
}
