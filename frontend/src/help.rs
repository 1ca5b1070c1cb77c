//! The help page of a rule: the few marks of Markdown that help texts use, as plain parts to show.
//! Never HTML: what is not understood is shown as the text that it is.

/// One part of a help text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(String),
    Paragraph(Vec<Inline>),
    List(Vec<Vec<Inline>>),
    Code(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inline {
    Text(String),
    Code(String),
    Strong(String),
    Link { text: String, address: String },
}

/// The title of the page, its first line (`# …`), and what follows.
pub(crate) fn title(markdown: &str) -> (Option<&str>, &str) {
    let (first, rest) = markdown.split_once('\n').unwrap_or((markdown, ""));
    match first.trim().strip_prefix("# ") {
        Some(title) => (Some(title.trim()), rest),
        None => (None, markdown),
    }
}

pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.starts_with("```") {
            end_paragraph(&mut blocks, &mut paragraph);
            let code: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.trim_start().starts_with("```"))
                .collect();
            blocks.push(Block::Code(code.join("\n")));
        } else if text.is_empty() {
            end_paragraph(&mut blocks, &mut paragraph);
        } else if let Some(heading) = heading(text) {
            end_paragraph(&mut blocks, &mut paragraph);
            blocks.push(Block::Heading(heading.to_owned()));
        } else if let Some(first) = item(text) {
            end_paragraph(&mut blocks, &mut paragraph);
            let mut items = vec![first.to_owned()];
            while let Some(next) = lines.peek() {
                let next_text = next.trim();
                if let Some(item) = item(next_text) {
                    items.push(item.to_owned());
                } else if !next_text.is_empty() && next.starts_with(' ') {
                    // A line that is indented goes on with the item before it.
                    if let Some(last) = items.last_mut() {
                        last.push(' ');
                        last.push_str(next_text);
                    }
                } else {
                    break;
                }
                lines.next();
            }
            blocks.push(Block::List(items.iter().map(|item| inline(item)).collect()));
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(text);
        }
    }
    end_paragraph(&mut blocks, &mut paragraph);
    blocks
}

/// The blocks under the heading, up to the next one.
pub(crate) fn section<'a>(blocks: &'a [Block], heading: &str) -> &'a [Block] {
    let is =
        |block: &Block| matches!(block, Block::Heading(text) if text.eq_ignore_ascii_case(heading));
    let Some(start) = blocks.iter().position(is) else {
        return &[];
    };
    let rest = &blocks[start + 1..];
    let end = rest
        .iter()
        .position(|block| matches!(block, Block::Heading(_)))
        .unwrap_or(rest.len());
    &rest[..end]
}

fn end_paragraph(blocks: &mut Vec<Block>, paragraph: &mut String) {
    if !paragraph.is_empty() {
        blocks.push(Block::Paragraph(inline(paragraph)));
        paragraph.clear();
    }
}

fn heading(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches('#');
    (rest.len() < text.len() && rest.starts_with(' ')).then(|| rest.trim())
}

/// `- item`, `* item`, `1. item`
fn item(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
        return Some(rest.trim());
    }
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len())
        .then(|| rest.strip_prefix(". "))
        .flatten()
        .map(str::trim)
}

fn inline(text: &str) -> Vec<Inline> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = code(rest)
            .or_else(|| strong(rest))
            .or_else(|| link(rest))
            .or_else(|| address(rest));
        if let Some((part, after)) = found {
            if !plain.is_empty() {
                parts.push(Inline::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = after;
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if !plain.is_empty() {
        parts.push(Inline::Text(plain));
    }
    parts
}

fn code(text: &str) -> Option<(Inline, &str)> {
    let (code, after) = text.strip_prefix('`')?.split_once('`')?;
    Some((Inline::Code(code.to_owned()), after))
}

fn strong(text: &str) -> Option<(Inline, &str)> {
    let (strong, after) = text.strip_prefix("**")?.split_once("**")?;
    Some((Inline::Strong(strong.to_owned()), after))
}

/// `[text](https://…)`
fn link(text: &str) -> Option<(Inline, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, after) = rest.split_once(')')?;
    (address.starts_with("https://") && !label.contains(['[', ']'])).then(|| {
        (
            Inline::Link {
                text: label.to_owned(),
                address: address.to_owned(),
            },
            after,
        )
    })
}

/// `<https://…>` or a bare `https://…`
fn address(text: &str) -> Option<(Inline, &str)> {
    let (address, after) = if let Some(rest) = text.strip_prefix('<') {
        rest.split_once('>')?
    } else {
        let end = text
            .find(|c: char| c.is_whitespace() || matches!(c, ')' | '>' | '"' | '`'))
            .unwrap_or(text.len());
        let address = text[..end].trim_end_matches(['.', ',', ';', ':']);
        (address, &text[address.len()..])
    };
    (address.len() > "https://".len() && address.starts_with("https://")).then(|| {
        (
            Inline::Link {
                text: address.to_owned(),
                address: address.to_owned(),
            },
            after,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    #[test]
    fn reads_the_marks_that_help_texts_use() {
        let found = blocks(
            "# What it looks for\nA target that\nhangs up.\n\n## How to be sure\n- one `a`\n  goes on\n- two\n\n```\naws x\n```\n",
        );
        assert_eq!(
            found,
            [
                Block::Heading("What it looks for".to_owned()),
                Block::Paragraph(vec![text("A target that hangs up.")]),
                Block::Heading("How to be sure".to_owned()),
                Block::List(vec![
                    vec![text("one "), Inline::Code("a".to_owned()), text(" goes on")],
                    vec![text("two")],
                ]),
                Block::Code("aws x".to_owned()),
            ]
        );
        assert_eq!(section(&found, "how to be sure").len(), 2);
        assert!(section(&found, "References").is_empty());
    }

    #[test]
    fn the_first_line_is_the_title() {
        assert_eq!(title("# One\n\n## Two\n"), (Some("One"), "\n## Two\n"));
        assert_eq!(title("# One"), (Some("One"), ""));
        assert_eq!(title("## Two\n"), (None, "## Two\n"));
    }

    #[test]
    fn links_lead_to_https_and_all_else_is_text() {
        assert_eq!(
            inline("see [a](https://b.example/c) or <https://d.example>."),
            [
                text("see "),
                Inline::Link {
                    text: "a".to_owned(),
                    address: "https://b.example/c".to_owned()
                },
                text(" or "),
                Inline::Link {
                    text: "https://d.example".to_owned(),
                    address: "https://d.example".to_owned()
                },
                text("."),
            ]
        );
        for plain in ["[a](javascript:x)", "<b>bold</b>", "a * b", "`open", "**"] {
            assert_eq!(inline(plain), [text(plain)]);
        }
    }
}
