use super::*;
use crate::{
    evidence::access_log::{FaultRow, base_rates::Dividing},
    fixture::*,
    observed::Observed,
};

/// `n` hang-ups, `every` seconds apart, on the targets that `target` says.
fn rows(n: usize, every: usize, target: impl Fn(usize) -> u8) -> Vec<FaultRow> {
    (0..n)
        .map(|n| {
            let second = n * every % 3_600;
            let clock = format!("10:{:02}:{:02}", second / 60, second % 60);
            hung_up(&clock, target(n), 0.2)
        })
        .collect()
}

fn of(evidence: &crate::Evidence) -> Vec<Skew> {
    skew(&Case::new(evidence))
}

fn bound(evidence: &crate::Evidence) -> Vec<Skew> {
    let mut all = of(evidence);
    all.retain(|skew| skew.answer == SkewAnswer::Bound);
    all
}

#[test]
fn noise_shows_nothing() {
    for n in [1, 4, 7, 12, 40, 100] {
        let mut evidence = healthy();
        // Unequal by chance: of seven, four on one of three targets.
        set_rows(&mut evidence, rows(n, 31, |n| [1, 2, 1, 3, 1, 1, 2][n % 7]));
        assert_eq!(bound(&evidence), [], "{n}");
    }
}

#[test]
fn one_bad_target_is_named_with_its_share() {
    let mut evidence = healthy();
    set_rows(
        &mut evidence,
        rows(100, 35, |n| if n % 33 == 0 { 1 } else { 2 }),
    );
    let first = &of(&evidence)[0];
    assert_eq!(first.dimension, Dimension::Target);
    assert_eq!(first.sure, Sure::Strong);
    assert_eq!((first.errors, first.errors_of), (96, 100));
    assert_eq!((first.requests, first.requests_of), (10_000, 30_000));
    assert_eq!(
        first.sentence,
        "96 % of 502s (96 of 100) on 1 of 3 targets, 10.0.1.2:8080, which has 33 % of requests \
         (10,000 of 30,000)."
    );
    assert!(first.chance_tens >= 10, "{}", first.chance_tens);
}

#[test]
fn a_single_burst_is_weak_however_large() {
    let mut evidence = healthy();
    set_rows(
        &mut evidence,
        (0..500).map(|_| hung_up("10:20:07", 2, 0.2)).collect(),
    );
    let first = &of(&evidence)[0];
    assert_eq!((first.answer, first.sure), (SkewAnswer::Bound, Sure::Weak));
    assert!(
        first.sentence.contains("single burst"),
        "{}",
        first.sentence
    );
}

#[test]
fn an_even_spread_is_said() {
    let mut evidence = healthy();
    set_rows(
        &mut evidence,
        rows(90, 37, |n| u8::try_from(1 + n % 3).unwrap()),
    );
    let all = of(&evidence);
    let target = all
        .iter()
        .find(|skew| skew.dimension == Dimension::Target)
        .unwrap();
    assert_eq!(target.answer, SkewAnswer::Even);
    assert!(
        target
            .sentence
            .starts_with("The 502s are not bound to a target"),
        "{}",
        target.sentence
    );
    // Six of them could lie like this by chance.
    set_rows(&mut evidence, rows(6, 37, |n| 1 + (n % 2) as u8));
    assert!(
        of(&evidence)
            .iter()
            .all(|skew| skew.answer == SkewAnswer::CannotTell)
    );
}

#[test]
fn a_busy_route_is_not_bound_and_a_rare_one_is() {
    let mut evidence = healthy();
    set_rows(
        &mut evidence,
        rows(60, 59, |n| u8::try_from(1 + n % 3).unwrap()),
    );
    set_base(
        &mut evidence,
        Dividing::Route,
        &[("GET /cart", 29_000, 60), ("GET /", 1_000, 0)],
    );
    assert_eq!(bound(&evidence), []);
    set_base(
        &mut evidence,
        Dividing::Route,
        &[("GET /", 29_700, 0), ("GET /cart", 300, 60)],
    );
    let first = &bound(&evidence)[0];
    assert_eq!(
        (first.dimension, first.value.as_str(), first.sure),
        (Dimension::Route, "GET /cart", Sure::Strong)
    );
}

#[test]
fn the_targets_own_502s_are_judged_apart() {
    let mut evidence = healthy();
    let of_target = rows(60, 59, |_| 3).into_iter().map(|row| FaultRow {
        target_status_code: Some(502),
        response_processing_time: Some(0.0),
        ..row
    });
    let of_balancer = rows(60, 59, |n| u8::try_from(1 + n % 3).unwrap());
    set_rows(&mut evidence, of_target.chain(of_balancer).collect());
    let bound = bound(&evidence);
    assert_eq!(bound.len(), 1, "{bound:#?}");
    assert_eq!(bound[0].made_by, MadeBy::Target);
    assert_eq!(bound[0].value, "10.0.1.3:8080");
}

#[test]
fn a_zone_is_seen_over_its_targets() {
    let mut evidence = healthy();
    let mut targets: Vec<_> = (1..=3).map(|n| target(n, "healthy", None)).collect();
    targets[2].zone = Some("eu-west-1b".to_owned());
    set_health(&mut evidence, targets);
    set_rows(&mut evidence, rows(60, 59, |_| 3));
    let bound = bound(&evidence);
    let zone = bound
        .iter()
        .find(|skew| skew.dimension == Dimension::TargetZone)
        .unwrap();
    assert_eq!((zone.value.as_str(), zone.values), ("eu-west-1b", 2));
}

#[test]
fn a_merged_row_counts_where_it_says_what_it_is() {
    let mut evidence = healthy();
    let mut merged = rows(30, 119, |_| 2);
    for row in &mut merged {
        row.count = 1_000;
        row.method.clear();
        row.url.clear();
        row.client.clear();
        row.user_agent.clear();
    }
    set_rows(&mut evidence, merged);
    let all = of(&evidence);
    assert_eq!(all[0].dimension, Dimension::Target);
    assert_eq!(all[0].errors, 30_000);
    assert!(
        all.iter().all(|skew| skew.dimension != Dimension::Client),
        "{all:#?}"
    );
}

#[test]
fn no_log_no_skew() {
    let mut evidence = healthy();
    set_rows(&mut evidence, rows(60, 59, |_| 3));
    evidence.access_log = denied("s3:GetObject");
    assert_eq!(of(&evidence), []);
    // Evidence from before the counts were kept still tells its targets.
    let mut evidence = healthy();
    set_rows(&mut evidence, rows(60, 59, |_| 3));
    if let Observed::Seen { value, .. } = &mut evidence.access_log {
        value.base_rates = Default::default();
    }
    assert_eq!(bound(&evidence).len(), 1);
}
