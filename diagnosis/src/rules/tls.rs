//! Rules of the step `tls`.

use crate::rule::Rule;

pub const RULES: &[Rule] = &[];
