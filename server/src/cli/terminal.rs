//! Words on a terminal. Whatever came from AWS, a log or a file is stripped of control characters
//! first: an escape sequence in a tag must not move the cursor of whoever is on call.

use std::io::{self, IsTerminal, Write};

use super::Failure;

/// How to write: with colours on a terminal, unless NO_COLOR is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    colours: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Tone {
    Strong,
    Good,
    Warn,
    Bad,
    Quiet,
}

impl Style {
    pub(super) fn of_stdout() -> Self {
        Self::new(io::stdout().is_terminal())
    }

    pub(super) fn of_stderr() -> Self {
        Self::new(io::stderr().is_terminal())
    }

    fn new(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colours: is_terminal && !refused && !dumb,
        }
    }

    /// The text, harmless and in its tone.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let text = harmless(text);
        if !self.colours {
            return text;
        }
        let code = match tone {
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31;1",
            Tone::Quiet => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Without control characters and without those that turn the direction of text around; a line
/// break becomes a space.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// One line of progress. A closed stderr is no reason to stop.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Why there is no answer, and what to do.
pub(super) fn complain(failure: &Failure) {
    let style = Style::of_stderr();
    let error = style.paint(Tone::Bad, "error:");
    tell(&format!("{error} {}", harmless(&failure.to_string())));
    if let Failure::Problem(problem) = failure {
        for choice in &problem.choices {
            tell(&format!("  {}", harmless(choice)));
        }
        if !problem.what_to_do.is_empty() {
            tell(&harmless(&problem.what_to_do));
        }
    }
}

/// The answer on stdout. A reader that went away (`| head`) is no failure.
pub(super) fn answer(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Failure::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\u{7}\r\nc\u{202e}d\u{9b}31m"),
            "a[2Jb  cd31m"
        );
        assert_eq!(
            Style { colours: false }.paint(Tone::Bad, "\u{1b}[0m"),
            "[0m"
        );
    }
}
