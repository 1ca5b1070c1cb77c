//! Logs: on stderr, for whoever runs the server. Never what AWS or a person said in confidence.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Where the SDK looked for credentials in vain is no news on a machine without an instance role.
const DEFAULT: &str = "warn,lb502=info,aws_config=error";

/// `filter` is what LB502_LOG says (`info`, `lb502=debug`); it cannot make the AWS SDK or the HTTP
/// stack speak below `warn`: at TRACE they print credentials, and addresses, of which a share link's is a key.
pub fn start(filter: Option<&str>) {
    let filter =
        EnvFilter::try_new(filter.unwrap_or(DEFAULT)).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_filter(filter_fn(is_harmless))
        .with_filter(filter);
    // A second start (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

fn is_harmless(about: &Metadata<'_>) -> bool {
    const SECRETIVE: [&str; 8] = [
        "aws_", "axum", "hyper", "h2", "rustls", "sqlx", "reqwest", "tower",
    ];
    *about.level() <= Level::WARN
        || !SECRETIVE
            .iter()
            .any(|prefix| about.target().starts_with(prefix))
}
