//! The binary itself, as a process that can be killed.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use diagnosis::api::Investigation;
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::server::PATIENCE;

/// A running `lb502 serve`.
pub(crate) struct Process {
    pub(crate) address: String,
    child: Child,
    http: reqwest::Client,
    _stdout: Lines<BufReader<ChildStdout>>,
}

/// lb502 with nothing of this machine's AWS settings, and its data in `data`.
pub(crate) fn lb502(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lb502"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["AWS_", "LB502_", "DATABASE_URL", "PG"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    command
        .env("LB502_DATA_DIR", data)
        .env("HOME", data)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_REGION", "eu-west-1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// The same, pointed at a lab.
pub(crate) fn lb502_at(data: &Path, endpoint: &str) -> Command {
    let mut command = lb502(data);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "lab")
        .env("AWS_SECRET_ACCESS_KEY", "lab");
    command
}

pub(crate) async fn output(command: &mut Command) -> Output {
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .expect("an end in time")
        .unwrap()
}

impl Process {
    /// `lb502 serve` on a free port; returns when it says that it is ready.
    pub(crate) async fn serve(mut command: Command) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, stdout.next_line())
            .await
            .expect("ready in time");
        let line = line.unwrap().expect("it says where to open");
        let address = line.split_once("http://").expect("an address").1.to_owned();
        Self {
            address,
            child,
            http: crate::lab::client(),
            _stdout: stdout,
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let began = tokio::time::Instant::now();
        loop {
            let url = format!("http://{}/api/v1{path}", self.address);
            let answer = self.http.get(url).send().await.unwrap();
            // While Postgres changes hands, 503 says to try again.
            if answer.status() == 503 && began.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            assert!(
                answer.status().is_success(),
                "{path}: {}",
                answer.text().await.unwrap()
            );
            return answer.json().await.unwrap();
        }
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: serde_json::Value) -> T {
        let url = format!("http://{}/api/v1{path}", self.address);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap()
    }

    /// The stream's raw text, as it comes.
    pub(crate) async fn events(&self, id: &str) -> reqwest::Response {
        let url = format!("http://{}/api/v1/investigations/{id}/events", self.address);
        self.http.get(url).send().await.unwrap()
    }

    pub(crate) async fn at_rest(&self, id: &str) -> Investigation {
        let began = tokio::time::Instant::now();
        loop {
            let read: Investigation = self.get(&format!("/investigations/{id}")).await;
            if read.runs.iter().all(|run| run.ended_at.is_some()) {
                return read;
            }
            assert!(began.elapsed() < PATIENCE, "the run does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGKILL: nothing of the process runs any more.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Control-C; the exit code.
    pub(crate) async fn interrupt(mut self) -> Option<i32> {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        signal::kill(Pid::from_raw(pid), Signal::SIGINT).unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("an end in time");
        ended.unwrap().code()
    }
}
