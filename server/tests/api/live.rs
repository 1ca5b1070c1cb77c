//! Against the lab: live calls, from the API and from the command line.

use diagnosis::{
    Diagnosis,
    api::{Investigation, InvestigationList, LoadBalancerList, RunState, Started},
    document::Verdict,
};
use lb502::access::Access;
use serde_json::json;

use super::{
    binary::{Process, lb502_at, output},
    processes::acknowledged,
    server::{Server, asking_for, at},
    store,
};
use crate::lab::{Incident, Lab};

async fn on(lab: &Lab) -> Server {
    Server::on(store::database().await, at(&lab.endpoint)).await
}

fn asking_about(incident: &Incident) -> serde_json::Value {
    json!({"load_balancer": incident.load_balancer, "from": incident.from, "to": incident.to})
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_list_to_the_cause() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    let server = on(&lab).await;
    let list: LoadBalancerList = server.get("/load-balancers").await.json();
    assert_eq!(list.region, "eu-west-1");
    assert!(
        list.load_balancers
            .iter()
            .any(|one| one.name == incident.load_balancer)
    );

    let answer = server
        .post("/investigations", asking_about(&incident))
        .await;
    assert_eq!(answer.status, 201);
    let made: Investigation = answer.json();
    assert_eq!(
        answer.headers["location"],
        format!("/api/v1/investigations/{}", made.id).as_str()
    );
    let mut stream = server.events(&made.id, Some(made.last_event_id)).await;
    server
        .call("POST", &format!("/investigations/{}/run", made.id), None)
        .await;
    let events = stream.until_run_ended().await;
    assert_eq!(events[0].kind.name(), "run_started");

    let ended = server.at_rest(&made.id).await;
    assert_eq!(ended.runs[0].state, RunState::Done);
    assert_eq!(ended.last_event_id, events.last().unwrap().id);
    assert_eq!(ended.diagnosis.verdict, Verdict::CauseFound);
    assert_eq!(
        Some(ended.diagnosis.findings[0].rule.clone()),
        incident.first_rule
    );
    let listed: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(listed.investigations[0].verdict, Some(Verdict::CauseFound));
    assert_eq!(
        listed.investigations[0].first_finding,
        Some(ended.diagnosis.findings[0].title.clone())
    );

    // What comes out of Postgres is judged as what went in; a second run numbers its calls on.
    let count = ended.diagnosis.observations.len();
    server
        .call(
            "POST",
            &format!("/investigations/{}/steps/tls/run", made.id),
            None,
        )
        .await;
    let again = server.at_rest(&made.id).await;
    assert_eq!(again.diagnosis.verdict, Verdict::CauseFound);
    assert!(again.diagnosis.observations.len() > count);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_leaves_nothing_behind() {
    let lab = Lab::start(&["healthy"]).await;
    let incident = lab.incident("healthy").await;
    let server = on(&lab).await;
    let unknown = server
        .post("/investigations", asking_for("no-such-balancer"))
        .await;
    unknown.problem(422, "unknown-load-balancer");
    let account = json!({"load_balancer": incident.load_balancer, "account": "999999999999"});
    server
        .post("/investigations", account)
        .await
        .problem(422, "other-account");
    lab.fault("elasticloadbalancing", "DescribeLoadBalancers", "deny")
        .await;
    let denied = server
        .post("/investigations", asking_about(&incident))
        .await
        .problem(503, "denied");
    assert!(
        denied
            .detail
            .contains("elasticloadbalancing:DescribeLoadBalancers"),
        "{denied:?}"
    );
    lab.no_faults().await;
    for (key, kind) in [
        ("EXPIRED", "expired-credentials"),
        ("INVALID", "invalid-credentials"),
    ] {
        let access = Access::Given {
            endpoint: lab.endpoint.clone(),
            region: "eu-west-1".into(),
            access_key: key.into(),
            secret_key: "lab".into(),
        };
        let server = Server::on(server.app.db.clone(), access).await;
        server
            .post("/investigations", asking_about(&incident))
            .await
            .problem(503, kind);
        server.get("/load-balancers").await.problem(503, kind);
    }
    let list: InvestigationList = server.get("/investigations").await.json();
    assert_eq!(list.investigations, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_its_calls_completes_them_later() {
    let lab = Lab::start(&["keep-alive-race"]).await;
    let incident = lab.incident("keep-alive-race").await;
    let data = store::fresh_folder();
    let process = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let made: Investigation = process
        .post("/investigations", asking_about(&incident))
        .await;
    let path = format!("/investigations/{}", made.id);
    lab.fault("s3", "ListObjectsV2", "hang").await;
    let _: Started = process.post(&format!("{path}/run"), json!(null)).await;
    let seen = acknowledged(&process, &made.id, 6).await;
    process.kill().await;
    lab.no_faults().await;

    let process = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let read = process.at_rest(&made.id).await;
    assert_eq!(read.runs[0].state, RunState::Interrupted);
    assert!(
        seen.iter()
            .all(|observation| read.diagnosis.observations.contains(observation))
    );
    let _: Started = process.post(&format!("{path}/run"), json!(null)).await;
    let done = process.at_rest(&made.id).await;
    assert_eq!(done.runs[0].state, RunState::Done);
    assert_eq!(done.diagnosis.verdict, Verdict::CauseFound);
    assert!(
        seen.iter()
            .all(|observation| done.diagnosis.observations.contains(observation))
    );
    assert_eq!(process.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_answers_with_its_exit_code() {
    let lab = Lab::start(&["keep-alive-race", "healthy"]).await;
    let data = store::fresh_folder();
    let diagnose = async |incident: &Incident, more: &[&str]| {
        let mut command = lb502_at(data.path(), &lab.endpoint);
        command
            .args([
                "diagnose",
                &incident.load_balancer,
                "--from",
                &incident.from,
                "--to",
                &incident.to,
            ])
            .args(more);
        output(&mut command).await
    };
    let race = lab.incident("keep-alive-race").await;
    let text = diagnose(&race, &[]).await;
    let words = String::from_utf8(text.stdout).unwrap();
    assert_eq!(text.status.code(), Some(1), "{words}");
    assert!(words.starts_with("Cause found"), "{words}");
    assert!(
        words.contains("keep-alive-shorter-than-idle-timeout") && words.contains("aws elbv2"),
        "{words}"
    );
    let progress = String::from_utf8(text.stderr).unwrap();
    assert!(progress.contains("DescribeTargetHealth"), "{progress}");
    assert!(
        !data.path().join("postgres").exists(),
        "no store unless it is to be kept"
    );

    let json = diagnose(&race, &["--json"]).await;
    let document: Diagnosis = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document.verdict, Verdict::CauseFound);

    let healthy = diagnose(&lab.incident("healthy").await, &["--save"]).await;
    assert_eq!(healthy.status.code(), Some(0));
    let told = String::from_utf8(healthy.stderr).unwrap();
    let id = told
        .split("investigations/")
        .nth(1)
        .expect("where it is kept")
        .trim()
        .to_owned();
    let process = Process::serve(lb502_at(data.path(), &lab.endpoint)).await;
    let kept: Investigation = process.get(&format!("/investigations/{id}")).await;
    assert_eq!(kept.diagnosis.verdict, Verdict::NoFaultFound);

    lab.fault("elasticloadbalancing", "DescribeTargetHealth", "deny")
        .await;
    let denied = diagnose(&lab.incident("healthy").await, &[]).await;
    assert_eq!(denied.status.code(), Some(2));
    let words = String::from_utf8(denied.stdout).unwrap();
    assert!(
        words.contains("elasticloadbalancing:DescribeTargetHealth"),
        "{words}"
    );
}
