//! Clients for one region: credentials, time limits, retries, how many calls at once.

use std::{fmt, sync::Arc, time::Duration};

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_sts::config::Credentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::Semaphore;

use super::{AwsError, pace::Pace, read_only::Call, regions};

/// Pinned, so that an update of the SDK does not change how we call.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

const CONNECT: Duration = Duration::from_secs(3);
const READ: Duration = Duration::from_secs(8);
const ATTEMPT: Duration = Duration::from_secs(10);
const OPERATION: Duration = Duration::from_secs(30);
/// How long the environment, profiles and the instance's metadata may take to name a region.
const REGION_LOOKUP: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
const CALLS_AT_ONCE: usize = 12;

/// Clients for one region (and, later, one assumed role), made from the SDK's default chain.
/// Clones share connections, credentials and limits.
#[derive(Clone)]
pub struct Aws {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    region: String,
    config: SdkConfig,
    calls: Semaphore,
    /// CloudTrail has its own: its calls are slow and many wait for their turn.
    cloudtrail_calls: Semaphore,
    /// ELB: a bucket of 40, refilled by 10 a second, shared by the whole account and region.
    pub(super) elb_pace: Pace,
    /// CloudTrail: 2 lookups a second.
    pub(super) cloudtrail_pace: Pace,
    pub(super) acm: aws_sdk_acm::Client,
    pub(super) autoscaling: aws_sdk_autoscaling::Client,
    pub(super) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) ecs: aws_sdk_ecs::Client,
    pub(super) elb: aws_sdk_elasticloadbalancing::Client,
    pub(super) elbv2: aws_sdk_elasticloadbalancingv2::Client,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) sts: aws_sdk_sts::Client,
}

impl fmt::Debug for Aws {
    /// The region alone: a configuration may lead to credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.inner.region)
            .finish_non_exhaustive()
    }
}

impl Aws {
    /// Does not call AWS yet. `region`: else the SDK's own chain (environment, profile, instance).
    ///
    /// # Errors
    /// [`AwsError::NoRegion`], [`AwsError::UnknownRegion`].
    pub async fn connect(region: Option<&str>) -> Result<Self, AwsError> {
        let loader = loader();
        let config = match region.filter(|region| !region.trim().is_empty()) {
            Some(region) => {
                let region = regions::check(region).await?;
                loader.region(Region::new(region)).load().await
            }
            None => tokio::time::timeout(REGION_LOOKUP, loader.load())
                .await
                .map_err(|_| AwsError::NoRegion)?,
        };
        let region = config
            .region()
            .filter(|region| !region.as_ref().is_empty())
            .ok_or(AwsError::NoRegion)?;
        let region = regions::check(region.as_ref()).await?;
        Ok(Self::of(region, config))
    }

    /// A given endpoint and given keys instead of the default chain: what tests use, so that they
    /// need no environment. Fails as [`Aws::connect`] does.
    pub async fn connect_to(
        endpoint: &str,
        region: &str,
        access_key: &str,
        secret_key: &str,
    ) -> Result<Self, AwsError> {
        let region = regions::check(region).await?;
        let config = loader()
            .region(Region::new(region.clone()))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new(
                access_key, secret_key, None, None, "given",
            ))
            .load()
            .await;
        Ok(Self::of(region, config))
    }

    /// The same credentials in another region.
    ///
    /// # Errors
    /// [`AwsError::UnknownRegion`].
    pub async fn in_region(&self, region: &str) -> Result<Self, AwsError> {
        let region = regions::check(region).await?;
        if region == self.inner.region {
            return Ok(self.clone());
        }
        let config = self
            .inner
            .config
            .to_builder()
            .region(Region::new(region.clone()))
            .build();
        Ok(Self::of(region, config))
    }

    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Who may call now.
    pub(super) fn lane(&self, call: Call) -> &Semaphore {
        if call.service() == "cloudtrail" {
            &self.inner.cloudtrail_calls
        } else {
            &self.inner.calls
        }
    }

    fn of(region: String, config: SdkConfig) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(has_endpoint(&config))
            .build();
        Self {
            inner: Arc::new(Inner {
                calls: Semaphore::new(CALLS_AT_ONCE),
                cloudtrail_calls: Semaphore::new(1),
                elb_pace: Pace::new(40, Duration::from_millis(100)),
                cloudtrail_pace: Pace::new(1, Duration::from_millis(500)),
                acm: aws_sdk_acm::Client::new(&config),
                autoscaling: aws_sdk_autoscaling::Client::new(&config),
                cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
                ec2: aws_sdk_ec2::Client::new(&config),
                ecs: aws_sdk_ecs::Client::new(&config),
                elb: aws_sdk_elasticloadbalancing::Client::new(&config),
                elbv2: aws_sdk_elasticloadbalancingv2::Client::new(&config),
                iam: aws_sdk_iam::Client::new(&config),
                lambda: aws_sdk_lambda::Client::new(&config),
                logs: aws_sdk_cloudwatchlogs::Client::new(&config),
                s3: aws_sdk_s3::Client::from_conf(s3),
                sts: aws_sdk_sts::Client::new(&config),
                region,
                config,
            }),
        }
    }
}

/// A peer at one address has no host name for each bucket.
fn has_endpoint(config: &SdkConfig) -> bool {
    config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some()
}

fn loader() -> ConfigLoader {
    aws_config::defaults(behavior())
        .http_client(http_client())
        .timeout_config(timeouts())
        .retry_config(retries())
}

fn http_client() -> aws_sdk_sts::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}
