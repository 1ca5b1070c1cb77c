//! A box that scrolls by itself, and says what it hides.

use leptos::{ev, html, prelude::*, wasm_bindgen::JsCast};

/// A part of a pixel is no part of a column.
const HAIR: i32 = 2;

/// What stands outside of the box as it is scrolled now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hidden {
    left: bool,
    right: bool,
    above: bool,
    below: bool,
    /// The columns that end outside, by their headings.
    columns: Vec<String>,
}

/// Its content is a table; `labelled_by` is the id of the heading that names it.
#[component]
pub(crate) fn Scroller(labelled_by: String, children: Children) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let hidden = RwSignal::new(Hidden::default());
    let measure = move || {
        if let Some(Some(node)) = node.try_get_untracked() {
            let now = measured(&node);
            if hidden.try_with_untracked(|before| *before != now) == Some(true) {
                hidden.set(now);
            }
        }
    };
    // Once it is laid out.
    Effect::new(move |_| {
        node.track();
        request_animation_frame(measure);
    });
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let edge = move |of: fn(&Hidden) -> bool| move || hidden.with(of);
    view! {
        <div class="scroller"
            class:more-left=edge(|hidden| hidden.left) class:more-right=edge(|hidden| hidden.right)
            class:more-below=edge(|hidden| hidden.below)>
            <div node_ref=node class="scroll table-scroll" tabindex="0" role="region" aria-labelledby=labelled_by
                on:scroll=move |_| measure()>{children()}</div>
        </div>
        {move || hidden.with(words).map(|words| view! { <p class="quiet scroll-hint">{words}</p> })}
    }
}

fn measured(node: &web_sys::HtmlElement) -> Hidden {
    let (left, width) = (node.scroll_left(), node.client_width());
    let (top, height) = (node.scroll_top(), node.client_height());
    let end = left + width + HAIR;
    let mut columns = Vec::new();
    if let Ok(headings) = node.query_selector_all("thead th") {
        for at in 0..headings.length() {
            if let Some(heading) = headings
                .get(at)
                .and_then(|heading| heading.dyn_into::<web_sys::HtmlElement>().ok())
                && heading.offset_left() + heading.offset_width() > end
            {
                columns.push(heading.text_content().unwrap_or_default());
            }
        }
    }
    Hidden {
        left: left > HAIR,
        right: node.scroll_width() > end,
        above: top > HAIR,
        below: node.scroll_height() > top + height + HAIR,
        columns,
    }
}

/// `None` where all of it is seen. While anything can be scrolled there is a line, so that nothing jumps.
fn words(hidden: &Hidden) -> Option<String> {
    let sideways = if hidden.right && !hidden.columns.is_empty() {
        Some(format!("More to the right: {}.", hidden.columns.join(", ")))
    } else if hidden.right || hidden.left {
        Some("More to the left.".to_owned())
    } else {
        None
    };
    let downwards = if hidden.below {
        Some("More rows below.".to_owned())
    } else if hidden.above {
        Some("More rows above.".to_owned())
    } else {
        None
    };
    let words: Vec<String> = [sideways, downwards].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_named() {
        assert_eq!(words(&Hidden::default()), None);
        let hidden = Hidden {
            right: true,
            below: true,
            columns: vec!["Reason".to_owned(), "Zone".to_owned()],
            ..Hidden::default()
        };
        assert_eq!(
            words(&hidden).as_deref(),
            Some("More to the right: Reason, Zone. More rows below.")
        );
    }
}
