//! What the page knows of one investigation: the newest snapshot from the server, and the events after it.
//! Pure: the same snapshot and events give the same session, in whatever order they arrive.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::{
    Observation, Step,
    api::{Event, EventKind, Investigation, Note, Run, RunState},
    document::{StepResult, StepState},
};

/// Events kept beside a snapshot that is on its way; a run makes a few hundred.
const TAIL_LIMIT: usize = 5_000;

/// A call that was started and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartedCall {
    pub(crate) n: u32,
    pub(crate) step: Step,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) region: String,
}

/// One line of the progress: a call that is under way or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Started(StartedCall),
    Ended(Observation),
}

impl Call {
    pub(crate) fn n(&self) -> u32 {
        match self {
            Self::Started(call) => call.n,
            Self::Ended(observation) => observation.n,
        }
    }
}

/// What an event asks of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    /// Something changed that the event does not carry.
    Fetch,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) investigation: Investigation,
    started: BTreeMap<u32, StartedCall>,
    /// Grows with every event of a watch: those who show it ask again.
    pub(crate) watch_news: u32,
    /// Events that the next snapshot may not include yet, oldest first.
    tail: Vec<Event>,
    /// How many events of share links were heard.
    share_events: u32,
}

impl Session {
    pub(crate) fn new(investigation: Investigation) -> Self {
        Self {
            investigation,
            started: BTreeMap::new(),
            watch_news: 0,
            tail: Vec::new(),
            share_events: 0,
        }
    }

    /// Grows with every share link that is made, opened or revoked: none of that is in a snapshot.
    pub(crate) fn share_events(&self) -> u32 {
        self.share_events
    }

    /// The newest event that is known: from where to resume the stream.
    pub(crate) fn last_event_id(&self) -> i64 {
        self.tail
            .last()
            .map_or(self.investigation.last_event_id, |event| event.id)
            .max(self.investigation.last_event_id)
    }

    /// Takes over a snapshot. One that is older than what is shown is left aside.
    pub(crate) fn adopt(&mut self, snapshot: Investigation) {
        if snapshot.last_event_id < self.investigation.last_event_id
            || snapshot.version < self.investigation.version
        {
            return;
        }
        self.tail.retain(|event| event.id > snapshot.last_event_id);
        self.investigation = snapshot;
        let observations = &self.investigation.diagnosis.observations;
        self.started
            .retain(|n, _| !observations.iter().any(|seen| seen.n == *n));
        if self.run().is_none() {
            self.started.clear();
        }
        for event in self.tail.clone() {
            self.apply(&event.kind);
        }
    }

    /// Takes over an event; one that is known already changes nothing.
    pub(crate) fn hear(&mut self, event: Event) -> Then {
        if event.id <= self.last_event_id() {
            return Then::Nothing;
        }
        let then = self.apply(&event.kind);
        if self.tail.len() == TAIL_LIMIT {
            self.tail.remove(0);
        }
        self.tail.push(event);
        then
    }

    /// The run that is under way.
    pub(crate) fn run(&self) -> Option<&Run> {
        self.investigation
            .runs
            .iter()
            .find(|run| run.state == RunState::Running)
    }

    /// The calls of a step, or of all, in the order in which they started.
    pub(crate) fn calls(&self, step: Option<Step>) -> Vec<Call> {
        let wanted = |of: Step| step.is_none_or(|step| step == of);
        let mut calls: Vec<Call> = self
            .investigation
            .diagnosis
            .observations
            .iter()
            .filter(|observation| wanted(observation.step))
            .map(|observation| Call::Ended(observation.clone()))
            .chain(
                self.started
                    .values()
                    .filter(|call| wanted(call.step))
                    .map(|call| Call::Started(call.clone())),
            )
            .collect();
        calls.sort_by_key(Call::n);
        calls
    }

    /// Calls whose answers a step uses and that another step asked for first.
    pub(crate) fn shared_calls(&self, step: Step) -> Vec<Observation> {
        let of_tables = self
            .investigation
            .steps
            .iter()
            .filter(|view| view.step == step)
            .flat_map(|view| view.tables.iter().flat_map(|table| &table.cites));
        let of_findings = self
            .investigation
            .diagnosis
            .findings
            .iter()
            .filter(|finding| finding.step == step)
            .flat_map(|finding| &finding.cites);
        let used: BTreeSet<u32> = of_tables.chain(of_findings).copied().collect();
        self.investigation
            .diagnosis
            .observations
            .iter()
            .filter(|observation| observation.step != step && used.contains(&observation.n))
            .cloned()
            .collect()
    }

    /// How many calls the run under way has made. A replay's calls carry the times of the recording.
    pub(crate) fn calls_of_run(&self) -> u64 {
        let since = self
            .run()
            .filter(|_| !self.investigation.practice)
            .map(|run| run.started_at);
        let ended = self
            .investigation
            .diagnosis
            .observations
            .iter()
            .filter(|observation| since.is_none_or(|since| observation.at >= since))
            .count();
        (ended + self.started.len()) as u64
    }

    /// Whether the run under way is going to answer for this step.
    pub(crate) fn awaited(&self, step: Step) -> bool {
        let not_run = self
            .result(step)
            .is_none_or(|result| result.state == StepState::NotRun);
        self.run().is_some_and(|run| run.steps.contains(&step)) && (not_run || self.running(step))
    }

    pub(crate) fn call(&self, n: u32) -> Option<&Observation> {
        self.investigation
            .diagnosis
            .observations
            .iter()
            .find(|observation| observation.n == n)
    }

    pub(crate) fn running(&self, step: Step) -> bool {
        self.investigation
            .steps
            .iter()
            .any(|view| view.step == step && view.running)
    }

    pub(crate) fn result(&self, step: Step) -> Option<&StepResult> {
        self.investigation
            .diagnosis
            .steps
            .iter()
            .find(|result| result.step == step)
    }

    /// Whether any step was run to an end.
    pub(crate) fn has_answer(&self) -> bool {
        self.investigation
            .diagnosis
            .steps
            .iter()
            .any(|result| result.state != StepState::NotRun)
    }

    /// Takes note of a run that was asked for; its events may have come before the answer.
    pub(crate) fn expect_run(&mut self, run: Run) {
        if self.investigation.runs.iter().all(|known| known.n != run.n) {
            self.take_run(&run);
        }
    }

    pub(crate) fn take_note(&mut self, note: Note) {
        let notes = &mut self.investigation.notes;
        if notes.iter().all(|known| known.id != note.id) {
            notes.push(note);
        }
    }

    fn apply(&mut self, kind: &EventKind) -> Then {
        match kind {
            EventKind::RunStarted { run } => {
                self.started.clear();
                self.take_run(run);
            }
            EventKind::StepStarted { step } => self.set_running(*step, true),
            EventKind::ObservationStarted {
                n,
                step,
                service,
                operation,
                region,
            } => {
                self.started.insert(
                    *n,
                    StartedCall {
                        n: *n,
                        step: *step,
                        service: service.clone(),
                        operation: operation.clone(),
                        region: region.clone(),
                    },
                );
            }
            EventKind::ObservationEnded { observation } => {
                self.started.remove(&observation.n);
                let known = &mut self.investigation.diagnosis.observations;
                match known.binary_search_by_key(&observation.n, |seen| seen.n) {
                    Ok(at) => known[at] = observation.clone(),
                    Err(at) => known.insert(at, observation.clone()),
                }
            }
            EventKind::StepEnded { step, state } => {
                self.set_running(*step, false);
                for result in &mut self.investigation.diagnosis.steps {
                    if result.step == *step {
                        result.state = *state;
                    }
                }
                return Then::Fetch;
            }
            EventKind::RunEnded { run, verdict, .. } => {
                self.started.clear();
                for view in &mut self.investigation.steps {
                    view.running = false;
                }
                self.take_run(run);
                self.investigation.diagnosis.verdict = *verdict;
                return Then::Fetch;
            }
            EventKind::NoteAdded { note } => self.take_note(note.clone()),
            // The note stands on a page of its own; a new owner comes with an event of its own.
            EventKind::HandoffSent { .. } | EventKind::HandoffAccepted { .. } => {}
            EventKind::WatchStarted { .. } | EventKind::WatchEnded { .. } => self.watch_news += 1,
            EventKind::InvestigationChanged { version, .. } => {
                if *version > self.investigation.version {
                    return Then::Fetch;
                }
            }
            EventKind::ShareLinkCreated { .. }
            | EventKind::ShareLinkUsed { .. }
            | EventKind::ShareLinkRevoked { .. } => self.share_events += 1,
        }
        Then::Nothing
    }

    fn take_run(&mut self, run: &Run) {
        let runs = &mut self.investigation.runs;
        match runs.iter_mut().find(|known| known.n == run.n) {
            Some(known) => *known = run.clone(),
            None => runs.insert(0, run.clone()),
        }
    }

    fn set_running(&mut self, step: Step, running: bool) {
        for view in &mut self.investigation.steps {
            if view.step == step {
                view.running = running;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn investigation(last_event_id: i64) -> Investigation {
        let steps: Vec<_> = Step::ALL
            .iter()
            .map(|step| serde_json::json!({"step": step, "state": "not_run", "rules": []}))
            .collect();
        let views: Vec<_> = Step::ALL
            .iter()
            .map(|step| serde_json::json!({"step": step, "running": false, "tables": []}))
            .collect();
        serde_json::from_value(serde_json::json!({
            "id": "0198", "title": "web", "status": "open", "practice": false, "owner": null,
            "created_at": "2026-11-22T02:00:00Z", "updated_at": "2026-11-22T02:00:00Z",
            "version": 1, "last_event_id": last_event_id,
            "diagnosis": {
                "load_balancer": {"arn": "a", "name": "web", "type": "application", "region": "eu-west-1", "account": "1"},
                "window": {"from": "2026-11-22T01:00:00Z", "to": "2026-11-22T02:00:00Z"},
                "ledger": {"source": "none", "made_by_load_balancer": 0, "made_by_target": 0,
                           "attributed": 0, "unexplained": 0, "neighbours": {}},
                "verdict": "cannot_tell", "in_words": "", "missing": [], "findings": [],
                "steps": steps, "observations": []
            },
            "steps": views, "runs": [], "notes": [], "answers": {}
        }))
        .unwrap()
    }

    fn event(id: i64, kind: serde_json::Value) -> Event {
        let mut event = kind;
        event["id"] = id.into();
        event["at"] = "2026-11-22T02:00:01Z".into();
        serde_json::from_value(event).unwrap()
    }

    fn run(state: &str) -> serde_json::Value {
        serde_json::json!({"n": 1, "steps": ["target-health"], "state": state,
            "started_at": "2026-11-22T02:00:01Z", "ended_at": null, "reason": null})
    }

    fn started(id: i64, n: u32) -> Event {
        event(
            id,
            serde_json::json!({"kind": "observation_started", "n": n, "step": "target-health",
            "service": "elasticloadbalancing", "operation": "DescribeTargetHealth", "region": "eu-west-1"}),
        )
    }

    fn ended(id: i64, n: u32) -> Event {
        event(
            id,
            serde_json::json!({"kind": "observation_ended", "observation": {
            "n": n, "step": "target-health", "service": "elasticloadbalancing",
            "operation": "DescribeTargetHealth", "region": "eu-west-1", "at": "2026-11-22T02:00:01Z",
            "took_ms": 84, "outcome": "denied", "detail": "", "cli": ""}}),
        )
    }

    #[test]
    fn a_call_turns_from_started_to_ended() {
        let mut session = Session::new(investigation(10));
        session.hear(event(
            11,
            serde_json::json!({"kind": "run_started", "run": run("running")}),
        ));
        session.hear(started(12, 1));
        assert!(matches!(session.calls(None)[..], [Call::Started(_)]));
        assert_eq!(session.hear(ended(13, 1)), Then::Nothing);
        assert!(matches!(session.calls(None)[..], [Call::Ended(_)]));
        assert!(session.calls(Some(Step::Tls)).is_empty());
        assert_eq!(session.last_event_id(), 13);
    }

    #[test]
    fn a_step_shares_the_calls_that_its_tables_cite() {
        let mut session = Session::new(investigation(10));
        session.hear(ended(11, 1));
        session.hear(ended(12, 2));
        for view in &mut session.investigation.steps {
            view.tables = vec![diagnosis::tables::Table {
                cites: vec![2],
                ..Default::default()
            }];
        }
        let shared = session.shared_calls(Step::Tls);
        assert_eq!(shared.iter().map(|seen| seen.n).collect::<Vec<_>>(), [2]);
        assert!(session.shared_calls(Step::TargetHealth).is_empty());
    }

    #[test]
    fn an_event_that_the_snapshot_includes_changes_nothing() {
        let mut session = Session::new(investigation(20));
        session.hear(started(12, 1));
        assert!(session.calls(None).is_empty());
    }

    #[test]
    fn a_snapshot_keeps_the_events_after_it_and_drops_the_others() {
        let mut session = Session::new(investigation(10));
        session.hear(event(
            11,
            serde_json::json!({"kind": "run_started", "run": run("running")}),
        ));
        session.hear(started(12, 1));
        session.hear(ended(13, 1));
        let mut snapshot = investigation(12);
        snapshot.runs = session.investigation.runs.clone();
        session.adopt(snapshot);
        assert!(matches!(session.calls(None)[..], [Call::Ended(_)]));
        assert_eq!(session.last_event_id(), 13);
    }

    #[test]
    fn an_older_snapshot_is_left_aside() {
        let mut session = Session::new(investigation(10));
        let mut old = investigation(5);
        old.title = "old".to_owned();
        session.adopt(old);
        assert_eq!(session.investigation.title, "web");
    }

    #[test]
    fn a_run_that_ended_leaves_nothing_under_way_and_asks_for_its_findings() {
        let mut session = Session::new(investigation(10));
        session.hear(event(
            11,
            serde_json::json!({"kind": "run_started", "run": run("running")}),
        ));
        session.hear(event(
            12,
            serde_json::json!({"kind": "step_started", "step": "target-health"}),
        ));
        session.hear(started(13, 1));
        assert!(session.running(Step::TargetHealth));
        let then = session.hear(event(
            14,
            serde_json::json!({"kind": "run_ended", "run": run("cancelled"), "verdict": "cannot_tell"}),
        ));
        assert_eq!(then, Then::Fetch);
        assert!(session.run().is_none());
        assert!(session.calls(None).is_empty());
        assert!(!session.running(Step::TargetHealth));
    }
}
