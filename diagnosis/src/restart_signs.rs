//! What servers, run times and kernels write when a process that held requests ends.
//!
//! One list for both: the collector asks CloudWatch Logs for lines with these words
//! ([`filter_pattern`]), and the rule book judges the lines that come back ([`of`]). CloudWatch looks
//! for words as they are written, capitals included, and takes at most [`PATTERN_CHARS`] characters.

/// `filterPattern` of FilterLogEvents. [V] SDK
pub const PATTERN_CHARS: usize = 1_024;

/// What a line says of the process that wrote it, or whose end it notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A process that may have held requests crashed or was killed.
    Ended,
    /// A server replaces a worker of its own accord, by its own limits.
    Recycled,
    /// A process begins: another one may have ended just before.
    Started,
    /// Somebody told the process to stop: a deploy, a scale-in, a person.
    Told,
    /// An error that a server survives, or that another rule reads.
    Other,
}

/// One text that is looked for.
#[derive(Debug)]
pub struct Sign {
    /// The text as it is logged.
    pub text: &'static str,
    /// Who writes it.
    pub by: &'static str,
    pub meaning: Meaning,
    /// A line with this in it as well is something else.
    pub unless: Option<&'static str>,
}

const fn sign(text: &'static str, by: &'static str, meaning: Meaning) -> Sign {
    Sign {
        text,
        by,
        meaning,
        unless: None,
    }
}

const fn unless(unless: &'static str, sign: Sign) -> Sign {
    Sign {
        unless: Some(unless),
        ..sign
    }
}

use Meaning::{Ended, Other, Recycled, Started, Told};

/// A line means what the first sign in it means. Texts of gunicorn, uvicorn, Puma and Go are from
/// their source [V]; of the kernel, systemd, Node.js, the JVM, PHP-FPM, nginx and Apache from their
/// documentation or well-known output [S].
pub const SIGNS: &[Sign] = &[
    sign("WORKER TIMEOUT", "gunicorn", Ended),
    unless("SIGTERM", sign("was sent SIG", "gunicorn", Ended)),
    sign("Autorestarting", "gunicorn", Recycled),
    sign("Maximum request limit", "uvicorn", Recycled),
    sign("Child process", "uvicorn", Ended),
    sign("Terminating timed out worker", "Puma", Ended),
    sign("PumaWorkerKiller: Out of", "puma_worker_killer", Recycled),
    sign("Rolling Restart", "puma_worker_killer", Recycled),
    sign("HARAKIRI", "uWSGI", Ended),
    sign("DAMN", "uWSGI", Ended),
    sign("Process aborted", "Passenger", Ended),
    sign("exited on signal", "PHP-FPM or nginx", Ended),
    sign("execution timed out", "PHP-FPM", Ended),
    sign("exit signal", "Apache", Ended),
    sign("heap out of memory", "Node.js", Ended),
    sign("OutOfMemoryError", "the Java virtual machine", Ended),
    sign("fatal error has been", "the Java virtual machine", Ended),
    // Go's HTTP server survives a panic of one request, and closes its connection.
    sign("panic serving", "Go's HTTP server", Ended),
    unless("recovered", sign("panic:", "Go", Ended)),
    sign("fatal error:", "Go", Ended),
    sign("panicked at", "Rust", Ended),
    sign("Unhandled exception.", ".NET", Ended),
    sign("Segmentation fault", "the process", Ended),
    sign("segfault at", "the kernel", Ended),
    sign("core dumped", "the process", Ended),
    sign("Killed process", "the kernel", Ended),
    sign("oom-kill", "the kernel", Ended),
    sign("OOMKilled", "the container run time", Ended),
    sign("SIGKILL", "a process manager", Ended),
    sign("SIGSEGV", "a process manager", Ended),
    sign("Main process exited", "systemd", Ended),
    unless("[0]", sign("exited with code", "PM2", Ended)),
    sign("app crashed", "nodemon", Ended),
    sign("SIGTERM", "the process", Told),
    sign("Shutting down", "the process", Told),
    sign("shutting down", "the process", Told),
    sign("Booting worker", "gunicorn", Started),
    sign("Started server", "uvicorn", Started),
    sign("booted", "Puma", Started),
    sign("too large body", "nginx", Other),
    sign("Entity Too Large", "the server", Other),
    sign("Task timed out", "Lambda", Other),
    sign("Runtime exited", "Lambda", Other),
    sign("Traceback", "Python", Other),
    sign("Uncaught", "the application", Other),
];

/// What a line means, by the first of the signs in it.
pub fn of(message: &str) -> Option<&'static Sign> {
    SIGNS.iter().find(|sign| {
        message.contains(sign.text) && sign.unless.is_none_or(|other| !message.contains(other))
    })
}

/// The pattern that asks CloudWatch Logs for every line with one of the signs.
pub fn filter_pattern() -> String {
    let terms: Vec<String> = SIGNS
        .iter()
        .map(|sign| format!("?\"{}\"", sign.text))
        .collect();
    terms.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_one_that_cloudwatch_takes() {
        let pattern = filter_pattern();
        assert!(pattern.len() <= PATTERN_CHARS, "{}", pattern.len());
        assert!(pattern.starts_with("?\"WORKER TIMEOUT\" ?\""));
        for sign in SIGNS {
            assert!(!sign.text.contains(['"', '\\']), "{}", sign.text);
        }
    }

    /// Lines as servers write them.
    #[test]
    fn lines_of_known_servers_are_understood() {
        for (line, by, meaning) in [
            (
                "[2026-11-20 10:02:07 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:4711)",
                "gunicorn",
                Ended,
            ),
            (
                "[1] [ERROR] Worker (pid:4711) was sent SIGKILL! Perhaps out of memory?",
                "gunicorn",
                Ended,
            ),
            (
                "[INFO] Autorestarting worker after current request.",
                "gunicorn",
                Recycled,
            ),
            ("[INFO] Booting worker with pid: 4712", "gunicorn", Started),
            (
                "WARNING:  Maximum request limit of 1000 exceeded. Terminating process.",
                "uvicorn",
                Recycled,
            ),
            ("INFO:     Child process [77] died", "uvicorn", Ended),
            (
                "[9] ! Terminating timed out worker (Worker 0 failed to check in within 60 seconds): 31",
                "Puma",
                Ended,
            ),
            (
                "[5] PumaWorkerKiller: Out of memory. 2 workers consuming total: 555.2 mb",
                "puma_worker_killer",
                Recycled,
            ),
            (
                "WARNING: [pool www] child 12 exited on signal 11 (SIGSEGV) after 3.2 seconds from start",
                "PHP-FPM or nginx",
                Ended,
            ),
            (
                "[alert] 7#7: worker process 31 exited on signal 11",
                "PHP-FPM or nginx",
                Ended,
            ),
            (
                "AH00052: child pid 77 exit signal Segmentation fault (11)",
                "Apache",
                Ended,
            ),
            (
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                "Node.js",
                Ended,
            ),
            (
                "java.lang.OutOfMemoryError: Java heap space",
                "the Java virtual machine",
                Ended,
            ),
            (
                "2026/11/20 10:02:07 http: panic serving 10.0.8.5:33412: runtime error",
                "Go's HTTP server",
                Ended,
            ),
            (
                "panic: runtime error: index out of range [3] with length 3",
                "Go",
                Ended,
            ),
            ("fatal error: concurrent map writes", "Go", Ended),
            ("thread 'main' panicked at src/main.rs:7:5:", "Rust", Ended),
            (
                "Out of memory: Killed process 4711 (node) total-vm:1204kB",
                "the kernel",
                Ended,
            ),
            (
                "api[311]: segfault at 0 ip 00007f sp 00007f error 4 in libc.so",
                "the kernel",
                Ended,
            ),
            (
                "api.service: Main process exited, code=killed, status=9/KILL",
                "systemd",
                Ended,
            ),
            (
                "PM2 | App [api:0] exited with code [1] via signal [SIGINT]",
                "PM2",
                Ended,
            ),
            ("received SIGTERM, shutting down", "the process", Told),
            ("Traceback (most recent call last):", "Python", Other),
        ] {
            let sign = of(line).unwrap_or_else(|| panic!("{line}: no sign"));
            assert_eq!((sign.by, sign.meaning), (by, meaning), "{line}");
        }
        assert!(of("GET /cart 200 in 3 ms").is_none());
        assert!(of("panic: recovered in handler").is_none());
    }
}
