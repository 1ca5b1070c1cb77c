//! The note as Markdown.

use super::{HandoffNote, moment};

/// CommonMark. What AWS and people wrote is escaped: it can be neither markup, link nor HTML.
pub fn markdown(note: &HandoffNote) -> String {
    let mut text = format!(
        "# Handoff: {}\n\nWritten {}{}.\n",
        escaped(&note.title),
        moment(note.written_at),
        match note.to.as_str() {
            "" => String::new(),
            to => format!(" for {}", escaped(to)),
        }
    );
    for (part, sections) in note.parts() {
        text += &format!("\n## {part}\n");
        if sections.is_empty() {
            text += "\nNothing yet.\n";
        }
        for section in sections {
            text += &format!("\n### {}\n\n", escaped(&section.heading));
            for line in &section.lines {
                text += &match line.strip_prefix("$ ") {
                    Some(command) => format!("- {}\n", code(command)),
                    None => format!("- {}\n", escaped(line)),
                };
            }
        }
    }
    text
}

/// A backslash before every ASCII sign that could begin or end markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in text.char_indices() {
        let anywhere = matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '!' | '$' | '@'
        );
        let at_the_start = at == 0 && matches!(c, '#' | '+' | '-' | '=');
        let numbers_a_list = at > 0 && at == digits && matches!(c, '.' | ')');
        // `://` alone makes a link of some renderers.
        let link = text[at..].starts_with("://");
        if anywhere || at_the_start || numbers_a_list || link {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A code span with more backticks around it than stand in it.
fn code(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let room = if longest > 0 { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}
