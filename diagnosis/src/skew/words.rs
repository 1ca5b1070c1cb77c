//! What a person reads of it.

use super::{Dimension, MadeBy, Skew, SkewAnswer, Sure};
use crate::{
    case::Case,
    words::{self, thousands},
};

pub(super) fn sentence(case: &Case<'_>, skew: &Skew) -> String {
    let errors = match skew.made_by {
        MadeBy::LoadBalancer => "502s",
        MadeBy::Target => "502s made by targets",
    };
    let (one, many) = nouns(skew.dimension);
    let value = value(case, skew);
    let up_to = if skew.requests_at_most {
        "at most "
    } else {
        ""
    };
    let share = format!("{up_to}{}", percent(skew.requests, skew.requests_of));
    let held = percent(skew.errors, skew.errors_of);
    match skew.answer {
        SkewAnswer::Bound => {
            let of = if skew.requests_at_most {
                format!("one of more than {}", thousands(skew.values))
            } else {
                format!("1 of {}", thousands(skew.values))
            };
            let mut sentence = format!(
                "{held} of {errors} ({} of {}) on {of} {many}, {value}, which has {share} of requests ({up_to}{} of {}).",
                thousands(skew.errors),
                thousands(skew.errors_of),
                thousands(skew.requests),
                thousands(skew.requests_of)
            );
            if skew.sure == Sure::Weak {
                sentence += " They lie in so few minutes that a single burst may look so.";
            }
            sentence
        }
        SkewAnswer::Even => format!(
            "The {errors} are not bound to a {one}: the most above its share is {value}, with {held} of \
             them and {share} of requests."
        ),
        SkewAnswer::CannotTell => format!(
            "Whether the {errors} are bound to a {one} cannot be told from {} of them: {value} has {held} of \
             them and {share} of requests.",
            thousands(skew.errors_of)
        ),
    }
}

fn nouns(dimension: Dimension) -> (&'static str, &'static str) {
    match dimension {
        Dimension::Target => ("target", "targets"),
        Dimension::TargetGroup => ("target group", "target groups"),
        Dimension::Route => ("route", "routes"),
        Dimension::Client => ("client", "clients"),
        Dimension::Node => ("load balancer node", "load balancer nodes"),
        Dimension::TargetZone => ("zone of targets", "zones of targets"),
        Dimension::NodeZone => (
            "zone of load balancer nodes",
            "zones of load balancer nodes",
        ),
        Dimension::Rule => ("listener rule", "listener rules"),
        Dimension::Size => ("size of request", "sizes of requests"),
        Dimension::Method => ("method", "methods"),
        Dimension::Protocol => ("protocol", "protocols"),
    }
}

pub(crate) fn title(dimension: Dimension) -> String {
    words::capital(nouns(dimension).0)
}

/// Groups by their names.
pub(crate) fn value(case: &Case<'_>, skew: &Skew) -> String {
    let group = |arn: &str| {
        case.target_group(arn)
            .map_or_else(|| arn.to_owned(), |group| group.name.clone())
    };
    match skew.dimension {
        Dimension::TargetGroup => group(&skew.value),
        Dimension::Rule => match skew.value.split_once(' ') {
            Some((priority, arn)) => {
                let rule = match priority {
                    "0" => "the default rule".to_owned(),
                    "-1" => "a rule that failed".to_owned(),
                    priority => format!("rule {priority}"),
                };
                if arn == "-" {
                    rule
                } else {
                    format!("{rule} to {}", group(arn))
                }
            }
            None => skew.value.clone(),
        },
        _ => skew.value.clone(),
    }
}

/// Rounded down like [`words::percent`], but never to a mere nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    match words::percent(part, whole) {
        0 if part > 0 => "under 1 %".to_owned(),
        n => format!("{n} %"),
    }
}
