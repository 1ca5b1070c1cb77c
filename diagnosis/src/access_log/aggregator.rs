//! All objects together.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::{
    answers::{Answers, MAX_BUCKETS},
    divide::Divided,
    faults::Faults,
    object::{MinuteCounts, ObjectRows},
    other_codes::OtherCodes,
    targets::AllTargets,
};
use crate::evidence::{AccessLog, LoadBalancerType, access_log::Minute};

/// Folds objects into one [`AccessLog`]; the order in which they are added does not matter.
#[derive(Debug)]
pub struct Aggregator {
    format: LoadBalancerType,
    objects: u32,
    bytes: u64,
    requests: u64,
    unreadable: u64,
    first: Option<i64>,
    last: Option<i64>,
    minutes: BTreeMap<i64, MinuteCounts>,
    targets: AllTargets,
    divided: Divided,
    faults: Faults,
    other_codes: OtherCodes,
    answers: Option<Answers>,
}

impl Aggregator {
    pub fn new(format: LoadBalancerType) -> Self {
        Self {
            format,
            objects: 0,
            bytes: 0,
            requests: 0,
            unreadable: 0,
            first: None,
            last: None,
            minutes: BTreeMap::new(),
            targets: AllTargets::default(),
            divided: Divided::default(),
            faults: Faults::default(),
            other_codes: OtherCodes::default(),
            answers: None,
        }
    }

    pub fn add(&mut self, object: ObjectRows) {
        self.objects += 1;
        self.bytes += object.bytes;
        self.requests += object.requests;
        self.unreadable += object.unreadable;
        self.first = [self.first, object.first].into_iter().flatten().min();
        self.last = self.last.max(object.last);
        for (minute, counts) in object.minutes {
            self.minutes.entry(minute).or_default().add(counts);
        }
        self.targets.merge(object.targets);
        self.divided.merge(object.divided);
        self.faults.merge(object.faults);
        self.other_codes.merge(object.other_codes);
        match &mut self.answers {
            Some(answers) => answers.merge(object.answers),
            none => *none = Some(object.answers),
        }
    }

    pub fn finish(self) -> AccessLog {
        let mut answers = self.answers.unwrap_or_else(|| Answers::new(0, MAX_BUCKETS));
        answers.settle();
        let rows = self.faults.finish(&answers);
        AccessLog {
            format: self.format,
            objects: self.objects,
            bytes: self.bytes,
            requests: self.requests,
            unreadable: self.unreadable,
            first: self.first.and_then(DateTime::from_timestamp_micros),
            last: self.last.and_then(DateTime::from_timestamp_micros),
            minutes: self
                .minutes
                .into_iter()
                .map(|(minute, counts)| Minute {
                    at: DateTime::from_timestamp(minute * 60, 0).unwrap_or_default(),
                    requests: counts.requests,
                    statuses: counts.statuses,
                    made_by_target: counts.made_by_target,
                })
                .collect(),
            targets: self.targets.finish(),
            base_rates: self.divided.finish(&rows),
            other_codes: self.other_codes.finish(),
            rows,
        }
    }
}
