//! Target groups and the health of their targets.

use aws_sdk_elasticloadbalancingv2::types;
use diagnosis::{
    Observed, Step,
    evidence::{
        TargetGroup, TargetHealth,
        target_groups::{HealthCheck, TargetType},
    },
};
use serde_json::json;

use super::PAGES;
use crate::aws::{
    Aws, Recorder,
    ask::Ask,
    fault::Fault,
    pages::{Pages, Reading, pages},
    read_only,
    text::{count, owned},
};

impl Aws {
    pub(crate) async fn target_groups(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Vec<TargetGroup>> {
        let ask = Ask::new(
            read_only::DESCRIBE_TARGET_GROUPS,
            json!({"LoadBalancerArn": arn}),
        );
        self.observe(recorder, step, ask, async {
            let read = self.groups_of(arn).await?;
            Ok(read.reading(
                |found| found,
                |found: &Vec<_>| count(found.len(), "target group"),
            ))
        })
        .await
    }

    pub(in crate::aws) async fn groups_of(&self, arn: &str) -> Result<Pages<TargetGroup>, Fault> {
        pages(PAGES, |marker| {
            let request = self
                .inner
                .elbv2
                .describe_target_groups()
                .load_balancer_arn(arn)
                .set_marker(marker);
            async move {
                self.inner.elb_pace.turn().await;
                let answer = request.send().await?;
                let groups = answer.target_groups().iter().map(target_group).collect();
                Ok((groups, answer.next_marker().map(str::to_owned)))
            }
        })
        .await
    }

    pub(crate) async fn target_health(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Vec<TargetHealth>> {
        let ask = Ask::new(
            read_only::DESCRIBE_TARGET_HEALTH,
            json!({"TargetGroupArn": arn, "Include": ["All"]}),
        );
        self.observe(recorder, step, ask, async {
            Ok(Reading::new(self.health_of(arn).await?, |targets| {
                let healthy = targets.iter().filter(|one| one.state == "healthy").count();
                format!("{}, {healthy} healthy", count(targets.len(), "target"))
            }))
        })
        .await
    }

    pub(in crate::aws) async fn health_of(&self, arn: &str) -> Result<Vec<TargetHealth>, Fault> {
        self.inner.elb_pace.turn().await;
        let answer = self
            .inner
            .elbv2
            .describe_target_health()
            .target_group_arn(arn)
            .include(types::DescribeTargetHealthInputIncludeEnum::All)
            .send()
            .await?;
        Ok(answer
            .target_health_descriptions()
            .iter()
            .map(target_health)
            .collect())
    }
}

fn target_group(found: &types::TargetGroup) -> TargetGroup {
    let seconds = |value: Option<i32>| {
        value
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or_default()
    };
    TargetGroup {
        arn: found.target_group_arn().unwrap_or_default().to_owned(),
        name: found.target_group_name().unwrap_or_default().to_owned(),
        target_type: match found.target_type().map(|kind| kind.as_str()) {
            Some("ip") => TargetType::Ip,
            Some("lambda") => TargetType::Lambda,
            Some("alb") => TargetType::Alb,
            _ => TargetType::Instance,
        },
        protocol: found
            .protocol()
            .map(|protocol| protocol.as_str().to_owned()),
        protocol_version: found.protocol_version().map(str::to_owned),
        port: found.port().and_then(|port| u16::try_from(port).ok()),
        vpc_id: found.vpc_id().map(str::to_owned),
        ip_address_type: found.ip_address_type().map(|kind| kind.as_str().to_owned()),
        health_check: HealthCheck {
            enabled: found.health_check_enabled().unwrap_or(true),
            protocol: found
                .health_check_protocol()
                .map(|one| one.as_str().to_owned()),
            port: found.health_check_port().map(str::to_owned),
            path: found.health_check_path().map(str::to_owned),
            matcher: found
                .matcher()
                .and_then(|matcher| matcher.http_code().or(matcher.grpc_code()))
                .map(str::to_owned),
            interval: seconds(found.health_check_interval_seconds()),
            timeout: seconds(found.health_check_timeout_seconds()),
            healthy_threshold: seconds(found.healthy_threshold_count()),
            unhealthy_threshold: seconds(found.unhealthy_threshold_count()),
        },
        load_balancer_arns: owned(found.load_balancer_arns()),
    }
}

fn target_health(found: &types::TargetHealthDescription) -> TargetHealth {
    let target = found.target();
    let health = found.target_health();
    TargetHealth {
        id: target
            .and_then(|target| target.id())
            .unwrap_or_default()
            .to_owned(),
        port: target
            .and_then(types::TargetDescription::port)
            .and_then(|port| u16::try_from(port).ok()),
        zone: target
            .and_then(|target| target.availability_zone())
            .map(str::to_owned),
        state: health
            .and_then(types::TargetHealth::state)
            .map_or("", |state| state.as_str())
            .to_owned(),
        reason: health
            .and_then(types::TargetHealth::reason)
            .map(|reason| reason.as_str().to_owned()),
        description: health
            .and_then(|health| health.description())
            .map(str::to_owned),
        health_check_port: found.health_check_port().map(str::to_owned),
        anomaly: found
            .anomaly_detection()
            .and_then(types::AnomalyDetection::result)
            .map(|result| result.as_str().to_owned()),
        administrative_override: found
            .administrative_override()
            .and_then(types::AdministrativeOverride::state)
            .map(|state| state.as_str().to_owned()),
    }
}
