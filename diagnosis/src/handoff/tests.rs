use std::collections::BTreeMap;

use super::*;
use crate::{
    api::{EventKind, FieldChange, Note, Run, RunState, Status},
    fixture::{at, denied, healthy, hung_up, set_rows},
    step::Step,
};

fn investigation(evidence: &crate::Evidence) -> Investigation {
    Investigation {
        id: "0199".to_owned(),
        title: "502s of shop".to_owned(),
        status: Status::Mitigated,
        practice: false,
        owner: Some("Ana".to_owned()),
        created_at: at("11:10:00"),
        updated_at: at("11:20:00"),
        version: 3,
        last_event_id: 9,
        diagnosis: crate::diagnose(evidence),
        steps: Vec::new(),
        runs: vec![run()],
        notes: Vec::new(),
        answers: BTreeMap::new(),
    }
}

/// Requests on which the target hung up.
fn lost() -> crate::Evidence {
    let mut evidence = healthy();
    let rows = (0..30).map(|n| hung_up(&format!("10:{:02}:07", 10 + n), 1, 0.4));
    set_rows(&mut evidence, rows.collect());
    evidence
}

fn run() -> Run {
    Run {
        n: 1,
        steps: Step::ALL.to_vec(),
        state: RunState::Done,
        started_at: at("11:12:00"),
        ended_at: Some(at("11:12:09")),
        window: None,
        reason: None,
    }
}

fn event(clock: &str, person: &str, kind: EventKind) -> Event {
    Event {
        id: 1,
        at: at(clock),
        person: Some(person.to_owned()),
        kind,
    }
}

fn noted(clock: &str, person: &str, text: &str) -> Event {
    let note = Note {
        id: "n".to_owned(),
        step: None,
        text: text.to_owned(),
        author: Some(person.to_owned()),
        at: at(clock),
    };
    event(clock, person, EventKind::NoteAdded { note })
}

fn written(investigation: &Investigation, events: &[Event], added: &Added) -> HandoffNote {
    write(&Record {
        investigation,
        events,
        added,
        at: at("11:30:00"),
    })
}

fn lines(sections: &[Section], heading: &str) -> Vec<String> {
    let section = sections.iter().find(|section| section.heading == heading);
    section.map_or_else(Vec::new, |section| section.lines.clone())
}

#[test]
fn a_note_says_how_things_stand_what_is_proven_and_what_it_cost() {
    let open = investigation(&lost());
    let note = written(&open, &[], &Added::default());
    let state = lines(&note.conditions, "State").join("\n");
    for word in [
        "Mitigated; owner: Ana.",
        "shop in eu-west-1",
        "2026-11-20 10:00 UTC",
    ] {
        assert!(state.contains(word), "{word}: {state}");
    }
    let ledger = &open.diagnosis.ledger;
    let impact = lines(&note.conditions, "Impact").join("\n");
    assert!(
        impact.contains(&crate::words::thousands(ledger.made_by_load_balancer)),
        "{impact}"
    );
    let known = lines(&note.conditions, "What is known");
    assert_eq!(known[0], open.diagnosis.in_words);
    let first = &open.diagnosis.findings[0];
    assert!(known[1].contains(&first.rule), "{}", known[1]);
    let strength = match first.strength {
        crate::document::Strength::Proven => "Proven: ",
        crate::document::Strength::Likely => "Likely, not proven: ",
        crate::document::Strength::Possible => "Possible, ",
    };
    assert!(known[1].starts_with(strength), "{}", known[1]);
    assert!(!lines(&note.conditions, "Ruled out, and why").is_empty());
}

#[test]
fn a_maybe_never_reads_as_a_fact() {
    let mut open = investigation(&lost());
    open.diagnosis.findings[0].strength = crate::document::Strength::Likely;
    let known = lines(
        &written(&open, &[], &Added::default()).conditions,
        "What is known",
    );
    assert!(known[1].starts_with("Likely, not proven: "), "{}", known[1]);
}

#[test]
fn what_was_not_seen_is_told_with_how_to_see_it() {
    let mut evidence = healthy();
    evidence.access_log = denied("s3:GetObject");
    let note = written(&investigation(&evidence), &[], &Added::default());
    let open = lines(&note.conditions, "What cannot be told, and how to find out").join("\n");
    assert!(open.contains("s3:GetObject"), "{open}");
}

#[test]
fn a_note_tells_who_did_what_and_when() {
    let events = [
        noted("11:15:00", "Ana", "Restarted web-3.\nNo change."),
        event(
            "11:20:00",
            "Ben",
            EventKind::InvestigationChanged {
                version: 3,
                changes: vec![FieldChange {
                    field: "status".to_owned(),
                    from: Some("open".to_owned()),
                    to: Some("mitigated".to_owned()),
                }],
            },
        ),
        event(
            "11:21:00",
            "Ben",
            EventKind::StepStarted { step: Step::Tls },
        ),
    ];
    let note = written(&investigation(&healthy()), &events, &Added::default());
    assert_eq!(
        lines(&note.actions, "What people did here"),
        [
            "2026-11-20 11:15 UTC Ana noted: Restarted web-3. No change.",
            "2026-11-20 11:20 UTC Changed status from open to mitigated. (Ben)",
        ]
    );
}

#[test]
fn what_a_person_adds_stands_under_needs() {
    let added = Added {
        to: "Next on call".to_owned(),
        judgement: "It is the proxy.\n\nI would not restart it.".to_owned(),
        next_check: "Are there 502s on web-3?".to_owned(),
        next_check_at: Some(at("12:00:00")),
    };
    let note = written(&investigation(&lost()), &[], &added);
    assert_eq!(note.to, "Next on call");
    assert_eq!(
        lines(&note.needs, "Judgement"),
        ["It is the proxy.", "I would not restart it."]
    );
    assert_eq!(
        lines(&note.needs, "Next check"),
        ["At 2026-11-20 12:00 UTC: Are there 502s on web-3?"]
    );
    assert!(!lines(&note.needs, "Fix at hand").is_empty());
    let questions = lines(&note.needs, "Open questions").join("\n");
    assert!(questions.contains("idle connection?"), "{questions}");
}

#[test]
fn the_parts_come_in_their_order_in_both_texts() {
    let note = written(&investigation(&lost()), &[], &Added::default());
    for text in [markdown(&note), slack(&note)] {
        let places = ["Conditions", "Actions", "Needs"].map(|part| text.find(part).unwrap());
        assert!(places.is_sorted(), "{text}");
    }
    assert!(markdown(&note).contains("\n## Actions\n\nNothing yet.\n"));
}

#[test]
fn hostile_text_stays_text() {
    let events = [noted(
        "11:15:00",
        "<!channel>",
        "[click](https://evil.example) <script>alert(1)</script> @here `rm` \u{202e}txt",
    )];
    let mut open = investigation(&healthy());
    open.title = "# *x*\n## Needs <!here>".to_owned();
    let note = written(&open, &events, &Added::default());
    let markdown = markdown(&note);
    for (at, sign) in markdown.match_indices(['<', '[', ']', '`']) {
        assert!(markdown[..at].ends_with('\\'), "{sign} at {at}: {markdown}");
    }
    assert!(!markdown.contains("\n## Needs <"), "{markdown}");
    assert!(!markdown.contains('\u{202e}'));
    let slack = slack(&note);
    assert!(!slack.contains('<') && !slack.contains('>'), "{slack}");
}

#[test]
fn a_command_stays_one_code_span_whatever_is_in_it() {
    let mut open = investigation(&lost());
    open.diagnosis.findings[0].fix.cli = vec!["echo `a` ``b``".to_owned()];
    let text = markdown(&written(&open, &[], &Added::default()));
    assert!(text.contains("- ``` echo `a` ``b`` ```\n"), "{text}");
}

#[test]
fn long_records_are_cut_and_say_so() {
    let many: Vec<Event> = (0..100)
        .map(|_| noted("11:15:00", "Ana", &"x".repeat(5_000)))
        .collect();
    let note = written(&investigation(&healthy()), &many, &Added::default());
    let deeds = lines(&note.actions, "What people did here");
    assert_eq!(deeds[0], "60 older entries are in the timeline.");
    assert_eq!(deeds.len(), 41);
    assert!(deeds[1].chars().count() <= LINE_MAX + 1);
    assert!(slack(&note).chars().count() < 40_000);
}
