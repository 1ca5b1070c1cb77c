//! Every incident once more, told otherwise: other names, addresses, ports, hours, more or less
//! traffic beside it, a trickle of noise. What truly happened stays the same, so the answers must be
//! as right as for the file: no rule may rest on how an incident of ours happens to look.

use crate::{accuracy::Report, scenario::Scenario};

/// What is changed in a telling.
#[derive(Clone, Copy, Default)]
struct Telling {
    name: &'static str,
    renamed: bool,
    /// Minutes by which everything happens later.
    later: i32,
    /// Seconds between good requests, times this over ten.
    pace: u32,
    noise: bool,
    /// Another group, healthy and busy.
    neighbour: bool,
}

const SAME: Telling = Telling {
    name: "as it is",
    renamed: false,
    later: 0,
    pace: 10,
    noise: false,
    neighbour: false,
};

const TELLINGS: [Telling; 7] = [
    Telling {
        name: "with other names and addresses",
        renamed: true,
        ..SAME
    },
    Telling {
        name: "in the morning",
        later: -407,
        ..SAME
    },
    Telling {
        name: "in the evening",
        later: 611,
        ..SAME
    },
    Telling {
        name: "with twice the traffic",
        pace: 5,
        ..SAME
    },
    Telling {
        name: "with two thirds of the traffic",
        pace: 15,
        ..SAME
    },
    Telling {
        name: "beside a busy neighbour and noise",
        noise: true,
        neighbour: true,
        ..SAME
    },
    Telling {
        name: "all at once",
        renamed: true,
        later: 187,
        pace: 7,
        noise: true,
        neighbour: true,
    },
];

#[test]
fn an_incident_told_otherwise_is_judged_as_well() {
    let mut report = Report::default();
    for (name, text) in Scenario::texts() {
        for telling in TELLINGS {
            let told = telling.tell(&text);
            let scenario = Scenario::read(&format!("{name}, {}", telling.name), &told);
            if scenario.truth.told {
                report.add(&scenario);
            }
        }
    }
    assert!(report.meets_goals(), "below a goal\n{report}");
}

impl Telling {
    fn tell(self, text: &str) -> String {
        let mut text = text.to_owned();
        if self.renamed {
            text = renamed(&text);
        }
        text = on_block(&text, "access-log", |block| self.traffic(block));
        if self.neighbour {
            text = on_block(&text, "evidence", |block| {
                format!(
                    "{block}\n\n[group.brochures]\nport = 7070\n\
                     targets = [\"i-0b0c 10.0.1.246\", \"i-0b0d 10.0.1.247\"]"
                )
            });
        }
        if self.later != 0 {
            text = on_block(&text, "evidence", with_window);
            let minutes = within_the_day(&text, self.later);
            for kind in ["evidence", "access-log"] {
                text = on_block(&text, kind, |block| later(block, minutes));
            }
        }
        text
    }

    fn traffic(self, block: &str) -> String {
        let mut lines: Vec<String> = block.lines().map(|line| self.paced(line)).collect();
        let Some((first, group)) = window_and_group(block) else {
            return block.to_owned();
        };
        if self.noise {
            lines.push(format!(
                "every 97 s from {first} to 10:59 to {group}: 404 in 0.004 path /favicon.ico,/wp-login.php"
            ));
            lines.push(format!(
                "every 611 s from {first} to 10:59 to {group}: 503 in 0.050 path /maintenance because -"
            ));
        }
        if self.neighbour {
            lines.push(format!(
                "every 3 s from {first} to 10:59 to brochures: 200 in 0.210 path /brochures/7,/brochures/8"
            ));
        }
        lines.join("\n")
    }

    /// Faults keep their pace: the evidence's own counts speak of them.
    fn paced(self, line: &str) -> String {
        let good = line.contains(": 200 in ") && !line.contains(" because ");
        let Some((seconds, rest)) = line
            .strip_prefix("every ")
            .and_then(|rest| rest.split_once(" s "))
            .filter(|_| good && self.pace != SAME.pace)
        else {
            return line.to_owned();
        };
        let seconds: f64 = seconds.parse().unwrap();
        format!("every {} s {rest}", seconds * f64::from(self.pace) / 10.0)
    }
}

/// The window in words, where it is left to its default.
fn with_window(block: &str) -> String {
    let told = |name: &str| block.lines().any(|line| line.starts_with(name));
    let defaults = [("from", "10:00"), ("to", "11:00"), ("observed", "11:15")];
    let lines: Vec<String> = defaults
        .iter()
        .filter(|(name, _)| !told(&format!("{name} = ")))
        .map(|(name, clock)| format!("{name} = \"{clock}\"\n"))
        .collect();
    lines.concat() + block
}

/// When the traffic begins inside the hour of most files, and a group that it goes to; `None` for a
/// scenario that has another window or no traffic.
fn window_and_group(block: &str) -> Option<(&'static str, String)> {
    let line = block.lines().find(|line| line.contains(": 200 in "))?;
    let (_, after) = line.split_once(" to ")?.1.split_once(" to ")?;
    let group = after.split([':', ' ']).next()?;
    block
        .contains(" to 11:00 ")
        .then(|| ("10:00:07", group.to_owned()))
}

fn on_block(text: &str, kind: &str, change: impl Fn(&str) -> String) -> String {
    let fence = format!("\n```{kind}\n");
    let Some((before, after)) = text.split_once(&fence) else {
        return text.to_owned();
    };
    let Some((block, rest)) = after.split_once("\n```") else {
        return text.to_owned();
    };
    format!("{before}{fence}{}\n```{rest}", change(block))
}

/// Instance ids and the last part of the targets' addresses become others.
fn renamed(text: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let ids = |word: &str| {
        let number = word.strip_prefix("i-").filter(|number| digits(number))?;
        Some(format!("i-0f3e{number:0>13}"))
    };
    let addresses = |word: &str| {
        let last = word.strip_prefix("10.0.1.").filter(|last| digits(last))?;
        Some(format!(
            "10.0.1.{}",
            254 - last.parse::<u16>().unwrap() % 240
        ))
    };
    let text = words_replaced(text, |c| c.is_ascii_alphanumeric() || c == '-', ids);
    words_replaced(&text, |c| c.is_ascii_alphanumeric() || c == '.', addresses)
}

fn words_replaced(
    text: &str,
    is_word: fn(char) -> bool,
    replace: impl Fn(&str) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out += before;
        // A full stop at the end belongs to the sentence.
        let bare = word.trim_end_matches('.');
        out += replace(bare).as_deref().unwrap_or(bare);
        out += &word[bare.len()..];
        rest = after;
    }
    out + rest
}

/// So many minutes later, or as near to it as keeps the whole incident on one day.
fn within_the_day(text: &str, minutes: i32) -> i32 {
    let blocks = ["evidence", "access-log"].into_iter().filter_map(|kind| {
        let (_, after) = text.split_once(&format!("\n```{kind}\n"))?;
        after.split_once("\n```").map(|(block, _)| block)
    });
    let clocks: Vec<i32> = blocks
        .flat_map(|block| block.split(|c: char| !(c.is_ascii_digit() || c == ':')))
        .filter_map(|word| clock(word.get(..5)?))
        .collect();
    let first = clocks.iter().min().copied().unwrap_or(0);
    let last = clocks.iter().max().copied().unwrap_or(0);
    let day = |clock: i32| (clock + minutes).div_euclid(24 * 60);
    if day(first) == day(last) {
        minutes
    } else if minutes > 0 {
        24 * 60 - 1 - last
    } else {
        -first
    }
}

/// Every `10:31` and `10:31:22` that stands as a word, so many minutes later.
fn later(block: &str, minutes: i32) -> String {
    let mut out = String::with_capacity(block.len());
    let mut before = ' ';
    let mut rest = block;
    while let Some(c) = rest.chars().next() {
        let starts_word = !(before.is_ascii_alphanumeric() || before == ':');
        if let Some(clock) = rest.get(..5).filter(|_| starts_word).and_then(clock) {
            let of_day = (clock + minutes).rem_euclid(24 * 60);
            out += &format!("{:02}:{:02}", of_day / 60, of_day % 60);
            before = '0';
            rest = &rest[5..];
            continue;
        }
        out.push(c);
        before = c;
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Minutes of the day.
fn clock(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
    let (hours, minutes): (i32, i32) = (two(hours) && two(minutes))
        .then(|| Some((hours.parse().ok()?, minutes.parse().ok()?)))??;
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[test]
fn times_move_and_nothing_else() {
    assert_eq!(
        later("10:31:22 GMT, 09:55..10:00, fd00::10:11, 0.030", 90),
        "12:01:22 GMT, 11:25..11:30, fd00::10:11, 0.030"
    );
    assert_eq!(
        renamed("[instance.i-1] 10.0.1.1, i-12 on 10.0.10.1."),
        "[instance.i-0f3e0000000000001] 10.0.1.253, i-0f3e0000000000012 on 10.0.10.1."
    );
}
