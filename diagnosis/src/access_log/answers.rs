//! When each target last answered, kept small enough for any log.
//!
//! To tell how long a connection may have been idle before it failed, every answer's time must be
//! remembered, of every target, over all objects. Times are milliseconds from a base, in buckets
//! that start one millisecond wide; when there are too many buckets, their width doubles. Buckets
//! nest, so the result depends on what was read and not on the order.

use std::collections::BTreeMap;

/// Buckets kept in all (8 bytes each).
pub(super) const MAX_BUCKETS: usize = 6_000_000;

/// With wider buckets a gap of a few seconds cannot be told: none is given.
const MAX_WIDTH_MS: u32 = 1_024;

const BUSY_WINDOW_MS: u32 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    /// The last answer in it.
    last: u32,
    count: u32,
}

#[derive(Debug)]
pub(super) struct Answers {
    /// Milliseconds since the epoch that offsets count from.
    base: i64,
    /// Width of a bucket is `1 << shift` milliseconds.
    shift: u32,
    by_target: BTreeMap<Box<[u8]>, Vec<Bucket>>,
    /// Buckets that may still have to be joined.
    held: usize,
    limit: usize,
}

/// What is known of a target just before a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) idle_ms: Option<u64>,
    pub(super) answered: u32,
}

impl Answers {
    pub(super) fn new(base: i64, limit: usize) -> Self {
        Self {
            base,
            shift: 0,
            by_target: BTreeMap::new(),
            held: 0,
            limit,
        }
    }

    /// Adds one target's answers: milliseconds from `base`, in any order.
    pub(super) fn add(&mut self, target: &[u8], times: Vec<u32>) {
        if times.is_empty() {
            return;
        }
        let buckets = times
            .into_iter()
            .map(|time| Bucket {
                last: time,
                count: 1,
            })
            .collect();
        self.add_buckets(target, buckets);
    }

    fn add_buckets(&mut self, target: &[u8], mut buckets: Vec<Bucket>) {
        join(&mut buckets, self.shift);
        self.held += buckets.len();
        match self.by_target.get_mut(target) {
            Some(held) => held.append(&mut buckets),
            None => {
                self.by_target.insert(target.into(), buckets);
            }
        }
        // Twice the limit, so that the joining costs no more than the adding.
        if self.held > 2 * self.limit {
            self.settle();
        }
    }

    /// Takes in what another object's reader kept.
    pub(super) fn merge(&mut self, other: Self) {
        if other.shift > self.shift {
            self.shift = other.shift;
            self.join_all();
        }
        let moved = other.base - self.base;
        for (target, mut buckets) in other.by_target {
            if moved != 0 {
                buckets.retain_mut(|bucket| {
                    let last = u32::try_from(i64::from(bucket.last) + moved);
                    bucket.last = *last.as_ref().unwrap_or(&0);
                    last.is_ok()
                });
            }
            self.add_buckets(&target, buckets);
        }
    }

    fn join_all(&mut self) {
        self.held = 0;
        for buckets in self.by_target.values_mut() {
            join(buckets, self.shift);
            self.held += buckets.len();
        }
    }

    /// Joins, and widens the buckets until they are few enough. After this, [`Self::before`] may
    /// be asked.
    pub(super) fn settle(&mut self) {
        self.join_all();
        while self.held > self.limit && self.shift < 31 {
            self.shift += 1;
            self.join_all();
        }
    }

    /// What is known of `target` just before `at_ms` (milliseconds since the epoch).
    pub(super) fn before(&self, target: &[u8], at_ms: i64) -> Before {
        let (Some(buckets), Ok(at)) =
            (self.by_target.get(target), u32::try_from(at_ms - self.base))
        else {
            return Before::default();
        };
        let after = buckets.partition_point(|bucket| bucket.last <= at);
        let oldest = at.saturating_sub(BUSY_WINDOW_MS);
        let answered = buckets[..after]
            .iter()
            .rev()
            .take_while(|bucket| bucket.last > oldest || at <= BUSY_WINDOW_MS)
            .fold(0u32, |sum, bucket| sum.saturating_add(bucket.count));

        if 1 << self.shift > MAX_WIDTH_MS {
            return Before {
                idle_ms: None,
                answered,
            };
        }
        // An answer later in the same bucket may hide one before the moment: take the smallest gap
        // that is possible, which never makes a busy connection look idle.
        let hidden = buckets
            .get(after)
            .filter(|bucket| bucket.count > 1 && bucket.last >> self.shift == at >> self.shift)
            .map(|_| u64::from(at - ((at >> self.shift) << self.shift)));
        let last = after
            .checked_sub(1)
            .map(|place| u64::from(at - buckets[place].last));
        Before {
            idle_ms: match (hidden, last) {
                (Some(hidden), Some(last)) => Some(hidden.min(last)),
                (hidden, last) => last.or(hidden),
            },
            answered,
        }
    }
}

/// Sorts, and joins what stands in one bucket.
fn join(buckets: &mut Vec<Bucket>, shift: u32) {
    if !buckets.is_sorted_by_key(|bucket| bucket.last) {
        buckets.sort_unstable_by_key(|bucket| bucket.last);
    }
    buckets.dedup_by(|later, kept| {
        let same = later.last >> shift == kept.last >> shift;
        if same {
            kept.last = later.last;
            kept.count = kept.count.saturating_add(later.count);
        }
        same
    });
    buckets.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(limit: usize, times: &[u32]) -> Answers {
        let mut answers = Answers::new(1_000_000, limit);
        answers.add(b"t", times.to_vec());
        answers.settle();
        answers
    }

    #[test]
    fn the_gap_is_to_the_last_answer_before() {
        let answers = answers(1_000, &[20_000, 5_000, 15_000, 14_000, 15_000]);
        assert_eq!(
            answers.before(b"t", 1_019_999),
            Before {
                idle_ms: Some(4_999),
                answered: 3
            }
        );
        assert_eq!(answers.before(b"t", 1_004_999), Before::default());
        assert_eq!(answers.before(b"other", 1_019_999), Before::default());
        assert_eq!(answers.before(b"t", 0), Before::default());
    }

    #[test]
    fn too_many_answers_widen_the_buckets_but_lose_none() {
        let times: Vec<u32> = (0..4_000).map(|second| second * 37).collect();
        let coarse = answers(1_000, &times);
        assert!(coarse.shift > 0);
        let buckets = &coarse.by_target[&b"t"[..]];
        assert!(buckets.len() <= 1_000);
        assert_eq!(
            buckets.iter().map(|bucket| bucket.count).sum::<u32>(),
            4_000
        );
        // A busy target never looks idle because of it.
        for at in (1_000..148_000).step_by(501) {
            let idle = coarse.before(b"t", 1_000_000 + at).idle_ms.unwrap();
            assert!(idle <= 37 + (1 << coarse.shift), "{idle} ms at {at}");
        }
    }

    #[test]
    fn order_of_merging_does_not_matter() {
        let part = |from: u32| {
            let mut part = Answers::new(1_000_000, 100);
            part.add(b"t", (0..90).map(|n| from + n * 101).collect());
            part
        };
        let merged = |order: &[u32]| {
            let mut all = Answers::new(1_000_000, 100);
            for from in order {
                all.merge(part(*from));
            }
            all.settle();
            (all.shift, all.by_target)
        };
        assert_eq!(merged(&[0, 7, 50_000]), merged(&[50_000, 0, 7]));
    }
}
