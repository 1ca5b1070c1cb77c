use super::*;
use crate::{
    evidence::{AppLog, app_log::AppLogLine},
    fixture::*,
};

fn upload(clock: &str, n: u8, bytes: u64) -> FaultRow {
    FaultRow {
        method: "POST".to_owned(),
        url: "/files?draft=1".to_owned(),
        received_bytes: bytes,
        ..hung_up(clock, n, 0.8)
    }
}

fn uploads() -> Vec<FaultRow> {
    (0..8)
        .map(|n| {
            upload(
                &format!("10:{:02}:13", n * 6),
                1 + n % 3,
                300_000 + u64::from(n),
            )
        })
        .collect()
}

fn with(rows: Vec<FaultRow>) -> crate::Evidence {
    let mut evidence = healthy();
    set_rows(&mut evidence, rows);
    evidence
}

#[test]
fn small_requests_that_fail_alike_are_the_near_miss() {
    let mut rows = uploads();
    rows.extend((0..8).map(|n| hung_up(&format!("10:{:02}:40", n * 6), 1 + n % 3, 0.8)));
    assert_clear(&RULE, &with(rows));
    assert_clear(&RULE, &healthy());
    let at_once = (0..8).map(|_| upload("10:13:02", 1, 900_000)).collect();
    assert_clear(&RULE, &with(at_once));
}

#[test]
fn uploads_alone_are_likely() {
    let because = assert_found(&RULE, &with(uploads()), Strength::Likely);
    assert!(because.contains("8 requests were"), "{because}");
    assert!(because.contains("POST /files (8)"), "{because}");
}

#[test]
fn the_servers_own_word_proves_it() {
    let mut evidence = with(uploads());
    let lines = uploads()
        .iter()
        .map(|row| AppLogLine {
            at: row.time,
            group: "/files/nginx".to_owned(),
            stream: "n".to_owned(),
            message: "client intended to send too large body: 300001 bytes".to_owned(),
        })
        .collect();
    evidence.app_log = seen(AppLog {
        groups: vec!["/files/nginx".to_owned()],
        lines,
    });
    assert_found(&RULE, &evidence, Strength::Proven);
}

#[test]
fn a_log_that_was_not_read_hides_them() {
    let mut evidence = healthy();
    evidence.access_log = denied("s3:GetObject");
    set_series(
        &mut evidence,
        series(
            LOAD_BALANCER,
            "HTTPCode_ELB_502_Count",
            "Sum",
            &[("10:20:00", 5.0)],
        ),
    );
    assert_cannot_tell(&RULE, &evidence, "s3:GetObject");
}
