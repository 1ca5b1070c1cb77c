//! `/environment`, `/load-balancers` and `/rules/{id}`.

use diagnosis::api::{Credentials, Environment};
use serde_json::Value;

use super::server::Server;

#[tokio::test]
async fn without_aws_the_page_learns_what_is_missing() {
    let server = Server::start().await;
    let environment: Environment = server.get("/environment").await.json();
    assert_eq!(environment.region.as_deref(), Some("eu-west-1"));
    assert!(environment.regions.is_sorted());
    assert!(environment.regions.len() > 30);
    let Credentials::Missing { problem } = environment.credentials else {
        panic!("nothing listens there");
    };
    assert_eq!(problem.kind, "urn:lb502:aws-unreachable");
    assert!(!problem.what_to_do.is_empty());
}

#[tokio::test]
async fn a_list_without_aws_is_a_problem_not_an_empty_list() {
    let server = Server::start().await;
    server
        .get("/load-balancers")
        .await
        .problem(503, "aws-unreachable");
    server
        .get("/load-balancers?region=atlantis-1")
        .await
        .problem(422, "unknown-region");
}

#[tokio::test]
async fn every_rule_has_a_help_page() {
    let server = Server::start().await;
    for rule in diagnosis::rules::all() {
        let page: Value = server.get(&format!("/rules/{}", rule.id)).await.json();
        assert_eq!(page["step"], rule.step.id());
        assert!(page["help"].as_str().unwrap().len() > 100, "{}", rule.id);
    }
}
