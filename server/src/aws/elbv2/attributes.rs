//! The attributes of a load balancer and of a target group.

use diagnosis::{
    Observed, Step,
    evidence::{LoadBalancerAttributes, TargetGroupAttributes, load_balancer::LogDelivery},
};
use serde_json::json;

use crate::aws::{
    Aws, Recorder,
    ask::Ask,
    attributes::{Given, detail},
    pages::Reading,
    read_only,
};

impl Aws {
    pub(crate) async fn attributes(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<LoadBalancerAttributes> {
        let ask = Ask::new(
            read_only::DESCRIBE_LOAD_BALANCER_ATTRIBUTES,
            json!({"LoadBalancerArn": arn}),
        );
        self.observe(recorder, step, ask, async {
            self.inner.elb_pace.turn().await;
            let answer = self
                .inner
                .elbv2
                .describe_load_balancer_attributes()
                .load_balancer_arn(arn)
                .send()
                .await?;
            let given = Given::new(
                answer
                    .attributes()
                    .iter()
                    .map(|one| (one.key(), one.value())),
            );
            Ok(Reading::new(attributes(&given), detail))
        })
        .await
    }

    pub(crate) async fn target_group_attributes(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<TargetGroupAttributes> {
        let ask = Ask::new(
            read_only::DESCRIBE_TARGET_GROUP_ATTRIBUTES,
            json!({"TargetGroupArn": arn}),
        );
        self.observe(recorder, step, ask, async {
            self.inner.elb_pace.turn().await;
            let answer = self
                .inner
                .elbv2
                .describe_target_group_attributes()
                .target_group_arn(arn)
                .send()
                .await?;
            let given = Given::new(
                answer
                    .attributes()
                    .iter()
                    .map(|one| (one.key(), one.value())),
            );
            Ok(Reading::new(target_group_attributes(&given), |value| {
                format!("deregistration delay {} s", value.deregistration_delay)
            }))
        })
        .await
    }
}

/// Absent attributes have the default that AWS documents.
fn attributes(given: &Given<'_>) -> LoadBalancerAttributes {
    let delivery = |kind: &str| LogDelivery {
        enabled: given.flag(&format!("{kind}.s3.enabled")) == Some(true),
        bucket: given.text(&format!("{kind}.s3.bucket")).unwrap_or_default(),
        prefix: given.text(&format!("{kind}.s3.prefix")).unwrap_or_default(),
    };
    // Regions get these two later than others.
    let known = |kind: &str| {
        given
            .flag(&format!("{kind}.s3.enabled"))
            .map(|_| delivery(kind))
    };
    LoadBalancerAttributes {
        idle_timeout: given.number("idle_timeout.timeout_seconds").unwrap_or(60),
        client_keep_alive: Some(given.number("client_keep_alive.seconds").unwrap_or(3600)),
        access_logs: delivery("access_logs"),
        connection_logs: known("connection_logs"),
        health_check_logs: known("health_check_logs"),
        cross_zone: given.flag("load_balancing.cross_zone.enabled"),
        desync_mitigation_mode: given.text("routing.http.desync_mitigation_mode"),
        drop_invalid_header_fields: given.flag("routing.http.drop_invalid_header_fields.enabled"),
        http2: given.flag("routing.http2.enabled"),
        connection_draining: None,
    }
}

/// Absent attributes have the default that AWS documents.
fn target_group_attributes(given: &Given<'_>) -> TargetGroupAttributes {
    TargetGroupAttributes {
        deregistration_delay: given
            .number("deregistration_delay.timeout_seconds")
            .unwrap_or(300),
        slow_start: given.number("slow_start.duration_seconds").unwrap_or(0),
        algorithm: given.text("load_balancing.algorithm.type"),
        stickiness: given.flag("stickiness.enabled"),
        cross_zone: given.text("load_balancing.cross_zone.enabled"),
        lambda_multi_value_headers: given.flag("lambda.multi_value_headers.enabled"),
    }
}
