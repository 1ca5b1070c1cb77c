//! The diagnosis as text: the verdict first, then what leads to it.

use std::fmt::Write;

use diagnosis::{
    Diagnosis,
    document::{
        Finding, Ledger, LedgerSource, RuleAnswer, StepResult, StepState, Strength, Verdict,
    },
    evidence::LoadBalancerType,
    neighbours::{Neighbour, PASSED_ON},
    timeout_chain::TimeoutChain,
};

use super::terminal::{Style, Tone, harmless};

/// Columns.
const WIDTH: usize = 96;

pub(super) fn text(diagnosis: &Diagnosis, style: Style) -> String {
    let mut out = String::new();
    verdict(&mut out, diagnosis, style);
    subject(&mut out, diagnosis);
    if !diagnosis.findings.is_empty() {
        heading(&mut out, "Findings", style);
        for (place, finding) in diagnosis.findings.iter().enumerate() {
            self::finding(&mut out, place + 1, finding, style);
        }
    }
    if diagnosis.timeout_chain.broken().next().is_some() {
        heading(&mut out, "Timeouts that break the chain", style);
        timeouts(&mut out, &diagnosis.timeout_chain);
    }
    heading(&mut out, "Steps", style);
    for step in &diagnosis.steps {
        self::step(&mut out, step, style);
    }
    if !diagnosis.missing.is_empty() {
        heading(&mut out, "Missing", style);
        for missing in &diagnosis.missing {
            wrapped(&mut out, "  - ", "    ", missing);
        }
    }
    out
}

fn verdict(out: &mut String, diagnosis: &Diagnosis, style: Style) {
    let (tone, words) = match diagnosis.verdict {
        Verdict::CauseFound => (Tone::Bad, "Cause found"),
        Verdict::LikelyCause => (Tone::Bad, "Likely cause"),
        Verdict::NoFaultFound => (Tone::Good, "No fault found"),
        Verdict::CannotTell => (Tone::Warn, "Cannot tell"),
    };
    put(out, &style.paint(tone, words));
    // The words begin with the verdict where they stand alone.
    let rest = diagnosis
        .in_words
        .strip_prefix(words)
        .unwrap_or(&diagnosis.in_words);
    wrapped(out, "", "", rest.trim_start_matches([':', '.', ' ']));
    out.push('\n');
}

fn subject(out: &mut String, diagnosis: &Diagnosis) {
    let load_balancer = &diagnosis.load_balancer;
    let kind = match load_balancer.kind {
        LoadBalancerType::Application => "application",
        LoadBalancerType::Classic => "classic",
    };
    let about = format!(
        "  Load balancer  {} ({kind}, {}, account {})",
        load_balancer.name, load_balancer.region, load_balancer.account
    );
    put(out, &harmless(&about));
    let shown = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S");
    let window = diagnosis.window;
    put(
        out,
        &format!(
            "  Window         {} to {} UTC",
            shown(window.from),
            shown(window.to)
        ),
    );
    put(
        out,
        &format!("  502s           {}", counted(&diagnosis.ledger)),
    );
    other_codes(out, diagnosis);
}

/// One line a code: how many, who made them, and what explains them.
fn other_codes(out: &mut String, diagnosis: &Diagnosis) {
    if diagnosis.ledger.source == LedgerSource::None {
        return;
    }
    if diagnosis.neighbours.is_empty() {
        put(out, "  Other codes    none");
    }
    for (place, neighbour) in diagnosis.neighbours.iter().enumerate() {
        let label = if place == 0 { "Other codes" } else { "" };
        let first = format!("  {label:<14} {}: ", neighbour.code);
        wrapped(out, &first, &" ".repeat(first.len()), &told(neighbour));
    }
}

/// `31 made by the load balancer, 2 by targets; 21 explained by RULE, 10 unexplained (10: no answer …)`
fn told(neighbour: &Neighbour) -> String {
    let Neighbour {
        made_by_load_balancer,
        made_by_target,
        ..
    } = neighbour;
    if *made_by_load_balancer == 0 {
        return format!("{made_by_target} made by targets themselves");
    }
    let mut words = format!("{made_by_load_balancer} made by the load balancer");
    if *made_by_target > 0 {
        words += &format!(", {made_by_target} by targets");
    }
    let mut what: Vec<String> = neighbour
        .explained
        .iter()
        .map(|by| format!("{} explained by {}", by.count, by.rule))
        .collect();
    if neighbour.unexplained > 0 {
        what.push(format!("{} unexplained", neighbour.unexplained));
    }
    words += &format!("; {}", what.join(", "));
    if neighbour.unexplained > 0 {
        let signs = neighbour.seen.iter().filter(|sign| sign.id != PASSED_ON);
        let signs: Vec<String> = signs
            .map(|sign| format!("{}: {}", sign.count, sign.tells))
            .collect();
        words += &format!(". {}. Look at: {}", signs.join("; "), neighbour.look_at);
    }
    words
}

fn counted(ledger: &Ledger) -> String {
    let source = match ledger.source {
        LedgerSource::AccessLog => "from the access log",
        LedgerSource::Metrics => "from metrics, per minute",
        LedgerSource::None => return "could not be counted".into(),
    };
    format!(
        "{} made by the load balancer, {} by targets; {} explained, {} unexplained ({source})",
        ledger.made_by_load_balancer, ledger.made_by_target, ledger.attributed, ledger.unexplained
    )
}

fn finding(out: &mut String, place: usize, finding: &Finding, style: Style) {
    let (tone, strength) = match finding.strength {
        Strength::Proven => (Tone::Bad, "proven"),
        Strength::Likely => (Tone::Bad, "likely"),
        Strength::Possible => (Tone::Warn, "possible"),
    };
    let strength = style.paint(tone, strength);
    put(
        out,
        &format!(
            "{place}. {strength}  {}",
            style.paint(Tone::Strong, &finding.title)
        ),
    );
    wrapped(out, "   ", "   ", &finding.because);
    if finding.explains > 0 {
        put(
            out,
            &format!("   Explains {} of the 502s.", finding.explains),
        );
    }
    for (code, count) in &finding.explains_neighbours {
        if *count > 0 {
            put(out, &format!("   Explains {count} of the {code}s."));
        }
    }
    for seen in &finding.also_seen {
        let words = format!("{} ({}, {} claimed)", seen.title, seen.rule, seen.claimed);
        wrapped(out, "   Seen as a trace of it: ", "     ", &words);
    }
    wrapped(out, "   Fix: ", "        ", &finding.fix.summary);
    for command in &finding.fix.cli {
        put(out, &format!("     {}", harmless(command)));
    }
    if !finding.fix.console.is_empty() {
        put(out, &format!("     {}", harmless(&finding.fix.console)));
    }
    let cites = finding
        .cites
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let origin = format!("   Rule {}, calls {cites}", finding.rule);
    put(out, &style.paint(Tone::Quiet, &origin));
    out.push('\n');
}

/// What breaks, and the number that mends it.
fn timeouts(out: &mut String, chain: &TimeoutChain) {
    for broken in chain.broken() {
        let Some(hop) = chain.hop(&broken.hop) else {
            continue;
        };
        let mut words = format!("{}: not {}.", hop.place, broken.in_words());
        if let Some(seconds) = hop.safe_seconds {
            let _ = write!(words, " Safe: {} {seconds} s.", hop.setting);
        }
        wrapped(out, "  - ", "    ", &words);
    }
}

fn step(out: &mut String, step: &StepResult, style: Style) {
    let state = match step.state {
        StepState::Done => "done",
        StepState::Partial => "partial",
        StepState::Failed => "failed",
        StepState::NotRun => "not run",
    };
    let count = |wanted| {
        step.rules
            .iter()
            .filter(|rule| rule.answer == wanted)
            .count()
    };
    put(
        out,
        &format!(
            "  {:<32} {state:<8} {} found, {} clear, {} cannot tell",
            step.step.title(),
            count(RuleAnswer::Found),
            count(RuleAnswer::Clear),
            count(RuleAnswer::CannotTell),
        ),
    );
    for rule in step
        .rules
        .iter()
        .filter(|rule| rule.answer == RuleAnswer::CannotTell)
    {
        put(
            out,
            &style.paint(Tone::Warn, &format!("    ? {}", rule.rule)),
        );
        wrapped(out, "      ", "      ", &rule.because);
    }
}

fn heading(out: &mut String, words: &str, style: Style) {
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    put(out, &style.paint(Tone::Strong, words));
}

/// Words in lines of at most [`WIDTH`] columns; nothing where there are none.
fn wrapped(out: &mut String, first: &str, next: &str, words: &str) {
    let mut line = first.to_owned();
    let mut columns = first.chars().count();
    let mut empty = true;
    for word in harmless(words).split_whitespace() {
        let width = word.chars().count();
        if !empty && columns + 1 + width > WIDTH {
            put(out, &line);
            line = next.to_owned();
            columns = next.chars().count();
            empty = true;
        }
        if !empty {
            line.push(' ');
            columns += 1;
        }
        line.push_str(word);
        columns += width;
        empty = false;
    }
    if !empty {
        put(out, &line);
    }
}

fn put(out: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_timeout_is_named_with_the_number_that_mends_it() {
        let chain = serde_json::json!({
            "hops": [{
                "id": "deregistration-delay:web", "place": "target group web",
                "setting": "deregistration_delay.timeout_seconds", "seconds": 300,
                "not_known": null, "source": "attribute", "because": "As set in AWS.", "cites": [7],
                "safe_seconds": 800, "safe_because": "Twice the longest request.",
            }],
            "inequalities": [{
                "id": "longest-request-below-deregistration-delay:web", "hop": "deregistration-delay:web",
                "shorter": {"name": "longest request in flight seen", "milliseconds": 400_000},
                "longer": {"name": "deregistration delay", "milliseconds": 300_000},
                "state": "broken", "because": "A request was in flight for 400 s.", "missing": [],
                "when_broken": "It is cut off: 502.", "codes": [502],
                "rule": "deregistration-delay-too-short", "cites": [7],
            }],
        });
        let chain: TimeoutChain = serde_json::from_value(chain).unwrap();
        let mut out = String::new();
        timeouts(&mut out, &chain);
        assert_eq!(
            out.split_whitespace().collect::<Vec<_>>().join(" "),
            "- target group web: not longest request in flight seen (400 s) < deregistration delay (300 s). \
             Safe: deregistration_delay.timeout_seconds 800 s."
        );
    }

    #[test]
    fn lines_are_wrapped_between_words() {
        let mut out = String::new();
        wrapped(&mut out, "- ", "  ", &"word ".repeat(40));
        let lines = out.lines().collect::<Vec<_>>();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{lines:?}");
        assert!(lines[1].starts_with("  word"));
        let mut none = String::new();
        wrapped(&mut none, "Fix: ", "", " ");
        assert_eq!(none, "");
    }
}
