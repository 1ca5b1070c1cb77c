//! Rules of the step `target-health`.

use crate::rule::Rule;

pub const RULES: &[Rule] = &[];
