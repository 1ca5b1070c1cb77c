//! Holds, broken or not to be told, each with its words.

use super::{Inequality, InequalityState, Side};

/// How an inequality stands.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) state: InequalityState,
    because: String,
    missing: Vec<String>,
}

impl Verdict {
    pub(super) fn holds(because: impl Into<String>) -> Self {
        Self::new(InequalityState::Holds, because, Vec::new())
    }

    pub(super) fn broken(because: impl Into<String>) -> Self {
        Self::new(InequalityState::Broken, because, Vec::new())
    }

    /// `missing` never is empty: what cannot be told, something could tell.
    pub(super) fn cannot_tell(because: impl Into<String>, missing: Vec<String>) -> Self {
        Self::new(InequalityState::CannotTell, because, missing)
    }

    fn new(state: InequalityState, because: impl Into<String>, missing: Vec<String>) -> Self {
        let mut once: Vec<String> = Vec::new();
        for words in missing {
            if !once.contains(&words) {
                once.push(words);
            }
        }
        Self {
            state,
            because: sentence(&because.into()),
            missing: once,
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state == InequalityState::Broken
    }
}

/// What an inequality is, whatever its verdict.
pub(super) struct Terms<'a> {
    /// Without the subject.
    pub(super) id: &'a str,
    /// The id of the hop that it binds, with its subject.
    pub(super) hop: &'a str,
    pub(super) shorter: Side,
    pub(super) longer: Side,
    pub(super) when_broken: &'a str,
    pub(super) codes: &'a [u16],
    pub(super) rule: Option<&'a str>,
    pub(super) cites: Vec<u32>,
}

impl Terms<'_> {
    pub(super) fn with(self, verdict: Verdict) -> Inequality {
        let subject = self.hop.split_once(':').map(|(_, subject)| subject);
        Inequality {
            id: match subject {
                Some(subject) => format!("{}:{subject}", self.id),
                None => self.id.to_owned(),
            },
            hop: self.hop.to_owned(),
            shorter: self.shorter,
            longer: self.longer,
            state: verdict.state,
            because: verdict.because,
            missing: verdict.missing,
            when_broken: self.when_broken.to_owned(),
            codes: self.codes.to_vec(),
            rule: self.rule.map(str::to_owned),
            cites: self.cites,
        }
    }
}

/// A rule's reason or title as a sentence.
fn sentence(words: &str) -> String {
    let words = crate::words::capital(words.trim());
    if words.is_empty() || words.ends_with(['.', '!', '?']) {
        words
    } else {
        words + "."
    }
}
