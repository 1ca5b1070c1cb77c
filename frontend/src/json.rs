//! JSON from the server into the types that page and server share.
//!
//! serde compiles each type once for every way in which it might be written, and serde_json knows several.
//! Here a text is read as a [`Value`] first, and of a value there is one way: an object is a struct, whose fields
//! are taken by name in the order in which the struct lists them; a string or an object of one key is an enum.
//! What is not called is not compiled: a good part of a first load. What names its kind in a field among others
//! is read in [`told`], because serde's way to do so compiles all that it holds a second time.

mod told;

pub(crate) use self::told::{Told, ToldEnvironment, ToldTimeline};

use std::{fmt, slice};

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde_json::{Value, map};

pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_value(parse(text)?)
}

fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Json(value))
}

fn parse(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error(error.to_string()))
}

/// What is not as it should be, in words.
#[derive(Debug)]
pub(crate) struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self(words.to_string())
    }

    /// A struct was not given one of its fields: see [`Named`].
    fn invalid_length(before: usize, expected: &dyn Expected) -> Self {
        Self(format!("field {} of {expected} is missing", before + 1))
    }
}

struct Json(Value);

/// Not generic, so that it stands in the program once.
fn is_not(value: &Value, wanted: &str) -> Error {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Error(format!("{found} stands where {wanted} should"))
}

macro_rules! as_any {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.deserialize_any(visitor)
        }
    )*};
}

macro_rules! as_number {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self.0 {
                Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                    (Some(number), ..) => visitor.visit_u64(number),
                    (None, Some(number), _) => visitor.visit_i64(number),
                    (None, None, Some(number)) => visitor.visit_f64(number),
                    _ => Err(is_not(&self.0, "another number")),
                },
                other => Err(is_not(other, "a number")),
            }
        }
    )*};
}

macro_rules! as_text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::String(text) => visitor.visit_string(text),
                other => Err(is_not(&other, "a text")),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Json {
    type Error = Error;

    /// For what says itself what it is: a value of any kind, or what is read of such values.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(_) => self.deserialize_u64(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => visitor.visit_seq(Values(values.into_iter())),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(value),
            other => Err(is_not(&other, "a boolean")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(values) => visitor.visit_seq(Values(values.into_iter())),
            other => Err(is_not(&other, "a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
            other => Err(is_not(&other, "an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(values) => visitor.visit_seq(Named {
                fields: fields.iter(),
                values,
            }),
            other => Err(is_not(&other, "an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant {
                name,
                held: Value::Null,
            }),
            Value::Object(fields) if fields.len() == 1 => match fields.into_iter().next() {
                Some((name, held)) => visitor.visit_enum(Variant { name, held }),
                None => Err(is_not(&Value::Null, "a variant")),
            },
            other => Err(is_not(&other, "a variant")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    as_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    as_text! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    as_any! { deserialize_bytes deserialize_byte_buf deserialize_unit }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }
}

struct Values(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Values {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0
            .next()
            .map(|value| seed.deserialize(Json(value)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The fields of a struct, in its order. Their names are compared here and not in each struct's own code.
struct Named {
    fields: slice::Iter<'static, &'static str>,
    values: map::Map<String, Value>,
}

impl Named {
    /// The next field and whether it was there. `None` past the last.
    fn take(&mut self) -> Option<(Value, bool)> {
        let found = self.values.remove(*self.fields.next()?);
        Some(found.map_or((Value::Null, false), |value| (value, true)))
    }
}

impl<'de> SeqAccess<'de> for Named {
    type Error = Error;

    /// One that is not there is nothing, where that may be; else its default, else [`Error::invalid_length`].
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((value, is_there)) = self.take() else {
            return Ok(None);
        };
        match seed.deserialize(Json(value)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_there => Err(error),
            Err(_) => Ok(None),
        }
    }
}

struct Fields {
    fields: map::IntoIter,
    /// Of the key that was read last.
    value: Value,
}

impl Fields {
    fn of(fields: map::Map<String, Value>) -> Self {
        Self {
            fields: fields.into_iter(),
            value: Value::Null,
        }
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.fields.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(Json(Value::String(key))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Json(std::mem::take(&mut self.value)))
    }
}

struct Variant {
    name: String,
    held: Value,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Error;
    type Variant = Json;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Json), Error> {
        let name = seed.deserialize(Json(Value::String(self.name)))?;
        Ok((name, Json(self.held)))
    }
}

impl<'de> VariantAccess<'de> for Json {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            Value::Null => Ok(()),
            other => Err(is_not(&other, "nothing")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use diagnosis::{
        Diagnosis, Step,
        api::{Event, event::FindingLine},
        bundle::Bundle,
        tables::{self, Table},
    };
    use serde::Serialize;
    use std::fmt::Debug;

    use super::*;

    fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        let text = serde_json::to_string(value).unwrap();
        assert_eq!(from_str::<T>(&text).unwrap(), *value);
    }

    #[test]
    fn what_the_server_says_of_whole_incidents_comes_back() {
        for recorded in [
            include_str!("../../assets/practice/keep-alive-race.json"),
            include_str!("../../assets/practice/security-group-closed.json"),
        ] {
            let bundle: Bundle = serde_json::from_str(recorded).unwrap();
            let evidence = bundle.evidence();
            comes_back::<Diagnosis>(&diagnosis::diagnose(&evidence));
            for step in Step::ALL {
                comes_back::<Vec<Table>>(&tables::tables(&evidence, step));
            }
        }
    }

    #[test]
    fn events_and_what_is_left_out_of_them_come_back() {
        for text in [
            r#"{"id": 1, "at": "2026-11-22T02:00:00Z", "kind": "step_started", "step": "error-logs"}"#,
            r#"{"id": 2, "at": "2026-11-22T02:00:00Z", "person": "Zoë", "kind": "investigation_changed",
                "version": 2, "changes": [{"field": "status", "from": null, "to": "open"}]}"#,
            r#"{"id": 3, "at": "2026-11-22T02:00:00Z", "kind": "step_ended", "step": "tls", "state": "done"}"#,
        ] {
            let event: Event = serde_json::from_str(text).unwrap();
            assert_eq!(from_str::<Told>(text).unwrap().0, event);
        }
    }

    #[test]
    fn what_is_not_as_it_should_be_is_refused_in_words() {
        assert!(from_str::<u32>("{").is_err());
        assert!(from_str::<u32>("-1").is_err());
        assert_eq!(
            from_str::<Vec<String>>("{}").unwrap_err().to_string(),
            "an object stands where a list should"
        );
        assert!(from_str::<Step>("\"no-such-step\"").is_err());
        assert!(from_str::<Told>("{\"id\": 1}").is_err());
        assert_eq!(
            from_str::<FindingLine>(r#"{"rule": "a", "strength": "likely", "explains": 1}"#)
                .unwrap_err()
                .to_string(),
            "field 3 of struct FindingLine with 4 elements is missing"
        );
    }
}
