//! Secrets as they are found, and the mask that stands for each.

use std::collections::{BTreeSet, HashMap};

use super::patterns::{is_long_number, is_time, is_word, may_be_part_of_a_mask, number_of_mask};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Account,
    Client,
    /// After the question mark.
    Query,
    /// What a query gives a name, where that tells something by itself.
    Value,
    Agent,
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) mask: String,
}

/// In the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    found: Vec<(Kind, String)>,
    known: BTreeSet<(Kind, String)>,
    /// Addresses that belong to the load balancer and its targets.
    own_addresses: BTreeSet<String>,
    /// Names and ids of resources.
    own_names: BTreeSet<String>,
}

/// A secret shorter than this stands for nothing by itself.
const SHORTEST: usize = 4;
/// A value shorter than this is looked for only as a part of its query.
const SHORTEST_VALUE: usize = 6;

impl Secrets {
    pub(super) fn add(&mut self, kind: Kind, text: &str) {
        if text.is_empty() || text == "-" {
            return;
        }
        let entry = (kind, text.to_owned());
        if self.known.insert(entry.clone()) {
            self.found.push(entry);
        }
    }

    /// Addresses that are no secret, whoever else uses them.
    pub(super) fn add_own_address(&mut self, address: &str) {
        self.own_addresses.insert(address.to_ascii_lowercase());
    }

    /// A name that a query may hold as well, and that the page is full of.
    pub(super) fn add_own_name(&mut self, name: &str) {
        self.own_names.insert(name.to_owned());
    }

    /// What is to be looked for, in every form in which it may be written, and what stands for it.
    pub(super) fn into_needles(self) -> Vec<Needle> {
        let mut numbers: HashMap<Kind, u64> = HashMap::new();
        // What was masked before keeps its mask, and new masks get other numbers.
        for (kind, text) in &self.found {
            if let Some(number) = number_of_mask(*kind, text) {
                let last = numbers.entry(*kind).or_default();
                *last = (*last).max(number);
            }
        }
        let mut needles = Vec::new();
        for (kind, text) in &self.found {
            if number_of_mask(*kind, text).is_some() || !self.is_secret(*kind, text) {
                continue;
            }
            let number = numbers.entry(*kind).or_default();
            *number += 1;
            let mask = mask(*kind, *number);
            for (form, mask) in forms(*kind, text, &mask) {
                needles.push(Needle {
                    kind: *kind,
                    text: form,
                    mask,
                });
            }
        }
        needles
    }

    fn is_secret(&self, kind: Kind, text: &str) -> bool {
        match kind {
            Kind::Account => true,
            Kind::Agent | Kind::Query => !may_be_part_of_a_mask(text),
            Kind::Client => {
                text.parse::<std::net::IpAddr>().is_ok()
                    && !self.own_addresses.contains(&text.to_ascii_lowercase())
            }
            Kind::Value => {
                text.len() >= SHORTEST_VALUE
                    && !may_be_part_of_a_mask(text)
                    && !self.own_names.contains(text)
                    && !self.own_addresses.contains(&text.to_ascii_lowercase())
                    && text
                        .bytes()
                        .any(|byte| byte.is_ascii_digit() || byte == b'@')
            }
        }
    }
}

/// As people read it: an account stays twelve digits, so that ARNs and commands keep their shape.
fn mask(kind: Kind, number: u64) -> String {
    match kind {
        Kind::Account => format!("{number:012}"),
        _ => format!("{}-{number}", word(kind)),
    }
}

/// The word that a mask of this kind begins with.
pub(super) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "",
        Kind::Client => "client",
        Kind::Query => "query",
        Kind::Value => "value",
        Kind::Agent => "agent",
    }
}

/// How our own sentences name one.
const SAID: &str = "user agent ";

/// How a secret may be written, each with what then stands there.
fn forms(kind: Kind, text: &str, mask: &str) -> Vec<(String, String)> {
    let plain = |text: &str| (text.to_owned(), mask.to_owned());
    let mut forms = Vec::new();
    match kind {
        Kind::Account => forms.push(plain(text)),
        Kind::Client => forms.extend(addresses(text).iter().map(|form| plain(form))),
        Kind::Query => {
            forms.push((format!("?{text}"), format!("?{mask}")));
            forms.push(plain(text));
        }
        Kind::Value => forms.push(plain(text)),
        Kind::Agent => {
            // A word is an agent where it stands as one.
            forms.push((format!("\"{text}\""), format!("\"{mask}\"")));
            forms.push((format!("{SAID}{text}"), format!("{SAID}{mask}")));
            forms.push(plain(text));
        }
    }
    for (form, mask) in forms.clone() {
        let escaped = escaped(&form);
        if escaped != form {
            forms.push((escaped, mask));
        }
    }
    forms.retain(|(form, _)| is_worth_looking_for(kind, form));
    forms
}

/// Other ways to write the same address.
fn addresses(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    match text.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => {
            // As in `ip-203-0-113-7.eu-west-1.compute.internal`.
            forms.push(address.to_string().replace('.', "-"));
        }
        Ok(std::net::IpAddr::V6(address)) => {
            let groups = address.segments();
            let long: Vec<_> = groups.iter().map(|group| format!("{group:x}")).collect();
            let longest: Vec<_> = groups.iter().map(|group| format!("{group:04x}")).collect();
            forms.extend([address.to_string(), long.join(":"), longest.join(":")]);
        }
        Err(_) => {}
    }
    forms.sort();
    forms.dedup();
    forms
}

/// As JSON writes it, where it stands in a log line that is JSON itself.
fn escaped(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let inner = json.get(1..json.len().saturating_sub(1));
    inner.unwrap_or(text).replace('&', "\\u0026")
}

fn is_worth_looking_for(kind: Kind, form: &str) -> bool {
    match kind {
        Kind::Account | Kind::Client => true,
        // A place as well as a text: `?a`, `"curl"`, `with user agent curl`.
        Kind::Query if form.starts_with('?') => form.len() > 1,
        Kind::Agent if form.starts_with(['"', '\\']) || form.starts_with(SAID) => true,
        _ => is_long_number(form) || (form.len() >= SHORTEST && !is_word(form) && !is_time(form)),
    }
}
