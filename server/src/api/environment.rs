//! `/environment`.

use std::{sync::Arc, time::Duration};

use axum::{Json as Answer, extract::State};
use diagnosis::api::{Credentials, Environment};

use crate::{
    access::Access,
    app::App,
    aws::{AwsError, REGIONS},
    practice,
    problem::of_aws,
};

/// The start page waits for this answer; without a network STS would take longer.
const PATIENCE: Duration = Duration::from_secs(8);

/// What this server can do: version, regions, credentials, practice incidents.
#[utoipa::path(get, path = "/environment", tag = "aws", responses((status = 200, body = Environment)))]
pub(super) async fn get_environment(State(app): State<Arc<App>>) -> Answer<Environment> {
    let (region, credentials) = look(&app.access).await;
    let mut regions = REGIONS
        .iter()
        .map(|region| (*region).to_owned())
        .collect::<Vec<_>>();
    regions.extend(region.clone());
    regions.sort();
    regions.dedup();
    Answer(Environment {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        region,
        regions,
        credentials,
        practice: practice::all()
            .iter()
            .map(|incident| incident.about.clone())
            .collect(),
    })
}

async fn look(access: &Access) -> (Option<String>, Credentials) {
    let missing = |error: &AwsError| Credentials::Missing {
        problem: of_aws(error),
    };
    // Who one is does not depend on the region; without one, any will do to ask.
    let (aws, region) = match access.connect(None).await {
        Ok(aws) => {
            let region = aws.region().to_owned();
            (Ok(aws), Some(region))
        }
        Err(AwsError::NoRegion) => (access.connect(Some("us-east-1")).await, None),
        Err(error) => (Err(error), None),
    };
    let identity = async { aws?.identity().await };
    let credentials = match tokio::time::timeout(PATIENCE, identity).await {
        Ok(Ok(identity)) => Credentials::Valid {
            account: identity.account,
            arn: identity.arn,
        },
        Ok(Err(error)) => missing(&error),
        Err(_) => missing(&AwsError::Unreachable(
            "STS did not answer within 8 s".into(),
        )),
    };
    (region, credentials)
}
