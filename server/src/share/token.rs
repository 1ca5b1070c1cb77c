//! The token of a share link: made once, told once, kept as a hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest, Sha256};

use crate::db::share_links::TokenHash;

/// 256 bits.
const BYTES: usize = 32;
/// Characters of a token.
const LENGTH: usize = 43;

/// From the operating system's randomness.
pub struct Token(String);

impl Token {
    /// # Errors
    /// Where the operating system has no randomness to give.
    pub fn make() -> std::io::Result<Self> {
        let mut bytes = [0; BYTES];
        SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(std::io::Error::other)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }

    /// For the one answer that tells it.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for Token {
    /// Without the token: nothing may print it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// What a token is looked up by: any text has one, whether it is a token or not.
pub fn hash(text: &str) -> TokenHash {
    Sha256::digest(text).into()
}

/// Whether it is written like a token.
pub fn is_like_one(text: &str) -> bool {
    text.len() == LENGTH
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_look_like_tokens() {
        let (one, two) = (Token::make().unwrap(), Token::make().unwrap());
        assert_ne!(one.hash(), two.hash());
        let text = one.into_text();
        assert!(is_like_one(&text), "{text}");
        assert_eq!(URL_SAFE_NO_PAD.decode(&text).unwrap().len(), BYTES);
        assert_ne!(hash(&text).as_slice(), text.as_bytes());
    }

    #[test]
    fn other_texts_do_not() {
        let long = "a".repeat(LENGTH + 1);
        for text in [
            "",
            "a",
            &long,
            &format!("{}/", &long[2..]),
            &format!("{}.", &long[2..]),
        ] {
            assert!(!is_like_one(text), "{text}");
        }
    }
}
