//! HMAC-SHA256 in hex.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `v1=` and the HMAC of `<timestamp>.<body>`.
pub(super) fn of(secret: &str, timestamp: i64, body: &str) -> String {
    // A key may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_any_other_implementation_computes() {
        // printf '1700000000.{"text":"a"}' | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(
            of("0123456789abcdef", 1_700_000_000, "{\"text\":\"a\"}"),
            "v1=965893f711bfefe902be71e2961de47a125c4d723fb3df255ed7c49b601d6b37"
        );
    }

    #[test]
    fn time_and_body_are_both_signed() {
        let signed = of("0123456789abcdef", 1, "a");
        assert_ne!(signed, of("0123456789abcdef", 2, "a"));
        assert_ne!(signed, of("0123456789abcdef", 1, "b"));
        assert_ne!(signed, of("0123456789abcdee", 1, "a"));
    }
}
