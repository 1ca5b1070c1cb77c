//! Access log bytes → [`AccessLog`]: the hot path.
//!
//! Decompressed bytes of each S3 object go through an [`ObjectReader`] as they arrive; what the
//! readers kept is folded together by an [`Aggregator`], in any order of objects.
//!
//! Memory is bounded whatever the bytes say: a line, an object, the targets told apart, the rows
//! kept and the answer times each have a cap, and what passes a cap is counted or flagged.
//!
//! [`AccessLog`]: crate::evidence::AccessLog

mod aggregator;
mod answers;
pub(crate) mod columns;
mod faults;
mod format;
mod lines;
mod object;
mod targets;
mod time;
mod tokens;

pub use aggregator::Aggregator;
pub use lines::{MAX_LINE_BYTES, MAX_OBJECT_BYTES};
pub use object::{ObjectReader, ObjectRows};

#[cfg(test)]
mod tests;
