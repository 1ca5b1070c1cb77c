//! How likely a share is if nothing bound the 502s: an upper bound on the chance.
//!
//! Hoeffding (1963, theorem 1): the sum of `m` independent numbers between 0 and 1 whose mean is `p`
//! reaches `k > m p` with a chance of at most
//! `(m p / k)^k × (m (1 - p) / (m - k))^(m - k)`. It holds for counts of rows as for shares by
//! minute, whatever the minutes look like inside, and (theorem 4) for drawing without putting back.
//! Only `+ - * /` and `sqrt` are used, which give the same bits on every machine and in the browser;
//! numbers too small for a float keep their exponent apart.

/// `mantissa × 2^exponent`, mantissa from 1 up to 2, or 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chance {
    mantissa: f64,
    exponent: i64,
}

const ONE: Chance = Chance {
    mantissa: 1.0,
    exponent: 0,
};

/// Sums are taken in sixteenths, rounded down: the bound stays a bound.
const PARTS: u64 = 16;
/// The root that undoes [`PARTS`]: two to this power.
const ROOTS: u32 = 4;

/// The bound for a sum of `sixteenths / 16` over `of` numbers that have the mean `share`.
pub(super) fn at_most(sixteenths: u64, of: u64, share: f64) -> Chance {
    let whole = of.saturating_mul(PARTS);
    let sixteenths = sixteenths.min(whole);
    let rest = whole - sixteenths;
    let mean = whole as f64 * share;
    // No excess, or no base to compare with.
    if whole == 0 || !(share > 0.0 && share < 1.0) || sixteenths as f64 <= mean {
        return ONE;
    }
    let mut chance = power(mean / sixteenths as f64, sixteenths);
    if rest > 0 {
        chance = chance.times(power((whole as f64 - mean) / rest as f64, rest));
    }
    for _ in 0..ROOTS {
        chance = chance.root();
    }
    chance
}

/// The bound for `n` of `of` independent draws.
pub(super) fn of_draws(n: u64, of: u64, share: f64) -> Chance {
    at_most(n.saturating_mul(PARTS), of, share)
}

fn power(base: f64, mut exponent: u64) -> Chance {
    let mut result = ONE;
    let mut square = ONE.scaled(base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.times(square);
        }
        square = square.times(square);
        exponent >>= 1;
    }
    result
}

impl Chance {
    fn scaled(self, factor: f64) -> Self {
        Self {
            mantissa: self.mantissa * factor,
            exponent: self.exponent,
        }
        .normal()
    }

    fn times(self, other: Self) -> Self {
        Self {
            mantissa: self.mantissa * other.mantissa,
            exponent: self.exponent.saturating_add(other.exponent),
        }
        .normal()
    }

    fn root(mut self) -> Self {
        if self.exponent.rem_euclid(2) == 1 {
            self.mantissa *= 2.0;
            self.exponent -= 1;
        }
        Self {
            mantissa: self.mantissa.sqrt(),
            exponent: self.exponent / 2,
        }
        .normal()
    }

    fn normal(mut self) -> Self {
        if self.mantissa == 0.0 {
            return Self {
                mantissa: 0.0,
                exponent: 0,
            };
        }
        while self.mantissa >= 2.0 {
            self.mantissa /= 2.0;
            self.exponent = self.exponent.saturating_add(1);
        }
        while self.mantissa < 1.0 {
            self.mantissa *= 2.0;
            self.exponent = self.exponent.saturating_sub(1);
        }
        self
    }

    /// The chance that any of so many would come out like this (Bonferroni).
    pub(super) fn of_any(self, tried: u64) -> Self {
        self.scaled(tried.max(1) as f64)
    }

    /// The largest power of ten, up to 18, with a chance below one in so many.
    pub(super) fn tens(self) -> u32 {
        let mut left = self;
        let mut tens = 0;
        while tens < 18 {
            left = left.scaled(10.0);
            if left.mantissa != 0.0 && left.exponent >= 0 {
                break;
            }
            tens += 1;
        }
        tens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact chance of `n` or more of `of`.
    fn binomial_tail(n: u64, of: u64, share: f64) -> f64 {
        let mut term = (1.0 - share).powi(of as i32);
        let mut tail = 0.0;
        for k in 0..=of {
            if k >= n {
                tail += term;
            }
            term *= (of - k) as f64 / (k + 1) as f64 * share / (1.0 - share);
        }
        tail
    }

    fn value(chance: Chance) -> f64 {
        chance.mantissa * 2f64.powi(i32::try_from(chance.exponent).unwrap_or(-1_000))
    }

    #[test]
    fn it_bounds_the_exact_chance_and_is_not_far_off() {
        for (n, of, share) in [
            (8, 10, 0.3),
            (30, 60, 0.25),
            (90, 100, 0.5),
            (12, 400, 0.01),
        ] {
            let (exact, bound) = (binomial_tail(n, of, share), value(of_draws(n, of, share)));
            assert!(exact <= bound && bound < 40.0 * exact, "{exact} {bound}");
        }
        // All of them: the chance is share to the power of their number.
        assert!((value(of_draws(5, 5, 0.1)) - 1e-5).abs() < 1e-12);
        assert_eq!(of_draws(4, 5, 0.1).tens(), 2);
        assert_eq!(of_draws(5, 5, 0.1).of_any(1_000).tens(), 1);
    }

    #[test]
    fn numbers_of_any_size_give_a_chance() {
        for of in [1, 20_000, 1 << 40] {
            for n in [0, 1, of / 3, of - 1, of, u64::MAX] {
                for share in [0.0, 1e-9, 0.3, 0.999_999, 1.0, f64::NAN] {
                    let chance = of_draws(n, of, share);
                    assert!((0.0..2.0).contains(&chance.mantissa), "{n} {of} {share}");
                    assert!(chance.exponent <= 0, "{n} {of} {share}: {chance:?}");
                }
            }
        }
        assert_eq!(of_draws(1 << 40, 1 << 40, 0.5).tens(), 18);
        assert_eq!(of_draws(0, 0, 0.5), ONE);
    }

    #[test]
    fn an_expected_share_is_no_news() {
        assert_eq!(of_draws(30, 100, 0.3).tens(), 0);
        assert_eq!(of_draws(10, 100, 0.3).tens(), 0);
    }
}
