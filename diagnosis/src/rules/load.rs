//! Rules of the step `load`.

use crate::rule::Rule;

pub const RULES: &[Rule] = &[];
