//! The targets' keep-alive: estimated, answered, or not known.

use super::*;

#[test]
fn servers_that_close_after_5_s_break_the_chain_at_60() {
    let evidence = race();
    assert_eq!(broken(&evidence), [KEEP_ALIVE]);
    let chain = chain(&evidence);
    let race = one(&chain, KEEP_ALIVE);
    assert_eq!(
        race.in_words(),
        "idle timeout (60 s) < keep-alive of the targets (5 s)"
    );
    assert_eq!(
        (&race.codes[..], race.rule.as_deref()),
        (&[502][..], Some(judges::KEEP_ALIVE))
    );
    // In the rule's own words.
    let finding = &diagnose(&evidence).findings[0];
    assert_eq!(race.because, format!("{}.", finding.title));
    let server = hop(&evidence, "target-keep-alive:web");
    assert_eq!(server.source, Some(HopSource::Estimate));
    assert_eq!((server.seconds, server.safe_seconds), (Some(5), Some(65)));
    assert!(finding.fix.summary.contains("65 s"));
    let idle = hop(&evidence, "idle-timeout");
    assert_eq!(idle.safe_seconds, Some(60));
    assert!(idle.safe_because.contains("Until then 4 s"), "{idle:#?}");
}

#[test]
fn two_kinds_of_server_are_several_values() {
    let evidence = race();
    let case = Case::new(&evidence);
    let mut told = crate::keep_alive::publish(&case).remove(0);
    let mut other = told.estimates[0].clone();
    other.milliseconds = 20_000;
    told.estimates.push(other);
    let judges = Judges {
        case: &case,
        answers: &[],
    };
    let mut chain = TimeoutChain::default();
    let web = case.target_group(WEB);
    target_keep_alive::add(&mut chain, &judges, web, Some(&told), Some(60));
    let server = chain.hop("target-keep-alive:web").unwrap();
    assert_eq!(server.not_known, Some(NotKnown::Several));
    assert_eq!(server.source, Some(HopSource::Estimate));
    assert_eq!((server.seconds, server.safe_seconds), (None, Some(65)));
    // The shorter of the two is what breaks it.
    let longer = &one(&chain, KEEP_ALIVE).longer;
    assert_eq!(longer.milliseconds, Some(5_000));
}

#[test]
fn a_keep_alive_that_nobody_knows_never_holds() {
    let mut evidence = quiet();
    let chain = chain(&evidence);
    let unknown = one(&chain, KEEP_ALIVE);
    assert!(unknown.missing[0].contains("answer the question"));
    assert_eq!(
        hop(&evidence, "target-keep-alive:web").not_known,
        Some(NotKnown::NotInAws)
    );
    evidence.access_log = denied("s3:GetObject");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [CannotTell]);
}

#[test]
fn a_persons_answer_counts_as_long_as_nothing_seen_speaks_against_it() {
    let mut evidence = quiet();
    answer(&mut evidence, "75");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [Holds]);
    assert_eq!(
        hop(&evidence, "target-keep-alive:web").source,
        Some(HopSource::Answer)
    );
    // A tie is lost now and then.
    answer(&mut evidence, "60");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [Broken]);
    answer(&mut evidence, "5");
    let at_risk = chain(&evidence);
    let because = &one(&at_risk, KEEP_ALIVE).because;
    assert!(because.contains("no request of this window was lost"));
    // The log says 5 s, whoever answered 75.
    let mut evidence = race();
    answer(&mut evidence, "75");
    assert_eq!(states(&evidence, [KEEP_ALIVE]), [Broken]);
    // 502s that nobody can look into.
    evidence.access_log = denied("s3:GetObject");
    let counted = series(
        LOAD_BALANCER,
        "HTTPCode_ELB_502_Count",
        "Sum",
        &[("10:20:00", 46.0)],
    );
    set_series(&mut evidence, counted);
    let chain = chain(&evidence);
    let open = one(&chain, KEEP_ALIVE);
    assert_eq!(open.state, CannotTell);
    assert!(
        open.missing
            .iter()
            .any(|words| words.contains("s3:GetObject"))
    );
}
