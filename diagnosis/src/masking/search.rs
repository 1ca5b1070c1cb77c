//! Finds secrets, whole or cut, in texts.
//!
//! Each is looked for by its first bytes; from there on it is compared with every secret that
//! begins so. Hence a text that was cut in the middle of a secret is noticed, and thousands of
//! user agents cost no more than their beginnings.

use std::collections::{BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};

use super::{
    patterns::{is_long_number, is_time, is_word, may_be_part_of_a_mask},
    secrets::{Kind, Needle},
};

/// Bytes by which a secret is looked for; a piece shorter than this tells nothing.
const BEGINNING: usize = 6;
/// A piece of this length is a secret's, whatever follows it.
const LONG: usize = 24;

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) mask: &'a str,
}

pub(super) struct Search {
    /// `None` where there is nothing to look for.
    automaton: Option<AhoCorasick>,
    groups: Vec<Group>,
}

/// The secrets with one beginning.
#[derive(Default)]
struct Group {
    /// Lower case, sorted.
    needles: Vec<(String, Needle)>,
    /// Place in `needles`.
    places: HashMap<String, usize>,
    lengths: BTreeSet<usize>,
}

impl Search {
    pub(super) fn new(needles: &[Needle]) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut beginnings = Vec::new();
        for needle in needles {
            let lower = needle.text.to_ascii_lowercase();
            let beginning = lower[..lower.floor_char_boundary(BEGINNING)].to_owned();
            if beginning.is_empty() {
                continue;
            }
            let place = *places.entry(beginning.clone()).or_insert_with(|| {
                beginnings.push(beginning);
                groups.push(Group::default());
                groups.len() - 1
            });
            groups[place].needles.push((lower, needle.clone()));
        }
        groups.iter_mut().for_each(Group::finish);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&beginnings);
        Self {
            automaton: automaton.ok().filter(|_| !beginnings.is_empty()),
            groups,
        }
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        !self.edits(text).is_empty()
    }

    /// Whether a whole account or address stands in any of the bytes, whatever they are.
    pub(super) fn finds_bytes(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        self.starts(&lower).any(|(at, group)| {
            let whole = group.whole(&lower, at);
            whole.is_some_and(|(_, needle)| matches!(needle.kind, Kind::Account | Kind::Client))
        })
    }

    /// What is to be replaced, in order, nothing twice.
    pub(super) fn edits(&self, text: &str) -> Vec<Edit<'_>> {
        if self.automaton.is_none() {
            return Vec::new();
        }
        let lower = text.to_ascii_lowercase();
        let mut found: Vec<(usize, usize, &Needle)> = self
            .starts(&lower)
            .filter_map(|(at, group)| {
                let (length, needle) = group
                    .whole(&lower, at)
                    .or_else(|| group.piece(&lower, at))?;
                Some((at, at + length, needle))
            })
            .collect();
        found.sort_by_key(|(from, to, _)| (*from, usize::MAX - to));
        let mut edits: Vec<Edit<'_>> = Vec::new();
        let mut longest = 0;
        for (from, to, needle) in found {
            match edits.last_mut().filter(|last| from < last.to) {
                // Two that overlap leave nothing of either.
                Some(last) => {
                    if to - from > longest {
                        longest = to - from;
                        last.mask = &needle.mask;
                    }
                    last.to = last.to.max(to);
                }
                None => {
                    longest = to - from;
                    edits.push(Edit {
                        from,
                        to,
                        mask: &needle.mask,
                    });
                }
            }
        }
        edits
    }

    fn starts<'a, 'h>(
        &'a self,
        lower: &'h str,
    ) -> impl Iterator<Item = (usize, &'a Group)> + use<'a, 'h> {
        let automaton = self.automaton.iter();
        automaton
            .flat_map(move |automaton| automaton.find_overlapping_iter(lower))
            .filter_map(move |found| {
                Some((found.start(), self.groups.get(found.pattern().as_usize())?))
            })
    }
}

impl Group {
    fn finish(&mut self) {
        self.needles.sort_by(|a, b| a.0.cmp(&b.0));
        self.needles.dedup_by(|a, b| a.0 == b.0);
        for (place, (lower, _)) in self.needles.iter().enumerate() {
            self.places.insert(lower.clone(), place);
            self.lengths.insert(lower.len());
        }
    }

    /// The longest secret that stands here from its first byte to its last.
    fn whole(&self, lower: &str, at: usize) -> Option<(usize, &Needle)> {
        let rest = &lower[at..];
        self.lengths.iter().rev().find_map(|length| {
            let text = rest.get(..*length)?;
            let (_, needle) = &self.needles[*self.places.get(text)?];
            stands_alone(needle.kind, lower, at, at + length).then_some((*length, needle))
        })
    }

    /// The longest piece of one that was cut here.
    fn piece(&self, lower: &str, at: usize) -> Option<(usize, &Needle)> {
        let rest = &lower[at..];
        let next = self
            .needles
            .partition_point(|(text, _)| text.as_str() <= rest);
        let near = next.checked_sub(1).into_iter().chain([next]);
        let (length, needle) = near
            .filter_map(|place| self.needles.get(place))
            .map(|(text, needle)| (common(text, rest), needle))
            .max_by_key(|(length, _)| *length)?;
        let piece = &rest[..length];
        if length < BEGINNING || may_be_part_of_a_mask(piece) {
            return None;
        }
        let tells = match needle.kind {
            Kind::Account => lower[..at].ends_with([':', '/']),
            // Less than this is a network.
            Kind::Client => {
                stands_alone(needle.kind, lower, at, at)
                    && piece.matches(['.', ':', '-']).count() >= 2
            }
            _ => is_long_number(piece) || (!is_word(piece) && !is_time(piece)),
        };
        let is_cut = rest[length..].is_empty() || rest[length..].starts_with(['…', '"', '\\']);
        let long = length >= LONG && !matches!(needle.kind, Kind::Account | Kind::Client);
        (tells && (is_cut || long)).then_some((length, needle))
    }
}

/// An address is one only where no longer one stands.
fn stands_alone(kind: Kind, text: &str, from: usize, to: usize) -> bool {
    if kind != Kind::Client {
        return true;
    }
    let inside = |c: char| c.is_ascii_digit() || c == '.';
    let hex = |c: char| c.is_ascii_hexdigit() || c == ':';
    let address = &text[from..];
    let is_v6 = address
        .get(..address.len().min(40))
        .unwrap_or(address)
        .split(|c: char| !hex(c))
        .next()
        .is_some_and(|start| start.matches(':').count() >= 2);
    let before = text[..from].chars().next_back();
    let mut after = text[to..].chars();
    let next = after.next();
    // Of a piece nobody knows how it went on.
    let whole = from < to;
    if is_v6 {
        let goes_on = next.is_some_and(|c| c.is_ascii_hexdigit());
        return !(before.is_some_and(hex) || whole && goes_on);
    }
    let goes_on = next.is_some_and(|c| c.is_ascii_digit())
        || (matches!(next, Some('.' | '-')) && after.next().is_some_and(|c| c.is_ascii_digit()));
    !(before.is_some_and(inside) || whole && goes_on)
}

/// How many bytes two texts begin with alike.
fn common(a: &str, b: &str) -> usize {
    let alike = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    b.floor_char_boundary(alike)
}

pub(super) fn replace(text: &str, edits: &[Edit<'_>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        masked += &text[at..edit.from];
        masked += edit.mask;
        at = edit.to;
    }
    masked += &text[at..];
    masked
}

/// Where a place of the text is after the replacements. One inside a mask goes to its beginning, or
/// to its end.
pub(super) fn moved(place: usize, edits: &[Edit<'_>], to_end: bool) -> usize {
    let mut moved = place;
    let mut shift: isize = 0;
    for edit in edits {
        if edit.from >= place {
            break;
        }
        let before = edit.from.saturating_add_signed(shift);
        if place < edit.to {
            return before + if to_end { edit.mask.len() } else { 0 };
        }
        shift += edit.mask.len().cast_signed() - (edit.to - edit.from).cast_signed();
        moved = place.saturating_add_signed(shift);
    }
    moved
}
