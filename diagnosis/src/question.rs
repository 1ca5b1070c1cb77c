//! What AWS cannot know and a person can: questions, whose answers are evidence like any other
//! (`Evidence::answers`, by question id).

use crate::step::Step;

/// Which server or framework the targets run, as free text: "Node.js 20 behind nginx".
pub const TARGET_SERVER: &str = "target-server";
/// The keep-alive timeout of that server, in seconds.
pub const TARGET_KEEP_ALIVE_SECONDS: &str = "target-keep-alive-seconds";

/// A question as a person is asked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The id in JSON, SQL and addresses.
    pub id: &'static str,
    /// Where it is asked.
    pub step: Step,
    pub words: &'static str,
    /// What an answer looks like, and where to find it.
    pub hint: &'static str,
    /// Answers are whole seconds.
    pub seconds: bool,
}

pub const ALL: &[Question] = &[
    Question {
        id: TARGET_KEEP_ALIVE_SECONDS,
        step: Step::Timeouts,
        words: "After how many seconds do the targets close an idle connection?",
        hint: "Their keep-alive timeout, such as 5: keepAliveTimeout in Node.js, keepalive_timeout in nginx.",
        seconds: true,
    },
    Question {
        id: TARGET_SERVER,
        step: Step::Timeouts,
        words: "Which server or framework answers on the targets?",
        hint: "Such as Node.js 20, gunicorn or nginx: each has a keep-alive of its own by default.",
        seconds: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_an_id_of_its_own_that_an_address_can_hold() {
        for (at, question) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.id != question.id));
            assert!(
                question
                    .id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            );
            assert!(question.words.ends_with('?'));
        }
    }
}
