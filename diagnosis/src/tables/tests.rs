//! What every table holds to, and a few of them in detail.

use super::*;
use crate::{
    evidence::{Certificate, LoadBalancer, Window},
    fixture::{at, denied, healthy, hung_up, refused, seen, set_health, set_rows, target},
    observed::Observed,
    rules::network::fixture::{edit, networked},
};

fn table(evidence: &Evidence, step: Step, id: &str) -> Table {
    tables(evidence, step)
        .into_iter()
        .find(|table| table.id == id)
        .unwrap_or_else(|| panic!("no table {id}"))
}

fn texts(table: &Table, row: usize) -> Vec<&str> {
    table.rows[row]
        .iter()
        .map(|cell| cell.text.as_str())
        .collect()
}

#[test]
fn every_table_is_square_and_named_once() {
    let mut evidence = networked();
    set_rows(
        &mut evidence,
        vec![hung_up("10:20:00", 1, 0.0), refused("10:21:00", 2)],
    );
    for step in Step::ALL {
        let tables = tables(&evidence, step);
        assert!(tables.len() >= 2, "{step}");
        for table in &tables {
            assert_eq!(
                tables.iter().filter(|other| other.id == table.id).count(),
                1
            );
            assert!(!table.cites.is_empty(), "{} cites nothing", table.id);
            for row in &table.rows {
                assert_eq!(row.len(), table.columns.len(), "{}", table.id);
            }
        }
    }
}

#[test]
fn what_was_not_asked_has_no_table() {
    let window = Window {
        from: at("10:00:00"),
        to: at("11:00:00"),
    };
    let nothing = Evidence::new(LoadBalancer::default(), window, at("11:00:00"));
    for step in Step::ALL {
        assert_eq!(tables(&nothing, step), [], "{step}");
    }
}

#[test]
fn what_was_denied_says_so_instead_of_looking_empty() {
    let mut evidence = networked();
    evidence.target_groups = denied("elasticloadbalancing:DescribeTargetGroups");
    evidence.access_log = denied("s3:ListBucket");
    evidence.certificates = denied("acm:DescribeCertificate");
    evidence.security_groups = denied("ec2:DescribeSecurityGroups");
    evidence.metrics = Observed::Failed {
        reason: "throttled".to_owned(),
        source: vec![1],
    };
    for (step, id, words) in [
        (
            Step::TargetHealth,
            "targets",
            "elasticloadbalancing:DescribeTargetGroups",
        ),
        (
            Step::TargetHealth,
            "target-groups",
            "elasticloadbalancing:DescribeTargetGroups",
        ),
        (Step::ErrorLogs, "rows", "s3:ListBucket"),
        (
            Step::Network,
            "security-groups",
            "ec2:DescribeSecurityGroups",
        ),
        (
            Step::Network,
            "paths",
            "elasticloadbalancing:DescribeTargetGroups",
        ),
        (Step::Load, "load-balancer-metrics", "throttled"),
        (Step::Tls, "certificates", "acm:DescribeCertificate"),
        (Step::Timeouts, "gaps", "s3:ListBucket"),
    ] {
        let table = table(&evidence, step, id);
        assert!(
            table.note.contains("Not seen: ") && table.note.contains(words),
            "{}",
            table.note
        );
        assert_eq!(table.rows_total, 0, "{id}");
    }
}

#[test]
fn faults_come_first_and_the_rest_is_counted() {
    let mut evidence = healthy();
    let mut targets: Vec<_> = (0..=255).map(|_| target(2, "healthy", None)).collect();
    targets.push(target(1, "unhealthy", Some("Target.Timeout")));
    set_health(&mut evidence, targets);
    let table = table(&evidence, Step::TargetHealth, "targets");
    assert_eq!((table.rows.len(), table.rows_total), (ROWS_SHOWN, 257));
    assert!(
        table.note.contains("The first 200 of 257 rows."),
        "{}",
        table.note
    );
    assert_eq!(table.rows[0][0].tone, Tone::Bad);
    assert_eq!(
        [texts(&table, 0)[0], texts(&table, 0)[2]],
        ["unhealthy", "Target.Timeout"]
    );
}

#[test]
fn rows_read_as_the_log_has_them() {
    let mut evidence = healthy();
    let mut row = hung_up("10:20:00.25", 1, 4.205);
    row.idle_ms = Some(4_980);
    row.node = Some("10.0.8.5".to_owned());
    set_rows(&mut evidence, vec![row]);
    assert_eq!(
        texts(&table(&evidence, Step::ErrorLogs, "rows"), 0),
        [
            "2026-11-20 10:20:00.250",
            "502",
            "-",
            "0.001 / 4.205 / -1",
            "10.0.1.1:8080",
            "4.98 s",
            "GET /cart",
            "–",
            "1",
            "300",
            "272",
            "10.0.8.5"
        ]
    );
    assert_eq!(
        texts(&table(&evidence, Step::Timeouts, "gaps"), 0),
        ["4–5", "1", "1"]
    );
}

#[test]
fn shut_paths_name_the_rule() {
    let mut evidence = networked();
    let open = table(&evidence, Step::Network, "paths");
    assert_eq!(open.rows_total, 6);
    assert!(open.rows.iter().all(|row| row[0].text == "open"));
    edit(&mut evidence.security_groups)[1].rules.clear();
    let shut = table(&evidence, Step::Network, "paths");
    assert_eq!(
        texts(&shut, 0),
        [
            "blocked by no rule of sg-web (inbound rules of the target's security groups)",
            "subnet-a",
            "i-1",
            "8080",
            "requests",
            "web",
            "eu-west-1a"
        ]
    );
}

#[test]
fn long_and_odd_texts_stay_text() {
    let mut evidence = healthy();
    evidence.certificates = seen(vec![Certificate {
        domain: Some("<script>".to_owned() + &"é".repeat(1_000)),
        ..Certificate::default()
    }]);
    let table = table(&evidence, Step::Tls, "certificates");
    assert_eq!(table.rows[0][0].text.chars().count(), 301);
    assert_eq!(table.rows[0][1].text, "not seen");
}

#[test]
fn the_chain_of_timeouts_shows_what_breaks_and_what_is_safe() {
    let mut evidence = healthy();
    set_rows(
        &mut evidence,
        (0..46)
            .map(|n| {
                let clock = format!("10:{n:02}:{:02}", (n * 7) % 60);
                let mut row = hung_up(&clock, 1 + u8::try_from(n % 3).unwrap(), 0.001);
                row.idle_ms = Some(5_000);
                row
            })
            .collect(),
    );
    let table = table(&evidence, Step::Timeouts, "timeouts");
    let row = |setting: &str| {
        let found = table.rows.iter().find(|row| row[1].text == setting);
        found.unwrap_or_else(|| panic!("no {setting}"))
    };
    let client = row("client_keep_alive.seconds");
    assert_eq!(
        (client[2].text.as_str(), client[5].text.as_str()),
        ("3,600 s", "bound by nothing")
    );
    let server = row("keep-alive timeout of the server");
    assert_eq!(
        [&server[0].text, &server[2].text, &server[3].text],
        ["target group web", "5 s", "estimate from the log"]
    );
    assert!(server[4].text.starts_with("65 s. "), "{server:?}");
    assert_eq!(server[5].tone, Tone::Bad);
    let verdict = "idle timeout (60 s) < keep-alive of the targets (5 s): broken (502). ";
    assert!(server[5].text.starts_with(verdict), "{server:?}");
    evidence.attributes = denied("elasticloadbalancing:DescribeLoadBalancerAttributes");
    let table = tables(&evidence, Step::Timeouts).remove(0);
    let idle = &table.rows[1];
    assert_eq!([&idle[2].text, &idle[3].text], ["not known", "denied"]);
    assert_eq!(idle[5].tone, Tone::Warn);
}
