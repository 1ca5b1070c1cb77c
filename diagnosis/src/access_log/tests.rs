//! Whole objects, with lines of the shapes that AWS writes.

mod base_rates;
mod other_codes;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Aggregator, MAX_LINE_BYTES, ObjectReader, ObjectRows};
use crate::evidence::{
    AccessLog, LoadBalancerType, Window,
    access_log::{ROWS_KEPT, Shape},
};

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn window() -> Window {
    Window {
        from: at("2026-11-20T05:30:00Z"),
        to: at("2026-11-20T06:30:00Z"),
    }
}

/// One line of 34 fields.
struct Row<'a> {
    time: &'a str,
    target: &'a str,
    times: &'a str,
    statuses: &'a str,
    request: &'a str,
    user_agent: &'a str,
    created: &'a str,
    error_reason: &'a str,
}

impl Default for Row<'_> {
    fn default() -> Self {
        Self {
            time: "2026-11-20T05:44:51.555553Z",
            target: "10.0.1.10:8080",
            times: "0.001 0.042 0.000",
            statuses: "200 200",
            request: "GET https://shop.example.com:443/cart?step=2 HTTP/1.1",
            user_agent: "curl/8.5.0",
            created: "2026-11-20T05:44:51.512000Z",
            error_reason: "-",
        }
    }
}

impl Row<'_> {
    fn line(&self) -> String {
        let Self {
            time,
            target,
            times,
            statuses,
            request,
            user_agent,
            created,
            error_reason,
        } = self;
        format!(
            "https {time} app/shop/50dc6c495c0c9188 203.0.113.7:49152 {target} {times} {statuses} 34 366 \"{request}\" \"{user_agent}\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {GROUP} \"Root=1-58337281-1d84f3d73c47ec4e58577259\" \"shop.example.com\" \"arn:aws:acm:eu-west-1:123456789012:certificate/12345678\" 1 {created} \"forward\" \"-\" \"{error_reason}\" \"{target}\" \"200\" \"-\" \"-\" TID_1234abcd \"-\" \"-\" \"-\" 10.0.0.5\n"
        )
    }
}

fn fault(time: &str, created: &str) -> String {
    Row {
        time,
        created,
        times: "0.001 0.004 -1",
        statuses: "502 -",
        ..Row::default()
    }
    .line()
}

fn read(format: LoadBalancerType, text: &[u8]) -> ObjectRows {
    let mut reader = ObjectReader::new(format, window(), Some("10.0.9.9".into()));
    reader.push(text);
    reader.finish()
}

fn whole(format: LoadBalancerType, objects: impl IntoIterator<Item = ObjectRows>) -> AccessLog {
    let mut all = Aggregator::new(format);
    for object in objects {
        all.add(object);
    }
    all.finish()
}

fn application(text: &str) -> AccessLog {
    let object = read(LoadBalancerType::Application, text.as_bytes());
    whole(LoadBalancerType::Application, [object])
}

#[test]
fn every_field_of_a_fault_is_read() {
    let text = Row::default().line()
        + &fault("2026-11-20T05:44:56.555810Z", "2026-11-20T05:44:56.551000Z");
    let log = application(&text);
    assert_eq!((log.objects, log.requests, log.unreadable), (1, 2, 0));
    assert_eq!(log.bytes, text.len() as u64);
    assert_eq!(log.first, Some(at("2026-11-20T05:44:51.555553Z")));
    assert_eq!(log.last, Some(at("2026-11-20T05:44:56.555810Z")));

    assert_eq!(log.minutes.len(), 1);
    assert_eq!(log.minutes[0].at, at("2026-11-20T05:44:00Z"));
    assert_eq!(log.minutes[0].requests, 2);
    assert_eq!(log.minutes[0].statuses, [(502, 1)].into());
    assert_eq!(log.minutes[0].made_by_target, 0);

    let target = &log.targets[0];
    assert_eq!(target.target, "10.0.1.10:8080");
    assert_eq!(target.target_group_arn.as_deref(), Some(GROUP));
    assert_eq!((target.requests, target.answered), (2, 1));
    assert_eq!((target.mean_seconds, target.max_seconds), (0.042, 0.042));

    let row = &log.rows[0];
    assert_eq!(row.shape(), Shape::NotAnswered);
    assert_eq!(row.target_processing_time, Some(0.004));
    assert_eq!(row.response_processing_time, None);
    assert_eq!(row.node.as_deref(), Some("10.0.0.5"));
    assert_eq!(row.client, "203.0.113.7");
    assert_eq!(
        (row.method.as_str(), row.url.as_str()),
        ("GET", "/cart?step=2")
    );
    assert_eq!(row.user_agent, "curl/8.5.0");
    assert_eq!(row.actions_executed, "forward");
    assert_eq!(row.matched_rule_priority.as_deref(), Some("1"));
    assert_eq!((row.received_bytes, row.sent_bytes), (34, 366));
    assert_eq!(row.error_reason, None);
    assert!(!row.made_by_target());
    // Sent at 56.551 + 0.001; the last answer ended at 51.555.
    assert_eq!(row.idle_ms, Some(4_997));
    assert_eq!(row.answered_before, 1);
    assert!(row.raw.as_deref().unwrap().starts_with("https 2026-"));
}

#[test]
fn gaps_are_measured_over_all_objects_and_from_before_the_window() {
    let before = Row {
        time: "2026-11-20T05:29:57.000000Z",
        ..Row::default()
    };
    let rows = fault("2026-11-20T05:30:02.010000Z", "2026-11-20T05:30:02.000000Z");
    let log = whole(
        LoadBalancerType::Application,
        [rows.as_str(), before.line().as_str()]
            .map(|text| read(LoadBalancerType::Application, text.as_bytes())),
    );
    assert_eq!(log.requests, 1, "the line before the window is not counted");
    assert_eq!(log.rows[0].idle_ms, Some(5_001));
    assert_eq!(log.targets.len(), 1);
    assert_eq!(log.targets[0].requests, 1);
}

#[test]
fn lines_outside_the_window_are_ignored() {
    let log = application(
        &[
            "2026-11-20T05:29:59.999999Z",
            "2026-11-20T06:30:00.000000Z",
            "2026-11-20T05:30:00.000000Z",
        ]
        .map(|time| fault(time, "-"))
        .concat(),
    );
    assert_eq!((log.requests, log.unreadable, log.rows.len()), (1, 0, 1));
}

#[test]
fn older_and_newer_lines_are_read() {
    let line = fault("2026-11-20T05:44:56.555810Z", "2026-11-20T05:44:56.551000Z");
    // 29 fields: up to classification_reason.
    let old = line.replace(" TID_1234abcd \"-\" \"-\" \"-\" 10.0.0.5", "");
    let newer = line.replace('\n', " -\n");
    let newest = line.replace('\n', " \"a b\" 7 -\n");
    // 24 fields, as of 2018.
    let oldest = old.split(" \"-\" \"10.0.1.10").next().unwrap().to_owned() + "\n";
    for text in [&old, &newer, &newest, &oldest] {
        let log = application(text);
        assert_eq!((log.requests, log.unreadable), (1, 0), "{text}");
        assert_eq!(log.rows[0].url, "/cart?step=2", "{text}");
    }
    assert_eq!(application(&old).rows[0].node.as_deref(), Some("10.0.9.9"));
}

#[test]
fn hostile_texts_stay_in_their_field() {
    for user_agent in [
        r#"say \"hi\" 502 -"#,
        r"ends in a backslash\",
        r#"a"b c"d"#,
        r"%22 \x22 \x5c",
        r#"x" - - arn:aws:fake "#,
        "",
    ] {
        let row = Row {
            statuses: "502 -",
            times: "0.001 0.004 -1",
            user_agent,
            error_reason: "LambdaInvalidResponse",
            ..Row::default()
        };
        let log = application(&row.line());
        assert_eq!((log.requests, log.unreadable), (1, 0), "{user_agent}");
        assert_eq!(log.rows[0].elb_status_code, 502, "{user_agent}");
    }
    let quoted = Row {
        statuses: "502 -",
        user_agent: r#"say \"hi\" twice"#,
        error_reason: "LambdaInvalidResponse",
        ..Row::default()
    };
    let row = &application(&quoted.line()).rows[0];
    assert_eq!(row.user_agent, r#"say \"hi\" twice"#);
    assert_eq!(row.error_reason.as_deref(), Some("LambdaInvalidResponse"));
    let backslash = Row {
        user_agent: r"C:\",
        ..quoted
    };
    let row = &application(&backslash.line()).rows[0];
    assert_eq!(row.user_agent, r"C:\");
    assert_eq!(row.error_reason.as_deref(), Some("LambdaInvalidResponse"));
}

#[test]
fn what_is_not_a_line_is_unreadable() {
    let good = Row::default().line();
    let mut text = b"\xff\xfe\x00garbage\n".to_vec();
    text.extend_from_slice(&good.as_bytes()[..good.len() / 3]);
    text.push(b'\n');
    text.extend_from_slice(good.as_bytes());
    text.extend_from_slice(&vec![b'x'; MAX_LINE_BYTES * 3]);
    text.push(b'\n');
    text.extend_from_slice(
        good.replace("2026-11-20T05:44:51.555553Z", "yesterday")
            .as_bytes(),
    );
    text.extend_from_slice(good.replace("200 200 34", "abc 200 34").as_bytes());
    text.extend_from_slice(good.trim_end().as_bytes());
    let log = whole(
        LoadBalancerType::Application,
        [read(LoadBalancerType::Application, &text)],
    );
    assert_eq!((log.requests, log.unreadable), (2, 5));
}

#[test]
fn text_that_is_not_utf_8_is_kept_readable() {
    let line = fault("2026-11-20T05:44:56.555810Z", "-");
    let mut bytes = line.into_bytes();
    let place = memchr::memmem::find(&bytes, b"curl").unwrap();
    bytes[place] = 0xff;
    let log = whole(
        LoadBalancerType::Application,
        [read(LoadBalancerType::Application, &bytes)],
    );
    assert_eq!(log.rows[0].user_agent, "\u{fffd}url/8.5.0");
}

#[test]
fn a_malformed_request_has_no_path() {
    let row = Row {
        statuses: "502 -",
        request: "- http://shop.example.com:80- -",
        ..Row::default()
    };
    let log = application(&row.line());
    assert_eq!(
        (log.rows[0].method.as_str(), log.rows[0].url.as_str()),
        ("-", "")
    );
}

#[test]
fn classic_lines_are_read() {
    let line = |time: &str, times: &str, statuses: &str| {
        format!(
            "{time} shop 192.168.131.39:2817 10.0.0.1:80 {times} {statuses} 0 57 \"GET https://www.example.com:443/ HTTP/1.1\" \"curl/7.38.0\" DHE-RSA-AES128-SHA TLSv1.2\n"
        )
    };
    let text = [
        line(
            "2026-11-20T05:40:00.000000Z",
            "0.000086 1.001048 0.001337",
            "200 200",
        ),
        line("2026-11-20T05:40:06.000000Z", "0.000100 -1 -1", "504 -"),
        line("2026-11-20T05:40:07.000000Z", "0.000100 0.1 0.1", "502 502"),
        // A TCP listener notes no statuses.
        line(
            "2026-11-20T05:40:08.000000Z",
            "0.001069 0.000028 0.000041",
            "- -",
        ),
    ]
    .concat();
    let log = whole(
        LoadBalancerType::Classic,
        [read(LoadBalancerType::Classic, text.as_bytes())],
    );
    assert_eq!((log.requests, log.unreadable), (4, 0));
    assert_eq!(log.format, LoadBalancerType::Classic);
    let [late, own] = &log.rows[..] else {
        panic!("two rows")
    };
    assert_eq!(late.shape(), Shape::NotAnsweredUntimed);
    assert_eq!(late.target.as_deref(), Some("10.0.0.1:80"));
    assert_eq!(late.target_group_arn, None);
    assert_eq!(late.node.as_deref(), Some("10.0.9.9"));
    // The answer ended at 40:01.002471; this one was sent at 40:06.000100.
    assert_eq!(late.idle_ms, Some(4_998));
    assert!(own.made_by_target());
    assert_eq!(log.minutes[0].made_by_target, 1);

    let shortest = "2026-11-20T05:40:00.0Z shop 1.2.3.4:5 10.0.0.1:80 0.1 0.1 0.1 503 - 0 0 \"GET http://x:80/a HTTP/1.1\"\n";
    let log = whole(
        LoadBalancerType::Classic,
        [read(LoadBalancerType::Classic, shortest.as_bytes())],
    );
    assert_eq!((log.requests, log.rows.len()), (1, 1));
}

/// A small deterministic generator: lines of every kind, some broken.
fn mixed(seed: u64, lines: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut text = String::new();
    for _ in 0..lines {
        let time = at("2026-11-20T05:20:00Z")
            + TimeDelta::microseconds(i64::try_from(next(4_200_000_000)).unwrap());
        let stamp = time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let target = format!("10.0.{}.10:8080", next(5));
        let (statuses, times) = [
            ("200 200", "0.001 0.042 0.000"),
            ("200 200", "0.000 0.113 0.001"),
            ("404 404", "0.001 0.002 0.000"),
            ("502 -", "0.001 0.004 -1"),
            ("502 502", "0.001 0.004 0.000"),
            ("502 -", "-1 -1 -1"),
            ("504 -", "0.001 10.001 -1"),
            ("460 -", "0.001 -1 -1"),
        ][usize::try_from(next(8)).unwrap()];
        let line = Row {
            time: &stamp,
            target: &target,
            times,
            statuses,
            created: &stamp,
            ..Row::default()
        }
        .line();
        let cut = if next(20) == 0 {
            usize::try_from(next(200)).unwrap()
        } else {
            line.len() - 1
        };
        text.push_str(&line[..cut]);
        text.push('\n');
    }
    text
}

#[test]
fn chunks_may_end_anywhere() {
    let text = mixed(1, 12);
    let text = text.trim_end().as_bytes();
    let expected = whole(
        LoadBalancerType::Application,
        [read(LoadBalancerType::Application, text)],
    );
    assert!(expected.requests > 0 && expected.unreadable > 0);
    let in_chunks = |chunks: &mut dyn Iterator<Item = &[u8]>| {
        let mut reader = ObjectReader::new(
            LoadBalancerType::Application,
            window(),
            Some("10.0.9.9".into()),
        );
        chunks.for_each(|chunk| reader.push(chunk));
        whole(LoadBalancerType::Application, [reader.finish()])
    };
    for cut in 0..=text.len() {
        let log = in_chunks(&mut [&text[..cut], &text[cut..]].into_iter());
        assert_eq!(log, expected, "cut at {cut}");
    }
    for size in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(
            in_chunks(&mut text.chunks(size)),
            expected,
            "chunks of {size}"
        );
    }
}

#[test]
fn the_order_of_objects_does_not_matter() {
    let texts: Vec<String> = (1..=5).map(|seed| mixed(seed, 400)).collect();
    let in_order = |order: &[usize]| {
        whole(
            LoadBalancerType::Application,
            order
                .iter()
                .map(|place| read(LoadBalancerType::Application, texts[*place].as_bytes())),
        )
    };
    let expected = in_order(&[0, 1, 2, 3, 4]);
    assert!(expected.rows.is_sorted_by_key(|row| row.time));
    assert!(expected.rows.iter().filter(|row| row.raw.is_some()).count() == 300);
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
        assert_eq!(in_order(&order), expected);
    }
    // Nor does where one object ends and the next begins.
    let joined = texts.concat();
    assert_eq!(
        AccessLog {
            objects: 5,
            ..whole(
                LoadBalancerType::Application,
                [read(LoadBalancerType::Application, joined.as_bytes())]
            )
        },
        expected
    );
}

#[test]
fn rows_past_the_cap_are_merged_but_counted() {
    let text = mixed(9, 70_000);
    let log = application(&text);
    let whole_rows = log.rows.iter().filter(|row| row.count == 1).count();
    assert!(whole_rows >= ROWS_KEPT && log.rows.len() <= 2 * ROWS_KEPT);
    for status in [502, 504, 460] {
        let by_minute: u64 = log
            .minutes
            .iter()
            .filter_map(|minute| minute.statuses.get(&status))
            .sum();
        let by_target: u64 = log
            .targets
            .iter()
            .filter_map(|target| target.statuses.get(&status))
            .sum();
        let by_row: u64 = log
            .rows
            .iter()
            .filter(|row| row.elb_status_code == status)
            .map(|row| row.count)
            .sum();
        assert_eq!(by_row, by_minute, "{status}");
        assert_eq!(by_target, by_minute, "{status}");
    }
    let made_by_target: u64 = log.minutes.iter().map(|minute| minute.made_by_target).sum();
    let rows: u64 = log
        .rows
        .iter()
        .filter(|row| row.made_by_target())
        .map(|row| row.count)
        .sum();
    assert_eq!(made_by_target, rows);

    // The same rows, in other objects and another order.
    let half = text[..text.len() / 2].rfind('\n').unwrap() + 1;
    let halves = whole(
        LoadBalancerType::Application,
        [&text[half..], &text[..half]]
            .map(|part| read(LoadBalancerType::Application, part.as_bytes())),
    );
    assert_eq!(
        AccessLog {
            objects: 1,
            ..halves
        },
        log
    );
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(whole(LoadBalancerType::Classic, []).rows, []);
    let log = application("");
    assert_eq!((log.objects, log.requests, log.unreadable), (1, 0, 0));
    assert!(!read(LoadBalancerType::Application, b"").truncated());
}
