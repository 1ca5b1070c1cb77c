//! Idle keep-alive defaults of servers, to put a name to a gap seen in the log.

use super::gaps::Timer;
use crate::{case::Case, question};

/// One server's default.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// Milliseconds of idleness after which it closes a connection.
    pub(crate) keep_alive: u64,
    /// The setting that changes it.
    pub(crate) setting: &'static str,
    /// Words by which its own log gives it away, in lower case.
    pub(crate) signs: &'static [&'static str],
}

/// Only defaults that were read in the server's source or documentation, or measured. [V] but where
/// noted.
pub(crate) const SERVERS: &[Server] = &[
    Server {
        name: "gunicorn",
        keep_alive: 2_000,
        setting: "--keep-alive",
        signs: &["gunicorn"],
    },
    Server {
        name: "Node.js http",
        keep_alive: 5_000,
        setting: "server.keepAliveTimeout (and headersTimeout above it)",
        signs: &["node v", "node.js", "nodejs"],
    },
    Server {
        name: "uvicorn",
        keep_alive: 5_000,
        setting: "--timeout-keep-alive",
        signs: &["uvicorn"],
    },
    Server {
        name: "hypercorn",
        keep_alive: 5_000,
        setting: "keep_alive_timeout",
        signs: &["hypercorn"],
    },
    Server {
        name: "Apache httpd",
        keep_alive: 5_000,
        setting: "KeepAliveTimeout",
        signs: &[
            "apache/2",
            "mpm_event",
            "mpm_prefork",
            "mpm_worker",
            "httpd",
        ],
    },
    Server {
        name: "actix-web",
        keep_alive: 5_000,
        setting: "HttpServer::keep_alive",
        signs: &["actix"],
    },
    // The buffer of a second that Node adds since 2025.
    Server {
        name: "Node.js http",
        keep_alive: 6_000,
        setting: "server.keepAliveTimeout (and headersTimeout above it)",
        signs: &["node v", "node.js", "nodejs"],
    },
    // [S] oven-sh/bun#12446
    Server {
        name: "Bun",
        keep_alive: 10_000,
        setting: "idleTimeout",
        signs: &["bun v"],
    },
    Server {
        name: "Puma",
        keep_alive: 20_000,
        setting: "persistent_timeout",
        signs: &["puma"],
    },
    // [S] spring-boot#30267, java-buildpack#881: the shipped server.xml.
    Server {
        name: "Tomcat",
        keep_alive: 20_000,
        setting: "keepAliveTimeout of the connector",
        signs: &["tomcat", "catalina"],
    },
    Server {
        name: "Jetty",
        keep_alive: 30_000,
        setting: "idleTimeout of the connector",
        signs: &["jetty"],
    },
    // [S] spring-boot#30267: the code's default, a tie with AWS's own 60 s.
    Server {
        name: "Tomcat",
        keep_alive: 60_000,
        setting: "keepAliveTimeout of the connector",
        signs: &["tomcat", "catalina"],
    },
    // [S] copies of the nginx documentation.
    Server {
        name: "nginx",
        keep_alive: 75_000,
        setting: "keepalive_timeout",
        signs: &["nginx"],
    },
];

/// Servers whose default lies within `tolerance` of the gap, each name once.
pub(crate) fn with_default(gap: u64, tolerance: u64) -> Vec<&'static Server> {
    let mut found: Vec<&Server> = Vec::new();
    for server in SERVERS {
        let fits = server.keep_alive.abs_diff(gap) <= tolerance;
        if fits && found.iter().all(|other| other.name != server.name) {
            found.push(server);
        }
    }
    found
}

/// The server that a text speaks of, if its default is one of `candidates`.
pub(crate) fn named_in(text: &str, candidates: &[&'static Server]) -> Option<&'static Server> {
    let text = text.to_lowercase();
    candidates
        .iter()
        .copied()
        .find(|server| server.signs.iter().any(|sign| text.contains(sign)))
}

/// What names a server with this keep-alive: a person's answer or the application's log.
pub(crate) fn named(case: &Case<'_>, timer: &Timer, known: &[&'static Server]) -> Option<String> {
    let answers = &case.evidence.answers;
    let answered = super::answered_seconds(case).map(|seconds| seconds.saturating_mul(1000));
    if answered.is_some_and(|answered| answered.abs_diff(timer.ms) <= timer.tolerance) {
        return Some("The answer given for the server's keep-alive says the same.".to_owned());
    }
    if let Some(answer) = answers.get(question::TARGET_SERVER)
        && let Some(server) = named_in(answer, known)
    {
        return Some(format!(
            "The server is {}, as answered, and that is its default.",
            server.name
        ));
    }
    let lines = &case.evidence.app_log.seen()?.lines;
    lines.iter().find_map(|line| {
        let server = named_in(&line.message, known)?;
        Some(format!(
            "The log group {} names {}, and that is its default.",
            line.group, server.name
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_names_the_servers_that_have_it() {
        let names: Vec<&str> = with_default(5_010, 250).iter().map(|s| s.name).collect();
        assert_eq!(
            names,
            [
                "Node.js http",
                "uvicorn",
                "hypercorn",
                "Apache httpd",
                "actix-web"
            ]
        );
        assert!(with_default(14_000, 250).is_empty());
    }

    #[test]
    fn a_log_line_names_the_server() {
        let five = with_default(5_000, 250);
        let line = "[mpm_event:notice] Apache/2.4.65 (Debian) configured";
        assert_eq!(named_in(line, &five).map(|s| s.name), Some("Apache httpd"));
        assert_eq!(named_in("[INFO] Starting gunicorn 27.0.1", &five), None);
    }
}
