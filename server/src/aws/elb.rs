//! Classic load balancers, told in the terms of the Application ones where they agree.

use aws_sdk_elasticloadbalancing::types;
use diagnosis::{
    Observed, Step,
    evidence::{
        Listener, LoadBalancer, LoadBalancerAttributes, LoadBalancerType, TargetGroup,
        TargetHealth,
        load_balancer::{LogDelivery, Zone},
        target_groups::{HealthCheck, TargetType},
    },
};
use serde::Serialize;
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    attributes::{Given, detail},
    fault::Fault,
    pages::{Pages, Reading, pages},
    read_only,
    text::{count, owned, time},
};

const PAGES: u32 = 50;

/// What one DescribeLoadBalancers answer says of a Classic load balancer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Classic {
    pub(crate) load_balancer: LoadBalancer,
    pub(crate) listeners: Vec<Listener>,
    /// The policies of each listener, in the order of `listeners`.
    pub(crate) policies: Vec<Vec<String>>,
    pub(crate) target_group: TargetGroup,
    pub(crate) instances: Vec<String>,
}

impl Aws {
    pub(crate) async fn classic(
        &self,
        recorder: &Recorder,
        step: Step,
        name: &str,
        account: &str,
    ) -> Observed<Option<Classic>> {
        let ask = Ask::new(
            read_only::CLASSIC_DESCRIBE_LOAD_BALANCERS,
            json!({"LoadBalancerNames": [name]}),
        );
        self.observe(recorder, step, ask, async {
            let found = self.classic_load_balancers(Some(name), account).await?;
            Ok(found.reading(
                |found| found.into_iter().next(),
                |found| {
                    found.as_ref().map_or_else(
                        || "no such load balancer".to_owned(),
                        |found| {
                            format!(
                                "{}, {}, {}",
                                found.load_balancer.name,
                                count(found.listeners.len(), "listener"),
                                count(found.instances.len(), "instance")
                            )
                        },
                    )
                },
            ))
        })
        .await
    }

    /// The API names no account: `account` is the caller's.
    pub(super) async fn classic_load_balancers(
        &self,
        name: Option<&str>,
        account: &str,
    ) -> Result<Pages<Classic>, Fault> {
        pages(PAGES, |marker| {
            let request = self
                .inner
                .elb
                .describe_load_balancers()
                .set_load_balancer_names(name.map(|name| vec![name.to_owned()]))
                .set_marker(marker);
            async move {
                self.inner.elb_pace.turn().await;
                let answer = request.send().await?;
                let found = answer
                    .load_balancer_descriptions()
                    .iter()
                    .map(|found| classic(found, self.region(), account))
                    .collect();
                Ok((found, answer.next_marker().map(str::to_owned)))
            }
        })
        .await
    }

    pub(crate) async fn classic_attributes(
        &self,
        recorder: &Recorder,
        step: Step,
        name: &str,
    ) -> Observed<LoadBalancerAttributes> {
        let ask = Ask::new(
            read_only::CLASSIC_DESCRIBE_LOAD_BALANCER_ATTRIBUTES,
            json!({"LoadBalancerName": name}),
        );
        self.observe(recorder, step, ask, async {
            self.inner.elb_pace.turn().await;
            let answer = self
                .inner
                .elb
                .describe_load_balancer_attributes()
                .load_balancer_name(name)
                .send()
                .await?;
            let value = attributes(answer.load_balancer_attributes());
            Ok(Reading::new(value, detail))
        })
        .await
    }

    pub(crate) async fn classic_health(
        &self,
        recorder: &Recorder,
        step: Step,
        name: &str,
        port: Option<u16>,
    ) -> Observed<Vec<TargetHealth>> {
        let ask = Ask::new(
            read_only::CLASSIC_DESCRIBE_INSTANCE_HEALTH,
            json!({"LoadBalancerName": name}),
        );
        self.observe(recorder, step, ask, async {
            Ok(Reading::new(
                self.classic_health_of(name, port).await?,
                |targets| {
                    let healthy = targets.iter().filter(|one| one.state == "healthy").count();
                    format!("{}, {healthy} healthy", count(targets.len(), "instance"))
                },
            ))
        })
        .await
    }

    pub(super) async fn classic_health_of(
        &self,
        name: &str,
        port: Option<u16>,
    ) -> Result<Vec<TargetHealth>, Fault> {
        self.inner.elb_pace.turn().await;
        let answer = self
            .inner
            .elb
            .describe_instance_health()
            .load_balancer_name(name)
            .send()
            .await?;
        Ok(answer
            .instance_states()
            .iter()
            .map(|found| health(found, port))
            .collect())
    }

    /// The predefined TLS policy of each of the load balancer's own policies, by policy name.
    pub(crate) async fn classic_tls_policies(
        &self,
        recorder: &Recorder,
        step: Step,
        name: &str,
    ) -> Observed<Vec<(String, String)>> {
        let ask = Ask::new(
            read_only::CLASSIC_DESCRIBE_LOAD_BALANCER_POLICIES,
            json!({"LoadBalancerName": name}),
        );
        self.observe(recorder, step, ask, async {
            self.inner.elb_pace.turn().await;
            let answer = self
                .inner
                .elb
                .describe_load_balancer_policies()
                .load_balancer_name(name)
                .send()
                .await?;
            let policies = answer
                .policy_descriptions()
                .iter()
                .filter_map(tls_policy)
                .collect();
            Ok(Reading::new(policies, |found: &Vec<_>| {
                count(found.len(), "TLS policy")
            }))
        })
        .await
    }
}

fn classic(found: &types::LoadBalancerDescription, region: &str, account: &str) -> Classic {
    let name = found.load_balancer_name().unwrap_or_default();
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let arn =
        format!("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{name}");
    let vpc_id = found.vpc_id().unwrap_or_default().to_owned();
    let zones = found.availability_zones();
    let subnets = found.subnets();
    let described = found.listener_descriptions();
    Classic {
        load_balancer: LoadBalancer {
            arn: arn.clone(),
            name: name.to_owned(),
            kind: LoadBalancerType::Classic,
            region: region.to_owned(),
            account: account.to_owned(),
            dns_name: found.dns_name().unwrap_or_default().to_owned(),
            scheme: found.scheme().unwrap_or_default().to_owned(),
            ip_address_type: "ipv4".to_owned(),
            vpc_id: vpc_id.clone(),
            state: String::new(),
            state_reason: None,
            created_at: found.created_time().and_then(time),
            // The API lists zones and subnets apart and says nothing of which is whose, unless
            // there is one of each; what is not known stays empty.
            zones: match (zones, subnets) {
                ([zone], [subnet]) => vec![Zone {
                    name: zone.clone(),
                    subnet_id: subnet.clone(),
                }],
                (zones, []) => zones
                    .iter()
                    .map(|zone| Zone {
                        name: zone.clone(),
                        subnet_id: String::new(),
                    })
                    .collect(),
                (_, subnets) => subnets
                    .iter()
                    .map(|subnet| Zone {
                        name: String::new(),
                        subnet_id: subnet.clone(),
                    })
                    .collect(),
            },
            security_groups: owned(found.security_groups()),
        },
        listeners: described
            .iter()
            .filter_map(types::ListenerDescription::listener)
            .map(|one| listener(one, name))
            .collect(),
        policies: described
            .iter()
            .map(|one| owned(one.policy_names()))
            .collect(),
        target_group: TargetGroup {
            arn: name.to_owned(),
            name: name.to_owned(),
            target_type: TargetType::Instance,
            protocol: described
                .first()
                .and_then(types::ListenerDescription::listener)
                .map(|one| one.instance_protocol().unwrap_or(one.protocol()).to_owned()),
            protocol_version: None,
            port: described
                .first()
                .and_then(types::ListenerDescription::listener)
                .and_then(|one| u16::try_from(one.instance_port()).ok()),
            vpc_id: Some(vpc_id).filter(|id| !id.is_empty()),
            ip_address_type: None,
            health_check: found.health_check().map(health_check).unwrap_or_default(),
            load_balancer_arns: vec![arn],
        },
        instances: found
            .instances()
            .iter()
            .filter_map(|one| one.instance_id().map(str::to_owned))
            .collect(),
    }
}

fn listener(found: &types::Listener, name: &str) -> Listener {
    let port = u16::try_from(found.load_balancer_port()).unwrap_or_default();
    Listener {
        arn: format!("{name}:{port}"),
        port,
        protocol: found.protocol().to_owned(),
        certificate_arns: found
            .ssl_certificate_id()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        instance_port: u16::try_from(found.instance_port()).ok(),
        instance_protocol: found.instance_protocol().map(str::to_owned),
        ..Listener::default()
    }
}

/// `HTTP:8080/healthz`, `TCP:443`.
fn health_check(found: &types::HealthCheck) -> HealthCheck {
    let (protocol, rest) = found
        .target()
        .split_once(':')
        .unwrap_or((found.target(), ""));
    let (port, path) = match rest.split_once('/') {
        Some((port, path)) => (port, Some(format!("/{path}"))),
        None => (rest, None),
    };
    let seconds = |value: i32| u32::try_from(value).unwrap_or_default();
    HealthCheck {
        enabled: true,
        protocol: Some(protocol.to_owned()),
        port: Some(port.to_owned()).filter(|port| !port.is_empty()),
        path,
        matcher: matches!(protocol, "HTTP" | "HTTPS").then(|| "200".to_owned()),
        interval: seconds(found.interval()),
        timeout: seconds(found.timeout()),
        healthy_threshold: seconds(found.healthy_threshold()),
        unhealthy_threshold: seconds(found.unhealthy_threshold()),
    }
}

fn health(found: &types::InstanceState, port: Option<u16>) -> TargetHealth {
    TargetHealth {
        id: found.instance_id().unwrap_or_default().to_owned(),
        port,
        state: match found.state().unwrap_or_default() {
            "InService" => "healthy".to_owned(),
            "OutOfService" => "unhealthy".to_owned(),
            "Unknown" => "unavailable".to_owned(),
            other => other.to_owned(),
        },
        reason: found
            .reason_code()
            .filter(|code| *code != "N/A")
            .map(str::to_owned),
        description: found
            .description()
            .filter(|text| *text != "N/A")
            .map(str::to_owned),
        ..TargetHealth::default()
    }
}

fn attributes(found: Option<&types::LoadBalancerAttributes>) -> LoadBalancerAttributes {
    let log = found.and_then(|found| found.access_log());
    let draining = found.and_then(|found| found.connection_draining());
    let more = Given::new(
        found
            .map(types::LoadBalancerAttributes::additional_attributes)
            .unwrap_or_default()
            .iter()
            .map(|one| (one.key(), one.value())),
    );
    LoadBalancerAttributes {
        idle_timeout: found
            .and_then(|found| found.connection_settings())
            .and_then(|settings| u32::try_from(settings.idle_timeout()).ok())
            .unwrap_or(60),
        client_keep_alive: None,
        access_logs: LogDelivery {
            enabled: log.is_some_and(types::AccessLog::enabled),
            bucket: log
                .and_then(|log| log.s3_bucket_name())
                .unwrap_or_default()
                .to_owned(),
            prefix: log
                .and_then(|log| log.s3_bucket_prefix())
                .unwrap_or_default()
                .to_owned(),
        },
        connection_logs: None,
        health_check_logs: None,
        cross_zone: found
            .and_then(|found| found.cross_zone_load_balancing())
            .map(types::CrossZoneLoadBalancing::enabled),
        desync_mitigation_mode: more.text("elb.http.desyncmitigationmode"),
        drop_invalid_header_fields: None,
        http2: None,
        connection_draining: draining
            .filter(|draining| draining.enabled())
            .map(|draining| {
                draining
                    .timeout()
                    .and_then(|timeout| u32::try_from(timeout).ok())
                    .unwrap_or(300)
            }),
    }
}

/// A policy made from one of AWS's own names it; a hand-made one is called by its own name.
fn tls_policy(found: &types::PolicyDescription) -> Option<(String, String)> {
    if found.policy_type_name() != Some("SSLNegotiationPolicyType") {
        return None;
    }
    let name = found.policy_name()?;
    let reference = found
        .policy_attribute_descriptions()
        .iter()
        .find(|one| one.attribute_name() == Some("Reference-Security-Policy"))
        .and_then(|one| one.attribute_value());
    Some((name.to_owned(), reference.unwrap_or(name).to_owned()))
}
