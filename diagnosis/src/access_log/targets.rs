//! Counts by target, and when each target answered.

use std::collections::BTreeMap;

use super::{answers::Answers, format::Line, hash::Map};
use crate::evidence::access_log::TargetCounts;

/// Targets told apart in one object and in all of them; the requests of those past it are counted
/// under [`OTHERS`]. A load balancer has at most a few thousand.
const MAX_TARGETS: usize = 50_000;

const OTHERS: &[u8] = b"(others)";

/// Answer times held back before they go to [`Answers`] in one piece.
const MAX_TIMES: usize = 4_000_000;

/// Target and target group, as logged.
pub(super) type Key = (Box<[u8]>, Box<[u8]>);

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    requests: u64,
    answered: u64,
    statuses: BTreeMap<u16, u64>,
    /// Of target_processing_time over answered rows.
    sum_micros: u128,
    max_micros: u64,
}

/// The counts of one object while it is read.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// By target, the places in `all`, one for each of its target groups.
    places: Map<Box<[u8]>, Vec<usize>>,
    all: Vec<(Key, Counts, Vec<u32>)>,
    times: usize,
}

impl Targets {
    /// Counts a line of the window; gives the place of its target in [`Self::keys`].
    pub(super) fn count(&mut self, line: &Line<'_>) -> usize {
        let place = self.place(line.target, line.target_group_arn);
        let counts = &mut self.all[place].1;
        counts.requests += 1;
        if line.elb_status >= 400 {
            *counts.statuses.entry(line.elb_status).or_default() += 1;
        }
        if line.target_status.is_some_and(|status| status < 500) {
            counts.answered += 1;
            let micros = line.target_time.unwrap_or_default();
            counts.sum_micros += u128::from(micros);
            counts.max_micros = counts.max_micros.max(micros);
        }
        place
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.all.iter().map(|(key, ..)| key)
    }

    /// Remembers that the line's target answered at `time`, milliseconds from the base of `answers`.
    pub(super) fn answered(&mut self, line: &Line<'_>, time: u32, answers: &mut Answers) {
        let place = self.place(line.target, line.target_group_arn);
        self.all[place].2.push(time);
        self.times += 1;
        if self.times >= MAX_TIMES {
            self.hand_over(answers);
        }
    }

    fn place(&mut self, target: &[u8], target_group: &[u8]) -> usize {
        if let Some(places) = self.places.get(target)
            && let Some(place) = places
                .iter()
                .find(|place| &*self.all[**place].0.1 == target_group)
        {
            return *place;
        }
        if self.all.len() >= MAX_TARGETS && target != OTHERS {
            return self.place(OTHERS, b"-");
        }
        let place = self.all.len();
        self.places.entry(target.into()).or_default().push(place);
        self.all.push((
            (target.into(), target_group.into()),
            Counts::default(),
            Vec::new(),
        ));
        place
    }

    fn hand_over(&mut self, answers: &mut Answers) {
        for (key, _, times) in &mut self.all {
            answers.add(&key.0, std::mem::take(times));
        }
        self.times = 0;
    }

    /// The counts alone; the answer times go to `answers`.
    pub(super) fn finish(mut self, answers: &mut Answers) -> BTreeMap<Key, Counts> {
        self.hand_over(answers);
        self.all
            .into_iter()
            // Targets that only answered before the window.
            .filter(|(_, counts, _)| counts.requests > 0)
            .map(|(key, counts, _)| (key, counts))
            .collect()
    }
}

/// The counts of all objects.
#[derive(Debug, Default)]
pub(super) struct AllTargets {
    by_target: BTreeMap<Key, Counts>,
}

impl AllTargets {
    pub(super) fn merge(&mut self, counts: BTreeMap<Key, Counts>) {
        for (key, more) in counts {
            let key = if self.by_target.len() < MAX_TARGETS || self.by_target.contains_key(&key) {
                key
            } else {
                (OTHERS.into(), b"-"[..].into())
            };
            let sum = self.by_target.entry(key).or_default();
            sum.requests += more.requests;
            sum.answered += more.answered;
            sum.sum_micros += more.sum_micros;
            sum.max_micros = sum.max_micros.max(more.max_micros);
            for (status, count) in more.statuses {
                *sum.statuses.entry(status).or_default() += count;
            }
        }
    }

    /// Busiest first.
    pub(super) fn finish(self) -> Vec<TargetCounts> {
        let mut targets: Vec<TargetCounts> = self
            .by_target
            .into_iter()
            .map(|((target, target_group), counts)| TargetCounts {
                target: String::from_utf8_lossy(&target).into_owned(),
                target_group_arn: (&*target_group != b"-")
                    .then(|| String::from_utf8_lossy(&target_group).into_owned()),
                requests: counts.requests,
                answered: counts.answered,
                statuses: counts.statuses,
                mean_seconds: if counts.answered == 0 {
                    0.0
                } else {
                    counts.sum_micros as f64 / counts.answered as f64 / 1e6
                },
                max_seconds: counts.max_micros as f64 / 1e6,
            })
            .collect();
        // Stable: targets with equal counts stay in order of name.
        targets.sort_by_key(|target| std::cmp::Reverse(target.requests));
        targets
    }
}
