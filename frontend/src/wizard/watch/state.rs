//! A watch as it stands: state, counts, the way to the next look, looks that were taken.

use diagnosis::{
    api::{Watch, WatchCount, WatchLook, WatchState},
    tables::{Cell, Column, Table},
};
use leptos::prelude::*;

use crate::{
    components::{Chip, Command, Icon},
    text::{self, Sign},
    time,
    wizard::table::EvidenceTable,
};

#[component]
pub(super) fn Standing(watch: Watch) -> impl IntoView {
    let (sign, words) = text::watch_state(watch.state);
    let way = way(&watch);
    let tables: Vec<Table> = [counts(&watch), looks(&watch.looks)]
        .into_iter()
        .flatten()
        .collect();
    let deadline = match watch.ended_at {
        Some(ended_at) => format!("ended {}", time::utc(ended_at)),
        None => format!("gives up {}", time::utc(watch.ends_at)),
    };
    view! {
        <div class="watch">
            <p><Chip sign text=words/> <span class="quiet">" Fix of " {time::utc(watch.fixed_at)} "; " {deadline} "."</span></p>
            <p>{watch.in_words}</p>
            {way.map(|(since, next)| view! {
                <div>
                    <label for="watch-way" class="quiet">{format!("{} of {} requests to the next look", text::count(since), text::count(next))}</label>
                    <progress id="watch-way" max=next.to_string() value=since.min(next).to_string()></progress>
                </div>
            })}
            {watch.trouble.map(|trouble| view! {
                <div class="notice notice-warn">
                    <Icon sign=Sign::Warn/>
                    <div class="notice-words">
                        <p class="notice-title">"The counts could not be read at " {time::moment(trouble.at)}</p>
                        <p>{trouble.in_words}</p>
                        <p>"They are asked for again every minute. What is not counted proves nothing."</p>
                    </div>
                </div>
            })}
            {(!watch.why_needed.is_empty()).then(|| view! { <p class="quiet">{watch.why_needed}</p> })}
            {tables.into_iter().map(|table| view! { <EvidenceTable table/> }).collect_view()}
            {(!watch.cli.is_empty()).then(|| view! { <Command text=watch.cli what="the command that counts since the fix"/> })}
        </div>
    }
}

/// How many requests came, and how many the next look takes.
fn way(watch: &Watch) -> Option<(u64, u64)> {
    let going_on = watch.state == WatchState::Watching;
    let next = watch.next_look_at.filter(|next| going_on && *next > 0)?;
    Some((watch.since?.requests, next))
}

fn counts(watch: &Watch) -> Option<Table> {
    let row = |when: &str, count: WatchCount| {
        vec![
            plain(when),
            plain(format!(
                "{}–{} UTC",
                count.from.format("%-d %b, %H:%M"),
                count.to.format("%H:%M")
            )),
            plain(text::count(count.requests)),
            plain(text::count(count.errors)),
            plain(text::count(count.others)),
        ]
    };
    let before = watch.before.map(|count| row("Before the fix", count));
    let since = watch.since.map(|count| row("Since the fix", count));
    let rows: Vec<Vec<Cell>> = [before, since].into_iter().flatten().collect();
    let others = format!("{} (told, not tested)", watch.counter.other().metric());
    let columns = [
        ("When", false),
        ("Minutes", false),
        ("RequestCount", true),
        (watch.counter.metric(), true),
        (&others, true),
    ];
    (!rows.is_empty()).then(|| table("counts", "What CloudWatch counts", &columns, rows))
}

fn looks(looks: &[WatchLook]) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = looks
        .iter()
        .map(|look| {
            vec![
                plain(look.k.to_string()),
                plain(time::moment(look.at)),
                plain(text::count(look.since.requests)),
                plain(text::count(look.since.errors)),
                plain(share(look.level)),
                plain(share(look.chance_of_so_few)),
                plain(share(look.chance_of_so_many)),
            ]
        })
        .collect();
    let columns = [
        ("Look", true),
        ("At", false),
        ("Requests", true),
        ("Errors", true),
        ("Level", true),
        ("Chance of so few at half the rate", true),
        ("Chance of so many at a tenth", true),
    ];
    (!rows.is_empty()).then(|| table("looks", "Looks", &columns, rows))
}

/// `0.500 %`; never nothing of something.
fn share(share: f64) -> String {
    if share > 0.0 && share < 0.000_005 {
        return "under 0.001\u{a0}%".to_owned();
    }
    format!("{:.3}\u{a0}%", share * 100.0)
}

fn table(id: &str, title: &str, columns: &[(&str, bool)], rows: Vec<Vec<Cell>>) -> Table {
    Table {
        id: format!("watch-{id}"),
        title: title.to_owned(),
        columns: columns
            .iter()
            .map(|(title, numeric)| Column {
                title: (*title).to_owned(),
                numeric: *numeric,
            })
            .collect(),
        rows_total: rows.len() as u64,
        rows,
        ..Table::default()
    }
}

fn plain(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        ..Cell::default()
    }
}
