//! 200 runs whose streams are cut at random, and taken up again at one server or another.

use std::{collections::BTreeMap, sync::Arc};

use diagnosis::api::{Event, EventKind, Investigation, RunState};

use super::{
    server::{Server, nowhere},
    store,
};

const RUNS: u64 = 200;
/// Investigations that are run at the same time.
const AT_ONCE: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_runs_with_cut_streams_have_no_gap_no_repeat_and_the_same_end() {
    let pool = store::database().await;
    let servers = Arc::new([
        Server::on(pool.clone(), nowhere()).await,
        Server::on(pool.clone(), nowhere()).await,
    ]);
    let mut tasks = tokio::task::JoinSet::new();
    for seed in 1..=AT_ONCE {
        let (pool, servers) = (pool.clone(), servers.clone());
        tasks.spawn(async move {
            let mut chance = Chance(seed);
            let made: Investigation = servers[0]
                .call("POST", "/practice/keep-alive-race", None)
                .await
                .json();
            let mut cuts = 0;
            let mut end = None;
            for _ in 0..RUNS / AT_ONCE {
                let (heard, cut) = one_run(&servers, &made.id, &mut chance).await;
                cuts += cut;
                let read = servers[1].at_rest(&made.id).await;
                assert_same_state(&heard, &read);
                assert_all_heard(&pool, &made.id, &heard).await;
                // The same evidence every time: the same end.
                let document = serde_json::to_value(&read.diagnosis.findings).unwrap();
                assert_eq!(*end.get_or_insert(document.clone()), document);
            }
            cuts
        });
    }
    let cuts: u64 = tasks.join_all().await.into_iter().sum();
    assert!(
        cuts > RUNS,
        "{cuts} cuts in {RUNS} runs are too few to show anything"
    );
}

/// Runs all steps once, and hears of it through a stream that is cut again and again. Returns what was heard, in
/// order, and how often it was cut.
async fn one_run(servers: &[Server; 2], id: &str, chance: &mut Chance) -> (Vec<Event>, u64) {
    let before = servers[0].investigation(id).await.last_event_id;
    let started = servers[0]
        .call("POST", &format!("/investigations/{id}/run"), None)
        .await;
    assert_eq!(started.status, 202);
    let mut heard: Vec<Event> = Vec::new();
    let mut cuts = 0;
    loop {
        let last = heard.last().map_or(before, |event| event.id);
        let server = &servers[chance.below(2) as usize];
        let mut stream = server.events(id, Some(last)).await;
        // A cut after 0 to 29 events: in the middle of a batch as well as before the first.
        for _ in 0..chance.below(30) {
            let event = stream.next().await;
            let ended = matches!(event.kind, EventKind::RunEnded { .. });
            heard.push(event);
            if ended {
                return (heard, cuts);
            }
        }
        cuts += 1;
    }
}

/// What a page that folds the events holds is what the server answers.
fn assert_same_state(heard: &[Event], read: &Investigation) {
    let mut observations = BTreeMap::new();
    let mut state = RunState::Running;
    for event in heard {
        match &event.kind {
            EventKind::ObservationEnded { observation } => {
                let twice = observations.insert(observation.n, observation.clone());
                assert_eq!(twice, None, "told twice");
            }
            EventKind::RunEnded { run, verdict, .. } => {
                state = run.state;
                assert_eq!(*verdict, read.diagnosis.verdict);
            }
            _ => {}
        }
    }
    assert_eq!(state, RunState::Done);
    assert_eq!(read.runs[0].state, RunState::Done);
    for (n, observation) in observations {
        let kept = read.diagnosis.observations.iter().find(|kept| kept.n == n);
        assert_eq!(kept, Some(&observation));
    }
}

/// The events in the order of the table, each once.
async fn assert_all_heard(pool: &sqlx::PgPool, id: &str, heard: &[Event]) {
    let ids: Vec<i64> = heard.iter().map(|event| event.id).collect();
    let kept: Vec<i64> = sqlx::query_scalar(
        "select id from events where investigation = $1::uuid and id between $2 and $3 order by id",
    )
    .bind(id)
    .bind(ids.first())
    .bind(ids.last())
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(ids, kept);
    assert!(matches!(heard[0].kind, EventKind::RunStarted { .. }));
}

/// The same numbers in every run of the test: xorshift64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
