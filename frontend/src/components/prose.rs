//! Help texts, part by part, as text.

use leptos::prelude::*;

use crate::help::{Block, Inline};

/// Headings are shown as `h2`: only whole help pages have any.
#[component]
pub(crate) fn Prose(blocks: Vec<Block>) -> impl IntoView {
    view! { <div class="prose">{blocks.into_iter().map(block).collect_view()}</div> }
}

fn block(block: Block) -> AnyView {
    match block {
        Block::Heading(text) => view! { <h2>{text}</h2> }.into_any(),
        Block::Paragraph(parts) => view! { <p>{line(parts)}</p> }.into_any(),
        Block::List(items) => view! {
            <ul>{items.into_iter().map(|item| view! { <li>{line(item)}</li> }).collect_view()}</ul>
        }
        .into_any(),
        Block::Code(text) => view! {
            <pre class="scroll" tabindex="0" role="region" aria-label="Example, scrollable"><code>{text}</code></pre>
        }
        .into_any(),
    }
}

fn line(parts: Vec<Inline>) -> Vec<AnyView> {
    parts
        .into_iter()
        .map(|part| match part {
            Inline::Text(text) => text.into_any(),
            Inline::Code(text) => view! { <code>{text}</code> }.into_any(),
            Inline::Strong(text) => view! { <strong>{text}</strong> }.into_any(),
            Inline::Link { text, address } => view! {
                <a href=address target="_blank" rel="noreferrer noopener">{text}</a>
            }
            .into_any(),
        })
        .collect()
}
