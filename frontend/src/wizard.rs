//! An investigation on the page: header, verdict, rail of steps, and the step or the summary.

mod calls;
mod changes;
mod compare;
mod coverage;
mod edit;
mod finding;
mod header;
mod keep_alive;
mod ledger;
mod log_lines;
mod neighbours;
mod notes;
mod observation;
mod questions;
mod rail;
mod rules;
mod seen_before;
mod share;
mod skew;
mod step;
mod summary;
mod table;
mod timeline;
mod timeout_chain;
mod verdict;
mod watch;

pub(crate) use self::{log_lines::LogLines, table::EvidenceTable};

use std::collections::BTreeMap;

use diagnosis::{
    Step,
    api::{
        CreateNote, Event, EventKind, Here, Investigation, PatchInvestigation, Problem, RunState,
        Started, Status,
    },
};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

use self::{
    header::Header, observation::ObservationDialog, rail::Rail, step::StepPage, summary::Summary,
    verdict::VerdictBar,
};
use crate::{
    announce::{self, Announcer},
    client::{self, Connection},
    components::ProblemNotice,
    events::{self, Heard},
    session::{Session, Then},
    text,
};

/// Steps that end together ask for one fetch, not for six.
const FETCH_AFTER_MS: u32 = 120;

/// What the parts of the wizard share.
#[derive(Clone, Copy)]
pub(crate) struct Wizard {
    session: RwSignal<Session>,
    /// The step that the address names; without it the summary is shown.
    pub(crate) step: Memo<Option<Step>>,
    /// The observation that is shown in full.
    pub(crate) observed: RwSignal<Option<u32>>,
    /// What the person did last and the server refused.
    problem: RwSignal<Option<Problem>>,
    /// A request to run or cancel is on its way.
    pub(crate) asking: RwSignal<bool>,
    /// Who has the investigation open.
    pub(crate) here: RwSignal<Here>,
    fetching: StoredValue<Fetching>,
    connection: Connection,
    announcer: Announcer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetching {
    Idle,
    UnderWay,
    /// Something changed since it was sent.
    Again,
}

impl Wizard {
    pub(crate) fn provide(session: Session, step: Memo<Option<Step>>) {
        provide_context(Self {
            session: RwSignal::new(session),
            step,
            observed: RwSignal::new(None),
            problem: RwSignal::new(None),
            asking: RwSignal::new(false),
            here: RwSignal::new(Here::default()),
            fetching: StoredValue::new(Fetching::Idle),
            connection: Connection::get(),
            announcer: Announcer::get(),
        });
    }

    pub(crate) fn get() -> Self {
        expect_context::<Self>()
    }

    /// A part of the session that wakes its readers only when it changes.
    pub(crate) fn part<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&Session) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.session.with(&read))
    }

    /// A part of the session as it is now.
    pub(crate) fn now<T>(self, read: impl FnOnce(&Session) -> T) -> T {
        self.session.with_untracked(read)
    }

    /// The address of the summary, or of a step, within the page.
    pub(crate) fn address(self, step: Option<Step>) -> String {
        let id = self.now(|session| session.investigation.id.clone());
        match step {
            None => format!("/investigations/{id}"),
            Some(step) => format!("/investigations/{id}/{step}"),
        }
    }

    /// The address of something of this investigation in the API.
    pub(crate) fn path(self, rest: &str) -> String {
        let id = self.now(|session| session.investigation.id.clone());
        format!("/investigations/{}{rest}", client::escape(&id))
    }

    pub(crate) fn run_all(self) {
        self.run("/run".to_owned());
    }

    pub(crate) fn run_step(self, step: Step) {
        self.run(format!("/steps/{step}/run"));
    }

    fn run(self, rest: String) {
        self.ask(async move {
            let started = client::start::<Started>(&self.path(&rest)).await;
            self.connection.note(&started);
            started.map(|started| {
                self.session
                    .try_update(|session| session.expect_run(started.run));
            })
        });
    }

    pub(crate) fn cancel(self) {
        self.ask(async move {
            let told = client::tell(&self.path("/run/cancel")).await;
            self.connection.note(&told);
            told
        });
    }

    fn ask(self, request: impl Future<Output = Result<(), Problem>> + 'static) {
        if self.asking.get_untracked() {
            return;
        }
        self.asking.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let result = request.await;
            self.asking.try_set(false);
            if let Err(problem) = result {
                self.problem.try_set(Some(problem));
                // The page may have shown an action that no longer fits.
                self.fetch();
            }
        });
    }

    pub(crate) fn set_status(self, status: Status) {
        self.ask(self.change(PatchInvestigation {
            status: Some(status),
            ..PatchInvestigation::default()
        }));
    }

    /// Changes what people may change of the version that is shown; after a refusal the newest is fetched.
    async fn change(self, patch: PatchInvestigation) -> Result<(), Problem> {
        let version = self.now(|session| session.investigation.version);
        let patched = client::patch::<_, Investigation>(&self.path(""), version, &patch).await;
        self.take(patched)
    }

    /// Keeps a person's answer; the diagnosis that comes back counts it.
    async fn answer(self, question: &str, answer: String) -> Result<(), Problem> {
        let path = self.path(&format!("/answers/{}", client::escape(question)));
        let body = BTreeMap::from([("answer", answer)]);
        self.take(client::put::<_, Investigation>(&path, &body).await)
    }

    fn take(self, answered: Result<Investigation, Problem>) -> Result<(), Problem> {
        self.connection.note(&answered);
        match answered {
            Ok(investigation) => {
                self.session
                    .try_update(|session| session.adopt(investigation));
                Ok(())
            }
            Err(problem) => {
                self.fetch();
                Err(problem)
            }
        }
    }

    /// Keeps the note and shows it; the draft is the caller's to forget.
    pub(crate) async fn add_note(self, note: CreateNote) -> Result<(), Problem> {
        let added = client::post(&self.path("/notes"), &note).await;
        self.connection.note(&added);
        added.map(|note| {
            self.session.try_update(|session| session.take_note(note));
        })
    }

    /// Brings the session up to date; calls while one is under way become one more after it.
    fn fetch(self) {
        let state = self.fetching.try_get_value().unwrap_or(Fetching::Again);
        if state != Fetching::Idle {
            self.fetching.try_set_value(Fetching::Again);
            return;
        }
        self.fetching.set_value(Fetching::UnderWay);
        spawn_local(async move {
            loop {
                TimeoutFuture::new(FETCH_AFTER_MS).await;
                // Left while waiting: the session is gone.
                if self.session.is_disposed() {
                    return;
                }
                self.fetching.try_set_value(Fetching::UnderWay);
                let path = self.path("");
                let fetched = client::get::<Investigation>(&path).await;
                self.connection.note(&fetched);
                if let Ok(investigation) = fetched {
                    self.session
                        .try_update(|session| session.adopt(investigation));
                }
                if self.fetching.try_get_value() != Some(Fetching::Again) {
                    break;
                }
            }
            self.fetching.try_set_value(Fetching::Idle);
        });
    }

    fn hear(self, heard: Heard) {
        match heard {
            Heard::Event(event) => {
                self.announce(&event);
                let then = self.session.try_update(|session| session.hear(*event));
                if then == Some(Then::Fetch) {
                    self.fetch();
                }
            }
            Heard::Here(here) => drop(self.here.try_set(here)),
            Heard::Resumed => self.fetch(),
            Heard::Broken => self.connection.lost(),
        }
    }

    /// Steps and results are said aloud; single calls would be noise.
    fn announce(self, event: &Event) {
        match &event.kind {
            EventKind::StepStarted { step } => {
                self.announcer.say(format!("Running: {}", step.title()));
            }
            EventKind::StepEnded { step, state } => {
                let (_, words) = text::step_state(*state);
                self.announcer.say(format!("{}: {words}", step.title()));
            }
            EventKind::RunEnded { run, verdict, .. } => {
                let (_, words) = text::verdict(*verdict);
                self.announcer.say(match run.state {
                    RunState::Done => format!("Run finished. Verdict: {words}"),
                    other => format!("Run {}. Verdict: {words}", text::run_state(other)),
                });
            }
            EventKind::WatchEnded { state, .. } => {
                let (_, words) = text::watch_state(*state);
                self.announcer.say(format!("Watch of the fix: {words}"));
            }
            _ => {}
        }
    }
}

#[component]
pub(crate) fn WizardView() -> impl IntoView {
    let wizard = Wizard::get();
    let id = wizard.now(|session| session.investigation.id.clone());
    events::listen(
        id,
        move || {
            wizard
                .session
                .try_with_untracked(Session::last_event_id)
                .unwrap_or_default()
        },
        move |heard| wizard.hear(heard),
    );
    Effect::new(move |before: Option<u32>| {
        let revived = wizard.connection.revived();
        if before.is_some_and(|before| before != revived) {
            wizard.fetch();
        }
        revived
    });
    let title = wizard.part(|session| session.investigation.title.clone());
    Effect::new(move |before: Option<Option<Step>>| {
        let step = wizard.step.get();
        title.track();
        let title = title.get_untracked();
        match step {
            Some(step) => announce::page_opened(&format!("{}, {title}", step.title())),
            None => announce::page_opened(&title),
        }
        // Not on a fresh page: there the focus is the browser's.
        if before.is_some_and(|before| before != step) {
            announce::focus(if step.is_some() {
                "step-heading"
            } else {
                "summary-heading"
            });
        }
        step
    });
    view! {
        <div class="page wizard">
            <Header/>
            <VerdictBar/>
            {move || wizard.problem.get().map(|problem| view! { <ProblemNotice problem/> })}
            <div class="wizard-body">
                <Rail/>
                <div class="wizard-main">
                    {move || match wizard.step.get() {
                        Some(step) => view! { <StepPage step/> }.into_any(),
                        None => view! { <Summary/> }.into_any(),
                    }}
                </div>
            </div>
            <ObservationDialog/>
        </div>
    }
}
