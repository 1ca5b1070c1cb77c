//! Rules of the step `error-logs`.

use crate::rule::Rule;

pub const RULES: &[Rule] = &[];
