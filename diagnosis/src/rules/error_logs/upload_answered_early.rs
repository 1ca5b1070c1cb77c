//! # The application answers an upload before it has read it
//!
//! ## What it looks for
//!
//! Requests with a large body (POST, PUT, PATCH) that were sent to a target which hung up before a whole
//! answer came back, while small requests to the same targets do not fail alike.
//!
//! ## Why this makes a 502
//!
//! A server that refuses an upload (too large, not signed in, wrong type) may answer at once and close
//! the connection while the client is still sending. The unread bytes turn the close into a TCP reset,
//! and the reset overtakes the answer: the load balancer never reads the 413 or 401 that was sent, and
//! the client gets 502.
//!
//! ## How to be sure
//!
//! The failed rows have large `received_bytes` and the shape ≥0 / ≥0 / -1; small requests to the same
//! route pass, or are answered 401 or 413 as they should be. The server's log shows an answer of its own
//! (413, 401) at the time of the row, or says that the body is too large. Send the same upload to a
//! target directly, with `curl -v`, and see the answer come before the upload is through.
//!
//! ## How to fix it
//!
//! Read the body to its end (or up to a bound) before closing, or keep the connection open after the
//! answer (nginx: `lingering_close`; many frameworks: drain the body). Raise the limit where the uploads
//! are wanted. Check size and sign-in before the body is sent: let clients ask with `Expect:
//! 100-continue`, or refuse with a WAF rule at the load balancer.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: the target closed the connection
//!   while a request was outstanding:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - RFC 9112, section 9.6: a server that closes with data unread resets the connection, and the client
//!   may lose the answer
//! - [S] rwf2/Rocket issues 2783 and 3004, jetty/jetty.project issue 12079: answers before the end of an
//!   upload that become 502 behind a load balancer
//! - [I] From which size on a body is large

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::{
    case::{Case, apart, bounded, minute_of},
    document::{Fix, Strength},
    evidence::{
        access_log::{FaultRow, Shape},
        target_groups::TargetType,
    },
    fix,
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    rules,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "upload-answered-early",
    step: Step::ErrorLogs,
    specificity: 54,
    source: include_str!("upload_answered_early.rs"),
    check,
};

/// A body up to about this size, bytes, lies in the server's receive buffer and is read with the head:
/// nothing stays unread. [I]
const LARGE: u64 = 64 * 1024;

/// Fewer large uploads than this, or in fewer minutes, may have been hit by whatever broke. [I]
const FEWEST: u64 = 5;
const MINUTES: usize = 3;

/// This much of what fails so on these targets is large uploads, per cent: small requests do not fail
/// alike. [I]
const LARGE_PERCENT: u64 = 85;

/// Rows this close to a stop or removal of their target have that as their reason. [I]
const STOPPED: TimeDelta = TimeDelta::seconds(90);

/// A line of the server's log this close to a row is about it. [I]
const BESIDE: TimeDelta = TimeDelta::seconds(2);

/// How servers say that they will not take a body. [V] nginx, net/http and others' own texts
const REFUSALS: &[&str] = &["too large body", "Entity Too Large"];

/// Narrower causes: what they claim is theirs.
const NARROWER: &[&str] = &["keep-alive-shorter-than-idle-timeout", "worker-restarted"];

fn check(case: &Case<'_>) -> Answer {
    if case.is_classic() {
        return Answer::clear(
            "a Classic load balancer answers 504 to a closed connection and logs no times for it",
        );
    }
    if case.load_balancer_502s() == Some(0) && case.missing_rows_of_known_log().is_empty() {
        return Answer::clear("the load balancer made no 502");
    }
    let missing = case.missing_rows();
    let failed = Failed::of(case);
    if failed.fits() {
        return Answer {
            missing,
            ..Answer::found(finding(case, &failed))
        };
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("uploads may fail unseen", missing);
    }
    Answer::clear(if failed.uploads == 0 {
        "no request with a large body was broken off".to_owned()
    } else if failed.small > 0 && !failed.is_mostly_large() {
        format!(
            "{} with a large body broken off, but so {} small: size makes no difference",
            words::count(failed.uploads, "request was", "requests were"),
            words::count(failed.small, "was one that is", "were others that are"),
        )
    } else {
        format!(
            "{} with a large body broken off: too few, or at one time, to lay it to their size",
            words::count(failed.uploads, "request was", "requests were")
        )
    })
}

/// Hang-ups that no narrower cause explains, by the size of the request.
struct Failed {
    places: Vec<usize>,
    uploads: u64,
    small: u64,
    minutes: usize,
    smallest: u64,
    largest: u64,
}

impl Failed {
    fn of(case: &Case<'_>) -> Self {
        let rows = case.rows();
        let of_others = claimed(case);
        let disturbances = case.disturbances();
        let own = case
            .places(|row| is_hang_up(case, row))
            .into_iter()
            .filter(|place| !of_others.contains(place))
            .filter(|place| {
                let row = &rows[*place];
                !disturbances.iter().any(|disturbance| {
                    apart(row.time, disturbance.at) <= STOPPED && case.names(disturbance, row)
                })
            });
        let (places, others): (Vec<usize>, Vec<usize>) =
            own.partition(|place| is_upload(&rows[*place]));
        let targets: BTreeSet<Option<&str>> = places
            .iter()
            .map(|place| rows[*place].target.as_deref())
            .collect();
        // Merged rows do not say how large they were.
        let small: Vec<usize> = others
            .into_iter()
            .filter(|place| rows[*place].count <= 1 || !rows[*place].method.is_empty())
            .filter(|place| targets.contains(&rows[*place].target.as_deref()))
            .collect();
        let sizes: Vec<u64> = places.iter().map(|p| rows[*p].received_bytes).collect();
        let minutes: BTreeSet<_> = places.iter().map(|p| minute_of(rows[*p].time)).collect();
        Self {
            uploads: case.requests(&places),
            small: case.requests(&small),
            minutes: minutes.len(),
            smallest: sizes.iter().min().copied().unwrap_or(0),
            largest: sizes.iter().max().copied().unwrap_or(0),
            places,
        }
    }

    fn is_mostly_large(&self) -> bool {
        words::percent(self.uploads, self.uploads + self.small) >= LARGE_PERCENT
    }

    fn fits(&self) -> bool {
        self.uploads >= FEWEST && self.minutes >= MINUTES && self.is_mostly_large()
    }
}

fn claimed(case: &Case<'_>) -> BTreeSet<usize> {
    NARROWER
        .iter()
        .filter_map(|id| rules::by_id(id))
        .flat_map(|rule| (rule.check)(case).findings)
        .filter(|finding| finding.strength > Strength::Possible)
        .filter_map(|finding| match finding.claims {
            Claims::Rows(rows) => Some(rows),
            _ => None,
        })
        .flatten()
        .collect()
}

fn is_hang_up(case: &Case<'_>, row: &FaultRow) -> bool {
    let of_function = case
        .target_group_of(row)
        .is_some_and(|group| group.target_type == TargetType::Lambda);
    row.elb_status_code == 502
        && row.target_status_code.is_none()
        && matches!(row.shape(), Shape::NotAnswered | Shape::NotAnsweredUntimed)
        && !of_function
}

fn is_upload(row: &FaultRow) -> bool {
    matches!(row.method.as_str(), "POST" | "PUT" | "PATCH") && row.received_bytes >= LARGE
}

fn finding(case: &Case<'_>, failed: &Failed) -> Draft {
    let said = refusals_beside(case, &failed.places);
    // The rows show that uploads are broken off, and only the server's own word that it refused them.
    let proven = said * 2 > failed.uploads;
    let mut because = format!(
        "{} with a large body ({} to {}) broken off before an answer, over {}; {} small on the same \
         targets failed so.",
        words::count(failed.uploads, "request was", "requests were"),
        kilobytes(failed.smallest),
        kilobytes(failed.largest),
        words::count(failed.minutes as u64, "minute", "minutes"),
        match failed.small {
            0 => "no request that is".to_owned(),
            n => words::count(n, "request that is", "requests that are"),
        }
    );
    let refused = answered(case, &[413, 401, 403]);
    if refused > 0 {
        because += &format!(
            " {} in the window passed with 401, 403 or 413: such an answer is what gets lost here.",
            words::count(refused, "answer", "answers")
        );
    }
    if said > 0 {
        because += &format!(
            " The server's log says at the time of {} that the body is too large.",
            words::count(said, "of them", "of them")
        );
    } else {
        because += " What the server answered, only its own log can say.";
    }
    let routes = routes(case, &failed.places);
    because += &format!(" Routes: {}.", words::list(&routes, 4));
    let targets: BTreeSet<String> = failed
        .places
        .iter()
        .filter_map(|place| case.rows()[*place].target.clone())
        .collect();
    Draft {
        strength: if proven {
            Strength::Proven
        } else {
            Strength::Likely
        },
        title: "The application closes before it has read the upload".to_owned(),
        because,
        claims: Claims::Rows(failed.places.clone()),
        resources: targets.into_iter().take(10).collect(),
        cites: case.sources(&[Need::AccessLog, Need::AppLog]),
        fix: how_to_fix(case, failed.largest),
    }
}

/// Rows at whose time the server's log says that it will not take the body.
fn refusals_beside(case: &Case<'_>, places: &[usize]) -> u64 {
    let Some(log) = case.evidence.app_log.seen() else {
        return 0;
    };
    let says = |message: &str| REFUSALS.iter().any(|refusal| message.contains(refusal));
    let beside: Vec<usize> = places
        .iter()
        .copied()
        .filter(|place| {
            let row = &case.rows()[*place];
            log.lines
                .iter()
                .any(|line| says(&line.message) && apart(line.at, row.time) <= BESIDE)
        })
        .collect();
    case.requests(&beside)
}

/// Answers of the window with one of these codes.
fn answered(case: &Case<'_>, codes: &[u16]) -> u64 {
    let minutes = case.access_log().map_or(&[][..], |log| &log.minutes);
    minutes
        .iter()
        .flat_map(|minute| codes.iter().filter_map(|code| minute.statuses.get(code)))
        .fold(0, |sum, n| bounded(sum + bounded(*n)))
}

fn kilobytes(bytes: u64) -> String {
    if bytes >= 10_000_000 {
        format!("{} MB", words::thousands(bytes / 1_000_000))
    } else {
        format!("{} kB", words::thousands(bytes / 1_000))
    }
}

/// `POST /upload (12)`, most frequent first.
fn routes(case: &Case<'_>, places: &[usize]) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for place in places {
        let row = &case.rows()[*place];
        let path = row.url.split('?').next().unwrap_or_default();
        *counts.entry((&row.method, path)).or_default() += bounded(row.count);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(route, n)| (std::cmp::Reverse(*n), *route));
    counts
        .into_iter()
        .map(|((method, path), n)| format!("{method} {path} ({})", words::thousands(n)))
        .collect()
}

fn how_to_fix(case: &Case<'_>, largest: u64) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    Fix {
        summary: format!(
            "Let the server read or drain the body before it closes, and answer with `Connection: close` \
             only after that. If the uploads are wanted, raise its limit above {}; else refuse them before \
             they are sent.",
            kilobytes(largest)
        ),
        cli: vec![format!(
            "head -c {largest} /dev/zero | curl -v -X POST --data-binary @- http://YOUR-TARGET:PORT/YOUR-ROUTE"
        )],
        console: fix::load_balancer_console(load_balancer),
        terraform: "# In the server's own configuration, for example nginx:\n#   client_max_body_size 50m;\n#   lingering_close always;\n".to_owned(),
    }
}

#[cfg(test)]
mod tests;
