//! Access log bytes → [`AccessLog`]: the hot path.
//!
//! Decompressed bytes of each S3 object go through an [`ObjectReader`] as they arrive; what the
//! readers kept is folded together by an [`Aggregator`], in any order of objects.

use crate::evidence::{AccessLog, LoadBalancerType, Window};

/// Reads one object's decompressed bytes, in chunks of any size.
#[derive(Debug)]
pub struct ObjectReader {
    format: LoadBalancerType,
}

/// What one object contributes.
#[derive(Debug, Default)]
pub struct ObjectRows {
    bytes: u64,
}

/// Folds objects into one [`AccessLog`]; the order in which they are added does not matter.
#[derive(Debug)]
pub struct Aggregator {
    format: LoadBalancerType,
    bytes: u64,
}

impl ObjectReader {
    /// `node`: the load balancer node's address from the object's name, where it has one.
    pub fn new(format: LoadBalancerType, window: Window, node: Option<String>) -> Self {
        let _ = (window, node);
        Self { format }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        let _ = (self.format, chunk);
    }

    pub fn finish(self) -> ObjectRows {
        ObjectRows::default()
    }
}

impl Aggregator {
    pub fn new(format: LoadBalancerType) -> Self {
        Self { format, bytes: 0 }
    }

    pub fn add(&mut self, object: ObjectRows) {
        self.bytes += object.bytes;
    }

    pub fn finish(self) -> AccessLog {
        AccessLog {
            format: self.format,
            bytes: self.bytes,
            ..AccessLog::default()
        }
    }
}
