//! What changed near the window, in order of time; those that the errors follow are marked as suspects.

use diagnosis::{
    coverage::{Coverage, Source},
    what_changed::{ChangeSource, DatedChange, Suspect},
};
use leptos::prelude::*;

use super::Wizard;
use crate::{
    components::{Chip, Moment},
    text::{self, Sign},
};

/// More changes than these are folded, but for the suspects.
const SHOWN: usize = 6;

/// The sources of changes, by their id in the coverage.
const SOURCES: [&str; 3] = ["cloudtrail", "auto-scaling", "ecs"];

#[component]
pub(super) fn ChangesView() -> impl IntoView {
    let wizard = Wizard::get();
    let known = wizard.part(|session| {
        let diagnosis = &session.investigation.diagnosis;
        (
            diagnosis.changes.clone(),
            diagnosis.changes_left_out,
            unseen(&diagnosis.coverage),
        )
    });
    move || {
        let (changes, left_out, unseen) = known.get();
        view! {
            <section class="panel" aria-labelledby="changes-heading">
                <h3 id="changes-heading">"What changed"</h3>
                <p>{lead(&changes, left_out)}</p>
                {unseen.map(|words| view! { <p class="quiet">{words}</p> })}
                {shown(changes, left_out)}
            </section>
        }
    }
}

fn shown(changes: Vec<DatedChange>, left_out: u64) -> AnyView {
    if changes.len() <= SHOWN {
        return list(changes).into_any();
    }
    let suspects: Vec<DatedChange> = changes
        .iter()
        .filter(|change| change.suspect.is_some())
        .cloned()
        .collect();
    let words = format!("{}, in order of time", told(changes.len() as u64, left_out));
    view! {
        {list(suspects)}
        <details class="more">
            <summary>{words}</summary>
            {list(changes)}
            {(left_out > 0).then(|| view! { <p class="quiet">{left_out_words(left_out)}</p> })}
        </details>
    }
    .into_any()
}

fn list(changes: Vec<DatedChange>) -> impl IntoView {
    (!changes.is_empty()).then(|| {
        view! { <ol class="changes">{changes.into_iter().map(|change| view! { <Line change/> }).collect_view()}</ol> }
    })
}

#[component]
fn Line(change: DatedChange) -> impl IntoView {
    let told = own_words(&change);
    let DatedChange {
        at,
        source,
        name,
        who,
        resources,
        refused,
        suspect,
        ..
    } = change;
    let class = if suspect.is_some() {
        "change change-suspect"
    } else {
        "change"
    };
    view! {
        <li class=class>
            <Moment at/>
            <div class="change-what">
                <p><strong>{text::capital(&name)}</strong>
                    <span class="quiet">{(!who.is_empty()).then(|| format!(" by {who},"))} " from " {source_words(source)}</span></p>
                {refused.map(|error| view! { <p><Chip sign=Sign::Quiet text="Refused"/> {format!(" {error}: it changed nothing.")}</p> })}
                {suspect.map(|suspect| view! { <Rise suspect/> })}
                {told.map(|told| view! { <p>{text::sentence(&told)}</p> })}
                {(!resources.is_empty()).then(|| view! { <p class="quiet change-touched">{resources.join(", ")}</p> })}
            </div>
        </li>
    }
}

#[component]
fn Rise(suspect: Suspect) -> impl IntoView {
    view! {
        <p class="change-rise"><Chip sign=Sign::Warn text="Suspect"/> <strong>{rise(&suspect)}</strong></p>
        <p>{text::sentence(&suspect.in_words)}</p>
    }
}

/// `0.2 → 14.5 errors a minute`
fn rise(suspect: &Suspect) -> String {
    format!(
        "{} → {} errors a minute",
        text::rate(suspect.errors_per_minute_before),
        text::rate(suspect.errors_per_minute_after)
    )
}

/// `7 changes`, `300 of 341 changes`
fn told(shown: u64, left_out: u64) -> String {
    let all = text::counted(shown + left_out, "change", "changes");
    match left_out {
        0 => all,
        _ => format!("{} of {all}", text::count(shown)),
    }
}

fn left_out_words(left_out: u64) -> String {
    let more = text::counted(left_out, "more change is", "more changes are");
    format!("{more} not listed: no suspects, and further from the errors than these.")
}

fn lead(changes: &[DatedChange], left_out: u64) -> String {
    let suspects = changes
        .iter()
        .filter(|change| change.suspect.is_some())
        .count() as u64;
    let all = changes.len() as u64 + left_out;
    match (all, suspects) {
        (0, _) => "No change is known of the window and the hour before it.".to_owned(),
        (1, 0) => "The errors do not step up after the one change that is known.".to_owned(),
        (_, 0) => format!(
            "The errors step up after none of {} changes.",
            text::count(all)
        ),
        (_, _) => format!(
            "The errors step up after {} of {}. That says when to look; what the cause is, the findings say.",
            text::count(suspects),
            text::counted(all, "change", "changes")
        ),
    }
}

/// Which sources of changes have a gap: then there may have been others.
fn unseen(coverage: &[Source]) -> Option<String> {
    let titles: Vec<&str> = coverage
        .iter()
        .filter(|source| SOURCES.contains(&source.id.as_str()))
        .filter(|source| !matches!(source.state, Coverage::On | Coverage::NotApplicable))
        .map(|source| source.title.as_str())
        .collect();
    (!titles.is_empty()).then(|| {
        format!(
            "Not seen in full: {}. There may have been other changes.",
            titles.join(", ")
        )
    })
}

/// What its name and its resources do not say already.
fn own_words(change: &DatedChange) -> Option<String> {
    let told_already = change.source == ChangeSource::CloudTrail
        && change
            .in_words
            .strip_prefix(&change.name)
            .is_some_and(|rest| rest.starts_with(':'));
    (!told_already && change.in_words != change.name).then(|| change.in_words.clone())
}

const fn source_words(source: ChangeSource) -> &'static str {
    match source {
        ChangeSource::CloudTrail => "CloudTrail",
        ChangeSource::AutoScaling => "Auto Scaling",
        ChangeSource::Ecs => "ECS",
        ChangeSource::TargetHealth => "CloudWatch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, in_words: &str, suspect: bool) -> DatedChange {
        let at = "2026-11-22T02:10:05Z".parse().unwrap();
        DatedChange {
            at,
            source: ChangeSource::CloudTrail,
            name: name.to_owned(),
            who: "ines".to_owned(),
            resources: Vec::new(),
            in_words: in_words.to_owned(),
            refused: None,
            suspect: suspect.then(|| Suspect {
                seconds_to_first_error: 12,
                first_error_at: at,
                errors_per_minute_before: 0.0,
                errors_per_minute_after: 14.53,
                minutes_after: 10,
                in_words: String::new(),
            }),
        }
    }

    #[test]
    fn the_lead_counts_suspects() {
        let quiet = change("ModifyTargetGroup", "", false);
        let suspect = change("ModifyTargetGroup", "", true);
        assert!(lead(&[], 0).starts_with("No change is known"));
        assert!(lead(std::slice::from_ref(&quiet), 0).contains("the one change"));
        assert!(lead(&[quiet.clone(), quiet.clone()], 0).contains("none of 2 changes"));
        assert!(lead(&[quiet, suspect.clone()], 0).contains("after 1 of 2 changes"));
        assert_eq!(
            suspect.suspect.as_ref().map(rise).as_deref(),
            Some("0 → 14.5 errors a minute")
        );
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let suspect = change("ModifyTargetGroup", "", true);
        assert!(lead(&[suspect], 41).contains("after 1 of 42 changes"));
        assert_eq!(told(300, 41), "300 of 341 changes");
        assert_eq!(told(7, 0), "7 changes");
        assert!(left_out_words(1).starts_with("1 more change is not listed"));
    }

    #[test]
    fn nothing_is_said_twice() {
        let of_trail = change("ModifyTargetGroup", "ModifyTargetGroup: checkout-b", false);
        assert_eq!(own_words(&of_trail), None);
        let other = change(
            "ECS service event",
            "(service web) has begun draining.",
            false,
        );
        assert_eq!(
            own_words(&other).as_deref(),
            Some("(service web) has begun draining.")
        );
    }

    #[test]
    fn a_source_that_was_not_seen_may_hide_changes() {
        let source = |id: &str, state| Source {
            id: id.to_owned(),
            title: format!("Title of {id}"),
            state,
            because: String::new(),
            close: None,
            cites: Vec::new(),
        };
        let seen = source("ecs", Coverage::On);
        let other = source("access-log", Coverage::Off);
        assert_eq!(unseen(&[seen.clone(), other.clone()]), None);
        let denied = source("cloudtrail", Coverage::Denied);
        assert_eq!(
            unseen(&[seen, other, denied]).as_deref(),
            Some("Not seen in full: Title of cloudtrail. There may have been other changes.")
        );
    }
}
