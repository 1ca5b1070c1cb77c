//! How all requests divide, and that no log makes the counts grow.

use super::*;
use crate::{
    access_log::value_of,
    evidence::access_log::base_rates::{Counted, Dividing, Division, VALUES_KEPT},
};

/// A line with these words in place of those of [`Row`].
fn line(path: &str, client: &str, changes: &[(&str, &str)]) -> String {
    let mut line = Row {
        request: &format!("GET https://shop.example.com:443{path} HTTP/1.1"),
        ..Row::default()
    }
    .line()
    .replace("203.0.113.7:", &format!("{client}:"));
    for (from, to) in changes {
        assert!(line.contains(from), "{from}");
        line = line.replace(from, to);
    }
    line
}

const LOST: (&str, &str) = ("0.001 0.042 0.000 200 200", "0.001 0.042 -1 502 -");

fn division(log: &AccessLog, by: Dividing) -> &Division {
    log.base_rates.by(by).unwrap()
}

/// `value requests made_by_load_balancer`
fn told(log: &AccessLog, by: Dividing) -> Vec<String> {
    division(log, by)
        .values
        .iter()
        .map(|of| format!("{} {} {}", of.value, of.requests, of.made_by_load_balancer))
        .collect()
}

#[test]
fn every_request_is_counted_in_every_dimension() {
    let text = [
        line("/orders/17/items", "198.51.100.1", &[]),
        line("/orders/18/items?x=1", "198.51.100.2", &[LOST]),
        line(
            "/upload",
            "198.51.100.1",
            &[
                LOST,
                ("GET ", "PUT "),
                (" 34 366 ", " 70000 366 "),
                ("https 2026", "h2 2026"),
                (" 1 2026", " 25 2026"),
                ("10.0.0.5", "10.0.0.6"),
            ],
        ),
    ]
    .concat();
    let log = application(&text);
    assert_eq!(
        told(&log, Dividing::Route),
        ["GET /orders/*/items 2 1", "PUT /upload 1 1"]
    );
    assert_eq!(told(&log, Dividing::Method), ["GET 2 1", "PUT 1 1"]);
    assert_eq!(
        told(&log, Dividing::Size),
        ["under 1 KB 2 1", "64 to 256 KB 1 1"]
    );
    assert_eq!(told(&log, Dividing::Protocol), ["https 2 1", "h2 1 1"]);
    assert_eq!(told(&log, Dividing::Node), ["10.0.0.5 2 1", "10.0.0.6 1 1"]);
    assert_eq!(
        told(&log, Dividing::Rule),
        [format!("1 {GROUP} 2 1"), format!("25 {GROUP} 1 1")]
    );
    assert_eq!(
        told(&log, Dividing::Client),
        ["198.51.100.1 2 1", "198.51.100.2 1 1"]
    );
    for division in &log.base_rates.divisions {
        assert_eq!(
            (division.counted, division.requests),
            (Counted::Exact, 3),
            "{:?}",
            division.by
        );
        // The row says of itself what was counted of its line.
        for row in &log.rows {
            let value = value_of(row, division.by).unwrap();
            assert!(division.value(&value).is_some(), "{value}");
        }
    }
    let route = log.base_rates.route("GET /orders/*/items").unwrap();
    assert_eq!(route.targets.len(), 1);
    assert_eq!(route.targets[0].0, "10.0.1.10:8080");
    assert_eq!(
        (route.targets[0].1.requests, route.targets[0].1.failed),
        (2, 1)
    );
    // 05:44 of a window from 05:30 to 06:30.
    assert_eq!((route.slots[3].requests, route.slots[3].failed), (2, 1));
    assert_eq!(route.slots.iter().map(|slot| slot.requests).sum::<u64>(), 2);
}

#[test]
fn the_node_is_found_wherever_the_line_ends() {
    let line = line("/", "198.51.100.1", &[]);
    let older = line.replace(" TID_1234abcd \"-\" \"-\" \"-\" 10.0.0.5", "");
    for (text, node) in [
        (line.clone(), "10.0.0.5"),
        (line.replace('\n', " -\n"), "10.0.0.5"),
        (line.replace('\n', " 192.0.2.1\n"), "10.0.0.5"),
        (older, "10.0.9.9"),
    ] {
        let log = application(&text.repeat(3));
        assert_eq!(
            told(&log, Dividing::Node),
            [format!("{node} 3 0")],
            "{text}"
        );
    }
    // A client's text that confuses the fields after it costs the rule, not the line.
    let odd = line.replace("\"shop.example.com\"", "\"shop");
    let log = application(&odd);
    assert_eq!(log.requests, 1);
    assert_eq!(log.base_rates.by(Dividing::Rule), None);
}

#[test]
fn a_hostile_log_does_not_grow_the_counts() {
    let object = |from: usize| {
        let mut text = String::new();
        for n in from..from + 6_000 {
            let client = format!("2001:db8::{:x}", n);
            let lost: &[_] = if n % 100 == 0 { &[LOST] } else { &[] };
            let letters: String = n
                .to_string()
                .bytes()
                .map(|digit| char::from(digit + b'a' - b'0'))
                .collect();
            text += &line(&format!("/{letters}"), &client, lost);
        }
        // One client that fails among all of them.
        text += &line("/cart", "198.51.100.1", &[LOST]).repeat(50);
        text
    };
    let texts = [object(0), object(6_000), object(12_000)];
    let read = |order: [usize; 3]| {
        whole(
            LoadBalancerType::Application,
            order.map(|n| read(LoadBalancerType::Application, texts[n].as_bytes())),
        )
    };
    let log = read([0, 1, 2]);
    for by in [Dividing::Client, Dividing::Route] {
        let division = division(&log, by);
        assert_eq!(division.counted, Counted::AtMost);
        assert_eq!(division.requests, log.requests);
        assert!(division.values.len() <= VALUES_KEPT);
    }
    let client = &division(&log, Dividing::Client).values[0];
    assert_eq!(
        (client.value.as_str(), client.made_by_load_balancer),
        ("198.51.100.1", 150)
    );
    assert!((150..165).contains(&client.requests), "{client:?}");
    assert_eq!(log.base_rates.routes, []);
    // The same however the lines come.
    assert_eq!(read([2, 0, 1]).base_rates, log.base_rates);
    let all = [&*texts[1], &*texts[2], &*texts[0]].concat();
    assert_eq!(application(&all).base_rates, log.base_rates);
    let stored = serde_json::to_string(&log.base_rates).unwrap();
    assert!(stored.len() < 100_000, "{} bytes", stored.len());
}

#[test]
fn evidence_that_was_stored_before_is_still_read() {
    let mut stored = serde_json::to_value(application(&Row::default().line())).unwrap();
    assert!(
        stored
            .as_object_mut()
            .unwrap()
            .remove("base_rates")
            .is_some()
    );
    let log: AccessLog = serde_json::from_value(stored).unwrap();
    assert_eq!(log.requests, 1);
    assert!(log.base_rates.divisions.is_empty());
}
