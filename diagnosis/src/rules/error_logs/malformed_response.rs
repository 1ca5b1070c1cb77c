//! # The load balancer could not read the target's answer
//!
//! ## What it looks for
//!
//! 502s that the load balancer made although a target had the request, all of one route (method and
//! path), on every target that gets it, while the same targets answer other routes. The route fails
//! nearly always, or far more often than the others.
//!
//! ## Why this makes a 502
//!
//! The load balancer reads a target's answer as HTTP before it passes it on. A header with a forbidden
//! character, two `Transfer-Encoding` headers, a `Content-Length` that is no number, a body after a 204,
//! or more than 32 KB of headers is not an answer to it, and it says 502. The target thinks that it
//! answered: its own log shows 200 for the same request.
//!
//! ## How to be sure
//!
//! The access log does not say that an answer was malformed: such rows look like those of a target that
//! hung up, so this rule is never more than likely. Ask a target for the route from inside the VPC with
//! `curl -v` and look at the raw answer: that proves it or rules it out. A crash of the code behind the
//! route leaves the same rows, and mostly more: other requests of the target break in the same seconds,
//! it refuses connections while it restarts, its log tells of a restart. Where such signs are seen, this
//! rule is silent; a crash that leaves none cannot be told from it by AWS's evidence. Where the same route
//! works on another target, or all routes of one target fail, it is the target and not the answer.
//! Where it fails after the same long while each time, a time-out of the target's own server ended it.
//!
//! On a Classic Load Balancer a 502 means nothing else: the load balancer could not parse the answer.
//!
//! ## How to fix it
//!
//! Correct the answer of the named route: send header values without line breaks and control characters,
//! either `Content-Length` or `Transfer-Encoding` and each once, no body with 204 and 304, and fewer or
//! shorter headers. Proxies in front of the application sometimes hide the fault by repairing it.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: the target response is malformed or
//!   contains HTTP headers that are not valid:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, Classic Load Balancer guide, HTTP 502: bad gateway
//! - RFC 9112, HTTP/1.1, sections 5 and 6 (header fields, message body length)
//! - The signature in the access log is an inference: AWS names the cause, not its row.

mod clock;

use std::collections::{BTreeMap, BTreeSet};

use super::lost_answers::{Lost, LostAnswers, crashes, mostly, places, requests_of, targets};
use crate::{
    case::{Case, bounded},
    document::{Fix, Strength},
    evidence::access_log::{
        AccessLog,
        base_rates::{Counted, Dividing, RouteCounts},
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    skew::words::percent,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "malformed-response",
    step: Step::ErrorLogs,
    specificity: 46,
    source: include_str!("malformed_response.rs"),
    check,
};

/// Fewer lost answers of a route are not looked at. [I]
const MIN_ROWS: usize = 5;
/// Per cent of a route's requests, from its first loss to its last: the route is broken. [I]: what
/// breaks an answer is in the code, so it does not come and go.
const NEARLY_ALWAYS: u64 = 90;
/// Per cent: broken for some data. A race or a worker that is recycled takes far fewer of a route. [I]
const OFTEN: u64 = 20;
/// Per cent of all requests from which on a client's address is that of many. [I]
const A_PROXYS_SHARE: u64 = 50;
/// Per cent of other requests that the same targets may lose, and what part of the route's own share:
/// above it the target is sick, not the route. [I]
const OTHERS_LOSE: u64 = 10;
const OTHERS_LOSE_PART: u64 = 6;
/// Requests to other routes that the same targets must have had to compare with. [I]
const OTHERS_NEEDED: u64 = 20;
/// Requests of the route on one target from which on its share there says something. [I]
const REQUESTS_ON_TARGET: u64 = 3;

fn check(case: &Case<'_>) -> Answer {
    let missing = case.missing_rows();
    if case.is_classic() {
        return on_classic(case, missing);
    }
    let lost = LostAnswers::of(case);
    let Some(log) = case
        .access_log()
        .filter(|_| !lost.rows.is_empty() || !lost.merged.is_empty())
    else {
        if case.load_balancer_502s() == Some(0) {
            return Answer::clear("the load balancer made no 502");
        }
        return if missing.is_empty() {
            Answer::clear("no answer of a target was lost on its way through the load balancer")
        } else {
            Answer::cannot_tell("answers may have been lost", missing)
        };
    };
    let Some(division) = log.base_rates.by(Dividing::Route) else {
        let mut missing = missing;
        missing.push(
            "requests by route: the log was read before lb502 counted them; run the step again"
                .to_owned(),
        );
        return Answer::cannot_tell("what else was asked for is not known", missing);
    };
    let mut by_route: BTreeMap<&str, Vec<&Lost>> = BTreeMap::new();
    for row in &lost.rows {
        by_route.entry(&row.route).or_default().push(row);
    }
    let mut broken = Vec::new();
    let mut because = Vec::new();
    for (route, rows) in by_route {
        if rows.len() < MIN_ROWS {
            continue;
        }
        let requests = division.value(route).map_or(0, |counts| counts.requests);
        match judge(case, log, &lost, route, &rows, requests) {
            Ok(verdict) => broken.push((route.to_owned(), rows, verdict)),
            Err(why) => because.push(why),
        }
    }
    if broken.is_empty() {
        because.dedup();
        let because = if because.is_empty() {
            "lost answers are spread over routes, a few of each".to_owned()
        } else {
            words::list(&because, 3)
        };
        return if missing.is_empty() {
            Answer::clear(because)
        } else {
            Answer::cannot_tell(because, missing)
        };
    }
    Answer {
        missing,
        ..Answer::found(finding(case, log, &lost, broken))
    }
}

/// What is said of a route that fails on its own.
struct Broken {
    share: u64,
    requests: u64,
    others: u64,
    others_lost: u64,
    targets: usize,
}

/// `Err` says why the route is not the reason.
fn judge(
    case: &Case<'_>,
    log: &AccessLog,
    lost: &LostAnswers,
    route: &str,
    rows: &[&Lost],
    requests: u64,
) -> Result<Broken, String> {
    let failing = log.base_rates.route(route);
    let failed = bounded(rows.len() as u64).min(requests);
    let during = failing.map(|failing| since_it_fails(&failing.slots));
    let share = during.map_or(words::percent(failed, requests), |counts| {
        words::percent(counts.failed, counts.requests)
    });
    if share < OFTEN {
        return Err(format!(
            "{route} loses {} of its requests",
            percent(failed, requests)
        ));
    }
    if mostly(rows, |row| row.with_other_routes || row.at_a_stop) {
        return Err(format!(
            "{route} fails together with other requests of its target, or when that is stopped or restarted"
        ));
    }
    if let Some(signs) = crashes::signs(case, rows) {
        return Err(format!(
            "of what fails on {route}, {signs}: the process behind it may crash"
        ));
    }
    if let Some(seconds) = clock::ended_by_it(case, rows) {
        return Err(format!(
            "what fails on {route} fails after {seconds} s each time: a time-out of the target's server"
        ));
    }
    if mostly(rows, |row| row.upload) {
        return Err(format!("what fails on {route} are uploads"));
    }
    if share < NEARLY_ALWAYS && mostly(rows, |row| row.at_once) {
        return Err(format!(
            "{route} also works, and what fails on it fails before the application can have answered"
        ));
    }
    if share < NEARLY_ALWAYS && bound_to_a_client(case, log, rows) {
        return Err(format!("{route} fails for one client alone"));
    }
    let on = targets(case, rows);
    let of_route = |target: &str| {
        let all = failing.map_or(&[][..], |failing| &failing.targets);
        all.iter().filter(|(name, _)| name == target).fold(
            RouteCounts::default(),
            |sum, (_, counts)| RouteCounts {
                requests: bounded(sum.requests + bounded(counts.requests)),
                failed: bounded(sum.failed + bounded(counts.failed)),
            },
        )
    };
    let whole_share = words::percent(failed, requests);
    let works_on = failing
        .into_iter()
        .flat_map(|failing| &failing.targets)
        .map(|(target, _)| target.as_str())
        .find(|target| {
            let counts = of_route(target);
            counts.requests >= REQUESTS_ON_TARGET
                && words::percent(counts.failed, counts.requests) < whole_share / 2
        });
    if let Some(target) = works_on {
        return Err(format!("{route} works on {target}"));
    }
    let own: u64 = match failing.filter(|failing| !failing.targets.is_empty()) {
        Some(_) => on.iter().map(|target| of_route(target).requests).sum(),
        None => requests,
    };
    let others = requests_of(case, &on).saturating_sub(own);
    if others < OTHERS_NEEDED {
        return Err(format!(
            "the targets of {route} are asked for hardly anything else, so nothing tells the route from \
             its targets"
        ));
    }
    let others_lost = lost
        .rows
        .iter()
        .filter(|row| row.route != route)
        .filter(|row| {
            let target = case.rows()[row.place].target.as_deref();
            target.is_some_and(|target| on.contains(target))
        })
        .count() as u64;
    let others_share = others_lost.saturating_mul(100);
    if others_share > others.saturating_mul(OTHERS_LOSE)
        || others_share.saturating_mul(OTHERS_LOSE_PART) > others.saturating_mul(share)
    {
        return Err(format!(
            "other routes fail on the targets of {route} as well"
        ));
    }
    Ok(Broken {
        share,
        requests: during.map_or(requests, |counts| counts.requests),
        others,
        others_lost,
        targets: on.len(),
    })
}

/// The route's counts from its first loss to its last. The parts of the window that hold these two
/// are left out where enough lies between them: a deploy may have broken the route inside one.
fn since_it_fails(slots: &[RouteCounts]) -> RouteCounts {
    let first = slots.iter().position(|slot| slot.failed > 0).unwrap_or(0);
    let last = slots
        .iter()
        .rposition(|slot| slot.failed > 0)
        .unwrap_or(first);
    let sum = |slots: &[RouteCounts]| {
        slots
            .iter()
            .fold(RouteCounts::default(), |sum, slot| RouteCounts {
                requests: bounded(sum.requests + bounded(slot.requests)),
                failed: bounded(sum.failed + bounded(slot.failed)),
            })
    };
    let all = sum(slots.get(first..=last).unwrap_or_default());
    let between = sum(slots.get(first + 1..last).unwrap_or_default());
    if between.requests >= MIN_ROWS as u64 {
        between
    } else {
        all
    }
}

/// Whether one client alone loses answers. Behind a proxy or a CDN everybody has its address, which then
/// tells nobody apart. [V] DOC-AL, client:port
fn bound_to_a_client(case: &Case<'_>, log: &AccessLog, rows: &[&Lost]) -> bool {
    let clients: BTreeSet<&str> = rows
        .iter()
        .map(|lost| case.rows()[lost.place].client.as_str())
        .collect();
    let of_others = |client: &str| {
        let counts = log
            .base_rates
            .by(Dividing::Client)
            .and_then(|division| division.value(client));
        counts.is_none_or(|counts| words::percent(counts.requests, log.requests) < A_PROXYS_SHARE)
    };
    clients.len() == 1 && clients.into_iter().all(of_others)
}

fn finding(
    case: &Case<'_>,
    log: &AccessLog,
    lost: &LostAnswers,
    broken: Vec<(String, Vec<&Lost>, Broken)>,
) -> Draft {
    let mut claimed: Vec<usize> = broken
        .iter()
        .flat_map(|(_, rows, _)| places(rows))
        .collect();
    let routes: Vec<&str> = broken.iter().map(|(route, ..)| route.as_str()).collect();
    let on: BTreeSet<&str> = broken
        .iter()
        .flat_map(|(_, rows, _)| targets(case, rows))
        .collect();
    // Rows past the cap do not say their route. Where these routes hold nearly all, they are theirs.
    let division = log.base_rates.by(Dividing::Route);
    let exact = division.filter(|division| division.counted == Counted::Exact);
    if let Some(division) = exact {
        let made =
            |of: &mut dyn Iterator<Item = u64>| of.fold(0, |sum, n| bounded(sum + bounded(n)));
        let all = made(&mut division.values.iter().map(|of| of.made_by_load_balancer));
        let own = made(
            &mut division
                .values
                .iter()
                .filter(|of| routes.contains(&of.value.as_str()))
                .map(|of| of.made_by_load_balancer),
        );
        if words::percent(own, all) >= NEARLY_ALWAYS {
            claimed.extend(&lost.merged);
        }
    }
    claimed.sort_unstable();
    let told: Vec<String> = broken
        .iter()
        .map(|(route, _, broken)| {
            format!(
                "{route} lost {} % of {} to it while it failed, on {}; of {} to other routes on the same \
                 targets {} lost",
                broken.share,
                words::count(broken.requests, "request", "requests"),
                words::count(broken.targets as u64, "target", "targets"),
                words::thousands(broken.others),
                match broken.others_lost {
                    0 => "none was".to_owned(),
                    1 => "one was".to_owned(),
                    n => format!("{} were", words::thousands(n)),
                }
            )
        })
        .collect();
    let n = case.requests(&claimed);
    let path = routes
        .first()
        .and_then(|route| route.split_once(' '))
        .map_or("/", |(_, path)| path);
    let method = routes
        .first()
        .and_then(|route| route.split_once(' '))
        .map_or("GET", |(method, _)| method);
    let target = on.first().copied().unwrap_or("TARGET:PORT");
    Draft {
        strength: Strength::Likely,
        title: format!(
            "The load balancer could not read the answers of {}",
            words::list(&routes, 2)
        ),
        because: format!(
            "{} had a target and no answer that the load balancer could pass on (502, target status -). \
             {}. So it is what this route answers, not the targets. A crash of the code behind it that \
             takes nothing else with it would leave the same rows{}: a request to a target from inside the \
             VPC tells them apart.",
            words::count(n, "request", "requests"),
            words::list(&told, 3),
            log_was_read(case)
        ),
        claims: Claims::Rows(claimed),
        resources: on.into_iter().take(10).map(str::to_owned).collect(),
        cites: case.sources(&[Need::AccessLog]),
        fix: Fix {
            summary: "Ask a target for this route from inside the VPC and look at the raw answer: a header \
                      with a line break or control character, Content-Length beside Transfer-Encoding, a body \
                      after 204, or more than 32 KB of headers. Correct it in the application."
                .to_owned(),
            cli: vec![format!(
                "curl -v -sS -o /dev/null -X {} {}",
                fix::quote(method),
                fix::quote(&format!("http://{target}{path}"))
            )],
            console: fix::load_balancer_console(&case.evidence.load_balancer),
            terraform: "# Nothing to set in AWS: the application's answer has to be corrected.\n".to_owned(),
        },
    }
}

/// The application's log would mostly name a crash.
fn log_was_read(case: &Case<'_>) -> &'static str {
    let log = case.evidence.app_log.whole();
    if log.is_some_and(|log| !log.groups.is_empty()) {
        ", though mostly also a line in the application's log, and none is there"
    } else {
        ", and the application's log, which would mostly name it, was not read"
    }
}

/// [V] Classic guide: 502 has this cause, or a fault of the load balancer itself.
fn on_classic(case: &Case<'_>, missing: Vec<String>) -> Answer {
    let rows = case.places(|row| row.elb_status_code == 502 && !row.made_by_target());
    if rows.is_empty() {
        return if missing.is_empty() {
            Answer::clear("the load balancer made no 502")
        } else {
            Answer::cannot_tell("the load balancer may have made 502s", missing)
        };
    }
    let n = case.requests(&rows);
    Answer {
        missing,
        ..Answer::found(Draft {
            strength: Strength::Likely,
            title: "The load balancer could not read the instances' answers".to_owned(),
            because: format!(
                "{} 502 without an instance's own 502. A Classic Load Balancer answers so when it cannot \
                 parse what an instance sent (or has a fault itself); a hang-up or a slow answer is a 504.",
                words::count(n, "request got a", "requests got a")
            ),
            claims: Claims::Rows(rows),
            resources: vec![case.evidence.load_balancer.name.clone()],
            cites: case.sources(&[Need::AccessLog]),
            fix: Fix {
                summary: "Ask an instance for the same path from inside the VPC and look at the raw answer; \
                          correct its headers in the application."
                    .to_owned(),
                cli: vec!["curl -v -sS -o /dev/null http://INSTANCE:PORT/PATH".to_owned()],
                console: fix::load_balancer_console(&case.evidence.load_balancer),
                terraform: "# Nothing to set in AWS: the application's answer has to be corrected.\n"
                    .to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests;
