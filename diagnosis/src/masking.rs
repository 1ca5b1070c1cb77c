//! Takes out of an investigation what is nobody else's business, so that what is left still reads.
//!
//! A [`Masker`] is made from JSON that holds the secrets in the places where AWS or a client put
//! them: account ids (in ARNs and where a field is called so), addresses of clients, query strings
//! and their values, user agents. It then replaces them wherever they stand, also in the middle of
//! a sentence, a command or a log line: the same secret by the same mask (`000000000001`,
//! `client-1`, `query-1`, `value-1`, `agent-1`). What is left of a secret that a text was cut in is
//! replaced as well. Masking what is masked changes nothing.
//!
//! Not secret: addresses of the load balancer's nodes and of targets (also where one of them is a
//! client), names, paths, people. A query string or user agent that is a plain word is replaced
//! where it was sent, and not everywhere that the word is used.

mod collect;
mod patterns;
mod search;
mod secrets;

use std::{collections::HashMap, fmt};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use search::Search;
use secrets::Secrets;

const ROUNDS: usize = 3;

/// Knows the secrets of one investigation, and what stands for each.
pub struct Masker {
    search: Search,
    /// By the user agent: also those that are plain words.
    agents: HashMap<String, String>,
}

/// What was not handed on, and why; never with the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskError {
    /// After masking, a secret was still there.
    Left,
    /// What is masked no longer has the shape that it had.
    Shape,
}

impl Masker {
    /// From everything that may hold secrets in their places: evidence, observations, and what people
    /// wrote. The order decides the numbers in the masks.
    pub fn new<'a>(sources: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut secrets = Secrets::default();
        for source in sources {
            collect::collect(source, &mut secrets);
        }
        let needles = secrets.into_needles();
        let agents = needles.iter().filter_map(|needle| {
            let agent = needle.text.strip_prefix('"')?.strip_suffix('"')?;
            Some((agent.to_owned(), needle.mask.trim_matches('"').to_owned()))
        });
        Self {
            agents: agents.collect(),
            search: Search::new(&needles),
        }
    }

    /// The text with every secret replaced.
    pub fn text(&self, text: &str) -> String {
        search::replace(text, &self.search.edits(text))
    }

    /// The same value with every secret replaced, in every text and every key of it.
    ///
    /// # Errors
    /// Where something is left that it knows, or the value cannot be read back.
    pub fn masked<T: Serialize + DeserializeOwned>(&self, value: &T) -> Result<T, MaskError> {
        let mut json = serde_json::to_value(value).map_err(|_| MaskError::Shape)?;
        // What a mask and its neighbours make together may look like another secret.
        for _ in 0..ROUNDS {
            self.value(&mut json);
            if !self.is_in(&json) {
                return serde_json::from_value(json).map_err(|_| MaskError::Shape);
            }
        }
        Err(MaskError::Left)
    }

    /// Replaces every secret in it.
    pub fn value(&self, json: &mut Value) {
        match json {
            Value::String(text) => {
                let edits = self.search.edits(text);
                if !edits.is_empty() {
                    *text = search::replace(text, &edits);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(fields) => {
                self.marks(fields);
                if let Some(Value::String(agent)) = fields.get_mut("user_agent")
                    && let Some(mask) = self.agents.get(agent.as_str())
                {
                    agent.clone_from(mask);
                }
                fields.values_mut().for_each(|value| self.value(value));
                if fields.keys().any(|key| self.search.finds(key)) {
                    *fields = std::mem::take(fields)
                        .into_iter()
                        .map(|(key, value)| (self.text(&key), value))
                        .collect();
                }
            }
            _ => {}
        }
    }

    /// Whether a secret stands anywhere in it: in a text, in a key, and, of accounts and addresses,
    /// in any byte of it.
    pub fn is_in(&self, json: &Value) -> bool {
        self.is_in_texts(json) || self.search.finds_bytes(&json.to_string())
    }

    fn is_in_texts(&self, json: &Value) -> bool {
        match json {
            Value::String(text) => self.search.finds(text),
            Value::Array(values) => values.iter().any(|value| self.is_in_texts(value)),
            Value::Object(fields) => fields
                .iter()
                .any(|(key, value)| self.search.finds(key) || self.is_in_texts(value)),
            _ => false,
        }
    }

    /// A log line's marks stay where they were put: they are bytes of the line, which moves.
    fn marks(&self, fields: &mut serde_json::Map<String, Value>) {
        let Some(Value::String(line)) = fields.get("line") else {
            return;
        };
        let edits = self.search.edits(line);
        if edits.is_empty() {
            return;
        }
        let Some(Value::Array(marks)) = fields.get_mut("deciding") else {
            return;
        };
        for mark in marks {
            for (side, at_end) in [("from", false), ("to", true)] {
                let Some(place) = mark.get(side).and_then(Value::as_u64) else {
                    continue;
                };
                let moved = search::moved(usize::try_from(place).unwrap_or(0), &edits, at_end);
                mark[side] = Value::from(moved as u64);
            }
        }
    }
}

impl fmt::Debug for Masker {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker")
    }
}

impl fmt::Display for MaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "something that is to be masked was still there after masking",
            Self::Shape => "what was masked could not be read back",
        })
    }
}

impl std::error::Error for MaskError {}

#[cfg(test)]
mod tests;
