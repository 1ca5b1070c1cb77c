//! Rules of the step `timeouts`.

use crate::rule::Rule;

pub const RULES: &[Rule] = &[];
