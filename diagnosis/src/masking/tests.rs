use serde_json::json;

use super::*;

const LINE: &str = "https 2026-11-20T01:02:03.000004Z app/web/50dc6c495c0c9188 203.0.113.7:41234 10.0.1.5:80 0.001 0.002 -1 \
    502 - 34 366 \"GET https://shop.example.com:443/cart?token=s3cr3t-77&page=2 HTTP/1.1\" \"curl/8.5 (ada)\" -";

fn evidence() -> Value {
    json!([{
        "load_balancer": {"account": "123456789012", "arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188", "name": "web-12345"},
    }, {
        "rows": [
            {"client": "203.0.113.7", "target": "10.0.1.5:80", "url": "/cart?token=s3cr3t-77&page=2", "user_agent": "curl/8.5 (ada)", "raw": LINE},
            {"client": "2001:db8::7", "target": "10.0.1.5:80", "url": "/cart?lb=web-12345", "user_agent": "secretagent", "raw": null},
            {"client": "10.0.1.5", "target": null, "url": "/", "user_agent": "-", "raw": null},
        ],
    }, {
        "app_log": {"lines": [{"message": "lost 198.51.100.9:80 at /pay?card=4111111111111111, see https://eu-west-1.console.aws.amazon.com/ec2?region=eu-west-1"}]},
    }])
}

fn masker() -> Masker {
    Masker::new([&evidence()])
}

#[test]
fn the_same_secret_has_the_same_mask_wherever_it_stands() {
    let masker = masker();
    for (text, masked) in [
        (
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1",
            "arn:aws:elasticloadbalancing:eu-west-1:000000000001:targetgroup/web/1",
        ),
        (
            "from 203.0.113.7 (203.0.113.7:443).",
            "from client-1 (client-1:443).",
        ),
        (
            "ip-203-0-113-7.eu-west-1.compute.internal",
            "ip-client-1.eu-west-1.compute.internal",
        ),
        (
            "[2001:DB8::7]:443 and 2001:db8:0:0:0:0:0:7",
            "[client-2]:443 and client-2",
        ),
        ("GET /cart?token=s3cr3t-77&page=2", "GET /cart?query-1"),
        ("the token s3cr3t-77 is bad", "the token value-1 is bad"),
        ("with user agent curl/8.5 (ada)", "with user agent agent-1"),
        ("with user agent secretagent", "with user agent agent-2"),
    ] {
        assert_eq!(masker.text(text), masked, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    let masker = masker();
    for text in [
        "target 10.0.1.5:80 of web-12345",
        "203.0.113.70, 1203.0.113.7 and 203.0.113.7.5",
        "the secretagent of a film",
        "2026-11-20T01:02:03.000004Z",
        "https://eu-west-1.console.aws.amazon.com/ec2?region=eu-west-1",
        "curl",
    ] {
        assert_eq!(masker.text(text), text);
    }
}

#[test]
fn a_piece_of_a_secret_is_one() {
    let masker = masker();
    for (text, masked) in [
        ("…at 203.0.11…", "…at client-1…"),
        (
            "\"GET /cart?token=s3cr3\" was cut",
            "\"GET /cart?query-1\" was cut",
        ),
        (
            "arn:aws:elasticloadbalancing:eu-west-1:12345678…",
            "arn:aws:elasticloadbalancing:eu-west-1:000000000001…",
        ),
        ("card 4111111111…", "card value-2…"),
    ] {
        assert_eq!(masker.text(text), masked, "{text}");
    }
    assert_eq!(masker.text("network 203.0.0.0/8"), "network 203.0.0.0/8");
}

#[test]
fn masking_what_is_masked_changes_nothing() {
    let mut once = evidence();
    masker().value(&mut once);
    assert!(!masker().is_in(&once), "{once}");
    for secret in [
        "123456789012",
        "203.0.113.7",
        "s3cr3t",
        "ada",
        "4111",
        "secretagent",
        "198.51.100.9",
        "2001:db8",
    ] {
        assert!(!once.to_string().contains(secret), "{secret}: {once}");
    }
    let mut twice = once.clone();
    Masker::new([&once]).value(&mut twice);
    assert_eq!(once, twice);
}

#[test]
fn new_secrets_among_masks_get_masks_of_their_own() {
    let mut mixed = json!([{"client": "client-1"}, {"client": "203.0.113.8"}, {"account": "000000000001"}, {"account": "210987654321"}]);
    Masker::new([&mixed.clone()]).value(&mut mixed);
    assert_eq!(
        mixed,
        json!([{"client": "client-1"}, {"client": "client-2"}, {"account": "000000000001"}, {"account": "000000000002"}])
    );
}

#[test]
fn marks_stay_on_their_fields() {
    let from = LINE.find("502").unwrap();
    let client = LINE.find("203.").unwrap();
    let mut row = json!({"line": LINE, "deciding": [
        {"name": "client:port", "from": client, "to": client + "203.0.113.7:41234".len()},
        {"name": "elb_status_code", "from": from, "to": from + 3}]});
    masker().value(&mut row);
    let line = row["line"].as_str().unwrap();
    let marked = |n: usize| {
        let side =
            |side: &str| usize::try_from(row["deciding"][n][side].as_u64().unwrap()).unwrap();
        &line[side("from")..side("to")]
    };
    assert_eq!((marked(0), marked(1)), ("client-1:41234", "502"), "{line}");
}

/// Clients choose their user agents and queries: none may break a document or stop it.
#[test]
fn hostile_secrets_neither_break_nor_stop_anything() {
    for hostile in [
        "seen",
        "proven",
        "client-",
        "client-1",
        "agent-",
        "-1",
        "0",
        "000000",
        "2026-11-20",
        "T01:0",
        "\"",
        "\",\"",
        "{",
        "}",
        ":null,",
        "arn:aws:",
        " ",
        "....",
        "?",
        "\u{0}",
        "…",
        "é",
        "ééééééé",
        "\\",
        "\\\"",
        "is",
        "line",
        "from",
        "42",
        "502",
    ] {
        let evidence = json!({
            "rows": [{"user_agent": hostile, "url": format!("/a?{hostile}"), "client": hostile, "raw": format!("h t l c t \"GET http://a/?{hostile} HTTP/1.1\" \"{hostile}\"")}],
            "is": "seen", "strength": "proven", "at": "2026-11-20T01:02:03.000004Z", "n": 502,
            "line": "x", "deciding": [{"from": 0, "to": 1}],
        });
        let masker = Masker::new([&evidence]);
        let masked = masker
            .masked(&evidence)
            .unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
        for key in ["is", "strength", "at", "n"] {
            assert_eq!(masked[key], evidence[key], "{hostile:?}");
        }
        let again = Masker::new([&masked]).masked(&masked).unwrap();
        assert_eq!(masked, again, "{hostile:?}");
    }
}

#[test]
fn what_is_left_is_refused() {
    let masker = masker();
    assert!(masker.is_in(&json!({"a": ["x 203.0.113.7"]})));
    assert!(masker.is_in(&json!({"123456789012": 1})));
    assert!(masker.is_in(&json!({"count": 123_456_789_012_u64})));
    assert!(!masker.is_in(&json!({"a": "client-1"})));
}

#[test]
fn thousands_of_secrets_are_quick() {
    let rows = (0..20_000).map(|n| json!({
        "client": format!("203.{}.{}.7", n / 250, n % 250),
        "user_agent": format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 build {n}"),
        "url": format!("/cart?session={n:032}"),
    }));
    let mut evidence = Value::Array(rows.collect());
    let masker = Masker::new([&evidence]);
    masker.value(&mut evidence);
    assert!(!masker.is_in(&evidence));
    assert_eq!(evidence[19_999]["client"], "client-20000");
    assert_eq!(evidence[19_999]["user_agent"], "agent-20000");
}
