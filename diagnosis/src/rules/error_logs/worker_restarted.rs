//! # A worker or process ended while it held requests
//!
//! ## What it looks for
//!
//! Lines of the application's log that speak of a worker's or process's end (a worker time-out, a worker
//! replaced after so many requests, a crash, a panic, an out-of-memory kill) at the time of rows in which
//! a target hung up or refused. Where the log stream names the target, only its rows count.
//!
//! ## Why this makes a 502
//!
//! A process that ends closes its connections. Every request that it held, and every one that the load
//! balancer has just sent on a connection that is going away, gets no answer: 502. Until the next process
//! listens, connects are refused: 502 as well.
//!
//! ## How to be sure
//!
//! Each row has its line within seconds, again and again, and far more of them than chance would lay
//! beside each other. A log that covers the window and holds no such line rules this out. Lines and rows
//! at the time of a deploy belong to the deploy.
//!
//! ## How to fix it
//!
//! Find out why the process ends: the line says who ended it. Out of memory: more memory, or fewer
//! workers. A worker time-out: make the slow work faster, or raise the time-out. Recycling after so many
//! requests: spread it (`max_requests_jitter`), and let the server finish what a worker holds before it
//! goes (a graceful time-out). A panic or a segmentation fault is a bug: the lines around it name the
//! place.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: the target closed the connection
//!   with a TCP RST or FIN while a request was outstanding:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Amazon CloudWatch Logs", filter pattern syntax
//! - "gunicorn", "uvicorn" and "Puma", source: the lines by which they replace or end a worker
//! - [S] The lines of the kernel, of systemd, Node.js, the Java virtual machine, PHP-FPM, nginx and
//!   Apache, as their users report them
//! - [I] How far apart a line and its rows may lie, and how little may be left to chance

mod chance;
mod ties;

use std::collections::BTreeSet;

use chrono::TimeDelta;

use self::ties::Ties;
use crate::{
    case::{Case, apart},
    document::{Fix, Strength},
    evidence::{
        AppLog,
        access_log::{FaultRow, Shape},
        app_log::AppLogLine,
        target_groups::TargetType,
    },
    fix,
    need::Need,
    restart_signs::{self, Meaning},
    rule::{Answer, Claims, Draft, Rule},
    rules,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "worker-restarted",
    step: Step::ErrorLogs,
    specificity: 58,
    source: include_str!("worker_restarted.rs"),
    check,
};

/// Rows this close to a stop or removal of their target have that as their reason. [I]
const STOPPED: TimeDelta = TimeDelta::seconds(90);

/// So improbable by chance that it is none, and so improbable that it is likely none, in ten
/// thousandths. [I]
const NO_CHANCE: u32 = 200;
const LITTLE_CHANCE: u32 = 500;

/// What tells a restart of its own from one that somebody made.
const CHANGES: &[Need] = &[Need::Ecs, Need::AutoScaling, Need::CloudTrail];

fn check(case: &Case<'_>) -> Answer {
    if nothing_to_explain(case) {
        return Answer::clear(format!("there was no {} to explain", case.hung_up_code()));
    }
    let rows = candidates(case);
    let mut missing = case.missing_rows();
    if rows.is_empty() {
        return if missing.is_empty() {
            Answer::clear("no target hung up or refused that something else does not explain")
        } else {
            Answer::cannot_tell("targets may have hung up at a restart", missing)
        };
    }
    let log = case.evidence.app_log.seen();
    let Some(log) = log.filter(|log| !log.groups.is_empty()) else {
        missing.extend(no_log(case));
        return Answer::cannot_tell("only the application's own log names a restart", missing);
    };
    missing.extend(case.missing(&[Need::AppLog]));
    let ties = Ties::of(case, log, &rows);
    if let Some(strength) = strength(case, &ties) {
        missing.extend(case.missing(CHANGES));
        return Answer {
            missing,
            ..Answer::found(finding(case, strength, &ties))
        };
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("a restart may have been left unread", missing);
    }
    Answer::clear(format!(
        "{} read over the window, and no line there speaks of a worker's end at the time of the rows",
        log_was(log)
    ))
}

fn nothing_to_explain(case: &Case<'_>) -> bool {
    let none = if case.is_classic() {
        case.load_balancer_504s() == Some(0)
    } else {
        case.load_balancer_502s() == Some(0)
    };
    none && case.missing_rows_of_known_log().is_empty()
}

fn no_log(case: &Case<'_>) -> Vec<String> {
    let missing = case.missing(&[Need::AppLog]);
    if missing.is_empty() {
        vec![
            "application log: no log group of the application is known (a task definition with the \
             awslogs driver, or a function, names one); look into its log at the times of the rows"
                .to_owned(),
        ]
    } else {
        missing
    }
}

fn log_was(log: &AppLog) -> String {
    format!(
        "{} {}",
        words::list(&log.groups, 3),
        if log.groups.len() == 1 { "was" } else { "were" }
    )
}

/// Rows in which a target that nobody stopped hung up or refused, and that are no keep-alive race.
fn candidates(case: &Case<'_>) -> Vec<usize> {
    let of_race = claimed_by(case, "keep-alive-shorter-than-idle-timeout");
    let disturbances = case.disturbances();
    case.places(|row| is_broken_off(case, row))
        .into_iter()
        .filter(|place| !of_race.contains(place))
        .filter(|place| {
            let row = &case.rows()[*place];
            !disturbances.iter().any(|disturbance| {
                apart(row.time, disturbance.at) <= STOPPED && case.names(disturbance, row)
            })
        })
        .collect()
}

fn claimed_by(case: &Case<'_>, id: &str) -> BTreeSet<usize> {
    let answer = rules::by_id(id).map(|rule| (rule.check)(case));
    answer
        .into_iter()
        .flat_map(|answer| answer.findings)
        .filter(|finding| finding.strength > Strength::Possible)
        .filter_map(|finding| match finding.claims {
            Claims::Rows(rows) => Some(rows),
            _ => None,
        })
        .flatten()
        .collect()
}

fn is_broken_off(case: &Case<'_>, row: &FaultRow) -> bool {
    let of_function = case
        .target_group_of(row)
        .is_some_and(|group| group.target_type == TargetType::Lambda);
    let shaped = match row.shape() {
        Shape::NotAnswered | Shape::NotAnsweredUntimed | Shape::NotConnected => true,
        Shape::Answered | Shape::Other => false,
    };
    row.elb_status_code == case.hung_up_code()
        && row.target_status_code.is_none()
        && shaped
        && !of_function
}

/// How sure the lines make it; `None` where rows beside lines are what chance would give.
fn strength(case: &Case<'_>, ties: &Ties<'_>) -> Option<Strength> {
    let changes_are_known = case.missing(CHANGES).is_empty();
    let nobody_stopped_any = !case.disturbances().iter().any(|disturbance| {
        ties.rows
            .iter()
            .any(|place| apart(case.rows()[*place].time, disturbance.at) <= STOPPED)
    });
    if ties.rows.is_empty() || ties.chance > LITTLE_CHANCE {
        return None;
    }
    if ties.only_starts {
        // What began may have been begun by somebody.
        return Some(if changes_are_known && nobody_stopped_any {
            Strength::Likely
        } else {
            Strength::Possible
        });
    }
    let proven =
        ties.chance <= NO_CHANCE && changes_are_known && nobody_stopped_any && !case.is_classic();
    Some(if proven {
        Strength::Proven
    } else {
        Strength::Likely
    })
}

fn finding(case: &Case<'_>, strength: Strength, ties: &Ties<'_>) -> Draft {
    let n = case.requests(&ties.rows);
    let signs: Vec<_> = ties
        .lines
        .iter()
        .filter_map(|line| restart_signs::of(&line.message))
        .collect();
    let by: BTreeSet<&str> = signs.iter().map(|sign| sign.by).collect();
    let by: Vec<&str> = by.into_iter().collect();
    let recycled = signs.iter().all(|sign| sign.meaning == Meaning::Recycled);
    let title = if recycled {
        "The server replaces its workers while they hold requests"
    } else if ties.only_starts {
        "Workers begin at the time of the errors, as after a restart"
    } else {
        "A worker or process ended while it held requests"
    };
    let mut because = format!(
        "{} within seconds of {} of the application's log, written by {}: {}.",
        words::count(n, "row lies", "rows lie"),
        words::count(ties.lines.len() as u64, "line", "lines"),
        words::list(&by, 4),
        words::list(&quoted(&ties.lines), 3),
    );
    because += &format!(
        " The rows come in {}, {} of them beside a line; chance would do that in {}.",
        words::count(ties.bursts, "burst", "bursts"),
        words::thousands(ties.tied_bursts),
        chance::in_words(ties.chance)
    );
    if ties.by_stream {
        because += " The log stream names the target of the rows.";
    }
    if !case.missing(CHANGES).is_empty() {
        because += " Whether somebody stopped the targets then was not seen in full.";
    }
    let targets: BTreeSet<&str> = ties
        .rows
        .iter()
        .filter_map(|place| case.rows()[*place].target.as_deref())
        .collect();
    Draft {
        strength,
        title: title.to_owned(),
        because,
        claims: if strength > Strength::Possible {
            Claims::Rows(ties.rows.clone())
        } else {
            Claims::Nothing
        },
        resources: targets.into_iter().take(10).map(str::to_owned).collect(),
        cites: case.sources(&[Need::AccessLog, Need::AppLog]),
        fix: how_to_fix(case, &ties.lines),
    }
}

/// Characters of a line that are shown.
const SHOWN: usize = 120;

/// `10:02:07 "[CRITICAL] WORKER TIMEOUT (pid:12)"`
fn quoted(lines: &[&AppLogLine]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            let text: String = line
                .message
                .chars()
                .filter(|c| !c.is_control())
                .take(SHOWN)
                .collect();
            format!("{} \"{}\"", words::clock(line.at), text.trim())
        })
        .collect()
}

/// Seconds before and after the first line that are worth reading.
const READ_AROUND: i64 = 60;

fn how_to_fix(case: &Case<'_>, lines: &[&AppLogLine]) -> Fix {
    let region = &case.evidence.load_balancer.region;
    let cli = lines.first().map(|line| {
        let around = |seconds: i64| {
            crate::case::shifted(line.at, TimeDelta::seconds(seconds)).timestamp_millis()
        };
        fix::aws(
            &format!(
                "logs filter-log-events --log-group-name {} --log-stream-names {} --start-time {} --end-time {}",
                fix::quote(&line.group),
                fix::quote(&line.stream),
                around(-READ_AROUND),
                around(READ_AROUND)
            ),
            region,
        )
    });
    let group = lines.first().map_or("", |line| line.group.as_str());
    Fix {
        summary: "Read the log around these lines: they say who ended the process. Give it the memory or \
                  the time that it lacks, spread planned recycling (jitter), and let a worker finish what \
                  it holds before it goes."
            .to_owned(),
        cli: cli.into_iter().collect(),
        console: fix::console(
            region,
            &format!(
                "cloudwatch/home?region={region}#logsV2:log-groups/log-group/{}",
                fix::encode(group).replace('%', "$25").replace('/', "$252F")
            ),
        ),
        terraform: "# More memory for the task, if it was killed for want of it.\nresource \"aws_ecs_task_definition\" \"this\" {\n  memory = 2048\n}\n".to_owned(),
    }
}

#[cfg(test)]
mod tests;
