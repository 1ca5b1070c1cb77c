//! A request's route: its method, and its path with ids folded, so that `/orders/17/items` and
//! `/orders/18/items` are one.

use crate::evidence::access_log::FaultRow;

/// Bytes of a path that are looked at; a row keeps more than these.
const PATH_BYTES: usize = 200;
const SEGMENTS: usize = 6;
/// A longer segment is an id or a text of the client's, not a name of the application's.
const NAME_BYTES: usize = 40;
/// So many digits make an id of any segment: `order-20417`, `2026-11-20`, a UUID.
const ID_DIGITS: usize = 4;
/// From this length on a segment of hexadecimal digits is an id.
const HEX_BYTES: usize = 8;

/// HTTP's methods; what is none of them counts as [`OTHER`].
pub(super) const METHODS: [&str; 11] = [
    "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "-", OTHER,
];

const OTHER: &str = "other";

/// Place in [`METHODS`].
pub(super) fn method_place(method: &[u8]) -> usize {
    METHODS
        .iter()
        .position(|known| known.as_bytes() == method)
        .unwrap_or(METHODS.len() - 1)
}

/// The method as it is counted. `None` for a merged row, which speaks for several requests.
pub fn method_of(row: &FaultRow) -> Option<&'static str> {
    (!row.method.is_empty()).then(|| METHODS[method_place(row.method.as_bytes())])
}

/// The route as it is counted. `None` for a merged row.
pub fn route_of(row: &FaultRow) -> Option<String> {
    let method = method_of(row)?;
    let mut route = Vec::new();
    write(method, row.url.as_bytes(), &mut route);
    Some(String::from_utf8_lossy(&route).into_owned())
}

/// Writes method and folded path over `out`.
pub(super) fn write(method: &str, url: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(method.as_bytes());
    out.push(b' ');
    let mut rest = &url[..url.len().min(PATH_BYTES)];
    let mut segments = 0;
    loop {
        let mut seen = Segment::default();
        let mut ended_by = None;
        let mut length = rest.len();
        for (place, byte) in rest.iter().enumerate() {
            match CLASS[usize::from(*byte)] {
                Class::End => {
                    (ended_by, length) = (Some(*byte), place);
                    break;
                }
                class => seen.take(class),
            }
        }
        let segment = &rest[..length];
        out.extend_from_slice(if seen.is_id(length) { b"*" } else { segment });
        if ended_by != Some(b'/') {
            break;
        }
        if segments == SEGMENTS {
            out.extend_from_slice(b"/**");
            return;
        }
        segments += 1;
        out.push(b'/');
        rest = &rest[length + 1..];
    }
    if segments > 1 && out.ends_with(b"/") {
        out.pop();
    }
}

#[derive(Clone, Copy)]
enum Class {
    /// A segment's end, or the path's.
    End,
    Digit,
    HexLetter,
    Letter,
    Mark,
    /// Escapes, and what stands in no clean address.
    Odd,
}

const CLASS: [Class; 256] = {
    let mut classes = [Class::Odd; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'/' | b'?' | b'#' | b';' => Class::End,
            b'0'..=b'9' => Class::Digit,
            b'a'..=b'f' | b'A'..=b'F' => Class::HexLetter,
            b'g'..=b'z' | b'G'..=b'Z' => Class::Letter,
            b'-' | b'_' | b'.' | b'~' | b':' | b'@' | b'$' | b',' | b'=' | b'+' | b'(' | b')' => {
                Class::Mark
            }
            _ => Class::Odd,
        };
        byte += 1;
    }
    classes
};

/// What a segment is made of.
#[derive(Default)]
struct Segment {
    digits: usize,
    hex_letters: usize,
    letters: usize,
    odd: usize,
}

impl Segment {
    fn take(&mut self, class: Class) {
        match class {
            Class::Digit => self.digits += 1,
            Class::HexLetter => self.hex_letters += 1,
            Class::Letter => self.letters += 1,
            Class::Odd => self.odd += 1,
            Class::Mark | Class::End => {}
        }
    }

    fn is_id(&self, length: usize) -> bool {
        let only_hex = self.letters == 0;
        self.odd > 0
            || length > NAME_BYTES
            || self.digits >= ID_DIGITS
            || (self.digits > 0 && only_hex && (self.hex_letters == 0 || length >= HEX_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(url: &str) -> String {
        let mut out = Vec::new();
        write("GET", url.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ids_are_folded_and_names_are_not() {
        for (url, expected) in [
            ("/orders/17/items?page=2", "/orders/*/items"),
            ("/orders/18/items", "/orders/*/items"),
            ("/users/6f1c0f7e-8a4b-4a51-9d0c-2f0a4d1f7b11", "/users/*"),
            ("/files/deadbeef01", "/files/*"),
            ("/img/photo_20261120.jpg", "/img/*"),
            ("/api/v2/cart", "/api/v2/cart"),
            ("/oauth2/token", "/oauth2/token"),
            ("/search;jsessionid=1", "/search"),
            ("/cart/", "/cart"),
            ("/", "/"),
            ("", ""),
            ("/shop.v1.Cart/Add", "/shop.v1.Cart/Add"),
            ("/caf%C3%A9/menu", "/*/menu"),
            ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/**"),
        ] {
            assert_eq!(route(url), format!("GET {expected}"), "{url}");
        }
    }

    #[test]
    fn a_long_hostile_path_stays_short() {
        let long = "/x".repeat(10_000) + &"y".repeat(10_000);
        assert!(route(&long).len() < 64);
        assert_eq!(route(&format!("/{}", "y".repeat(10_000))), "GET /*");
    }

    #[test]
    fn an_unknown_method_is_one_of_the_others() {
        assert_eq!(METHODS[method_place(b"PROPFIND")], "other");
        assert_eq!(METHODS[method_place(b"PATCH")], "PATCH");
    }
}
