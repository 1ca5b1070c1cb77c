//! The two formats: where each field of a line stands.
//!
//! Application load balancers write 29 documented fields (34 today, more to come); those that
//! every line is read for are the first 17, which have been there since the format began. Classic
//! load balancers write 15, older ones 12.

use super::{
    time::{seconds, timestamp},
    tokens::{Quotes, split},
};
use crate::evidence::LoadBalancerType;

/// What every line is read for. Field texts are as logged, not necessarily UTF-8.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Microseconds since the epoch. Application: when the answer was made. Classic: when the
    /// request came in.
    pub(super) time: i64,
    pub(super) kind: &'a [u8],
    pub(super) client: &'a [u8],
    /// `-` where none was chosen.
    pub(super) target: &'a [u8],
    /// Microseconds; `None` for -1.
    pub(super) request_time: Option<u64>,
    pub(super) target_time: Option<u64>,
    pub(super) response_time: Option<u64>,
    /// 0 for `-`: a TCP listener of a Classic load balancer.
    pub(super) elb_status: u16,
    pub(super) target_status: Option<u16>,
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
    pub(super) request: &'a [u8],
    pub(super) user_agent: &'a [u8],
    pub(super) target_group_arn: &'a [u8],
    /// `-` where it is not noted, or where a client's text confuses the fields before it.
    pub(super) matched_rule_priority: &'a [u8],
}

/// Fields that only the row of a fault is read for.
#[derive(Debug, Default)]
pub(super) struct Details<'a> {
    pub(super) matched_rule_priority: Option<&'a [u8]>,
    pub(super) request_creation_time: Option<i64>,
    pub(super) actions_executed: Option<&'a [u8]>,
    pub(super) error_reason: Option<&'a [u8]>,
    pub(super) classification: Option<&'a [u8]>,
    pub(super) classification_reason: Option<&'a [u8]>,
    pub(super) node: Option<&'a [u8]>,
}

const APPLICATION_NEEDED: usize = 17;
const APPLICATION_KNOWN: usize = 34;
const CLASSIC_NEEDED: usize = 12;
const CLASSIC_KNOWN: usize = 15;

/// `None` for a line that is not one of the format.
pub(super) fn parse<'a>(format: LoadBalancerType, line: &'a [u8]) -> Option<Line<'a>> {
    parse_with(format, line, Quotes::Escaped).or_else(|| parse_with(format, line, Quotes::Plain))
}

pub(super) fn parse_with<'a>(
    format: LoadBalancerType,
    line: &'a [u8],
    quotes: Quotes,
) -> Option<Line<'a>> {
    match format {
        LoadBalancerType::Application => application(line, quotes),
        LoadBalancerType::Classic => classic(line, quotes),
    }
}

fn application(line: &[u8], quotes: Quotes) -> Option<Line<'_>> {
    let mut field = [&b""[..]; APPLICATION_NEEDED];
    let (count, end) = split(line, 0, &mut field, quotes)?;
    if count < APPLICATION_NEEDED {
        return None;
    }
    let target_group_arn = field[16];
    // Where quotes were read wrongly, another column stands here.
    if target_group_arn != b"-" && !target_group_arn.starts_with(b"arn:") {
        return None;
    }
    Some(Line {
        kind: field[0],
        time: timestamp(field[1])?,
        client: field[3],
        target: field[4],
        request_time: seconds(field[5])?,
        target_time: seconds(field[6])?,
        response_time: seconds(field[7])?,
        elb_status: status(field[8])?.unwrap_or_default(),
        target_status: status(field[9])?,
        received_bytes: bytes(field[10])?,
        sent_bytes: bytes(field[11])?,
        request: field[12],
        user_agent: field[13],
        target_group_arn,
        matched_rule_priority: matched_rule_priority(line, end, quotes),
    })
}

/// The fourth field after the first [`APPLICATION_NEEDED`].
fn matched_rule_priority(line: &[u8], from: usize, quotes: Quotes) -> &[u8] {
    let mut field = [&b"-"[..]; 4];
    match split(line, from, &mut field, quotes) {
        Some((4, _)) => field[3],
        _ => b"-",
    }
}

fn classic(line: &[u8], quotes: Quotes) -> Option<Line<'_>> {
    let mut field = [&b"-"[..]; CLASSIC_KNOWN];
    let (count, _) = split(line, 0, &mut field, quotes)?;
    if count < CLASSIC_NEEDED {
        return None;
    }
    // The cipher holds no spaces and no quotes: a text here means that quotes were read wrongly.
    if quotes == Quotes::Escaped && (field[13].contains(&b'"') || field[13].contains(&b' ')) {
        return None;
    }
    Some(Line {
        kind: b"",
        time: timestamp(field[0])?,
        client: field[2],
        target: field[3],
        request_time: seconds(field[4])?,
        target_time: seconds(field[5])?,
        response_time: seconds(field[6])?,
        elb_status: status(field[7])?.unwrap_or_default(),
        target_status: status(field[8])?,
        received_bytes: bytes(field[9])?,
        sent_bytes: bytes(field[10])?,
        request: field[11],
        user_agent: field[12],
        target_group_arn: b"-",
        matched_rule_priority: b"-",
    })
}

/// The details of a line that [`parse`] accepted.
pub(super) fn details(format: LoadBalancerType, line: &[u8]) -> Details<'_> {
    if format == LoadBalancerType::Classic {
        return Details::default();
    }
    let quotes = if application(line, Quotes::Escaped).is_some() {
        Quotes::Escaped
    } else {
        Quotes::Plain
    };
    let mut field = [&b"-"[..]; APPLICATION_KNOWN];
    // A text that confuses the later fields costs the row its details, not its place in the count.
    if split(line, 0, &mut field, quotes).is_none() {
        return Details::default();
    }
    let given = |place: usize| match field[place] {
        b"-" | b"" => None,
        text => Some(text),
    };
    Details {
        matched_rule_priority: given(20),
        request_creation_time: given(21).and_then(timestamp),
        actions_executed: given(22),
        error_reason: given(24),
        classification: given(27),
        classification_reason: given(28),
        node: given(33),
    }
}

/// `Some(None)` for `-`.
fn status(field: &[u8]) -> Option<Option<u16>> {
    match field {
        b"-" => Some(None),
        [a @ b'1'..=b'9', b, c] if b.is_ascii_digit() && c.is_ascii_digit() => Some(Some(
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'),
        )),
        // A target that answers a status of its own making, or 000 where none was sent.
        b"000" | b"0" => Some(None),
        _ => None,
    }
}

fn bytes(field: &[u8]) -> Option<u64> {
    if field == b"-" {
        return Some(0);
    }
    if field.is_empty() || field.len() > 18 {
        return None;
    }
    field.iter().try_fold(0u64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u64::from(byte - b'0'))
    })
}

/// Method, and path with query, of a request field such as
/// `GET https://shop.example.com:443/cart?x=1 HTTP/1.1`.
pub(super) fn method_and_url(request: &[u8]) -> (&[u8], &[u8]) {
    let Some(space) = memchr::memchr(b' ', request) else {
        return (request, b"");
    };
    let (method, rest) = (&request[..space], &request[space + 1..]);
    let url = match memchr::memrchr(b' ', rest) {
        Some(end) => &rest[..end],
        None => rest,
    };
    let Some(authority) = authority(url) else {
        return (method, url);
    };
    let after = &url[authority + 3..];
    let path = memchr::memchr2(b'/', b'?', after).map_or(&b""[..], |start| &after[start..]);
    (method, path)
}

/// Where `://` stands; nearly always after `http` or `https`.
fn authority(url: &[u8]) -> Option<usize> {
    [4, 5]
        .into_iter()
        .find(|place| url.get(*place..*place + 3) == Some(b"://"))
        .or_else(|| memchr::memmem::find(url, b"://"))
}

/// `203.0.113.7:49152` without the port; brackets around IPv6 addresses go too.
pub(super) fn without_port(field: &[u8]) -> &[u8] {
    let address = memchr::memrchr(b':', field).map_or(field, |colon| &field[..colon]);
    address
        .strip_prefix(b"[")
        .and_then(|inner| inner.strip_suffix(b"]"))
        .unwrap_or(address)
}
