//! One piece of evidence from the answers of several calls.

use chrono::{DateTime, Utc};
use diagnosis::Observed;

/// Keeps where a value comes from and what is missing of it while it is put together.
#[derive(Debug)]
pub(super) struct Gather {
    source: Vec<u32>,
    at: DateTime<Utc>,
    gaps: Vec<String>,
    /// The first call that gave nothing.
    refused: Option<Observed<()>>,
    anything: bool,
}

impl Gather {
    /// `now` stands for the time of a value for which no call was needed.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            source: Vec::new(),
            at: now,
            gaps: Vec::new(),
            refused: None,
            anything: false,
        }
    }

    /// The value, if it was seen; a hole in it, or its absence, is noted under the name `what`.
    pub(super) fn take<T>(&mut self, what: &str, observed: Observed<T>) -> Option<T> {
        self.source.extend(observed.source());
        if let Some(gap) = observed.missing(what) {
            self.gaps.push(gap);
        }
        match observed {
            Observed::Seen { value, at, .. } => {
                self.anything = true;
                self.at = self.at.max(at);
                Some(value)
            }
            other => {
                self.refused.get_or_insert(other.map(|_| ()));
                None
            }
        }
    }

    /// Like [`Gather::take`] for what the value merely rests on: its absence is noted, its
    /// presence is not enough.
    pub(super) fn rest_on<T: Clone>(&mut self, what: &str, observed: &Observed<T>) -> Option<T> {
        let before = self.anything;
        let value = self.take(what, observed.clone());
        self.anything = before;
        value
    }

    /// Calls whose outcome is told elsewhere.
    pub(super) fn cite(&mut self, source: &[u32]) {
        self.source.extend(source);
    }

    pub(super) fn gap(&mut self, gap: String) {
        self.gaps.push(gap);
    }

    /// `value`, with what is missing of it; or, where no call gave anything, why.
    pub(super) fn finish<T>(mut self, value: T) -> Observed<T> {
        self.source.sort_unstable();
        self.source.dedup();
        self.gaps.dedup();
        let source = self.source;
        match self.refused {
            Some(Observed::Denied { action, .. }) if !self.anything => {
                Observed::Denied { action, source }
            }
            Some(Observed::Failed { reason, .. }) if !self.anything => {
                Observed::Failed { reason, source }
            }
            _ => Observed::Seen {
                value,
                source,
                at: self.at,
                incomplete: (!self.gaps.is_empty()).then(|| self.gaps.join("; ")),
            },
        }
    }
}

/// For what proves a fault by what is *not* in it (no rule that allows, no route): half of it is
/// nothing to judge by, so an incomplete value counts as not seen.
pub(super) fn all_or_nothing<T>(observed: Observed<T>) -> Observed<T> {
    match observed {
        Observed::Seen {
            source,
            incomplete: Some(left_out),
            ..
        } => Observed::Failed {
            reason: format!("incomplete, {left_out}"),
            source,
        },
        other => other,
    }
}

/// Why there is no value, in a few words; `None` if there is one.
pub(super) fn why<T>(observed: &Observed<T>) -> Option<String> {
    match observed {
        Observed::Seen { incomplete, .. } => incomplete.clone(),
        Observed::Denied { action, .. } => Some(format!("IAM denies {action}")),
        Observed::Failed { reason, .. } => Some(reason.clone()),
        Observed::NotAsked => Some("not asked".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(n: u32) -> Observed<u32> {
        Observed::Seen {
            value: n,
            source: vec![n],
            at: DateTime::from_timestamp(100, 0).unwrap(),
            incomplete: None,
        }
    }

    fn denied(n: u32) -> Observed<u32> {
        Observed::Denied {
            action: "s3:GetObject".to_owned(),
            source: vec![n],
        }
    }

    #[test]
    fn a_part_that_was_refused_makes_the_whole_incomplete() {
        let mut gather = Gather::new(DateTime::UNIX_EPOCH);
        assert_eq!(gather.take("one", seen(2)), Some(2));
        assert_eq!(gather.take("other", denied(1)), None);
        let whole = gather.finish(7);
        assert_eq!(whole.source(), [1, 2]);
        assert_eq!(whole.seen(), Some(&7));
        assert_eq!(
            why(&whole).as_deref(),
            Some("other: IAM denies s3:GetObject")
        );
        assert!(all_or_nothing(whole).seen().is_none());
    }

    #[test]
    fn with_nothing_seen_the_refusal_stands() {
        let mut gather = Gather::new(DateTime::UNIX_EPOCH);
        gather.rest_on("base", &seen(3));
        gather.take("other", denied(1));
        assert!(matches!(
            gather.finish(7),
            Observed::Denied { action, source } if action == "s3:GetObject" && source == [1, 3]
        ));
        assert_eq!(
            Gather::new(DateTime::UNIX_EPOCH).finish(7).whole(),
            Some(&7)
        );
    }
}
