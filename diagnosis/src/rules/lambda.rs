//! What the rules on Lambda targets share: AWS's words for what went wrong, which function a row was
//! for, what its own metrics say, and the frame in which each of them answers.
//!
//! A function has no address, port or connection: its rows have `-` as target, and the load balancer
//! says in `error_reason` why an invocation gave no answer. So these rules read that word first, and
//! the function's configuration, policy and metrics for the rest.
//!
//! Without an access log there are only counts by minute: `LambdaUserError` of the group beside the
//! function's own `Errors`, `Throttles`, `Invocations` and `Duration`. That is at most *likely*.

mod function;
mod judge;
mod minutes;
mod ran;
mod reason;

#[cfg(test)]
pub(crate) mod fixture;

pub(crate) use function::Function;
pub(super) use judge::{Question, Told, draft, judge, occurrences};
pub(super) use minutes::{
    BY_FUNCTION, BY_SERVICE, Counted, FailedMinute, counts_others, either_in_words,
    of_other_callers, usual_errors,
};
pub(super) use ran::{Ran, ran, run_times};
pub(crate) use ran::{reaches, what_tells};
pub(super) use reason::{Cause, Reason, by_code, reason};
