//! The words of the page for the words of the API: one place, so that they are the same everywhere.

pub(crate) mod neighbours;
mod numbers;
pub(crate) mod timeline;
pub(crate) mod timeouts;

pub(crate) use numbers::{code, count, counted, explained, percent, permille, rate};

use diagnosis::{
    api::{Here, Masking, RunState, ShareMode, ShareState, Status, WatchState},
    document::{LedgerSource, RuleAnswer, StepState, Strength, Verdict},
    evidence::LoadBalancerType,
    observation::Outcome,
};

/// A sign, never the only one: beside each tone stand words and a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Good,
    /// What was looked for: the cause, its proof.
    Found,
    Warn,
    Bad,
    Quiet,
    Busy,
}

impl Sign {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Found | Self::Bad => "bad",
            Self::Quiet => "quiet",
            Self::Busy => "busy",
        }
    }
}

pub(crate) const fn verdict(verdict: Verdict) -> (Sign, &'static str) {
    match verdict {
        Verdict::CauseFound => (Sign::Found, "Cause found"),
        Verdict::LikelyCause => (Sign::Warn, "Likely cause"),
        Verdict::NoFaultFound => (Sign::Good, "No fault found"),
        Verdict::CannotTell => (Sign::Quiet, "Cannot tell"),
    }
}

pub(crate) const fn strength(strength: Strength) -> (Sign, &'static str, &'static str) {
    match strength {
        Strength::Proven => (
            Sign::Found,
            "Proven",
            "The evidence names this cause, and nothing contradicts it.",
        ),
        Strength::Likely => (
            Sign::Warn,
            "Likely",
            "The trace fits, but another cause would leave the same one.",
        ),
        Strength::Possible => (
            Sign::Quiet,
            "Possible",
            "A risk in the configuration; no observed 502 is tied to it.",
        ),
    }
}

pub(crate) const fn outcome(outcome: Outcome) -> (Sign, &'static str) {
    match outcome {
        Outcome::Seen => (Sign::Good, "seen"),
        Outcome::Denied => (Sign::Bad, "denied"),
        Outcome::Failed => (Sign::Warn, "failed"),
    }
}

pub(crate) const fn step_state(state: StepState) -> (Sign, &'static str) {
    match state {
        StepState::Done => (Sign::Good, "Done"),
        StepState::Partial => (Sign::Warn, "Partly seen"),
        StepState::Failed => (Sign::Bad, "Nothing seen"),
        StepState::NotRun => (Sign::Quiet, "Not run"),
    }
}

pub(crate) const fn answer(answer: RuleAnswer) -> (Sign, &'static str) {
    match answer {
        RuleAnswer::Found => (Sign::Found, "Found"),
        RuleAnswer::Clear => (Sign::Good, "Ruled out"),
        RuleAnswer::CannotTell => (Sign::Warn, "Cannot tell"),
    }
}

pub(crate) const fn run_state(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Cancelled => "cancelled",
        RunState::Interrupted => "interrupted",
        RunState::Failed => "failed",
    }
}

pub(crate) const fn watch_state(state: WatchState) -> (Sign, &'static str) {
    match state {
        WatchState::Watching => (Sign::Busy, "Watching"),
        WatchState::Fixed => (Sign::Good, "Fixed"),
        WatchState::NotFixed => (Sign::Bad, "Not fixed"),
        WatchState::NotEnoughTraffic => (Sign::Quiet, "Not enough traffic to tell"),
        WatchState::NothingBefore => (Sign::Quiet, "Nothing to compare with"),
        WatchState::Stopped => (Sign::Quiet, "Stopped"),
    }
}

/// Who has the investigation open: names once each, the nameless counted.
pub(crate) fn here(here: &Here) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut nameless = 0;
    for viewer in &here.viewers {
        match viewer.person.as_deref() {
            Some(name) if !names.contains(&name) => names.push(name),
            Some(_) => {}
            None => nameless += 1,
        }
    }
    match (names.is_empty(), nameless) {
        (_, 0) => names.join(", "),
        (true, 1) => "only you".to_owned(),
        (true, n) => counted(n, "person", "people"),
        (false, n) => format!("{} and {}", names.join(", "), counted(n, "other", "others")),
    }
}

pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "Open",
        Status::Mitigated => "Mitigated",
        Status::Resolved => "Resolved",
    }
}

pub(crate) const fn share_mode(mode: ShareMode) -> &'static str {
    match mode {
        ShareMode::Frozen => "as it was when the link was made",
        ShareMode::Live => "as it is, for reading",
    }
}

pub(crate) const fn masking(masking: Masking) -> &'static str {
    match masking {
        Masking::Default => "masked",
        Masking::None => "not masked",
    }
}

pub(crate) const fn share_state(state: ShareState) -> (Sign, &'static str) {
    match state {
        ShareState::Open => (Sign::Good, "Open"),
        ShareState::Expired => (Sign::Quiet, "Expired"),
        ShareState::Revoked => (Sign::Quiet, "Revoked"),
    }
}

pub(crate) const fn load_balancer_type(kind: LoadBalancerType) -> &'static str {
    match kind {
        LoadBalancerType::Application => "Application",
        LoadBalancerType::Classic => "Classic",
    }
}

pub(crate) const fn ledger_source(source: LedgerSource) -> &'static str {
    match source {
        LedgerSource::AccessLog => "Counted row by row from the access log.",
        LedgerSource::Metrics => {
            "Counted per minute from CloudWatch, because there is no access log: coarser, and it cannot tell single requests apart."
        }
        LedgerSource::None => "Nothing has counted the 502s yet.",
    }
}

/// `keep-alive-shorter-than-idle-timeout` as a heading.
pub(crate) fn rule_title(id: &str) -> String {
    let words: Vec<String> = id
        .split('-')
        .map(|word| match word {
            "acl" | "cpu" | "tls" => word.to_ascii_uppercase(),
            word => word.to_owned(),
        })
        .collect();
    capital(&words.join(" "))
}

/// The first letter in upper case, where it is one of ASCII: AWS's names and our words are.
pub(crate) fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// A reason as a sentence. Names and ids at its start stay as they are.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let first_word = text.split([' ', ':', ',']).next().unwrap_or_default();
    let mut sentence = if first_word.chars().all(|c| c.is_ascii_lowercase()) {
        capital(text)
    } else {
        text.to_owned()
    };
    if sentence.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '"' | '”' | '%')) {
        sentence.push('.');
    }
    sentence
}

/// Text of a log with what the eye cannot see, or what turns letters around, written out.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The words of a verdict without its name, which stands above them.
pub(crate) fn without_title(words: &str, title: &str) -> String {
    words
        .strip_prefix(title)
        .and_then(|rest| rest.strip_prefix(": "))
        .map_or_else(|| words.to_owned(), sentence)
}

/// A link that may be offered: AWS's own console and nothing else, whatever the evidence says.
pub(crate) fn console_link(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let of_aws = [".amazon.com", ".amazonaws.com"]
        .iter()
        .any(|domain| host.len() > domain.len() && host.ends_with(domain));
    (of_aws && host.chars().all(plain) && !text.chars().any(char::is_control)).then_some(text)
}

/// Text that names its own region: an ARN, or the DNS name or URL that AWS gave the load balancer.
pub(crate) fn names_its_region(text: &str) -> bool {
    text.starts_with("arn:") || text.contains(".elb.amazonaws.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_console_of_aws_is_linked() {
        for good in [
            "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#LoadBalancers:",
            "https://s3.eu-west-1.amazonaws.com/x",
        ] {
            assert_eq!(console_link(good), Some(good));
        }
        for bad in [
            "",
            "http://console.aws.amazon.com/",
            "javascript:alert(1)//.amazon.com",
            "https://amazon.com.example.net/",
            "https://notamazon.com/",
            "https://evil.example/?x=.amazon.com",
            "https://evil.example#.amazon.com",
            "https://evil.example\\.amazon.com",
            "https://user@evil.example:80.amazon.com/",
            "https://.amazon.com@evil.example/",
        ] {
            assert_eq!(console_link(bad), None, "{bad}");
        }
    }

    #[test]
    fn reasons_become_sentences_and_names_stay() {
        assert_eq!(sentence("every group is well"), "Every group is well.");
        assert_eq!(sentence("listeners: throttled"), "Listeners: throttled.");
        assert_eq!(sentence("i-0abc is stopped."), "i-0abc is stopped.");
        assert_eq!(sentence("4 of 4 (all)"), "4 of 4 (all).");
        assert_eq!(sentence(""), "");
        assert_eq!(
            without_title("Cannot tell: there were 32 502s.", "Cannot tell"),
            "There were 32 502s."
        );
        assert_eq!(without_title("Cause found", "Cause found"), "Cause found");
    }

    #[test]
    fn what_the_eye_cannot_see_is_written_out() {
        assert_eq!(visible("GET /é?q=1 -"), "GET /é?q=1 -");
        assert_eq!(visible("a\u{202e}b\0"), "a\\u{202e}b\\u{0}");
    }

    #[test]
    fn a_rule_id_reads_as_a_heading() {
        assert_eq!(rule_title("target-returned-502"), "Target returned 502");
        assert_eq!(
            rule_title("network-acl-blocks-return"),
            "Network ACL blocks return"
        );
        assert_eq!(rule_title(""), "");
    }
}
