//! Application load balancers.

mod attributes;
mod listeners;
mod target_groups;

use aws_sdk_elasticloadbalancingv2::types;
use diagnosis::{
    Observed, Step,
    evidence::{LoadBalancer, LoadBalancerType, load_balancer::Zone},
};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    fault::Fault,
    pages::{Pages, Reading, pages},
    read_only,
    text::{owned, time},
};

/// Of 400 (an account's own bound is far lower).
const PAGES: u32 = 50;

impl Aws {
    /// The load balancer as it is now.
    pub(crate) async fn load_balancer(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Option<LoadBalancer>> {
        let ask = Ask::new(
            read_only::DESCRIBE_LOAD_BALANCERS,
            json!({"LoadBalancerArns": [arn]}),
        );
        self.observe(recorder, step, ask, async {
            self.inner.elb_pace.turn().await;
            let answer = self
                .inner
                .elbv2
                .describe_load_balancers()
                .load_balancer_arns(arn)
                .send()
                .await?;
            let found = answer.load_balancers().first();
            let value = found.map(|found| load_balancer(found, self.region()));
            Ok(Reading::new(value, |value| {
                value.as_ref().map_or_else(
                    || "no such load balancer".to_owned(),
                    |found| format!("{}, {}", found.name, found.state),
                )
            }))
        })
        .await
    }

    /// Every load balancer of the v2 API that matches, or of the region: Application, Network and
    /// Gateway, each with its type's name.
    pub(super) async fn v2_load_balancers(
        &self,
        names: Option<Vec<String>>,
        arns: Option<Vec<String>>,
    ) -> Result<Pages<(LoadBalancer, String)>, Fault> {
        pages(PAGES, |marker| {
            let request = self
                .inner
                .elbv2
                .describe_load_balancers()
                .set_names(names.clone())
                .set_load_balancer_arns(arns.clone())
                .set_marker(marker);
            async move {
                self.inner.elb_pace.turn().await;
                let answer = request.send().await?;
                let found = answer
                    .load_balancers()
                    .iter()
                    .map(|found| {
                        let kind = found.r#type().map_or("application", |kind| kind.as_str());
                        (load_balancer(found, self.region()), kind.to_owned())
                    })
                    .collect();
                Ok((found, answer.next_marker().map(str::to_owned)))
            }
        })
        .await
    }
}

fn load_balancer(found: &types::LoadBalancer, region: &str) -> LoadBalancer {
    let arn = found.load_balancer_arn().unwrap_or_default();
    let state = found.state();
    LoadBalancer {
        arn: arn.to_owned(),
        name: found.load_balancer_name().unwrap_or_default().to_owned(),
        kind: LoadBalancerType::Application,
        region: region.to_owned(),
        account: arn.split(':').nth(4).unwrap_or_default().to_owned(),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        scheme: found
            .scheme()
            .map_or("", |scheme| scheme.as_str())
            .to_owned(),
        ip_address_type: found
            .ip_address_type()
            .map_or("", |kind| kind.as_str())
            .to_owned(),
        vpc_id: found.vpc_id().unwrap_or_default().to_owned(),
        state: state
            .and_then(types::LoadBalancerState::code)
            .map_or("", |code| code.as_str())
            .to_owned(),
        state_reason: state
            .and_then(types::LoadBalancerState::reason)
            .map(str::to_owned),
        created_at: found.created_time().and_then(time),
        zones: found
            .availability_zones()
            .iter()
            .map(|zone| Zone {
                name: zone.zone_name().unwrap_or_default().to_owned(),
                subnet_id: zone.subnet_id().unwrap_or_default().to_owned(),
            })
            .collect(),
        security_groups: owned(found.security_groups()),
    }
}

/// Absent attributes have the default that AWS documents.
fn attributes(given: &HashMap<&str, &str>) -> LoadBalancerAttributes {
    let number = |key: &str| given.get(key).and_then(|value| value.parse().ok());
    let flag = |key: &str| given.get(key).map(|value| *value == "true");
    let delivery = |kind: &str| {
        let text = |field: &str| {
            let key = format!("{kind}.s3.{field}");
            given
                .get(key.as_str())
                .copied()
                .unwrap_or_default()
                .to_owned()
        };
        LogDelivery {
            enabled: text("enabled") == "true",
            bucket: text("bucket"),
            prefix: text("prefix"),
        }
    };
    LoadBalancerAttributes {
        idle_timeout: number("idle_timeout.timeout_seconds").unwrap_or(60),
        client_keep_alive: Some(number("client_keep_alive.seconds").unwrap_or(3600)),
        access_logs: delivery("access_logs"),
        connection_logs: given
            .contains_key("connection_logs.s3.enabled")
            .then(|| delivery("connection_logs")),
        health_check_logs: given
            .contains_key("health_check_logs.s3.enabled")
            .then(|| delivery("health_check_logs")),
        cross_zone: flag("load_balancing.cross_zone.enabled"),
        desync_mitigation_mode: given
            .get("routing.http.desync_mitigation_mode")
            .map(|mode| (*mode).to_owned()),
        drop_invalid_header_fields: flag("routing.http.drop_invalid_header_fields.enabled"),
        http2: flag("routing.http2.enabled"),
        connection_draining: None,
    }
}

fn listener(found: &types::Listener) -> Listener {
    Listener {
        arn: found.listener_arn().unwrap_or_default().to_owned(),
        port: found
            .port()
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or_default(),
        protocol: found
            .protocol()
            .map_or("", |protocol| protocol.as_str())
            .to_owned(),
        ssl_policy: found.ssl_policy().map(str::to_owned),
        certificate_arns: found
            .certificates()
            .iter()
            .filter_map(|one| one.certificate_arn().map(str::to_owned))
            .collect(),
        mutual_authentication: found
            .mutual_authentication()
            .and_then(|mutual| mutual.mode())
            .map(str::to_owned),
        rules: Vec::new(),
        gaps: Vec::new(),
        instance_port: None,
        instance_protocol: None,
    }
}

fn rules(found: Vec<types::Rule>) -> Vec<ListenerRule> {
    let mut rules: Vec<ListenerRule> = found.iter().map(rule).collect();
    // `default` is no number and goes last.
    rules.sort_by_key(|rule| rule.priority.parse().unwrap_or(u32::MAX));
    rules
}

fn rule(found: &types::Rule) -> ListenerRule {
    let forwards_to = found.actions().iter().flat_map(forwards).collect();
    ListenerRule {
        arn: found.rule_arn().unwrap_or_default().to_owned(),
        priority: found.priority().unwrap_or("default").to_owned(),
        conditions: found.conditions().iter().map(condition).collect(),
        actions: found
            .actions()
            .iter()
            .filter_map(|action| action.r#type().map(|kind| kind.as_str().to_owned()))
            .collect(),
        forwards_to,
    }
}

/// An action names one group, or several with weights, or (as the API answers) both alike.
fn forwards(action: &types::Action) -> Vec<Forward> {
    let groups = action
        .forward_config()
        .map(types::ForwardActionConfig::target_groups)
        .unwrap_or_default();
    if groups.is_empty() {
        return action
            .target_group_arn()
            .map(|arn| Forward {
                target_group_arn: arn.to_owned(),
                weight: 1,
            })
            .into_iter()
            .collect();
    }
    groups
        .iter()
        .map(|group| Forward {
            target_group_arn: group.target_group_arn().unwrap_or_default().to_owned(),
            weight: group
                .weight()
                .and_then(|weight| u32::try_from(weight).ok())
                .unwrap_or(1),
        })
        .collect()
}

fn condition(found: &types::RuleCondition) -> String {
    let listed = |values: &[String]| values.join(" or ");
    let (what, values) = match found.field().unwrap_or_default() {
        "path-pattern" => (
            "path".to_owned(),
            found
                .path_pattern_config()
                .map(|config| listed(config.values())),
        ),
        "host-header" => (
            "host".to_owned(),
            found
                .host_header_config()
                .map(|config| listed(config.values())),
        ),
        "http-request-method" => (
            "method".to_owned(),
            found
                .http_request_method_config()
                .map(|config| listed(config.values())),
        ),
        "source-ip" => (
            "source".to_owned(),
            found
                .source_ip_config()
                .map(|config| listed(config.values())),
        ),
        "http-header" => (
            format!(
                "header {}",
                found
                    .http_header_config()
                    .and_then(|config| config.http_header_name())
                    .unwrap_or_default()
            ),
            found
                .http_header_config()
                .map(|config| listed(config.values())),
        ),
        "query-string" => (
            "query".to_owned(),
            found.query_string_config().map(|config| {
                config
                    .values()
                    .iter()
                    .map(|pair| match pair.key() {
                        Some(key) => format!("{key}={}", pair.value().unwrap_or_default()),
                        None => pair.value().unwrap_or_default().to_owned(),
                    })
                    .collect::<Vec<_>>()
                    .join(" or ")
            }),
        ),
        other => (other.to_owned(), None),
    };
    let values = values
        .filter(|values| !values.is_empty())
        .unwrap_or_else(|| listed(found.values()));
    format!("{what} {values}").trim_end().to_owned()
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

/// Absent attributes have the default that AWS documents.
fn target_group_attributes(given: &HashMap<&str, &str>) -> TargetGroupAttributes {
    let number = |key: &str| given.get(key).and_then(|value| value.parse().ok());
    let flag = |key: &str| given.get(key).map(|value| *value == "true");
    let text = |key: &str| given.get(key).map(|value| (*value).to_owned());
    TargetGroupAttributes {
        deregistration_delay: number("deregistration_delay.timeout_seconds").unwrap_or(300),
        slow_start: number("slow_start.duration_seconds").unwrap_or(0),
        algorithm: text("load_balancing.algorithm.type"),
        stickiness: flag("stickiness.enabled"),
        cross_zone: text("load_balancing.cross_zone.enabled"),
        lambda_multi_value_headers: flag("lambda.multi_value_headers.enabled"),
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
