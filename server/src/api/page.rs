//! The page: files that the build put into the binary.
//!
//! Every address that is neither a file nor the API's shows the page, which has its own routes.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use memory_serve::CacheControl;
use sha2::{Digest, Sha256};

use super::error::Error;

const INDEX: &str = include_str!(env!("LB502_INDEX"));
/// Addresses of what the page is made of: scripts, styles, icons.
const FILES: &[&str] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    HeaderValue::try_from(policy_of(INDEX))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

#[expect(
    unused_qualifications,
    reason = "in the list that memory-serve generates"
)]
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    memory_serve::load!()
        .index_file(Some("/index.html"))
        .fallback(Some("/index.html"))
        .fallback_status(StatusCode::OK)
        .html_cache_control(CacheControl::NoCache)
        // Their names carry a hash of what is in them.
        .cache_control(CacheControl::Long)
        .into_router()
        .layer(middleware::from_fn(only_pages))
}

/// The Content-Security-Policy: scripts and styles of this server only, the inline loader by its
/// hash, WebAssembly but no `eval`.
pub(super) fn policy() -> HeaderValue {
    POLICY.clone()
}

/// Whether it is a file that every page is made of, and says nothing of any investigation.
pub(super) fn is_file(path: &str) -> bool {
    FILES.contains(&path)
}

/// The page only answers to reading; and a file that is not there is not a page.
async fn only_pages(request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Error::Method.into_response();
    }
    let path = request.uri().path().to_owned();
    let is_file = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.') && !name.ends_with(".html"));
    let response = next.run(request).await;
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_file && is_page {
        return Error::NotFound {
            what: "file",
            name: path,
        }
        .into_response();
    }
    response
}

fn policy_of(index: &str) -> String {
    let hashes = inline_scripts(index).map(|script| {
        let hash = STANDARD.encode(Sha256::digest(script));
        format!(" 'sha256-{hash}'")
    });
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        hashes.collect::<String>()
    )
}

/// The text of every `<script>` without `src`.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=") && !script.trim().is_empty()).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inline_loader_is_allowed_by_its_hash_and_nothing_else_is() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">\nalert(1)\n</script>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["\nalert(1)\n"]);
        let policy = policy_of(html);
        let hash = STANDARD.encode(Sha256::digest("\nalert(1)\n"));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        assert!(!policy_of("<p>").contains("sha256"));
    }
}
