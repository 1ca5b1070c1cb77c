//! `/investigations/{id}/watch`: whether a fix helped, against the lab's CloudWatch.

use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::api::{
    EventKind, Investigation, Timeline, Watch, WatchState, WatchView, watch::WatchCounter,
};
use serde_json::{Value, json};

use super::{
    binary::{Process, lb502_at},
    server::{PATIENCE, Server, at},
    store,
};
use crate::lab::{Incident, Lab};

const UNKNOWN: &str = "01a20000-0000-7000-8000-000000000000";

async fn on(lab: &Lab) -> Server {
    Server::on(store::database().await, at(&lab.endpoint)).await
}

fn asking_about(incident: &Incident) -> Value {
    json!({"load_balancer": incident.load_balancer, "from": incident.from, "to": incident.to})
}

/// Since the end of the incident's window: so many requests and 502s each minute.
async fn since(lab: &Lab, incident: &Incident, requests: u64, errors: u64) {
    let end: DateTime<Utc> = incident.to.parse().unwrap();
    let mut points = Vec::new();
    for minute in 0..60 {
        let at = (end + TimeDelta::minutes(minute)).to_rfc3339();
        points.push(("RequestCount", at.clone(), requests));
        if errors > 0 {
            points.push(("HTTPCode_ELB_502_Count", at, errors));
        }
    }
    lab.report(incident, &points).await;
}

/// The fix was in place when the window ended, a quarter of an hour ago.
fn fixed_then(incident: &Incident) -> Value {
    json!({"fixed_at": incident.to})
}

async fn shown(server: &Server, id: &str) -> WatchView {
    server
        .get(&format!("/investigations/{id}/watch"))
        .await
        .json()
}

async fn until(server: &Server, id: &str, reached: impl Fn(&Watch) -> bool) -> Watch {
    let began = tokio::time::Instant::now();
    loop {
        let watch = shown(server, id).await.watch.unwrap();
        if reached(&watch) {
            return watch;
        }
        assert!(began.elapsed() < PATIENCE, "{watch:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// An investigation of the last hour whose AWS cannot be reached.
async fn out_of_reach(server: &Server) -> Investigation {
    let made = server.imported().await;
    let now = Utc::now();
    let window = json!({"window": {"from": now - TimeDelta::hours(1), "to": now}});
    let path = format!("/investigations/{}", made.id);
    let changed = server.call("PATCH", &path, Some(window)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    changed.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_is_proven_and_told_in_the_timeline() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    since(&lab, &incident, 100_000, 0).await;
    let server = on(&lab).await;
    let made: Investigation = server
        .post("/investigations", asking_about(&incident))
        .await
        .json();
    let path = format!("/investigations/{}/watch", made.id);
    assert_eq!(shown(&server, &made.id).await, WatchView::default());
    let started = server
        .call_as("Ada", "POST", &path, Some(fixed_then(&incident)))
        .await;
    assert_eq!(started.status, 201, "{started:?}");
    let watch: Watch = started.json();
    assert_eq!((watch.n, watch.state), (1, WatchState::Watching));
    assert_eq!(watch.counter, WatchCounter::LoadBalancer502);
    assert_eq!(watch.ends_at - watch.started_at, TimeDelta::hours(2));

    let fixed = until(&server, &made.id, |watch| watch.ended_at.is_some()).await;
    assert_eq!(fixed.state, WatchState::Fixed, "{fixed:#?}");
    let (before, since) = (fixed.before.unwrap(), fixed.since.unwrap());
    assert!(before.errors > 20 && before.requests > 1_000, "{before:?}");
    assert_eq!(before.to, since.from);
    assert_eq!(since.errors, 0);
    assert!(
        since.to <= Utc::now() - TimeDelta::minutes(5),
        "the newest minutes are not counted"
    );
    // What the story's own clients went on to ask comes on top: a few hundred.
    let told = 100_000 * (since.to - since.from).num_minutes().unsigned_abs();
    assert!(
        (told..told + told / 1_000).contains(&since.requests),
        "{since:?}"
    );
    assert_eq!(fixed.looks.len(), 1);
    assert!(fixed.looks[0].chance_of_so_few <= 0.005);
    assert!(fixed.in_words.starts_with("Fixed: "), "{}", fixed.in_words);
    assert!(
        fixed.cli.starts_with("aws cloudwatch get-metric-data"),
        "{}",
        fixed.cli
    );

    let told: Timeline = server
        .get(&format!("/investigations/{}/timeline", made.id))
        .await
        .json();
    let [begun, ended] = &told.events[..] else {
        panic!("{told:?}")
    };
    assert_eq!(begun.person.as_deref(), Some("Ada"));
    assert!(matches!(
        begun.kind,
        EventKind::WatchStarted { watch: 1, .. }
    ));
    assert_eq!(ended.person, None);
    assert!(matches!(
        ended.kind,
        EventKind::WatchEnded {
            watch: 1,
            state: WatchState::Fixed,
            ..
        }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_is_not_fixed_and_a_denied_call_is_told() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    since(&lab, &incident, 100_000, 1_000).await;
    let server = on(&lab).await;
    let made: Investigation = server
        .post("/investigations", asking_about(&incident))
        .await
        .json();
    lab.fault("cloudwatch", "GetMetricData", "deny").await;
    let path = format!("/investigations/{}/watch", made.id);
    server.post(&path, fixed_then(&incident)).await;
    let denied = until(&server, &made.id, |watch| watch.trouble.is_some()).await;
    assert_eq!(denied.state, WatchState::Watching);
    assert_eq!((denied.before, denied.since), (None, None));
    let words = denied.trouble.unwrap().in_words;
    assert!(words.contains("cloudwatch:GetMetricData"), "{words}");

    lab.no_faults().await;
    sqlx::query("update watches set next_at = now()")
        .execute(&server.app.db)
        .await
        .unwrap();
    let ended = until(&server, &made.id, |watch| watch.ended_at.is_some()).await;
    assert_eq!(ended.state, WatchState::NotFixed, "{ended:#?}");
    assert_eq!(ended.trouble, None);

    // Another may follow, and what was first stays on record.
    let again: Watch = server.post(&path, fixed_then(&incident)).await.json();
    assert_eq!(again.n, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_survives_a_killed_server() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    since(&lab, &incident, 100_000, 0).await;
    let data = store::fresh_folder();
    let process = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let made: Investigation = process
        .post("/investigations", asking_about(&incident))
        .await;
    let path = format!("/investigations/{}/watch", made.id);
    // It is killed while it waits for CloudWatch.
    lab.fault("cloudwatch", "GetMetricData", "hang").await;
    let _: Watch = process.post(&path, fixed_then(&incident)).await;
    asked(&lab).await;
    process.kill().await;
    lab.no_faults().await;

    let process = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let ended = ended(&process, &path).await;
    assert_eq!((ended.n, ended.state), (1, WatchState::Fixed));
    assert_eq!(process.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_takes_over_when_one_is_gone() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    since(&lab, &incident, 100_000, 0).await;
    let data = store::fresh_folder();
    let one = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let two = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let made: Investigation = one.post("/investigations", asking_about(&incident)).await;
    let path = format!("/investigations/{}/watch", made.id);
    lab.fault("cloudwatch", "GetMetricData", "hang").await;
    let _: Watch = one.post(&path, fixed_then(&incident)).await;
    asked(&lab).await;
    one.kill().await;
    lab.no_faults().await;
    assert_eq!(ended(&two, &path).await.state, WatchState::Fixed);
    assert_eq!(two.interrupt().await, Some(0));
}

/// Waits until CloudWatch was asked.
async fn asked(lab: &Lab) {
    let began = tokio::time::Instant::now();
    let is_it = |call: &Value| call["operation"] == "GetMetricData";
    while !lab.calls().await.iter().any(is_it) {
        assert!(began.elapsed() < PATIENCE, "CloudWatch is not asked");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn ended(process: &Process, path: &str) -> Watch {
    let began = tokio::time::Instant::now();
    loop {
        let view: WatchView = process.get(path).await;
        let watch = view.watch.unwrap();
        if watch.ended_at.is_some() {
            return watch;
        }
        assert!(began.elapsed() < PATIENCE, "{watch:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn one_at_a_time_and_a_person_stops_it() {
    let server = Server::start().await;
    let made = out_of_reach(&server).await;
    let path = format!("/investigations/{}/watch", made.id);
    server
        .call("DELETE", &path, None)
        .await
        .problem(409, "not-watching");
    let (one, two) = tokio::join!(server.post(&path, json!({})), server.post(&path, json!({})));
    let (good, bad) = if one.status == 201 {
        (one, two)
    } else {
        (two, one)
    };
    assert_eq!(good.status, 201, "{good:?}");
    bad.problem(409, "watching");
    let stopped = server.call_as("Zo%C3%AB", "DELETE", &path, None).await;
    let stopped: Watch = stopped.json();
    assert_eq!(stopped.state, WatchState::Stopped);
    assert!(stopped.ended_at.is_some());
    server
        .call("DELETE", &path, None)
        .await
        .problem(409, "not-watching");
    assert_eq!(shown(&server, &made.id).await.watch, Some(stopped));
    let timeline = format!("/investigations/{}/timeline", made.id);
    let told: Timeline = server.get(&timeline).await.json();
    let last = told.events.last().unwrap();
    assert_eq!(last.person.as_deref(), Some("Zoë"));
    assert!(matches!(
        last.kind,
        EventKind::WatchEnded {
            state: WatchState::Stopped,
            ..
        }
    ));
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused() {
    let server = Server::start().await;
    for id in [UNKNOWN, "1", "%00"] {
        let path = format!("/investigations/{id}/watch");
        server.get(&path).await.problem(404, "no-investigation");
        server
            .post(&path, json!({}))
            .await
            .problem(404, "no-investigation");
        server
            .call("DELETE", &path, None)
            .await
            .problem(404, "no-investigation");
    }
    let practice: Investigation = server
        .call("POST", "/practice/keep-alive-race", None)
        .await
        .json();
    let path = format!("/investigations/{}/watch", practice.id);
    let refused = server
        .post(&path, json!({}))
        .await
        .problem(409, "nothing-to-watch");
    assert_eq!(
        shown(&server, &practice.id).await.why_not,
        Some(refused.detail)
    );

    let made = out_of_reach(&server).await;
    let path = format!("/investigations/{}/watch", made.id);
    let now = Utc::now();
    for (body, field) in [
        (json!({"fixed_at": now + TimeDelta::hours(1)}), "fixed_at"),
        (json!({"fixed_at": now - TimeDelta::hours(2)}), "fixed_at"),
        (json!({"fixed_at": now - TimeDelta::days(30)}), "fixed_at"),
        (json!({"fixed_at": "noon"}), "fixed_at"),
        (json!({"minutes": 9}), "minutes"),
        (json!({"minutes": 1_441}), "minutes"),
    ] {
        let problem = server
            .post(&path, body.clone())
            .await
            .problem(422, "bad-field");
        assert_eq!(problem.field.as_deref(), Some(field), "{body}");
    }
    for body in [
        json!({"colour": "red"}),
        json!({"minutes": -1}),
        json!({"minutes": "60"}),
    ] {
        server.post(&path, body).await.problem(422, "bad-body");
    }
    assert_eq!(shown(&server, &made.id).await, WatchView::default());
}
