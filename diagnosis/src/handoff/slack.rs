//! The note as Slack's `mrkdwn`.

use super::{HandoffNote, moment};

/// Slack takes 40,000 characters of one message and cuts what is longer; a long note ends with a word that it does.
const LONGEST: usize = 38_000;

/// Text for a Slack message. `<`, `>` and `&` are escaped, so that no text from AWS or people can call a channel,
/// name a person or be a link.
pub fn slack(note: &HandoffNote) -> String {
    let mut text = format!(
        "*Handoff: {}*\nWritten {}{}.\n",
        bold(&note.title),
        moment(note.written_at),
        match note.to.as_str() {
            "" => String::new(),
            to => format!(" for {}", slack_text(to)),
        }
    );
    for (part, sections) in note.parts() {
        text += &format!("\n*{part}*\n");
        if sections.is_empty() {
            text += "Nothing yet.\n";
        }
        for section in sections {
            text += &format!("_{}_\n", section.heading);
            for line in &section.lines {
                text += &match line.strip_prefix("$ ") {
                    Some(command) => format!("• `{}`\n", slack_text(command).replace('`', "'")),
                    None => format!("• {}\n", slack_text(line)),
                };
            }
        }
    }
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…\nCut here: the whole note is in lb502.", &text[..at]),
        None => text,
    }
}

/// Text from AWS or people for a Slack message: it can call no channel, name no person and be no link.
pub fn slack_text(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// Without the sign that would end the bold.
fn bold(text: &str) -> String {
    slack_text(text).replace('*', "∗")
}
