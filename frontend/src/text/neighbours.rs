//! The codes other than 502 in words.

use diagnosis::neighbours::{FIXED_RESPONSE, Neighbour};

use super::{Sign, count, counted};

/// How a code stands: what nobody explains asks for a look.
pub(crate) fn state(neighbour: &Neighbour) -> (Sign, String) {
    if neighbour.unexplained > 0 {
        let words = format!("{} unexplained", count(neighbour.unexplained));
        return (Sign::Warn, words);
    }
    let words = match (neighbour.made_by_load_balancer, &neighbour.explained[..]) {
        (0, _) => "The targets' own",
        (_, []) if as_told(neighbour) => "As the listener says",
        _ => "None unexplained",
    };
    (Sign::Quiet, words.to_owned())
}

fn as_told(neighbour: &Neighbour) -> bool {
    neighbour.seen.iter().any(|sign| sign.id == FIXED_RESPONSE)
}

/// `31 answers: 29 made by the load balancer, 2 by targets.`
pub(crate) fn made_by(neighbour: &Neighbour) -> String {
    let answers = counted(neighbour.count, "answer", "answers");
    let who = match (
        neighbour.made_by_load_balancer,
        neighbour.made_by_target,
        neighbour.count,
    ) {
        (_, 0, 1) => "made by the load balancer".to_owned(),
        (_, 0, _) => "all made by the load balancer".to_owned(),
        (0, _, 1) => "made by a target and passed on".to_owned(),
        (0, _, _) => "all made by targets and passed on".to_owned(),
        (own, passed_on, _) => format!(
            "{} made by the load balancer, {} by targets and passed on",
            count(own),
            count(passed_on)
        ),
    };
    format!("{answers}, {who}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnosis::{
        document::Strength,
        neighbours::{ExplainedBy, Sign as Seen},
    };

    fn neighbour(own: u64, passed_on: u64, unexplained: u64) -> Neighbour {
        Neighbour {
            code: "504".to_owned(),
            count: own + passed_on,
            made_by_load_balancer: own,
            made_by_target: passed_on,
            means: String::new(),
            seen: Vec::new(),
            explained: Vec::new(),
            unexplained,
            look_at: String::new(),
        }
    }

    #[test]
    fn who_made_a_code_is_told_in_words() {
        assert_eq!(
            made_by(&neighbour(29, 2, 0)),
            "31 answers, 29 made by the load balancer, 2 by targets and passed on."
        );
        assert_eq!(
            made_by(&neighbour(1, 0, 0)),
            "1 answer, made by the load balancer."
        );
        assert_eq!(
            made_by(&neighbour(0, 1_200, 0)),
            "1,200 answers, all made by targets and passed on."
        );
    }

    #[test]
    fn only_what_nobody_explains_asks_for_a_look() {
        let words = |neighbour: &Neighbour| state(neighbour).1;
        let open = neighbour(1_031, 0, 1_000);
        assert_eq!(state(&open), (Sign::Warn, "1,000 unexplained".to_owned()));
        assert_eq!(words(&neighbour(0, 4, 0)), "The targets' own");
        let mut explained = neighbour(4, 0, 0);
        explained.explained.push(ExplainedBy {
            rule: "target-refused-connection".to_owned(),
            strength: Strength::Likely,
            count: 4,
        });
        assert_eq!(words(&explained), "None unexplained");
        let mut told = neighbour(4, 0, 0);
        told.seen.push(Seen {
            id: FIXED_RESPONSE.to_owned(),
            count: 4,
            shows: String::new(),
            tells: String::new(),
        });
        assert_eq!(
            state(&told),
            (Sign::Quiet, "As the listener says".to_owned())
        );
    }
}
