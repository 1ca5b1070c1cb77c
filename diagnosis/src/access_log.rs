//! Access log bytes → [`AccessLog`]: the hot path.
//!
//! Decompressed bytes of each S3 object go through an [`ObjectReader`] as they arrive; what the
//! readers kept is folded together by an [`Aggregator`], in any order of objects.
//!
//! Memory is bounded whatever the bytes say: a line, an object, the targets, routes and clients told
//! apart, the rows kept and the answer times each have a cap, and what passes a cap is counted or
//! flagged.
//!
//! [`AccessLog`]: crate::evidence::AccessLog

mod aggregator;
mod answers;
pub(crate) mod columns;
mod divide;
mod faults;
mod format;
mod hash;
mod lines;
mod object;
mod other_codes;
mod route;
mod sketch;
mod tally;
mod targets;
mod time;
mod tokens;
mod values;

pub use aggregator::Aggregator;
pub use lines::{MAX_LINE_BYTES, MAX_OBJECT_BYTES};
pub use object::{ObjectReader, ObjectRows};
pub use route::{method_of, route_of};
pub use values::{size_classes_from, value_of};

#[cfg(test)]
mod tests;
