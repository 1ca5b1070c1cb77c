//! Rules of the step `load`.

mod target_cpu_saturated;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[target_cpu_saturated::RULE];
