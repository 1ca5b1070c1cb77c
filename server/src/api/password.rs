//! The one password of a server that more than its own machine can reach.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Kept as a hash, so that nothing can print it.
#[derive(Clone)]
pub struct Password {
    hash: [u8; 32],
}

impl Password {
    /// `None` for an empty one: that would protect nothing.
    pub fn new(password: &str) -> Option<Self> {
        (!password.is_empty()).then(|| Self {
            hash: Sha256::digest(password).into(),
        })
    }

    /// Whether the request carries it (`Authorization: Basic`, any user name). Takes as long for
    /// a wrong password as for the right one.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        given(headers)
            .is_some_and(|given| Sha256::digest(given).as_slice().ct_eq(&self.hash).into())
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(decoded[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn request(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(authorization).unwrap(),
        );
        headers
    }

    #[test]
    fn only_the_password_opens() {
        let password = Password::new("s3cret:with colon").unwrap();
        let basic = |pair: &str| request(&format!("Basic {}", STANDARD.encode(pair)));
        assert!(password.is_in(&basic("anybody:s3cret:with colon")));
        assert!(password.is_in(&basic(":s3cret:with colon")));
        for wrong in [
            basic("s3cret:with colon"),
            basic("anybody:"),
            basic("anybody:S3cret:with colon"),
            request("Bearer s3cret:with colon"),
            request("Basic ???"),
            HeaderMap::new(),
        ] {
            assert!(!password.is_in(&wrong), "{wrong:?}");
        }
    }

    #[test]
    fn it_is_never_empty_and_never_printed() {
        assert!(Password::new("").is_none());
        assert_eq!(format!("{:?}", Password::new("s3cret")), "Some(Password)");
    }
}
