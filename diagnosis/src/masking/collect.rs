//! Finds secrets by where they stand: in evidence, observations, and what people wrote.

use serde_json::{Map, Value};

use super::{
    patterns::{accounts, addresses, is_account, numbers, queries, values, without_port},
    secrets::{Kind, Secrets},
};

/// Deeper than anything of ours; a hostile bundle may be deep.
const DEPTH: usize = 64;

pub(super) fn collect(source: &Value, secrets: &mut Secrets) {
    walk(source, "", secrets, DEPTH);
}

fn walk(value: &Value, within: &str, secrets: &mut Secrets, depth: usize) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(text) => text_under(within, text, secrets),
        Value::Array(values) => {
            for value in values {
                walk(value, within, secrets, depth - 1);
            }
        }
        Value::Object(fields) => {
            clients_of_a_division(fields, secrets);
            for (key, value) in fields {
                add_accounts(key, secrets);
                // Answers go by their questions.
                let key = if within == "answers" {
                    within
                } else {
                    key.as_str()
                };
                walk(value, key, secrets, depth - 1);
            }
        }
        _ => {}
    }
}

fn text_under(key: &str, text: &str, secrets: &mut Secrets) {
    add_accounts(text, secrets);
    match key {
        "account" if is_account(text) => secrets.add(Kind::Account, text),
        "client" => secrets.add(Kind::Client, without_port(text)),
        "user_agent" => secrets.add(Kind::Agent, text),
        "url" | "path" => add_queries(&format!("/{text}"), secrets),
        "raw" | "line" => log_line(text, secrets),
        // Whatever a person or an application writes may hold all of it.
        "message" | "text" | "title" | "answers" => {
            add_queries(text, secrets);
            numbers(text).for_each(|account| secrets.add(Kind::Account, account));
            addresses(text).for_each(|address| secrets.add(Kind::Client, address));
        }
        // Of nodes and targets.
        "private_ips" | "ipv6_addresses" | "ip" | "ipv6" | "node" | "target" => {
            secrets.add_own_address(without_port(text));
        }
        "id" | "name" | "dns_name" | "zone" | "region" | "domain" | "vpc_id" => {
            secrets.add_own_name(text);
            if text.parse::<std::net::IpAddr>().is_ok() {
                secrets.add_own_address(text);
            }
        }
        _ => {}
    }
}

/// A line of an access log: the client, what it asked for, and what it says that it is.
fn log_line(line: &str, secrets: &mut Secrets) {
    add_queries(line, secrets);
    // The client stands third; on Application load balancers a type, in letters, stands before.
    let place = if line.starts_with(|c: char| c.is_ascii_digit()) {
        2
    } else {
        3
    };
    let client = line.split(' ').nth(place).map(without_port);
    if let Some(client) = client.filter(|field| field.parse::<std::net::IpAddr>().is_ok()) {
        secrets.add(Kind::Client, client);
    }
    if let Some(agent) = agent(line) {
        secrets.add(Kind::Agent, agent);
    }
}

/// The second quoted field. Where the line was cut in it, as much as is there.
fn agent(line: &str) -> Option<&str> {
    let rest = &line[closing(line, line.find('"')? + 1)? + 1..];
    let agent = rest.strip_prefix(" \"")?;
    Some(&agent[..closing(agent, 0).unwrap_or(agent.len())])
}

/// The quote that ends a field: a space or nothing follows it, and no backslash stands before it.
fn closing(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find(|at| {
        bytes[*at] == b'"'
            && matches!(bytes.get(at + 1), None | Some(b' '))
            && (*at == 0 || bytes[at - 1] != b'\\')
    })
}

fn add_accounts(text: &str, secrets: &mut Secrets) {
    accounts(text).for_each(|account| secrets.add(Kind::Account, account));
}

fn add_queries(text: &str, secrets: &mut Secrets) {
    for query in queries(text) {
        secrets.add(Kind::Query, query);
        for value in values(query) {
            let is_address = value.parse::<std::net::IpAddr>().is_ok();
            secrets.add(
                if is_address {
                    Kind::Client
                } else {
                    Kind::Value
                },
                value,
            );
        }
    }
}

/// `{"by": "client", "values": [{"value": …}]}`
fn clients_of_a_division(fields: &Map<String, Value>, secrets: &mut Secrets) {
    let of_clients = ["by", "dimension"].iter().any(|key| {
        fields
            .get(*key)
            .is_some_and(|value| value.as_str() == Some("client"))
    });
    if !of_clients {
        return;
    }
    let listed = fields.get("values").and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    let listed = listed.filter_map(|counts| counts.get("value"));
    for value in listed.chain(fields.get("value")) {
        if let Some(client) = value.as_str() {
            secrets.add(Kind::Client, client);
        }
    }
}
