//! AWS answers → evidence: the only place that names AWS SDK types.
//!
//! One file a service. Every call goes through [`Aws::observe`], which takes an operation of
//! [`read_only`], bounds it in time, records it as an observation and turns its outcome into an
//! [`Observed`](diagnosis::Observed).

mod acm;
mod ask;
mod attributes;
mod autoscaling;
mod call;
mod client;
mod cloudtrail;
mod cloudwatch;
mod ec2;
mod ecs;
mod elb;
mod elbv2;
mod error;
mod fault;
mod find;
mod iam;
mod lambda;
mod list;
mod logs;
mod network;
mod pace;
mod pages;
pub mod read_only;
mod recorder;
mod regions;
mod s3;
mod sts;
mod text;

pub use client::Aws;
pub use error::AwsError;
pub use regions::{REGIONS, region_of};
pub use sts::Identity;

pub(crate) use cloudwatch::{Wanted, WantedMetric};
pub(crate) use elb::Classic;
pub(crate) use logs::LogQuery;
pub(crate) use recorder::Recorder;
