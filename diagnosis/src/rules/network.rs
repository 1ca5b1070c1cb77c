//! Rules of the step `network`.

use crate::rule::Rule;

pub const RULES: &[Rule] = &[];
