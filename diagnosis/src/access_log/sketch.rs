//! Counts of any number of different texts in fixed memory: a count-min sketch (Cormode and
//! Muthukrishnan, 2005).
//!
//! A count that is asked for is never too small. It is too large by more than [`WIDTH`]'s share
//! (2.7 / 32,768 of all that was counted) with a chance of 2 % at most, unless somebody made texts
//! that collide. Sums do not depend on the order, so neither does what is read from them.

use super::hash;

const WIDTH: usize = 1 << 15;
const DEPTH: usize = 4;

#[derive(Debug)]
pub(super) struct Sketch {
    cells: Vec<u64>,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self {
            cells: vec![0; WIDTH * DEPTH],
        }
    }

    pub(super) fn add(&mut self, text: &[u8], n: u64) {
        for cell in cells(text) {
            self.cells[cell] += n;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell += more;
        }
    }

    /// How often the text was counted, at most.
    pub(super) fn at_most(&self, text: &[u8]) -> u64 {
        let counts = cells(text).map(|cell| self.cells[cell]);
        counts.into_iter().min().unwrap_or_default()
    }
}

/// One cell in each row of the table.
fn cells(text: &[u8]) -> [usize; DEPTH] {
    let hash = hash(text);
    // As good as four hashes: Kirsch and Mitzenmacher, 2006.
    let (one, other) = (hash as u32, (hash >> 32) as u32 | 1);
    std::array::from_fn(|row| {
        let mixed = one.wrapping_add(other.wrapping_mul(row as u32));
        row * WIDTH + (mixed >> 17) as usize
    })
}

/// The same on every machine: a bound that is stored must not depend on where it was made.
fn hash(text: &[u8]) -> u64 {
    hash::of(text, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_never_too_small_and_seldom_much_too_large() {
        let mut sketch = Sketch::new();
        let mut total = 0;
        for n in 0..50_000_u64 {
            sketch.add(format!("client {n}").as_bytes(), 1 + n % 3);
            total += 1 + n % 3;
        }
        sketch.add(b"the one", 5_000);
        let allowed = total * 28 / 10 / WIDTH as u64;
        let found = sketch.at_most(b"the one");
        assert!((5_000..=5_000 + allowed).contains(&found), "{found}");
        let far_off = (0..50_000_u64)
            .filter(|n| {
                let at_most = sketch.at_most(format!("client {n}").as_bytes());
                assert!(at_most > n % 3);
                at_most > 1 + n % 3 + allowed
            })
            .count();
        assert!(far_off < 1_000, "{far_off} of 50,000");
    }

    #[test]
    fn sums_of_parts_are_the_sum() {
        let (mut whole, mut one, mut other) = (Sketch::new(), Sketch::new(), Sketch::new());
        for n in 0..1_000_u64 {
            let text = n.to_le_bytes();
            whole.add(&text, n);
            if n % 3 == 0 { &mut one } else { &mut other }.add(&text, n);
        }
        other.merge(&one);
        assert_eq!(whole.cells, other.cells);
    }
}
