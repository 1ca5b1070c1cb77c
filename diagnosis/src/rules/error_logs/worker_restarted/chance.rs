//! How often chance alone would lay so many bursts of rows beside lines: a binomial test.

/// The probability that at least `hits` of `tries` fall into a part of the window that is `share` of
/// it, in ten thousandths, rounded up.
pub(super) fn of(hits: u64, tries: u64, share: f64) -> u32 {
    const CERTAIN: u32 = 10_000;
    if hits == 0 || !share.is_finite() || share >= 1.0 {
        return CERTAIN;
    }
    if share <= 0.0 {
        return 0;
    }
    let (hits, tries) = (hits.min(tries) as f64, tries as f64);
    let odds = (share / (1.0 - share)).ln();
    let mut log = tries * (1.0 - share).ln();
    let (mut k, mut sum) = (0.0, 0.0);
    while k <= tries {
        if k >= hits {
            let term = log.exp();
            sum += term;
            // Past the peak the terms only shrink.
            if k > tries * share && term < 1e-9 {
                break;
            }
        }
        log += ((tries - k) / (k + 1.0)).ln() + odds;
        k += 1.0;
    }
    // `as` saturates; what is left of rounding errors is not rounded up.
    ((sum * f64::from(CERTAIN) - 1e-6).ceil() as u32).min(CERTAIN)
}

/// `1 of 50 windows`
pub(super) fn in_words(chance: u32) -> String {
    match 10_000_u32.checked_div(chance) {
        None => "fewer than 1 of 10,000 windows".to_owned(),
        Some(n) if n >= 10_000 => "fewer than 1 of 10,000 windows".to_owned(),
        Some(n) => format!("1 of {} windows", crate::words::thousands(u64::from(n))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_upper_tail_of_a_binomial() {
        assert_eq!(of(1, 1, 0.0055), 55);
        assert_eq!(of(1, 2, 0.5), 7_500);
        assert_eq!(of(2, 2, 0.1), 100);
        assert_eq!(of(0, 5, 0.1), 10_000);
        assert_eq!(of(3, 3, 0.0), 0);
        assert!(of(30, 60, 0.05) <= 1);
        assert!(of(3, 60, 0.05) > 5_000);
        assert!(of(20_000, 20_000, 0.3) <= 1);
        assert_eq!(in_words(200), "1 of 50 windows");
        assert_eq!(in_words(0), "fewer than 1 of 10,000 windows");
    }
}
