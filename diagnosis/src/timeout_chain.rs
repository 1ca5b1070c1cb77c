//! The chain of timeouts: from the client inwards, who waits how long, which hop gives up before the
//! one that it should outlast, and a number for each that is safe.
//!
//! A rule judges what happened to requests; the chain holds the settings against each other and against
//! the times that were seen. Where both speak of the same thing the rule's word stands
//! ([`judges`]): what it found is broken, what it cannot tell is not told here either, and a safe number
//! is the one of its fix (`safe_timeouts.rs`). What the numbers alone break is a risk that no request
//! of the window need have met, and says so. Nothing holds of a number that is not known.

mod detection;
mod draining;
mod front;
mod function;
mod group;
mod hop;
mod judges;
mod stop_timeout;
mod target_keep_alive;
#[cfg(test)]
mod tests;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::{
    case::Case,
    evidence::target_groups::TargetType,
    keep_alive::KeepAlive,
    rule::{Answer, Rule},
    words,
};
use judges::Judges;
pub(crate) use judges::ask;

/// Target groups, services and functions that are told of, of each; there is no reading more.
const MOST: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimeoutChain {
    /// From the client inwards.
    pub hops: Vec<Hop>,
    /// In the order of the hops that they bind.
    pub inequalities: Vec<Inequality>,
}

/// One setting that says how long somebody waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hop {
    /// Unique in the chain: `idle-timeout`, `deregistration-delay:web`.
    pub id: String,
    /// Whose setting it is: `load balancer`, `target group web`, `ECS service shop`.
    pub place: String,
    /// AWS's name of the setting; of a server's own setting a description.
    pub setting: String,
    /// What it is set to, whole seconds; an estimate is rounded down. 0 where draining is off.
    pub seconds: Option<u64>,
    /// Why there is no one number of seconds.
    pub not_known: Option<NotKnown>,
    pub source: Option<HopSource>,
    /// Where the number comes from, or why there is none, in one or two sentences.
    pub because: String,
    /// Observations, by `n`.
    pub cites: Vec<u32>,
    /// What it may safely be set to, whole seconds, together with the safe numbers of all other hops.
    pub safe_seconds: Option<u64>,
    /// Why that is safe, or why no number can be named, in one or two sentences.
    pub safe_because: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotKnown {
    /// IAM refused.
    Denied,
    Failed,
    /// No step that reads it has run yet.
    NotAsked,
    /// It was asked for, and the answer does not hold it.
    NotTold,
    /// It is a setting of the server, and nothing in the log or a person's answer tells it.
    NotInAws,
    /// Servers of one target group differ.
    Several,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HopSource {
    /// AWS said so.
    Attribute,
    /// What AWS does where nothing is set; where it is set to just that, the evidence does not tell.
    Default,
    /// From the gaps before lost requests in the access log.
    Estimate,
    /// A person answered so.
    Answer,
    /// AWS lets nobody set it.
    Fixed,
}

/// What has to be shorter than what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inequality {
    /// Unique in the chain: `idle-timeout-below-target-keep-alive:web`.
    pub id: String,
    /// The id of the hop whose setting it binds, and whose safe number mends it.
    pub hop: String,
    pub shorter: Side,
    pub longer: Side,
    pub state: InequalityState,
    /// Why it holds, is broken or cannot be told, in sentences.
    pub because: String,
    /// What would have to be seen to tell; empty unless it cannot be told.
    pub missing: Vec<String>,
    /// What clients see when it breaks, in a sentence.
    pub when_broken: String,
    /// The status codes of that; empty where nobody documents them.
    pub codes: Vec<u16>,
    /// The id of the rule that judges it; `None` where no rule does.
    pub rule: Option<String>,
    /// Observations, by `n`.
    pub cites: Vec<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Side {
    /// `idle timeout`, `longest answer seen`.
    pub name: String,
    /// `None` where it is not known, or is no one number.
    pub milliseconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InequalityState {
    /// In this window, by all that was to be seen.
    Holds,
    /// By what happened to requests, or by the settings alone; `because` says which.
    Broken,
    CannotTell,
}

impl TimeoutChain {
    pub fn hop(&self, id: &str) -> Option<&Hop> {
        self.hops.iter().find(|hop| hop.id == id)
    }

    pub fn broken(&self) -> impl Iterator<Item = &Inequality> {
        self.inequalities
            .iter()
            .filter(|one| one.state == InequalityState::Broken)
    }

    fn append(&mut self, other: Self) {
        self.hops.extend(other.hops);
        self.inequalities.extend(other.inequalities);
    }
}

impl Inequality {
    /// `idle timeout (60 s) < keep-alive of the targets (5 s)`
    pub fn in_words(&self) -> String {
        format!("{} < {}", self.shorter.in_words(), self.longer.in_words())
    }
}

impl Side {
    fn new(name: &str, milliseconds: Option<u64>) -> Self {
        Self {
            name: name.to_owned(),
            milliseconds,
        }
    }

    fn in_words(&self) -> String {
        match self.milliseconds {
            Some(milliseconds) => format!("{} ({})", self.name, words::seconds(milliseconds)),
            None => self.name.clone(),
        }
    }
}

/// The chain, by the answers of the rules and the keep-alive estimates of the same evidence.
pub(crate) fn of(
    case: &Case<'_>,
    answers: &[(&'static Rule, Answer)],
    keep_alive: &[KeepAlive],
) -> TimeoutChain {
    let judges = Judges { case, answers };
    let mut functions = TimeoutChain::default();
    let mut longest_function = None;
    for group in groups(case, true) {
        longest_function = longest_function.max(function::add(&mut functions, &judges, group));
    }
    let mut chain = TimeoutChain::default();
    let safe_idle = front::add(&mut chain, &judges, keep_alive, longest_function);
    let with_connections: Vec<_> = groups(case, false).collect();
    for group in &with_connections {
        let told = keep_alive
            .iter()
            .find(|one| one.target_group_arn == group.arn);
        target_keep_alive::add(&mut chain, &judges, Some(group), told, safe_idle);
        draining::add(&mut chain, &judges, Some(group));
        detection::add(&mut chain, &judges, Some(group));
    }
    // Groups that were not seen have timeouts as well.
    if case.evidence.target_groups.whole().is_none() {
        target_keep_alive::add(&mut chain, &judges, None, None, safe_idle);
        draining::add(&mut chain, &judges, None);
        detection::add(&mut chain, &judges, None);
    }
    stop_timeout::add(&mut chain, &judges);
    chain.append(functions);
    for hop in &mut chain.hops {
        in_order(&mut hop.cites);
    }
    for inequality in &mut chain.inequalities {
        in_order(&mut inequality.cites);
    }
    chain
}

/// The target groups of functions, or all others.
fn groups<'a>(
    case: &Case<'a>,
    of_functions: bool,
) -> impl Iterator<Item = &'a crate::evidence::TargetGroup> {
    case.target_groups()
        .iter()
        .filter(move |group| (group.target_type == TargetType::Lambda) == of_functions)
        .take(MOST)
}

fn in_order(cites: &mut Vec<u32>) {
    cites.sort_unstable();
    cites.dedup();
}
