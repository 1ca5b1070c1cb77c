//! Whether the 502s are bound to one node, zone, target, group, rule, route, method, size, protocol
//! or client, compared with the share of all requests that falls to it.
//!
//! A value is *bound* where it holds at least a fifth of the 502s, [`MIN_EXCESS`] points more than of
//! all requests, at [`MIN_ODDS`] times the odds, and where chance does not make that: a one-sided
//! test by Hoeffding's bound (see `chance.rs`), corrected after Bonferroni for every value of every
//! dimension that could have come out, at a level of 1 in 1,000 for all of them together.
//!
//! 502s come in bursts, so they are not independent. The test therefore takes the value's share of
//! each minute's 502s (of each ten seconds, in windows under half an hour) as one number, whether the
//! minute holds one 502 or a thousand: then it is *strong*. Where it only holds with every 502 taken
//! by itself it is *weak*: a single burst may look so.
//!
//! Requests are those of the whole window. Where a value's share of them changes during the window (a
//! deploy replaces the targets), its share at the time of the 502s is another one: [I].
//!
//! *Even* is said only where enough 502s, in enough minutes, were there to show a binding and no value
//! has a marked excess. Everything else cannot be told.

mod chance;
mod dimensions;
pub(crate) mod words;
mod zones;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::case::Case;
use chance::Chance;
use dimensions::{Counts, Divided, Errors, divide};
use zones::Zones;

/// Fewer 502s are not looked at. [I]
const MIN_ERRORS: u64 = 5;
/// Per cent of the 502s that a value holds at least. [I]
const MIN_SHARE: u64 = 20;
/// Points by which its share of the 502s is above its share of all requests. [I]: what is less does
/// not help a person to find the cause.
const MIN_EXCESS: i64 = 15;
/// Its odds among the 502s over its odds among all requests. [I]
const MIN_ODDS: u64 = 3;
/// The chance of any false binding in a document: one in ten to this power. [I]
const LEVEL: u32 = 3;
/// With so many 502s in so many slices a binding of two thirds to a value of a third is found. [I]
const ENOUGH_ERRORS: u64 = 30;
const ENOUGH_SLICES: u64 = 20;
/// Bound values that are told of one dimension.
const TOLD: usize = 3;

/// How the 502s of one maker stand to one value of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skew {
    pub answer: SkewAnswer,
    pub made_by: MadeBy,
    pub dimension: Dimension,
    /// The value with the 502s; of a dimension that is not bound, the one with the largest excess.
    pub value: String,
    /// How many different values the dimension has; with `requests_at_most` at least so many.
    pub values: u64,
    /// 502s of this maker with the value, and all whose value is known.
    pub errors: u64,
    pub errors_of: u64,
    /// Requests with the value, and all of the window.
    pub requests: u64,
    pub requests_of: u64,
    /// Too many different values to count each: `requests` is an upper bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requests_at_most: bool,
    pub sure: Sure,
    /// The chance that any value comes out like this when nothing is bound is below one in ten to
    /// this power; 0 where there is no binding.
    pub chance_tens: u32,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SkewAnswer {
    /// The value holds far more of the 502s than of the requests.
    Bound,
    /// The 502s fall on the dimension's values about as requests do: the cause lies elsewhere.
    Even,
    /// Too few 502s, or too few minutes with them.
    CannotTell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MadeBy {
    LoadBalancer,
    Target,
}

/// Ordered from what stands closest to a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// `ip:port`, or a function's ARN.
    Target,
    TargetGroup,
    Route,
    Client,
    /// The load balancer's node, by address.
    Node,
    /// Zone of the target.
    TargetZone,
    /// Zone of the node.
    NodeZone,
    /// Listener rule: its priority (0 is the default rule) and the target group that it chose.
    Rule,
    Size,
    Method,
    Protocol,
}

impl Dimension {
    pub const ALL: [Self; 11] = [
        Self::Target,
        Self::TargetGroup,
        Self::Route,
        Self::Client,
        Self::Node,
        Self::TargetZone,
        Self::NodeZone,
        Self::Rule,
        Self::Size,
        Self::Method,
        Self::Protocol,
    ];
}

/// How sure a binding is; `none` where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sure {
    None,
    /// Holds with every 502 taken by itself: a single burst may look so.
    Weak,
    /// Holds with each minute's 502s taken as one.
    Strong,
}

/// Bound values strongest first, then dimensions that the 502s are spread over evenly, then those
/// that cannot be told. Empty without an access log, and where there are hardly any 502s.
pub fn skew(case: &Case<'_>) -> Vec<Skew> {
    let Some(log) = case.access_log() else {
        return Vec::new();
    };
    let zones = Zones::new(case);
    let mut all = Vec::new();
    for made_by in [MadeBy::LoadBalancer, MadeBy::Target] {
        let errors = Errors::new(case, made_by);
        if errors.total < MIN_ERRORS {
            continue;
        }
        let divided: Vec<(Dimension, Divided)> = Dimension::ALL
            .into_iter()
            .filter_map(|dimension| {
                let divided = divide(log, &zones, dimension, &errors)?;
                // One value alone has all of both.
                (divided.distinct > 1 && divided.errors >= MIN_ERRORS)
                    .then_some((dimension, divided))
            })
            .collect();
        let tried = divided.iter().fold(0_u64, |sum, (_, divided)| {
            sum.saturating_add(divided.tried())
        });
        for (dimension, divided) in &divided {
            all.extend(judge(case, made_by, *dimension, divided, tried));
        }
    }
    all.sort_by_cached_key(|skew| {
        (
            skew.answer,
            Reverse(skew.sure),
            Reverse(skew.excess()),
            skew.made_by,
            skew.dimension,
            skew.value.clone(),
        )
    });
    all
}

fn judge(
    case: &Case<'_>,
    made_by: MadeBy,
    dimension: Dimension,
    divided: &Divided,
    tried: u64,
) -> Vec<Skew> {
    let mut of_values: Vec<Skew> = divided
        .values
        .iter()
        .map(|(value, counts)| of_value(made_by, dimension, divided, value, *counts, tried))
        .collect();
    of_values.sort_by_cached_key(|skew| {
        (
            Reverse(skew.sure),
            Reverse(skew.excess()),
            skew.value.clone(),
        )
    });
    let bound = of_values
        .iter()
        .take_while(|skew| skew.answer == SkewAnswer::Bound)
        .count();
    of_values.truncate(bound.clamp(1, TOLD));
    for skew in &mut of_values {
        if skew.answer != SkewAnswer::Bound {
            let enough =
                divided.errors >= ENOUGH_ERRORS && divided.slices.len() as u64 >= ENOUGH_SLICES;
            let marked = skew.excess() >= MIN_EXCESS * 10_000;
            skew.answer = if enough && !marked {
                SkewAnswer::Even
            } else {
                SkewAnswer::CannotTell
            };
        }
        skew.sentence = words::sentence(case, skew);
    }
    of_values
}

/// Bound or not; what else it is depends on the whole dimension.
fn of_value(
    made_by: MadeBy,
    dimension: Dimension,
    divided: &Divided,
    value: &str,
    counts: Counts,
    tried: u64,
) -> Skew {
    let mut skew = Skew {
        answer: SkewAnswer::CannotTell,
        made_by,
        dimension,
        value: value.to_owned(),
        values: divided.distinct,
        errors: counts.errors.min(divided.errors),
        errors_of: divided.errors,
        requests: counts.requests.min(divided.requests),
        requests_of: divided.requests,
        requests_at_most: !divided.exact,
        sure: Sure::None,
        chance_tens: 0,
        sentence: String::new(),
    };
    if !skew.is_marked() {
        return skew;
    }
    let share = skew.requests.max(1) as f64 / skew.requests_of as f64;
    let passes = |chance: Chance| Some(chance.of_any(tried).tens()).filter(|tens| *tens >= LEVEL);
    let (sixteenths, slices) = divided.in_slices(value);
    let by_slice = passes(chance::at_most(sixteenths, slices, share));
    let by_row = passes(chance::of_draws(skew.errors, skew.errors_of, share));
    (skew.sure, skew.chance_tens) = match (by_slice, by_row) {
        (Some(tens), _) => (Sure::Strong, tens),
        (None, Some(tens)) => (Sure::Weak, tens),
        (None, None) => (Sure::None, 0),
    };
    if skew.sure > Sure::None {
        skew.answer = SkewAnswer::Bound;
    }
    skew
}

impl Skew {
    /// Whether the excess is large enough to be of use to a person.
    fn is_marked(&self) -> bool {
        let (errors, errors_of) = (u128::from(self.errors), u128::from(self.errors_of));
        let (requests, requests_of) = (u128::from(self.requests), u128::from(self.requests_of));
        let odds = |part: u128, whole: u128| (part, whole.saturating_sub(part));
        let ((e, e_rest), (r, r_rest)) = (odds(errors, errors_of), odds(requests, requests_of));
        self.errors >= MIN_ERRORS
            && errors * 100 >= errors_of * u128::from(MIN_SHARE)
            && self.excess() >= MIN_EXCESS * 10_000
            && e * r_rest >= u128::from(MIN_ODDS) * r * e_rest
    }

    /// Millionths by which the share of 502s is above the share of requests.
    fn excess(&self) -> i64 {
        millionths(self.errors, self.errors_of) - millionths(self.requests, self.requests_of)
    }
}

fn millionths(part: u64, whole: u64) -> i64 {
    let share = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    i64::try_from(share).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests;
