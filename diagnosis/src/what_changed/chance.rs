//! How likely a count is by chance. Only small answers matter here: what is no more than expected
//! reads as 1.

/// The chance of `n` or more where `expected` happen on average (Poisson).
pub(crate) fn at_least(n: u64, expected: f64) -> f64 {
    let n = n as f64;
    if n <= expected || !expected.is_finite() {
        return 1.0;
    }
    if expected <= 0.0 {
        return 0.0;
    }
    let first = (n * expected.ln() - expected - ln_factorial(n)).exp();
    tail(first, |k| expected / (n + k))
}

/// The chance that `part` or more of `all` fall where each falls with the chance `share` (binomial):
/// the exact test of two Poisson rates.
pub(crate) fn at_least_of(part: u64, all: u64, share: f64) -> f64 {
    let (k, n) = (part as f64, all as f64);
    if part == 0 || part > all || share.is_nan() || k <= n * share {
        return 1.0;
    }
    if share <= 0.0 {
        return 0.0;
    }
    let odds = share / (1.0 - share);
    let first = (ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
        + k * share.ln()
        + (n - k) * (1.0 - share).ln())
    .exp();
    tail(first, |step| {
        (n - k - step + 1.0).max(0.0) / (k + step) * odds
    })
}

/// The sum of terms of which each is the last one times `ratio(step)`; the ratios fall below 1.
fn tail(first: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut term) = (first, first);
    for step in 1..10_000 {
        term *= ratio(f64::from(step));
        sum += term;
        if term <= sum * 1e-9 {
            break;
        }
    }
    if sum.is_nan() { 1.0 } else { sum.min(1.0) }
}

/// Stirling's series; exact to some digits, which is enough.
fn ln_factorial(n: f64) -> f64 {
    if n < 20.0 {
        let mut product = 1.0;
        let mut k = 2.0;
        while k <= n {
            product *= k;
            k += 1.0;
        }
        return f64::ln(product);
    }
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + 1.0 / (12.0 * n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64) {
        assert!(
            (got - expected).abs() < expected * 1e-3,
            "{got} is not {expected}"
        );
    }

    #[test]
    fn tails_are_as_in_the_tables() {
        near(at_least(1, 0.01), 0.009_950);
        near(at_least(10, 3.0), 0.001_102);
        near(at_least(130, 100.0), 0.002_282);
        near(at_least_of(9, 10, 0.5), 0.010_742);
        near(at_least_of(5, 5, 0.2), 0.000_32);
        near(at_least_of(60, 100, 0.5), 0.028_44);
    }

    #[test]
    fn what_is_expected_or_senseless_is_no_surprise() {
        for chance in [
            at_least(0, 0.0),
            at_least(3, 4.0),
            at_least(3, f64::NAN),
            at_least(u64::MAX, f64::INFINITY),
            at_least_of(0, 0, 0.3),
            at_least_of(3, 10, 0.3),
            at_least_of(3, 2, 0.3),
            at_least_of(3, 3, f64::NAN),
        ] {
            assert!((chance - 1.0).abs() < 1e-12, "{chance}");
        }
        assert!(at_least(u64::MAX, 5.0) < 1e-12);
        assert!(at_least_of(4, 4, 0.0) < 1e-12);
    }
}
