//! What the token of a share link opens without the password: the link's page and the files that it is
//! made of, what the link shows, and the stream that says when to look again. Whether there is such a
//! link is the handler's to say: here any text that is written like a token passes.

use axum::{extract::Request, http::Method};

use crate::{api::page, share::token};

const API: &str = "/api/v1/shared/";
const PAGE: &str = "/shared/";

pub(super) fn needs_no_password(request: &Request) -> bool {
    let path = request.uri().path();
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    is_reading && (is_open(path) || page::is_file(path))
}

/// Anything under the addresses of links, also what is not there.
pub(super) fn is_of_a_link(path: &str) -> bool {
    path.starts_with(API) || path.starts_with(PAGE)
}

fn is_open(path: &str) -> bool {
    if let Some(token) = path.strip_prefix(PAGE) {
        return token::is_like_one(token);
    }
    let Some(rest) = path.strip_prefix(API) else {
        return false;
    };
    token::is_like_one(rest.strip_suffix("/events").unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_page_and_its_document_and_nothing_else() {
        let token = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_";
        for open in [
            format!("/shared/{token}"),
            format!("/api/v1/shared/{token}"),
            format!("/api/v1/shared/{token}/events"),
        ] {
            assert!(is_open(&open), "{open}");
        }
        for shut in [
            "/".to_owned(),
            "/shared".to_owned(),
            "/shared/".to_owned(),
            "/shared/x".to_owned(),
            format!("/shared/{token}/"),
            format!("/shared/{token}/events"),
            format!("/shared/../{token}"),
            format!("//shared/{token}"),
            format!("/api/v1/shared/{token}/"),
            format!("/api/v1/shared/{token}/events/"),
            format!("/api/v1/shared/{token}/export"),
            format!("/api/v1/investigations/{token}"),
            format!("/api/v1/../v1/shared/{token}"),
        ] {
            assert!(!is_open(&shut), "{shut}");
        }
    }
}
