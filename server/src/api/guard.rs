//! What every request passes before a handler sees it, and what every answer carries.
//!
//! A page of another site can make a browser send requests here, and a name of its own can be made
//! to mean 127.0.0.1 (DNS rebinding). So: the Host header is to be a loopback name, or the password
//! is to be there; and writes are to come from our own page or from no page at all.

use std::{any::Any, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::csrf::ProtectionError;

use super::{error::Error, password::Password};

mod shared;

/// For a handler's answer (not for a stream's end). Listing a large account is the slowest.
const TIME: Duration = Duration::from_secs(45);
/// A wrong password is answered late, so that guessing is slow.
const WRONG_PASSWORD: Duration = Duration::from_millis(500);

/// What every answer carries, beside the policy of the page.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Lets in whom this server is for.
pub(super) async fn known(
    State(password): State<Option<Password>>,
    request: Request,
    next: Next,
) -> Response {
    match password {
        Some(password) if password.is_in(request.headers()) => next.run(request).await,
        Some(_) if shared::needs_no_password(&request) => next.run(request).await,
        Some(_) => {
            // A browser asks without one first; that is no guess.
            if request.headers().contains_key(header::AUTHORIZATION) {
                tokio::time::sleep(WRONG_PASSWORD).await;
            }
            Error::Password.into_response()
        }
        None if is_loopback(&request) => next.run(request).await,
        None => Error::Host.into_response(),
    }
}

/// `policy` is the Content-Security-Policy.
pub(super) async fn headers(
    State(policy): State<HeaderValue>,
    request: Request,
    next: Next,
) -> Response {
    let is_shared = shared::is_of_a_link(request.uri().path());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if is_shared {
        // Its address is its key: no search engine and no cache keeps it or what it shows.
        headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    keep_private(headers);
    response
}

/// No answer that says nothing about caching is to be cached.
fn keep_private(headers: &mut HeaderMap) {
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Gives up on a handler that takes too long.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(TIME, next.run(request))
        .await
        .unwrap_or_else(|_| Error::TooSlow.into_response())
}

/// The answer to a write that a page of another site sent.
pub(super) fn cross_site(_: ProtectionError) -> Response {
    Error::CrossSite.into_response()
}

/// The answer of a handler that panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("(no words)"), "a handler panicked");
    Error::Panic.into_response()
}

fn is_loopback(request: &Request) -> bool {
    let hosts = request.headers().get_all(header::HOST);
    let named = hosts.iter().map(|host| host.to_str().unwrap_or_default());
    // HTTP/2 names the host in the address.
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let mut hosts = named.chain(authority).peekable();
    hosts.peek().is_some() && hosts.all(is_loopback_name)
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names() {
        for host in [
            "localhost",
            "LOCALHOST:5020",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:5020",
        ] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "",
            ":",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:5020",
            "evil.example:127.0.0.1",
            "user@localhost",
            "localhost:80:80",
            "127.1",
            "0.0.0.0",
            "::1",
            "localhost.",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}
