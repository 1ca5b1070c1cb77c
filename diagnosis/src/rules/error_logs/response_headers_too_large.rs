//! # The headers of the answer are over 32 KB
//!
//! ## What it looks for
//!
//! 502s that the load balancer made although a target had the request, nearly all from one client, or
//! nearly all requests with large headers of their own, while others ask for the same routes and get
//! their answers.
//!
//! ## Why this makes a 502
//!
//! The headers of an answer may be 32 KB together; that limit is fixed. An answer above it is thrown
//! away and the client gets 502. What makes headers grow is mostly the user: cookies that are set anew
//! with every answer, a session kept in a cookie, a token with hundreds of groups, a policy header that
//! lists every host. So it hits one user on every page, and nobody else.
//!
//! ## How to be sure
//!
//! The access log does not note the size of an answer's headers; the rows look like those of a target
//! that hung up, so this rule is never more than likely. Ask a target from inside the VPC with that
//! user's cookies, `curl -v --cookie …`, and count the bytes of the answer's headers: above 32,768
//! proves it. Where other clients fail on the same route alike, it is the route. Where all that fails
//! are uploads, the server cuts them off.
//!
//! ## How to fix it
//!
//! Keep sessions on the server and only their id in a cookie; set a cookie when it changes, not with
//! every answer; delete cookies that are no longer used; shorten `Content-Security-Policy` and debug
//! headers. Deleting its cookies helps the client at once.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: the response headers are larger than
//!   the limit: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Quotas for your Application Load Balancers": entire response header, 32 K, not adjustable
//! - That it is bound to a client is an inference: AWS names the cause, not its row.

use std::collections::{BTreeMap, BTreeSet};

use super::lost_answers::{Lost, LostAnswers, mostly, places, targets};
use crate::{
    access_log::size_classes_from,
    case::{Case, bounded},
    document::{Fix, Strength},
    evidence::access_log::{
        AccessLog,
        base_rates::{Counted, Dividing},
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    skew::words::percent,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "response-headers-too-large",
    step: Step::ErrorLogs,
    specificity: 56,
    source: include_str!("response_headers_too_large.rs"),
    check,
};

/// Fewer lost answers are not looked at. [I]
const MIN_ROWS: usize = 5;
/// Per cent of the lost answers that one client, or requests with large headers, hold. [I]
const NEARLY_ALL: u64 = 80;
/// Per cent of all requests that they have at most: else it is simply who asks. [I]
const FEW_REQUESTS: u64 = 30;
/// Per cent of their requests that are lost: a user whose cookies are too large loses most. [I]
const OFTEN: u64 = 30;
/// Where what is lost is lost at once, a race for idle connections may do it, but not nearly always.
const NEARLY_ALWAYS: u64 = 90;
/// Requests of others to the same routes, and per cent of them that may be lost. [I]
const OTHERS_NEEDED: u64 = 20;
const OTHERS_LOSE: u64 = 5;
/// Bytes of a request without a body from which on its headers are large: a common request has one
/// or two thousand. [I]
const LARGE_HEADERS: u64 = 4 * 1024;

fn check(case: &Case<'_>) -> Answer {
    if case.is_classic() {
        return Answer::clear("a Classic Load Balancer has no such limit of its own");
    }
    let missing = case.missing_rows();
    let lost = LostAnswers::of(case);
    let log = case.access_log().filter(|_| !lost.rows.is_empty());
    let Some(log) = log else {
        if case.load_balancer_502s() == Some(0) {
            return Answer::clear("the load balancer made no 502");
        }
        return if missing.is_empty() {
            Answer::clear("no answer of a target was lost on its way through the load balancer")
        } else {
            Answer::cannot_tell("answers may have been lost", missing)
        };
    };
    let found = of_a_client(case, log, &lost).or_else(|| of_large_requests(case, log, &lost));
    match found {
        Some(finding) => Answer {
            missing,
            ..Answer::found(finding)
        },
        None if missing.is_empty() => Answer::clear(
            "lost answers are bound neither to one client nor to requests with large headers that others \
             send small and get answered",
        ),
        None => Answer::cannot_tell("answers may have been lost", missing),
    }
}

/// Who loses answers, and how they compare with all others.
struct Bound<'a> {
    rows: Vec<&'a Lost>,
    /// Requests of theirs in the window, at most.
    requests: u64,
    /// Requests of others to the same routes, and those lost.
    others: u64,
    others_lost: u64,
}

fn of_a_client(case: &Case<'_>, log: &AccessLog, lost: &LostAnswers) -> Option<Draft> {
    let mut by_client: BTreeMap<&str, Vec<&Lost>> = BTreeMap::new();
    for row in &lost.rows {
        let client = case.rows()[row.place].client.as_str();
        by_client.entry(client).or_default().push(row);
    }
    let (client, rows) = by_client.into_iter().max_by_key(|(_, rows)| rows.len())?;
    let requests = log.base_rates.by(Dividing::Client)?.value(client)?.requests;
    let bound = bound(log, lost, rows, requests)?;
    let because = format!(
        "{}: {} of {} lost answers, and {} of all requests.",
        client,
        percent(bound.rows.len() as u64, lost.rows.len() as u64),
        words::thousands(lost.rows.len() as u64),
        percent(bound.requests, log.requests)
    );
    Some(finding(
        case,
        &bound,
        format!("Answers for one client, {client}, do not get through the load balancer"),
        &because,
    ))
}

fn of_large_requests(case: &Case<'_>, log: &AccessLog, lost: &LostAnswers) -> Option<Draft> {
    let received = |row: &Lost| case.rows()[row.place].received_bytes;
    let rows: Vec<&Lost> = lost
        .rows
        .iter()
        .filter(|row| received(row) >= LARGE_HEADERS)
        .filter(|row| matches!(case.rows()[row.place].method.as_str(), "GET" | "HEAD"))
        .collect();
    let least = rows.iter().map(|row| received(row)).min()?;
    let large = size_classes_from(least);
    let name = large.first()?;
    // Requests of that size and above, uploads among them: more than there are of this kind.
    let division = log.base_rates.by(Dividing::Size)?;
    let requests = division
        .values
        .iter()
        .filter(|of| large.contains(&of.value.as_str()))
        .fold(0, |sum, of| bounded(sum + bounded(of.requests)));
    let bound = bound(log, lost, rows, requests)?;
    let because = format!(
        "{} of {} lost answers are to requests without a body that are {name} or larger, which is mostly \
         their cookies; {} of all requests are that large.",
        percent(bound.rows.len() as u64, lost.rows.len() as u64),
        words::thousands(lost.rows.len() as u64),
        percent(bound.requests, log.requests)
    );
    Some(finding(
        case,
        &bound,
        "Answers to requests with large headers do not get through the load balancer".to_owned(),
        &because,
    ))
}

/// `None` where the lost answers are not theirs alone.
fn bound<'a>(
    log: &AccessLog,
    lost: &'a LostAnswers,
    rows: Vec<&'a Lost>,
    requests: u64,
) -> Option<Bound<'a>> {
    let n = rows.len() as u64;
    let share = words::percent(n.min(requests), requests);
    let stands_out = rows.len() >= MIN_ROWS
        && words::percent(n, lost.rows.len() as u64) >= NEARLY_ALL
        && words::percent(requests, log.requests) <= FEW_REQUESTS
        && share >= OFTEN;
    if !stands_out
        || mostly(&rows, |row| row.with_other_clients || row.at_a_stop)
        || mostly(&rows, |row| row.upload)
        || (share < NEARLY_ALWAYS && mostly(&rows, |row| row.at_once))
    {
        return None;
    }
    let routes: BTreeSet<&str> = rows.iter().map(|row| row.route.as_str()).collect();
    let division = log
        .base_rates
        .by(Dividing::Route)
        .filter(|division| division.counted == Counted::Exact)?;
    let all = routes
        .iter()
        .filter_map(|route| division.value(route))
        .fold(0, |sum, of| bounded(sum + bounded(of.requests)));
    let others = all.saturating_sub(requests);
    let others_lost = lost
        .rows
        .iter()
        .filter(|row| routes.contains(row.route.as_str()))
        .count()
        .saturating_sub(rows.len()) as u64;
    let others_are_well =
        others >= OTHERS_NEEDED && others_lost * 100 <= others.saturating_mul(OTHERS_LOSE);
    others_are_well.then_some(Bound {
        rows,
        requests,
        others,
        others_lost,
    })
}

fn finding(case: &Case<'_>, bound: &Bound<'_>, title: String, because: &str) -> Draft {
    let on = targets(case, &bound.rows);
    let target = on.first().copied().unwrap_or("TARGET:PORT");
    let path = bound
        .rows
        .first()
        .map_or("/", |row| case.rows()[row.place].url.as_str());
    let clients: BTreeSet<&str> = bound
        .rows
        .iter()
        .map(|row| case.rows()[row.place].client.as_str())
        .collect();
    Draft {
        strength: Strength::Likely,
        title,
        because: format!(
            "{} had a target and no answer that the load balancer could pass on (502, target status -). \
             {because} Others asked for the same routes {} and lost {}. What is their own, mostly \
             cookies, makes the headers of their answers too large for the load balancer: 32 KB together. \
             Another fault in what this user is answered would look the same.",
            words::count(bound.rows.len() as u64, "request", "requests"),
            words::count(bound.others, "time", "times"),
            words::thousands(bound.others_lost)
        ),
        claims: Claims::Rows(places(&bound.rows)),
        resources: clients
            .into_iter()
            .chain(on.iter().copied())
            .take(10)
            .map(str::to_owned)
            .collect(),
        cites: case.sources(&[Need::AccessLog]),
        fix: Fix {
            summary: "Count the bytes of the answer's headers with this user's cookies, from inside the VPC; \
                      keep sessions on the server, and set cookies only when they change. Deleting its cookies \
                      helps the client at once."
                .to_owned(),
            cli: vec![format!(
                "curl -sS -o /dev/null -D - --cookie 'THE-USERS-COOKIES' {} | wc -c",
                fix::quote(&format!("http://{target}{path}"))
            )],
            console: fix::load_balancer_console(&case.evidence.load_balancer),
            terraform: "# The limit of 32 KB is fixed: the application's headers have to get smaller.\n"
                .to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::access_log::FaultRow, fixture::*};

    /// `n` lost answers of a client on two routes, over three targets, among 30,000 requests.
    fn lost_by(client: &str, n: usize) -> crate::Evidence {
        let mut evidence = healthy();
        let rows = (0..n)
            .map(|n| FaultRow {
                client: client.to_owned(),
                url: ["/cart", "/account?tab=1"][n % 2].to_owned(),
                ..hung_up(
                    &format!("10:{:02}:{:02}", n % 60, n * 7 % 60),
                    u8::try_from(1 + n % 3).unwrap(),
                    0.08,
                )
            })
            .collect();
        set_rows(&mut evidence, rows);
        if let crate::Observed::Seen { value, .. } = &mut evidence.access_log {
            value.requests = 30_000;
        }
        let half = n as u64 / 2;
        set_base(
            &mut evidence,
            Dividing::Route,
            &[
                ("GET /cart", 20_000, n as u64 - half),
                ("GET /account", 10_000, half),
            ],
        );
        set_base(
            &mut evidence,
            Dividing::Client,
            &[("203.0.113.9", 29_950, 0), ("198.51.100.77", 50, n as u64)],
        );
        evidence
    }

    #[test]
    fn a_client_that_simply_asks_most_is_the_near_miss() {
        assert_clear(&RULE, &lost_by("203.0.113.9", 40));
    }

    #[test]
    fn one_client_that_loses_most_of_its_answers_is_likely() {
        let because = assert_found(&RULE, &lost_by("198.51.100.77", 40), Strength::Likely);
        assert!(because.contains("100 % of 40 lost answers"), "{because}");
        assert!(
            because.contains("asked for the same routes 29,950 times"),
            "{because}"
        );
    }

    #[test]
    fn a_client_of_a_route_that_nobody_else_asks_for_says_nothing() {
        let mut evidence = lost_by("198.51.100.77", 40);
        set_base(
            &mut evidence,
            Dividing::Route,
            &[
                ("GET /cart", 30, 20),
                ("GET /account", 20, 20),
                ("GET /", 29_950, 0),
            ],
        );
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn what_is_lost_at_once_now_and_then_is_a_race() {
        let mut evidence = lost_by("198.51.100.77", 20);
        if let crate::Observed::Seen { value, .. } = &mut evidence.access_log {
            for row in &mut value.rows {
                row.target_processing_time = Some(0.001);
            }
        }
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn requests_with_large_cookies_are_likely_and_uploads_are_not() {
        let mut evidence = lost_by("198.51.100.77", 40);
        if let crate::Observed::Seen { value, .. } = &mut evidence.access_log {
            for (n, row) in value.rows.iter_mut().enumerate() {
                row.client = format!("198.51.100.{n}");
                row.received_bytes = 9_000 + n as u64;
            }
        }
        set_base(
            &mut evidence,
            Dividing::Size,
            &[
                ("under 1 KB", 29_900, 0),
                ("4 to 16 KB", 50, 40),
                ("64 to 256 KB", 50, 0),
            ],
        );
        let because = assert_found(&RULE, &evidence, Strength::Likely);
        assert!(because.contains("4 to 16 KB or larger"), "{because}");
        if let crate::Observed::Seen { value, .. } = &mut evidence.access_log {
            for row in &mut value.rows {
                row.method = "POST".to_owned();
            }
        }
        assert_clear(&RULE, &evidence);
    }

    #[test]
    fn a_log_that_was_not_read_hides_it() {
        let mut evidence = lost_by("198.51.100.77", 40);
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
}
