//! What texts look like: words, times, masks, ARNs, URLs, addresses.

use std::net::IpAddr;

use super::secrets::{Kind, word};

const NAMED: [Kind; 4] = [Kind::Client, Kind::Query, Kind::Value, Kind::Agent];

/// Letters, and what joins them: the words of our own documents are such, and so is most prose.
pub(super) fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' '))
}

/// Whether it could be (a piece of) a time or a number, which documents are full of.
pub(super) fn is_time(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_digit()
            || matches!(byte, b'T' | b'Z' | b':' | b'.' | b'+' | b'-' | b' ' | b',')
    })
}

/// The number of a text that is a mask of this kind already.
pub(super) fn number_of_mask(kind: Kind, text: &str) -> Option<u64> {
    if kind == Kind::Account {
        return text.starts_with("00000000").then(|| text.parse().ok())?;
    }
    let number = text.strip_prefix(word(kind))?.strip_prefix('-')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse().ok())?
}

/// Whether some mask might hold it: then it cannot be told from one.
pub(super) fn may_be_part_of_a_mask(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.is_empty() {
        return text.starts_with("00000000");
    }
    let has_number = letters.len() < text.len();
    let letters = letters.to_ascii_lowercase();
    NAMED.into_iter().any(|kind| {
        let stem = format!("{}-", word(kind));
        stem.ends_with(&letters) || (!has_number && stem.contains(&letters))
    })
}

/// As long as a telephone number's: fewer digits are any number.
pub(super) fn is_long_number(text: &str) -> bool {
    text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account ids of every ARN in it, and of log objects' keys.
pub(super) fn accounts(text: &str) -> impl Iterator<Item = &str> {
    let of_arns = text.match_indices("arn:").filter_map(|(at, _)| {
        let mut fields = text[at..].splitn(6, ':');
        fields.nth(4)
    });
    let of_keys = text.split("AWSLogs/").skip(1);
    // Of image names, `123456789012.dkr.ecr.eu-west-1.amazonaws.com/web`.
    let of_images = text
        .match_indices(".dkr.ecr.")
        .filter_map(|(at, _)| text.get(at.checked_sub(12)?..at));
    of_arns
        .chain(of_keys)
        .filter_map(|field| field.get(..12))
        .chain(of_images)
        .filter(|account| is_account(account))
}

/// Numbers in prose that are as long as an account's.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .filter(|word| is_account(word))
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Query strings of the addresses in it, without the question mark. AWS's own pages are no secret.
pub(super) fn queries(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '`');
    text.split(ends).filter_map(|token| {
        let (before, query) = token.split_once('?')?;
        let of_aws = [".aws.amazon.com", "//aws.amazon.com"];
        let is_address = before.contains('/') && !of_aws.iter().any(|host| before.contains(host));
        let query = query.trim_end_matches(['.', ',', ';', ')', ']', '\'']);
        (is_address && !query.is_empty()).then_some(query)
    })
}

/// What a query gives its names.
pub(super) fn values(query: &str) -> impl Iterator<Item = &str> {
    query
        .split(['&', ';', '#'])
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value))
}

/// Addresses in free text that are not this machine's or everybody's.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    text.split(move |c: char| !inside(c)).filter_map(|token| {
        let token = token.trim_matches('.');
        let token = match token.parse::<IpAddr>() {
            Ok(_) => token,
            // With a port, or a full stop or colon behind.
            Err(_) => {
                let (host, _) = token.rsplit_once(':')?;
                host.parse::<std::net::Ipv4Addr>().ok()?;
                host
            }
        };
        let address: IpAddr = token.parse().ok()?;
        let of_nobody = address.is_loopback() || address.is_unspecified() || is_link_local(address);
        (!of_nobody).then_some(token)
    })
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.segments()[0] & 0xffc0 == 0xfe80,
    }
}

/// The address of `ip:port`, `[ip]:port` or `ip`.
pub(super) fn without_port(text: &str) -> &str {
    if text.parse::<IpAddr>().is_ok() {
        return text;
    }
    let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}
