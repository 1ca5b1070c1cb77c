//! A lab of the test's own: AWS on a loopback port, seeded with incidents. Gone with the test.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Seeding every incident takes some seconds, on a busy machine many.
const READY: Duration = Duration::from_secs(180);

#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) endpoint: String,
    http: reqwest::Client,
    /// Killed when dropped.
    _process: Child,
}

/// What the lab says of a seeded incident.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) name: String,
    pub(crate) load_balancer: String,
    pub(crate) dns_name: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) first_rule: Option<String>,
    pub(crate) verdict: String,
    /// All that it says.
    pub(crate) json: Value,
}

/// The lab's Python: `LB502_LAB_PYTHON`, else the one that `make test` sets up.
fn python() -> PathBuf {
    if let Some(given) = std::env::var_os("LB502_LAB_PYTHON") {
        return given.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    cache.join("lb502/lab-venv/bin/python")
}

/// reqwest has no cryptography of its own; lb502 brings this one.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

impl Lab {
    /// Returns when the incidents are seeded; none means all of them.
    pub(crate) async fn start(incidents: &[&str]) -> Self {
        let python = python();
        assert!(
            python.exists(),
            "no Python for the lab at {}: run `make test`, or set LB502_LAB_PYTHON",
            python.display()
        );
        let mut command = Command::new(&python);
        command
            .args(["-m", "lb502_lab", "serve", "--port", "0"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if incidents.is_empty() {
            command.arg("--all");
        } else {
            command.arg("--incident").args(incidents);
        }
        let mut process = command.spawn().expect("the lab starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let ready = tokio::time::timeout(READY, lines.next_line())
            .await
            .expect("the lab is ready in time")
            .expect("the lab's output can be read")
            .expect("the lab says that it is ready before it ends");
        let ready: Value = serde_json::from_str(&ready).expect("one line of JSON");
        Self {
            endpoint: ready["endpoint"].as_str().expect("an endpoint").to_owned(),
            http: client(),
            _process: process,
        }
    }

    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        let answer = self.get("incidents").await;
        answer["incidents"]
            .as_array()
            .expect("a list")
            .iter()
            .map(incident)
            .collect()
    }

    pub(crate) async fn incident(&self, name: &str) -> Incident {
        let all = self.incidents().await;
        all.into_iter()
            .find(|one| one.name == name)
            .expect("a seeded incident")
    }

    /// From now on calls of the operation (an API or IAM name, or `*`) suffer `deny`, `throttle`,
    /// `error`, `hang` or `truncate`; all other faults end.
    pub(crate) async fn fault(&self, service: &str, operation: &str, fault: &str) {
        let rule = json!({"service": service, "operation": operation, "fault": fault});
        self.post("faults", json!({"rules": [rule]})).await;
    }

    pub(crate) async fn no_faults(&self) {
        self.post("faults", json!({"rules": []})).await;
    }

    /// Metrics of the load balancer that were reported meanwhile: name, moment (RFC 3339), value.
    pub(crate) async fn report(&self, incident: &Incident, points: &[(&str, String, u64)]) {
        let arn = incident.json["load_balancer"]["arn"]
            .as_str()
            .unwrap_or_default();
        let id = arn.split_once("loadbalancer/").map_or("", |(_, id)| id);
        let points: Vec<Value> = points
            .iter()
            .map(|(name, at, value)| {
                json!({"namespace": "AWS/ApplicationELB", "name": name, "at": at, "value": value,
                    "dimensions": {"LoadBalancer": id}})
            })
            .collect();
        self.post("metrics", json!({"points": points})).await;
    }

    /// Every call since the incidents were seeded.
    pub(crate) async fn calls(&self) -> Vec<Value> {
        self.get("calls").await["calls"]
            .as_array()
            .expect("a list")
            .clone()
    }

    async fn get(&self, page: &str) -> Value {
        let url = format!("{}/_lab/{page}", self.endpoint);
        let answer = self.http.get(url).send().await.expect("the lab answers");
        answer.json().await.expect("JSON")
    }

    async fn post(&self, page: &str, body: Value) {
        let url = format!("{}/_lab/{page}", self.endpoint);
        let answer = self
            .http
            .post(url)
            .json(&body)
            .send()
            .await
            .expect("the lab answers");
        assert!(
            answer.status().is_success(),
            "{page}: {body}: {}",
            answer.text().await.unwrap_or_default()
        );
    }
}

fn incident(json: &Value) -> Incident {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Incident {
        name: text(&json["name"]),
        load_balancer: text(&json["load_balancer"]["name"]),
        dns_name: text(&json["load_balancer"]["dns_name"]),
        from: text(&json["window"]["from"]),
        to: text(&json["window"]["to"]),
        first_rule: json["expected_first_rule"].as_str().map(str::to_owned),
        verdict: text(&json["expected_verdict"]),
        json: json.clone(),
    }
}
