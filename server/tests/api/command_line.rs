//! The command line: answers on stdout, words on stderr, exit codes.

use std::process::Output;

use diagnosis::bundle::Bundle;
use serde_json::Value;

use super::{
    binary::{lb502, output},
    recorded, store,
};

async fn run(arguments: &[&str]) -> Output {
    let data = store::fresh_folder();
    output(lb502(data.path()).args(arguments)).await
}

#[track_caller]
fn refused(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(output.stdout.is_empty(), "no answer");
    assert!(
        !words.contains('\u{1b}'),
        "no colours where nobody looks: {words}"
    );
    words
}

#[tokio::test]
async fn the_version_and_the_policy_are_answers() {
    let version = run(&["--version"]).await;
    assert_eq!(version.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("lb502 "));
    let policy = run(&["iam-policy"]).await;
    assert_eq!(policy.status.code(), Some(0));
    let policy: Value = serde_json::from_slice(&policy.stdout).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    let named = actions
        .iter()
        .map(|action| action.as_str().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(named, lb502::aws::read_only::actions());
}

#[tokio::test]
async fn usage_is_exit_code_3() {
    for arguments in [
        &["diagnose"][..],
        &["nothing"],
        &["diagnose", "web", "--colour"],
        &[
            "diagnose",
            "web",
            "--last",
            "1h",
            "--from",
            "2026-11-20T01:00:00Z",
        ],
        &["diagnose", "web", "--to", "2026-11-20T01:00:00Z"],
        &["export", "not-an-id"],
    ] {
        refused(&run(arguments).await);
    }
}

#[tokio::test]
async fn bad_input_is_a_sentence_that_says_what_to_do() {
    for (arguments, says) in [
        (&["diagnose", "web", "--last", "25h"][..], "24 hours"),
        (&["diagnose", "web", "--last", "-1h"], "15m, 1h or 24h"),
        (
            &[
                "diagnose",
                "web",
                "--from",
                "2026-11-20T02:00:00Z",
                "--to",
                "2026-11-20T01:00:00Z",
            ],
            "before it starts",
        ),
        (
            &["diagnose", "web", "--from", "2999-11-20T02:00:00Z"],
            "future",
        ),
        (&["diagnose", "web", "--region", "atlantis-1"], "atlantis-1"),
        (&["diagnose", ""], "name, ARN, DNS name or URL"),
        (&["diagnose", "web"], "AWS_PROFILE"),
        (&["serve", "--listen", "0.0.0.0:0"], "LB502_PASSWORD"),
        (&["import", "no-such-file.json"], "no-such-file.json"),
        (&["--log", "x", "diagnose", "web\u{1b}[2J"], "No"),
    ] {
        let words = refused(&run(arguments).await);
        assert!(words.contains(says), "{arguments:?}: {words}");
    }
}

#[tokio::test]
async fn without_postgres_it_says_what_to_install() {
    let data = store::fresh_folder();
    let mut command = lb502(data.path());
    command
        .env("LB502_POSTGRES_BIN", data.path())
        .args(["serve", "--listen", "127.0.0.1:0"]);
    let words = refused(&output(&mut command).await);
    assert!(words.contains("LB502_POSTGRES_BIN"), "{words}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = store::fresh_folder();
    let words = refused(&output(lb502(data.path()).args(["serve", "--listen", &address])).await);
    assert!(words.contains("--listen"), "{words}");
    assert!(!data.path().join("postgres").exists());
}

#[tokio::test]
async fn a_handoff_note_can_be_read_in_the_terminal() {
    let data = store::fresh_folder();
    let url = store::database_url().await;
    let file = data.path().join("bundle.json");
    std::fs::write(&file, serde_json::to_vec(&recorded::bundle()).unwrap()).unwrap();
    let mut import = lb502(data.path());
    let import = import.env("DATABASE_URL", &url).arg("import").arg(&file);
    let id = String::from_utf8(output(import).await.stdout).unwrap();
    let noted = async |more: &[&str]| {
        let mut handoff = lb502(data.path());
        let handoff = handoff.env("DATABASE_URL", &url);
        output(handoff.args(["handoff", id.trim()]).args(more)).await
    };
    let markdown = String::from_utf8(noted(&[]).await.stdout).unwrap();
    assert!(markdown.starts_with("# Handoff: "), "{markdown}");
    assert!(markdown.contains("\n## Needs\n"), "{markdown}");
    let slack = String::from_utf8(noted(&["--format", "slack"]).await.stdout).unwrap();
    assert!(slack.starts_with("*Handoff: "), "{slack}");
    let note: Value = serde_json::from_slice(&noted(&["--format", "json"]).await.stdout).unwrap();
    assert!(note["conditions"].is_array());
    assert!(refused(&noted(&["--sent", "1"]).await).contains("No handoff note 1"));
}

#[tokio::test]
async fn a_bundle_goes_in_and_comes_out() {
    let data = store::fresh_folder();
    let url = store::database_url().await;
    let file = data.path().join("bundle.json");
    std::fs::write(&file, serde_json::to_vec(&recorded::bundle()).unwrap()).unwrap();
    let mut import = lb502(data.path());
    let imported = output(import.env("DATABASE_URL", &url).arg("import").arg(&file)).await;
    assert_eq!(
        imported.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&imported.stderr)
    );
    let id = String::from_utf8(imported.stdout).unwrap();
    let mut export = lb502(data.path());
    let exported = output(export.env("DATABASE_URL", &url).args(["export", id.trim()])).await;
    let exported: Bundle = serde_json::from_slice(&exported.stdout).unwrap();
    assert_eq!(
        exported.observations.len(),
        recorded::bundle().observations.len()
    );
    let mut unknown = lb502(data.path());
    unknown
        .env("DATABASE_URL", &url)
        .args(["export", "01a20000-0000-7000-8000-000000000000"]);
    assert!(refused(&output(&mut unknown).await).contains("no investigation"));
    std::fs::write(&file, "{}").unwrap();
    let mut bad = lb502(data.path());
    refused(&output(bad.env("DATABASE_URL", &url).arg("import").arg(&file)).await);
}
