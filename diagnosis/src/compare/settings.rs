//! What AWS showed differently of the load balancer and what is behind it.
//!
//! Each side is laid out as lists of AWS's, each item under its id, each with its settings in AWS's own
//! names; then the two are held against each other. An item that one side lacks was added or removed only
//! where that side saw the whole list, and where AWS was asked for the list and not for single ids.

mod balancer;
mod groups;
mod network;
mod others;

use std::collections::BTreeMap;

use crate::{
    Evidence, Observed,
    api::compare::{NotSeen, SettingChange},
};

/// Differences that are told.
const CHANGES: usize = 200;
const NOT_SEEN: usize = 50;
/// Characters of a value that is told.
const VALUE: usize = 300;

#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) changes: Vec<SettingChange>,
    pub(super) left_out: u64,
    pub(super) not_seen: Vec<NotSeen>,
    pub(super) not_seen_left_out: u64,
}

pub(super) fn differences(from: &Evidence, to: &Evidence) -> Differences {
    let mut differences = Differences::default();
    for (before, after) in layout(from).iter().zip(&layout(to)) {
        differences.of_lists(before, after);
    }
    differences
}

/// The lists of one side, in the order in which they are told.
fn layout(evidence: &Evidence) -> [List; 12] {
    [
        balancer::load_balancer(evidence),
        balancer::attributes(evidence),
        balancer::listeners(evidence),
        groups::target_groups(evidence),
        groups::instances(evidence),
        network::security_groups(evidence),
        network::network_acls(evidence),
        network::route_tables(evidence),
        network::prefix_lists(evidence),
        others::certificates(evidence),
        others::functions(evidence),
        others::services(evidence),
    ]
}

/// A list of AWS's as one side saw it.
#[derive(Debug)]
struct List {
    /// AWS's name of it: `Listeners`.
    name: &'static str,
    /// What has it: `load balancer shop`.
    place: String,
    /// What it is called where it was not seen: `listeners`.
    what: String,
    seen: Seen,
    absent: Absent,
    /// By id.
    items: BTreeMap<String, Item>,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Whole,
    /// Something is left out, and what.
    Partly(String),
    Not(String),
    NotAsked,
}

/// What it means that an item is not in a list that was seen whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    /// AWS was asked for all there are.
    Gone,
    /// AWS was asked for single ids, and not for this one: nothing refers to it there.
    NotAsked,
}

#[derive(Debug, Default)]
struct Item {
    place: String,
    /// The item in a few words, where it was added or removed.
    shown: String,
    settings: Vec<(&'static str, Setting)>,
    lists: Vec<List>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Setting {
    Is(String),
    NotSet,
    /// Why this one setting was not seen.
    NotSeen(String),
}

impl List {
    fn new<T>(
        name: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
        observed: &Observed<T>,
    ) -> Self {
        Self {
            name,
            place: place.into(),
            what: what.into(),
            seen: Seen::of(observed),
            absent: Absent::Gone,
            items: BTreeMap::new(),
        }
    }

    /// A list within an item that was seen.
    fn within(name: &'static str, place: impl Into<String>) -> Self {
        Self {
            name,
            place: place.into(),
            what: name.to_owned(),
            seen: Seen::Whole,
            absent: Absent::Gone,
            items: BTreeMap::new(),
        }
    }

    fn asked_by_id(mut self) -> Self {
        self.absent = Absent::NotAsked;
        self
    }

    fn with(mut self, items: impl IntoIterator<Item = (String, Item)>) -> Self {
        self.items = items.into_iter().collect();
        self
    }
}

impl Seen {
    fn of<T>(observed: &Observed<T>) -> Self {
        match observed {
            Observed::Seen {
                incomplete: None, ..
            } => Self::Whole,
            Observed::Seen {
                incomplete: Some(left_out),
                ..
            } => Self::Partly(format!("incomplete, {left_out}")),
            Observed::Denied { action, .. } => Self::Not(format!("IAM denies {action}")),
            Observed::Failed { reason, .. } => Self::Not(reason.clone()),
            Observed::NotAsked => Self::NotAsked,
        }
    }

    fn why_not(&self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Partly(why) | Self::Not(why) => Some(why.clone()),
            Self::NotAsked => Some("not asked".to_owned()),
        }
    }

    fn has_items(&self) -> bool {
        matches!(self, Self::Whole | Self::Partly(_))
    }
}

impl Setting {
    fn of(value: impl ToString) -> Self {
        Self::Is(value.to_string())
    }

    fn maybe<T: ToString>(value: Option<T>) -> Self {
        value.map_or(Self::NotSet, |value| Self::Is(value.to_string()))
    }

    /// Like [`Setting::maybe`], where nothing is only known to be nothing if there is no gap.
    fn unless<T: ToString>(value: Option<T>, gap: Option<&str>) -> Self {
        match (value, gap) {
            (Some(value), _) => Self::Is(value.to_string()),
            (None, None) => Self::NotSet,
            (None, Some(gap)) => Self::NotSeen(gap.to_owned()),
        }
    }

    /// A set whose order means nothing.
    fn set<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Self {
        let mut values: Vec<String> = values
            .into_iter()
            .map(|value| value.as_ref().to_owned())
            .collect();
        values.sort();
        values.dedup();
        if values.is_empty() {
            Self::NotSet
        } else {
            Self::Is(values.join(", "))
        }
    }

    fn value(&self) -> Option<String> {
        match self {
            Self::Is(value) => Some(value.clone()),
            Self::NotSet | Self::NotSeen(_) => None,
        }
    }
}

impl Differences {
    fn of_lists(&mut self, before: &List, after: &List) {
        if before.seen == Seen::NotAsked && after.seen == Seen::NotAsked {
            return;
        }
        if before.seen != Seen::Whole || after.seen != Seen::Whole {
            let (from, to) = (before.seen.why_not(), after.seen.why_not());
            self.not_seen(after.what.clone(), from, to);
        }
        if !before.seen.has_items() || !after.seen.has_items() {
            return;
        }
        for (id, was) in &before.items {
            match after.items.get(id) {
                Some(is) => self.of_items(was, is),
                None => self.absent(before, was, after, true),
            }
        }
        let added = after.items.iter();
        for (_, is) in added.filter(|(id, _)| !before.items.contains_key(*id)) {
            self.absent(after, is, before, false);
        }
    }

    /// An item that the list `lacking` has not; `left`: it was there before.
    fn absent(&mut self, having: &List, item: &Item, lacking: &List, left: bool) {
        let said = Some(item.shown.clone());
        match (&lacking.seen, lacking.absent) {
            (Seen::Whole, Absent::Gone) => {
                let (from, to) = if left { (said, None) } else { (None, said) };
                self.change(&having.place, having.name, from, to);
            }
            (seen, _) => {
                let why = seen
                    .why_not()
                    .unwrap_or_else(|| "not asked: nothing seen refers to it".to_owned());
                let (from, to) = if left {
                    (None, Some(why))
                } else {
                    (Some(why), None)
                };
                self.not_seen(item.place.clone(), from, to);
            }
        }
    }

    fn of_items(&mut self, was: &Item, is: &Item) {
        for ((field, before), (_, after)) in was.settings.iter().zip(&is.settings) {
            match (before, after) {
                (Setting::NotSeen(_), _) | (_, Setting::NotSeen(_)) => {
                    let why = |setting: &Setting| match setting {
                        Setting::NotSeen(why) => Some(why.clone()),
                        Setting::Is(_) | Setting::NotSet => None,
                    };
                    self.not_seen(format!("{}, {field}", is.place), why(before), why(after));
                }
                _ if before != after => {
                    self.change(&is.place, field, before.value(), after.value());
                }
                _ => {}
            }
        }
        for (before, after) in was.lists.iter().zip(&is.lists) {
            self.of_lists(before, after);
        }
    }

    fn change(&mut self, place: &str, field: &str, from: Option<String>, to: Option<String>) {
        if self.changes.len() == CHANGES {
            self.left_out += 1;
            return;
        }
        self.changes.push(SettingChange {
            place: cut(place.to_owned()),
            field: field.to_owned(),
            from: from.map(cut),
            to: to.map(cut),
        });
    }

    fn not_seen(&mut self, what: String, from: Option<String>, to: Option<String>) {
        if self.not_seen.len() == NOT_SEEN {
            self.not_seen_left_out += 1;
            return;
        }
        self.not_seen.push(NotSeen {
            what: cut(what),
            from: from.map(cut),
            to: to.map(cut),
        });
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= VALUE {
        return text;
    }
    text.chars().take(VALUE).chain(['…']).collect()
}

/// The part of an ARN that people know: `targetgroup/web/73e2d6bc24d8a067`, `function:orders`.
fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}
