//! # The target closes idle connections before the load balancer does
//!
//! ## What it looks for
//!
//! Rows in which a target hung up at once (target time about 0, no answer) a fixed time after its last
//! answer, and that time is shorter than the load balancer's idle timeout.
//!
//! ## Why this makes a 502
//!
//! The load balancer keeps connections to targets open and uses them again, for as long as its idle
//! timeout allows (60 seconds by default). A server that closes idle connections earlier (5 seconds in
//! Node.js, uvicorn and Apache) closes some of them at the very moment at which the load balancer sends
//! the next request. That request is lost, and the client gets 502; behind a Classic Load Balancer 504.
//! Health checks open a fresh connection each time and never see it, and the application's log is
//! silent, since the request never reached the application.
//!
//! ## How to be sure
//!
//! The gap between the target's last answer and the lost request is the same in almost every row: that
//! number is the server's keep-alive timeout. Compare it with the server's configuration. On a busy
//! target the gap cannot be read, because other connections were answered in between (the log does not
//! name the connection); such rows count only beside clear ones. Gaps that do not cluster, or targets
//! that were restarted at that time, speak for another cause. A race that is lost a few times an hour
//! leaves a few equal gaps: likely where chance would hardly lay them so close, or where they lie at a
//! server's default or at the number that a log line or a person names; else possible; never proven.
//! Servers of two kinds behind one group show two numbers, and each needs its own setting.
//!
//! ## How to fix it
//!
//! Set the server's keep-alive above the load balancer's idle timeout, by a few seconds: 65 where that
//! is 60. In a chain of proxies every hop must keep connections longer than the hop in front of it; it
//! is the one nearest to the load balancer that counts here. Lowering the idle timeout below the
//! server's keep-alive works at once and without a deploy, but cuts answers that take longer than that
//! with 504. Afterwards `HTTPCode_ELB_502_Count` drops to zero.
//!
//! ## References
//!
//! - AWS, "Troubleshoot your Application Load Balancers", HTTP 502: bad gateway:
//!   <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
//! - AWS, "Application Load Balancers", connection idle timeout
//! - AWS, Classic Load Balancer guide, HTTP 504: gateway timeout, cause 2
//! - [S] A target time of about 0 as the mark of this race is known from reports of those who had it,
//!   not from AWS; it selects rows here and proves nothing alone.

mod classic;

use crate::{
    case::Case,
    document::{Fix, Strength},
    fix,
    keep_alive::{
        self, Sureness, Trace,
        gaps::Timer,
        servers::{self, Server},
    },
    need::Need,
    rule::{Answer, Claims, Draft, Rule},
    safe_timeouts,
    step::Step,
    words,
};

pub(super) const RULE: Rule = Rule {
    id: "keep-alive-shorter-than-idle-timeout",
    step: Step::Timeouts,
    specificity: 70,
    source: include_str!("keep_alive_shorter_than_idle_timeout.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    if nothing_to_explain(case) {
        return Answer::clear(format!(
            "there was no {} that it could explain",
            case.hung_up_code()
        ));
    }
    let mut missing = case.missing_rows();
    missing.extend(case.missing(&[Need::Attributes, Need::TargetGroups]));
    let Some(attributes) = case.evidence.attributes.seen() else {
        return Answer::cannot_tell("the idle timeout is not known", missing);
    };
    let idle_timeout = u64::from(attributes.idle_timeout) * 1000;
    let traces = keep_alive::traces(case);
    let several = traces
        .iter()
        .filter(|trace| !trace.timers.is_empty())
        .count()
        > 1;
    let findings: Vec<Draft> = traces
        .iter()
        .flat_map(|trace| findings(case, trace, idle_timeout, several))
        .collect();
    if !findings.is_empty() {
        return Answer {
            findings,
            because: String::new(),
            missing,
        };
    }
    if case.is_classic()
        && let Some(finding) = classic::race(case, idle_timeout)
    {
        return Answer {
            missing,
            ..Answer::found(finding)
        };
    }
    if case.is_classic() && !classic::untold(case).is_empty() {
        missing.push(
            "which instance each 504 was for, and how long it took: a Classic load balancer logs neither; \
             compare the instances' keep-alive with the idle timeout"
                .to_owned(),
        );
    }
    if !missing.is_empty() {
        return Answer::cannot_tell("lost requests may cluster around a gap unseen", missing);
    }
    let lost: Vec<usize> = traces.iter().flat_map(|trace| trace.lost.clone()).collect();
    let restarted: usize = traces.iter().map(|trace| trace.restarted.len()).sum();
    Answer::clear(if lost.is_empty() {
        "no request was lost at once on an open connection".to_owned()
    } else if restarted * 2 >= lost.len() {
        "the rows that could fit lie at restarts of their targets".to_owned()
    } else {
        format!(
            "{} at once, but the gaps to the target's last answer do not cluster below the idle \
             timeout of {} s",
            words::count(
                case.requests(&lost),
                "request was lost",
                "requests were lost"
            ),
            attributes.idle_timeout
        )
    })
}

fn nothing_to_explain(case: &Case<'_>) -> bool {
    if case.is_classic() {
        // On Classic the race shows as 504: only a silent count of all 5xx codes rules it out.
        let none = case.load_balancer_502s() == Some(0) && case.evidence.metrics.whole().is_some();
        let all = case.total(case.load_balancer_series("HTTPCode_ELB_5XX", "Sum"));
        return none && all == Some(0) && case.missing_rows_of_known_log().is_empty();
    }
    case.load_balancer_502s() == Some(0) && case.missing_rows_of_known_log().is_empty()
}

/// For each timer of the group one finding, and one for the rows that it blurs; where there is none, what
/// few rows hint at.
fn findings(case: &Case<'_>, trace: &Trace<'_>, idle_timeout: u64, several: bool) -> Vec<Draft> {
    let mut findings: Vec<Draft> = Vec::new();
    let mut of_busy_targets = Vec::new();
    for timer in &trace.timers {
        let finding = finding(case, trace, timer, idle_timeout, several);
        // The same loss on the same servers, where the gap could not be read.
        if !timer.blurred.is_empty() {
            of_busy_targets.push(Draft {
                strength: Strength::Likely,
                title: format!("{}: rows of busy targets", finding.title),
                because: format!(
                    "{} at once as well, but the gap cannot be read: the target answered on other \
                     connections meanwhile, or its last answer lies before the log.",
                    words::count(
                        case.requests(&timer.blurred),
                        "more request was lost",
                        "more requests were lost"
                    )
                ),
                claims: Claims::Rows(timer.blurred.clone()),
                ..finding.clone()
            });
        }
        findings.push(finding);
    }
    findings.append(&mut of_busy_targets);
    findings.extend(
        trace
            .hint
            .as_ref()
            .map(|timer| hint(case, trace, timer, idle_timeout)),
    );
    findings
}

/// Few gaps that agree: a person should compare them with the server's keep-alive.
fn hint(case: &Case<'_>, trace: &Trace<'_>, timer: &Timer, idle_timeout: u64) -> Draft {
    let known = servers::with_default(timer.ms, timer.tolerance);
    let named = servers::named(case, timer, &known);
    let mut because = because(case, trace, timer, idle_timeout, &known, named.as_deref());
    if !trace.regular {
        because +=
            " So few may lie so close by chance, or because a client sends at that interval.";
    }
    because += " Compare the number with the server's own keep-alive.";
    Draft {
        strength: Strength::Possible,
        title: format!(
            "Targets may close idle connections after about {}, the load balancer keeps them for {}",
            words::seconds(timer.as_set()),
            words::seconds(idle_timeout)
        ),
        because,
        claims: Claims::Rows(timer.places.clone()),
        resources: timer.targets.iter().cloned().collect(),
        cites: case.sources(&[Need::AccessLog, Need::Attributes]),
        fix: how_to_fix(case, timer.ms, idle_timeout, &known),
    }
}

fn finding(
    case: &Case<'_>,
    trace: &Trace<'_>,
    timer: &Timer,
    idle_timeout: u64,
    several: bool,
) -> Draft {
    let known = servers::with_default(timer.ms, timer.tolerance);
    let named = servers::named(case, timer, &known);
    let shorter = timer.ms + timer.tolerance < idle_timeout;
    let is_sure = trace.sureness(timer) == Sureness::Sure;
    let names_it = named.is_some() && !timer.is_of_few();
    let proven = shorter && !trace.regular && (is_sure || names_it);
    let of_group = match trace.target_group {
        Some(group) if several => format!(" of target group {}", group.name),
        _ => String::new(),
    };
    Draft {
        strength: if proven {
            Strength::Proven
        } else {
            Strength::Likely
        },
        title: format!(
            "Targets{of_group} close idle connections after {}, the load balancer keeps them for {}",
            words::seconds(timer.as_set()),
            words::seconds(idle_timeout)
        ),
        because: because(case, trace, timer, idle_timeout, &known, named.as_deref()),
        claims: Claims::Rows(timer.places.clone()),
        resources: timer.targets.iter().cloned().collect(),
        cites: case.sources(&[Need::AccessLog, Need::Attributes]),
        fix: how_to_fix(case, timer.ms, idle_timeout, &known),
    }
}

fn because(
    case: &Case<'_>,
    trace: &Trace<'_>,
    timer: &Timer,
    idle_timeout: u64,
    known: &[&'static Server],
    named: Option<&str>,
) -> String {
    let mut because = format!(
        "{} sent to a target and lost at once ({} of {} whose gap can be read): each came {} after \
         the same target's last answer, over {} and {}. The load balancer's idle timeout is {}.",
        words::count(case.requests(&timer.places), "request was", "requests were"),
        words::thousands(timer.rows),
        words::thousands(trace.readable),
        span(timer.shortest, timer.longest),
        words::count(timer.minutes.len() as u64, "minute", "minutes"),
        words::count(timer.targets.len() as u64, "target", "targets"),
        words::seconds(idle_timeout)
    );
    match (named, known.is_empty()) {
        (Some(named), _) => because += &format!(" {named}"),
        (None, false) => {
            let names: Vec<&str> = known.iter().map(|server| server.name).collect();
            because += &format!(
                " {} is the default keep-alive of {}.",
                words::seconds(timer.as_set()),
                words::list(&names, 6)
            );
        }
        (None, true) => {}
    }
    if timer.is_of_few() {
        because += " So few rows prove nothing.";
    }
    if !trace.unlike.is_empty() {
        because += &format!(
            " {} on targets that show no such gap: perhaps servers of another kind.",
            words::count(
                case.requests(&trace.unlike),
                "other was lost",
                "others were lost"
            )
        );
    }
    if trace.regular {
        because +=
            " But requests come at about that interval anyway, which would leave the same gaps.";
    }
    if timer.ms + timer.tolerance >= idle_timeout {
        because += " The two are about equal: either side may close first.";
    }
    because
}

/// `5 s`, or `4.98 s to 5.02 s` where the two read differently.
fn span(shortest: u64, longest: u64) -> String {
    let (from, to) = (words::seconds(shortest), words::seconds(longest));
    if from == to {
        from
    } else {
        format!("{from} to {to}")
    }
}

fn how_to_fix(case: &Case<'_>, gap: u64, idle_timeout: u64, known: &[&'static Server]) -> Fix {
    let load_balancer = &case.evidence.load_balancer;
    let above = safe_timeouts::keep_alive(idle_timeout / 1000);
    let mut summary = format!("Set the server's keep-alive to {above} s");
    let settings: Vec<String> = known
        .iter()
        .map(|server| format!("{}: {}", server.name, server.setting))
        .collect();
    if !settings.is_empty() {
        summary += &format!(" ({})", settings.join("; "));
    }
    summary += ", and close idle connections on shutdown.";
    // The other way round, at once and without a deploy; not below a second.
    let below = (gap / 1000).saturating_sub(1);
    let mut cli = Vec::new();
    let mut terraform = format!(
        "# In the server's own configuration: keep-alive {above} s, above the load balancer's idle_timeout.\n"
    );
    if below >= 1 {
        summary += &format!(
            " Until then, an idle timeout of {below} s on the load balancer stops it, and answers slower \
             than that become 504."
        );
        let words = if case.is_classic() {
            format!(
                "elb modify-load-balancer-attributes --load-balancer-name {} --load-balancer-attributes {}",
                fix::quote(&load_balancer.name),
                fix::quote(&format!("ConnectionSettings={{IdleTimeout={below}}}"))
            )
        } else {
            format!(
                "elbv2 modify-load-balancer-attributes --load-balancer-arn {} --attributes {}",
                fix::quote(&load_balancer.arn),
                fix::quote(&format!("Key=idle_timeout.timeout_seconds,Value={below}"))
            )
        };
        cli.push(fix::aws(&words, &load_balancer.region));
        let kind = if case.is_classic() {
            "aws_elb"
        } else {
            "aws_lb"
        };
        terraform += &format!(
            "# Or, until then:\nresource \"{kind}\" \"this\" {{\n  name         = {}\n  idle_timeout = {below}\n}}\n",
            fix::terraform_string(&load_balancer.name)
        );
    }
    Fix {
        summary,
        cli,
        console: fix::load_balancer_console(load_balancer),
        terraform,
    }
}

#[cfg(test)]
mod tests;
