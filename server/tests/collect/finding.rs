//! Finding and listing load balancers.

use lb502::aws::{Aws, AwsError};

use super::asking::aws;
use crate::lab::Lab;

#[tokio::test]
async fn a_load_balancer_goes_by_any_of_its_names() {
    let lab = Lab::start(&["keep-alive-race", "healthy", "classic-keep-alive-race"]).await;
    let aws = aws(&lab).await;
    for name in ["keep-alive-race", "classic-keep-alive-race"] {
        let incident = lab.incident(name).await;
        let found = aws
            .find_load_balancer(&incident.load_balancer)
            .await
            .unwrap();
        assert_eq!(found.name, incident.load_balancer);
        assert_eq!(found.account, "123456789012");
        let upper = incident.dns_name.to_ascii_uppercase();
        for asked in [
            found.arn.clone(),
            incident.dns_name.clone(),
            format!("dualstack.{}", incident.dns_name),
            format!("https://{upper}:443/cart?id=1"),
            format!("  {}  ", incident.load_balancer),
        ] {
            assert_eq!(
                aws.find_load_balancer(&asked).await.as_ref(),
                Ok(&found),
                "{asked}"
            );
        }
        let elsewhere = Aws::connect_to(&lab.endpoint, "us-east-1", "lab", "lab")
            .await
            .unwrap();
        let by_arn = elsewhere.find_load_balancer(&found.arn).await.unwrap();
        assert_eq!(by_arn.region, "eu-west-1");
    }
}

#[tokio::test]
async fn what_cannot_be_found_says_why() {
    let lab = Lab::start(&["healthy", "classic-keep-alive-race"]).await;
    let aws = aws(&lab).await;
    let error = |asked: &'static str| {
        let aws = aws.clone();
        async move { aws.find_load_balancer(asked).await.unwrap_err() }
    };
    assert_eq!(
        error("no-such-balancer").await,
        AwsError::UnknownLoadBalancer("no-such-balancer".to_owned())
    );
    assert_eq!(
        error("gone-1234567890.eu-west-1.elb.amazonaws.com").await,
        AwsError::UnknownLoadBalancer("gone-1234567890.eu-west-1.elb.amazonaws.com".to_owned())
    );
    assert!(matches!(
        error("https://shop.example.com/").await,
        AwsError::NotAnElbName(_)
    ));

    lab.fault("elasticloadbalancing", "DescribeLoadBalancers", "deny")
        .await;
    assert_eq!(
        error("no-such-balancer").await,
        AwsError::Denied("elasticloadbalancing:DescribeLoadBalancers".to_owned())
    );
    // The Classic API alone refuses: what the other one has is still found.
    lab.fault("elb", "DescribeLoadBalancers", "deny").await;
    let healthy = lab.incident("healthy").await;
    assert!(aws.find_load_balancer(&healthy.load_balancer).await.is_ok());
    assert!(matches!(
        error("no-such-balancer").await,
        AwsError::Denied(_)
    ));
    let list = aws.list_load_balancers(None).await.unwrap();
    assert!(
        list.missing.iter().any(|one| one.contains("Classic")),
        "{:?}",
        list.missing
    );
}

#[tokio::test]
async fn several_that_match_are_all_named() {
    let lab = Lab::start(&["keep-alive-race", "healthy", "target-returned-502"]).await;
    let aws = aws(&lab).await;
    let all = aws.list_load_balancers(None).await.unwrap().load_balancers;
    assert_eq!(all.len(), 3);
    // Part of a name that more than one of them has.
    let shared = ('a'..='z')
        .map(String::from)
        .find(|part| {
            all.iter()
                .filter(|one| one.name.contains(part.as_str()))
                .count()
                > 1
        })
        .unwrap();
    let mut expected: Vec<String> = all
        .iter()
        .filter(|one| one.name.contains(&shared))
        .map(|one| one.arn.clone())
        .collect();
    expected.sort();
    let found = aws.find_load_balancer(&shared).await;
    assert_eq!(found, Err(AwsError::Ambiguous(expected)));
}

#[tokio::test]
async fn the_list_tells_502s_and_targets() {
    let lab = Lab::start(&[
        "keep-alive-race",
        "all-targets-unhealthy",
        "classic-keep-alive-race",
    ])
    .await;
    let list = aws(&lab).await.list_load_balancers(None).await.unwrap();
    assert_eq!(list.region, "eu-west-1");
    assert_eq!(list.load_balancers.len(), 3);
    let of = |name: String| {
        list.load_balancers
            .iter()
            .find(|one| one.name == name)
            .cloned()
            .unwrap()
    };
    let race = of(lab.incident("keep-alive-race").await.load_balancer);
    assert!(race.http_502_last_hour.unwrap() > 0);
    let targets = race.targets.unwrap();
    assert!(targets.registered > 0 && targets.healthy == targets.registered);
    assert_eq!(race.state, "active");
    let dead = of(lab.incident("all-targets-unhealthy").await.load_balancer);
    let targets = dead.targets.unwrap();
    assert!(targets.healthy < targets.registered);
    let classic = of(lab.incident("classic-keep-alive-race").await.load_balancer);
    assert_eq!(classic.http_502_last_hour, None);
    assert!(classic.targets.unwrap().registered > 0);

    lab.fault("cloudwatch", "GetMetricData", "deny").await;
    let list = aws(&lab)
        .await
        .list_load_balancers(Some(&race.name.to_ascii_uppercase()))
        .await
        .unwrap();
    assert!(
        list.load_balancers
            .iter()
            .all(|one| one.http_502_last_hour.is_none())
    );
    assert!(
        list.missing
            .iter()
            .any(|one| one.contains("cloudwatch:GetMetricData")),
        "{:?}",
        list.missing
    );
}

#[tokio::test]
async fn credentials_and_endpoints_that_do_not_work_are_told_apart() {
    let lab = Lab::start(&["healthy"]).await;
    let with = |endpoint: String, key: &'static str| async move {
        let aws = Aws::connect_to(&endpoint, "eu-west-1", key, "secret-of-the-test")
            .await
            .unwrap();
        let list = aws.list_load_balancers(None).await;
        (aws.identity().await, list.map(|_| ()), format!("{aws:?}"))
    };
    let (identity, list, debug) = with(lab.endpoint.clone(), "EXPIRED").await;
    assert_eq!(identity, Err(AwsError::ExpiredCredentials));
    assert_eq!(list, Err(AwsError::ExpiredCredentials));
    assert!(!debug.contains("secret-of-the-test"));
    let (identity, list, _) = with(lab.endpoint.clone(), "INVALID").await;
    assert!(matches!(identity, Err(AwsError::InvalidCredentials(_))));
    assert!(matches!(list, Err(AwsError::InvalidCredentials(_))));
    let (identity, _, _) = with(lab.endpoint.clone(), "lab").await;
    assert_eq!(identity.unwrap().account, "123456789012");
    let (identity, list, _) = with("http://127.0.0.1:9".to_owned(), "lab").await;
    assert!(
        matches!(identity, Err(AwsError::Unreachable(_))),
        "{identity:?}"
    );
    assert!(matches!(list, Err(AwsError::Unreachable(_))), "{list:?}");

    let region = Aws::connect_to(&lab.endpoint, "atlantis-1", "lab", "lab")
        .await
        .unwrap_err();
    assert_eq!(region, AwsError::UnknownRegion("atlantis-1".to_owned()));
}

/// The default chain reads the environment, so it is tried in a process of its own.
#[test]
fn without_credentials_the_chain_says_so() {
    for (environment, expected) in [
        (vec![], "NoCredentials"),
        (vec![("AWS_REGION", "")], "NoRegion"),
        (
            vec![("AWS_REGION", "atlantis-1")],
            "UnknownRegion(\"atlantis-1\")",
        ),
    ] {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "collect::finding::the_default_chain",
                "--ignored",
                "--nocapture",
            ])
            .env_clear()
            .envs([
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                ("AWS_REGION", "eu-west-1"),
            ])
            .envs(environment)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr);
        assert!(
            said.contains(&format!("the chain says {expected}.")),
            "{said}"
        );
    }
}

#[tokio::test]
#[ignore = "run by without_credentials_the_chain_says_so in an environment made for it"]
async fn the_default_chain() {
    let error = match Aws::connect(None).await {
        Ok(aws) => aws.identity().await.unwrap_err(),
        Err(error) => error,
    };
    panic!("the chain says {error:?}.");
}
