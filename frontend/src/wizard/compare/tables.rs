//! A comparison as tables; what is the same on both sides is in none.

use diagnosis::{
    Step,
    api::{Comparison, ErrorCount, FindingChange, FindingMove, FindingPlace, Run},
    document::LedgerSource,
    tables::{Cell, Column, Table, Tone},
};

use crate::{text, time};

/// `Run 2, 22 Nov, 02:10:05 UTC, all six steps`
pub(super) fn run(run: &Run) -> String {
    let steps = if run.steps.len() == Step::ALL.len() {
        "all six steps".to_owned()
    } else {
        text::counted(run.steps.len() as u64, "step", "steps")
    };
    format!("Run {}, {}, {steps}", run.n, time::moment(run.started_at))
}

pub(super) fn tables(compared: &Comparison) -> Vec<Table> {
    let tables = [
        errors(&compared.errors.from, &compared.errors.to),
        findings(&compared.findings),
        rules(compared),
        settings(compared),
        not_seen(compared),
    ];
    tables.into_iter().flatten().collect()
}

fn errors(from: &ErrorCount, to: &ErrorCount) -> Option<Table> {
    let counted = from.source != LedgerSource::None || to.source != LedgerSource::None;
    let number = |n: Option<u64>| n.map_or_else(|| "not counted".to_owned(), text::count);
    let rate = |rate: Option<f64>| {
        rate.map_or_else(
            || "–".to_owned(),
            |rate| format!("{:.3}\u{a0}%", rate * 100.0),
        )
    };
    let source = |count: &ErrorCount| match count.source {
        LedgerSource::AccessLog => "access log",
        LedgerSource::Metrics => "CloudWatch",
        LedgerSource::None => "nothing",
    };
    let row = |what: &str, from: String, to: String| vec![plain(what), plain(from), plain(to)];
    let rows = vec![
        row(
            "502s of the load balancer",
            number(from.made_by_load_balancer),
            number(to.made_by_load_balancer),
        ),
        row(
            "502s of targets",
            number(from.made_by_target),
            number(to.made_by_target),
        ),
        row("Requests", number(from.requests), number(to.requests)),
        row("502s of all requests", rate(from.rate), rate(to.rate)),
        row("Counted by", source(from).into(), source(to).into()),
    ];
    let columns = ["502s and requests", "Before#", "After#"];
    counted.then(|| table("errors", "502s and requests", &columns, rows, 0))
}

fn findings(changes: &[FindingChange]) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = changes
        .iter()
        .map(|one| {
            let (words, tone) = change(one.change);
            vec![
                Cell {
                    text: words.to_owned(),
                    tone,
                },
                plain(&one.title),
                plain(place(one.from)),
                plain(place(one.to)),
                plain(&one.because),
            ]
        })
        .collect();
    let columns = [
        "What",
        "Finding",
        "Before",
        "After",
        "What its rule says there",
    ];
    (!rows.is_empty()).then(|| table("findings", "Findings", &columns, rows, 0))
}

const fn change(change: FindingMove) -> (&'static str, Tone) {
    match change {
        FindingMove::Came => ("Came", Tone::Bad),
        FindingMove::Went => ("Went", Tone::Good),
        FindingMove::Moved => ("Moved", Tone::Plain),
        FindingMove::NotJudgedBefore => ("Not judged before", Tone::Warn),
        FindingMove::NotJudgedAfter => ("Not judged after", Tone::Warn),
    }
}

/// `1st, proven, explains 40`
fn place(place: Option<FindingPlace>) -> String {
    place.map_or_else(
        || "–".to_owned(),
        |place| {
            let (_, strength, _) = text::strength(place.strength);
            format!(
                "No. {}, {}, explains {}",
                place.rank,
                strength.to_lowercase(),
                text::count(place.explains)
            )
        },
    )
}

fn rules(compared: &Comparison) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = compared
        .rules
        .iter()
        .map(|one| {
            vec![
                plain(text::rule_title(&one.rule)),
                plain(text::answer(one.from).1),
                plain(text::answer(one.to).1),
                plain(text::sentence(&one.because)),
            ]
        })
        .collect();
    let columns = ["Rule", "Before", "After", "Why"];
    (!rows.is_empty()).then(|| table("rules", "Rules that answer differently", &columns, rows, 0))
}

fn settings(compared: &Comparison) -> Option<Table> {
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
    let rows: Vec<Vec<Cell>> = compared
        .settings
        .iter()
        .map(|one| {
            vec![
                plain(&one.place),
                plain(&one.field),
                plain(said(&one.from)),
                plain(said(&one.to)),
            ]
        })
        .collect();
    let title = "What AWS showed differently";
    let columns = ["Where", "Field", "Before", "After"];
    let left_out = compared.settings_left_out;
    (!rows.is_empty()).then(|| table("settings", title, &columns, rows, left_out))
}

fn not_seen(compared: &Comparison) -> Option<Table> {
    let why = |why: &Option<String>| why.clone().unwrap_or_else(|| "seen".to_owned());
    let rows: Vec<Vec<Cell>> = compared
        .not_seen
        .iter()
        .map(|one| vec![plain(&one.what), plain(why(&one.from)), plain(why(&one.to))])
        .collect();
    let title = "Not seen on both sides, so nothing is said of it";
    let columns = ["What", "Before", "After"];
    let left_out = compared.not_seen_left_out;
    (!rows.is_empty()).then(|| table("not-seen", title, &columns, rows, left_out))
}

/// A column whose name ends with `#` holds numbers.
fn table(id: &str, title: &str, columns: &[&str], rows: Vec<Vec<Cell>>, left_out: u64) -> Table {
    let note = match left_out {
        0 => String::new(),
        more => format!("{} more are left out.", text::count(more)),
    };
    Table {
        id: format!("compare-{id}"),
        title: title.to_owned(),
        columns: columns
            .iter()
            .map(|name| Column {
                title: name.trim_end_matches('#').to_owned(),
                numeric: name.ends_with('#'),
            })
            .collect(),
        rows_total: rows.len() as u64,
        rows,
        note,
        cites: Vec::new(),
    }
}

fn plain(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        tone: Tone::Plain,
    }
}
