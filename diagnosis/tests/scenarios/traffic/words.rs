//! The lines of an `access-log` block, read.

use super::{Details, End, Kind, clock};

pub(crate) fn read(block: &str) -> Result<Vec<Kind>, String> {
    block
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| kind(line).map_err(|error| format!("{line}: {error}")))
        .collect()
}

fn kind(line: &str) -> Result<Kind, String> {
    let (when, how) = line.split_once(": ").ok_or("no \": \"")?;
    let words: Vec<&str> = how.split_whitespace().collect();
    let (ends, rest) = ends(&words)?;
    let mut details = Details::default();
    for pair in rest.chunks(2) {
        let [name, value] = pair else {
            return Err(format!("{} has no value", pair.join(" ")));
        };
        details.set(name, value)?;
    }
    let words: Vec<&str> = when.split_whitespace().collect();
    let (every, from, to, group, target) = match words.as_slice() {
        ["every", n, "s", "from", from, "to", to, "to", group] => (n, from, to, group, None),
        [
            "every",
            n,
            "s",
            "from",
            from,
            "to",
            to,
            "to",
            group,
            "on",
            id,
        ] => (n, from, to, group, Some((*id).to_owned())),
        _ => return Err("not \"every N s from T to T to GROUP [on TARGET]\"".to_owned()),
    };
    Ok(Kind {
        every: seconds_of(every)?,
        from: clock(from)?,
        to: clock(to)?,
        group: (*group).to_owned(),
        target,
        ends,
        details,
    })
}

/// How it ended at the soonest and at the latest, and the words after that.
fn ends<'a>(words: &'a [&'a str]) -> Result<([End; 2], &'a [&'a str]), String> {
    let side = |n: usize| -> Vec<&str> {
        let of = |word: &&'a str| {
            word.split_once("..")
                .map_or(*word, |range| [range.0, range.1][n])
        };
        words.iter().map(of).collect()
    };
    let (soonest, rest) = (side(0), side(1));
    let (soonest, after) = end(&soonest)?;
    let (latest, _) = end(&rest)?;
    Ok(([soonest, latest], &words[words.len() - after.len()..]))
}

/// How it ended, and the words after that.
fn end<'a>(words: &'a [&'a str]) -> Result<(End, &'a [&'a str]), String> {
    Ok(match words {
        ["lost", "after", seconds, "idle", "in", lost_in, rest @ ..] => {
            let (seconds, lost_in) = (seconds_of(seconds)?, seconds_of(lost_in)?);
            (End::LostAfterIdle { seconds, lost_in }, rest)
        }
        ["lost", "after", seconds, "idle", rest @ ..] => {
            let (seconds, lost_in) = (seconds_of(seconds)?, 0.001);
            (End::LostAfterIdle { seconds, lost_in }, rest)
        }
        ["refused", rest @ ..] => (End::Refused, rest),
        ["tls", "error", rest @ ..] => (End::TlsError, rest),
        ["hung", "up", "after", seconds, rest @ ..] => {
            let seconds = seconds_of(seconds)?;
            (End::HungUp { seconds }, rest)
        }
        ["protocol", "mismatch", rest @ ..] => (End::ProtocolMismatch, rest),
        ["connect", "timed", "out", rest @ ..] => (End::ConnectTimedOut, rest),
        ["no", "answer", "in", seconds, rest @ ..] => {
            let seconds = seconds_of(seconds)?;
            (End::NoAnswer { seconds }, rest)
        }
        ["no", "target", rest @ ..] => (End::NoTarget, rest),
        ["not", "passed", "on", rest @ ..] => (End::NotPassedOn, rest),
        ["turned", "away", "with", status, "in", seconds, rest @ ..] => {
            let status = status.parse().map_err(|_| "no status")?;
            let seconds = seconds_of(seconds)?;
            (End::TurnedAway { status, seconds }, rest)
        }
        ["code", status, "in", seconds, rest @ ..] => {
            let status = status.parse().map_err(|_| "no status")?;
            let seconds = seconds_of(seconds)?;
            (End::Code { status, seconds }, rest)
        }
        [status, "in", seconds, rest @ ..] => {
            let status = status.parse().map_err(|_| "no status")?;
            let seconds = seconds_of(seconds)?;
            (End::Answered { status, seconds }, rest)
        }
        _ => return Err("no such end".to_owned()),
    })
}

fn seconds_of(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

impl Details {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let values = || value.split(',').map(str::to_owned).collect();
        let number = || value.parse().map_err(|_| format!("{value} is no number"));
        match name {
            "path" => self.paths = values(),
            "client" => self.clients = values(),
            "method" => self.method = value.to_owned(),
            "received" => self.received = number()?,
            "sent" => self.sent = number()?,
            "reason" => self.reason = value.to_owned(),
            "rule" => self.rule = value.to_owned(),
            "type" => self.kind = value.to_owned(),
            "node" => self.node = value.to_owned(),
            "action" => self.actions = value.to_owned(),
            "class" => {
                let (class, reason) = value.split_once(':').ok_or("no CLASS:REASON")?;
                self.class = (class.to_owned(), reason.to_owned());
            }
            "jitter" => self.jitter = seconds_of(value)?,
            "because" => self.because = Some(values()),
            _ => return Err(format!("no detail {name}")),
        }
        Ok(())
    }
}
