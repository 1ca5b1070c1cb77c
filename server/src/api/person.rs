//! Who sends a request, in their own words: the header `lb502-person`, or `person` in the query of a
//! stream, for which a browser sends no headers. It is a name for the record, never a permission.

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;

use super::error::Error;

/// The name's UTF-8, percent-encoded: header values are ASCII.
pub(super) const HEADER: &str = "lb502-person";

/// Characters.
const NAME_MAX: usize = 100;

/// `None` where nobody said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person(pub(super) Option<String>);

impl Person {
    pub(super) fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// A name that can be kept: one line of at most 100 characters; an empty one is nobody.
    pub(super) fn named(name: &str) -> Result<Self, Error> {
        let name = name.trim();
        if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(Error::Field {
                field: "person",
                detail: "The person's name is longer than 100 characters, or more than one line."
                    .into(),
                what_to_do: "Give one line of at most 100 characters, or nothing.",
            });
        }
        Ok(Self((!name.is_empty()).then(|| name.to_owned())))
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Ok(Self(None));
        };
        let decoded = percent_decode_str(value.to_str().unwrap_or_default()).decode_utf8_lossy();
        Self::named(&decoded)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn sent(value: &str) -> Result<Person, Error> {
        let request = Request::get("/").header(HEADER, value).body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        Person::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_name_may_hold_any_letters() {
        assert_eq!(
            sent("Zo%C3%AB%20%3C3").await.unwrap().name(),
            Some("Zoë <3")
        );
        assert_eq!(sent("  ").await.unwrap(), Person(None));
    }

    #[tokio::test]
    async fn a_name_is_one_short_line() {
        for odd in ["a%0Ab", &"x".repeat(101)] {
            assert!(sent(odd).await.is_err(), "{odd}");
        }
        assert!(sent(&"x".repeat(100)).await.is_ok());
    }
}
