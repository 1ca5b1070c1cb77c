//! Requests by text: each text apart while there are few, past that in a sketch.
//!
//! Which of the two it is depends on how many different texts there were in all, not on the order or
//! on how they were spread over objects; so the result does not either.

use super::{hash::Map, sketch::Sketch};

/// What was counted of one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallied {
    pub(super) requests: u64,
    pub(super) made_by_load_balancer: u64,
    pub(super) made_by_target: u64,
}

/// Who made the 502, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    No502,
    ByLoadBalancer,
    ByTarget,
}

#[derive(Debug)]
pub(super) struct Tally {
    limit: usize,
    places: Map<Box<[u8]>, u32>,
    counts: Vec<Tallied>,
    sketch: Option<Sketch>,
    requests: u64,
}

impl Tallied {
    pub(super) fn one(made: Made) -> Self {
        Self {
            requests: 1,
            made_by_load_balancer: u64::from(made == Made::ByLoadBalancer),
            made_by_target: u64::from(made == Made::ByTarget),
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.made_by_load_balancer += more.made_by_load_balancer;
        self.made_by_target += more.made_by_target;
    }
}

impl Tally {
    /// Tells at most `limit` texts apart.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            places: Map::default(),
            counts: Vec::new(),
            sketch: None,
            requests: 0,
        }
    }

    /// The text's place; `None` once there are too many.
    pub(super) fn add(&mut self, text: &[u8], more: Tallied) -> Option<u32> {
        self.requests += more.requests;
        if self.sketch.is_none() {
            if let Some(place) = self.places.get(text) {
                self.counts[*place as usize].add(more);
                return Some(*place);
            }
            if self.counts.len() < self.limit
                && let Ok(place) = u32::try_from(self.counts.len())
            {
                self.places.insert(text.into(), place);
                self.counts.push(more);
                return Some(place);
            }
        }
        self.overflow().add(text, more.requests);
        None
    }

    /// One more at a place that [`Self::add`] gave.
    pub(super) fn add_at(&mut self, place: u32, more: Tallied) {
        self.requests += more.requests;
        self.counts[place as usize].add(more);
    }

    /// Pours what was told apart into the sketch.
    fn overflow(&mut self) -> &mut Sketch {
        self.sketch.get_or_insert_with(|| {
            let mut sketch = Sketch::new();
            for (text, place) in self.places.drain() {
                sketch.add(&text, self.counts[place as usize].requests);
            }
            self.places.shrink_to_fit();
            self.counts = Vec::new();
            sketch
        })
    }

    /// Gives the new place of each of the other's places; empty where one of the two has too many.
    pub(super) fn merge(&mut self, other: Self) -> Vec<u32> {
        if let Some(sketch) = &other.sketch {
            self.overflow().merge(sketch);
            self.requests += other.requests;
            return Vec::new();
        }
        let mut moved = vec![0; other.counts.len()];
        for (text, place) in other.places {
            if let Some(new) = self.add(&text, other.counts[place as usize]) {
                moved[place as usize] = new;
            }
        }
        if self.is_exact() { moved } else { Vec::new() }
    }

    pub(super) fn is_exact(&self) -> bool {
        self.sketch.is_none()
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// The texts that were told apart, with their places.
    pub(super) fn all(&self) -> impl Iterator<Item = (&[u8], u32, Tallied)> {
        self.places
            .iter()
            .map(|(text, place)| (&**text, *place, self.counts[*place as usize]))
    }

    /// Requests of the text: exact, or once there are too many at most so many.
    pub(super) fn at_most(&self, text: &[u8]) -> u64 {
        match &self.sketch {
            Some(sketch) => sketch.at_most(text),
            None => self
                .places
                .get(text)
                .map_or(0, |place| self.counts[*place as usize].requests),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }
}
