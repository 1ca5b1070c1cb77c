//! Two runs held against each other: what came, went and moved, and what AWS showed differently.

mod tables;

use diagnosis::api::{Comparison, Problem, Run, RunSide, RunState};
use leptos::{prelude::*, task::spawn_local};

use super::{Wizard, table::EvidenceTable};
use crate::{
    announce::Announcer,
    client,
    components::{Chip, ProblemNotice},
    text::{self, Sign},
    time,
};

#[component]
pub(super) fn ComparePanel() -> impl IntoView {
    let wizard = Wizard::get();
    let runs = wizard.part(|session| comparable(&session.investigation.runs));
    view! {
        <section class="panel" aria-labelledby="compare-heading">
            <h3 id="compare-heading">"Compare runs"</h3>
            {move || if runs.with(Vec::len) < 2 {
                view! { <p class="empty">"What two runs saw differently is shown here once the steps have run a second time: after a fix, or a while later."</p> }.into_any()
            } else {
                view! { <Choice runs=runs.get()/> }.into_any()
            }}
        </section>
    }
}

/// Those that may have seen something, newest first.
fn comparable(runs: &[Run]) -> Vec<Run> {
    let ended = runs.iter();
    ended
        .filter(|run| !matches!(run.state, RunState::Running | RunState::Failed))
        .cloned()
        .collect()
}

#[component]
fn Choice(runs: Vec<Run>) -> impl IntoView {
    let wizard = Wizard::get();
    let announcer = Announcer::get();
    let n = |at: usize| {
        runs.get(at)
            .map(|run| run.n.to_string())
            .unwrap_or_default()
    };
    let from = RwSignal::new(n(1));
    let to = RwSignal::new(n(0));
    let asking = RwSignal::new(false);
    let result = RwSignal::new(None::<Result<Comparison, Problem>>);
    let compare = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if asking.get_untracked() {
            return;
        }
        asking.set(true);
        let path = wizard.path(&format!(
            "/compare?from={}&to={}",
            client::escape(&from.get_untracked()),
            client::escape(&to.get_untracked())
        ));
        spawn_local(async move {
            let compared = client::get::<Comparison>(&path).await;
            if compared.is_ok() {
                announcer.say("Compared");
            }
            result.try_set(Some(compared));
            asking.try_set(false);
        });
    };
    view! {
        <form class="compare-choice" on:submit=compare aria-labelledby="compare-heading">
            <Pick id="compare-from" label="Before" runs=runs.clone() chosen=from/>
            <Pick id="compare-to" label="After" runs=runs chosen=to/>
            <button type="submit" class="button" aria-disabled=move || asking.get().to_string()>
                {move || if asking.get() { "Comparing…" } else { "Compare" }}
            </button>
        </form>
        {move || result.get().map(|result| match result {
            Ok(compared) => view! { <Compared compared/> }.into_any(),
            Err(problem) => view! { <ProblemNotice problem/> }.into_any(),
        })}
    }
}

#[component]
fn Pick(
    id: &'static str,
    label: &'static str,
    runs: Vec<Run>,
    chosen: RwSignal<String>,
) -> impl IntoView {
    let options = runs.into_iter().map(|run| {
        let n = run.n.to_string();
        let selected = chosen.get_untracked() == n;
        view! { <option value=n selected=selected>{tables::run(&run)}</option> }
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id on:change=move |event| chosen.set(event_target_value(&event))>
                {options.collect_view()}
            </select>
        </div>
    }
}

#[component]
fn Compared(compared: Comparison) -> impl IntoView {
    let tables = tables::tables(&compared);
    let unchanged = text::counted(
        u64::from(compared.findings_unchanged),
        "finding",
        "findings",
    );
    let nothing = tables.is_empty();
    view! {
        <dl class="compare-sides">
            <Side when="Before" side=compared.from/>
            <Side when="After" side=compared.to/>
        </dl>
        <p>{compared.errors.in_words}</p>
        {(!compared.errors.comparable).then(|| view! {
            <p><Chip sign=Sign::Warn text="Not comparable"/> " Whether there are fewer 502s these two runs do not tell."</p>
        })}
        {nothing.then(|| view! { <p>"Findings, rules and what AWS shows are the same in both."</p> })}
        {(compared.findings_unchanged > 0).then(|| view! { <p class="quiet">{unchanged} " stand as before."</p> })}
        {tables.into_iter().map(|table| view! { <EvidenceTable table/> }).collect_view()}
    }
}

#[component]
fn Side(when: &'static str, side: RunSide) -> impl IntoView {
    let (sign, verdict) = text::verdict(side.verdict);
    let titles = |steps: Vec<diagnosis::Step>| {
        let titles: Vec<&str> = steps.into_iter().map(diagnosis::Step::title).collect();
        (!titles.is_empty()).then(|| titles.join(", "))
    };
    let words = text::without_title(&side.in_words, verdict);
    view! {
        <div>
            <dt>{when} ": run " {side.run.n} ", " {time::window_utc(side.window)}</dt>
            <dd>
                <p><Chip sign text=verdict/> " " {words}</p>
                {titles(side.carried_over).map(|titles| view! { <p class="quiet">"Not asked again, as an earlier run saw it: " {titles} "."</p> })}
                {titles(side.not_run).map(|titles| view! { <p class="quiet">"Not run: " {titles} "."</p> })}
            </dd>
        </div>
    }
}
