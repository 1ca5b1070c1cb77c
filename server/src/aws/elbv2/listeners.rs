//! Listeners, their rules and their certificates.

use aws_sdk_elasticloadbalancingv2::types;
use diagnosis::{
    Observed, Step,
    evidence::{
        Listener,
        listeners::{Forward, ListenerRule},
    },
};
use serde_json::json;

use super::PAGES;
use crate::aws::{Aws, Recorder, ask::Ask, pages::pages, read_only, text::count};

impl Aws {
    /// Listeners without their rules: see [`Aws::rules`] and [`Aws::listener_certificates`].
    pub(crate) async fn listeners(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Vec<Listener>> {
        let ask = Ask::new(
            read_only::DESCRIBE_LISTENERS,
            json!({"LoadBalancerArn": arn}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |marker| {
                let request = self
                    .inner
                    .elbv2
                    .describe_listeners()
                    .load_balancer_arn(arn)
                    .set_marker(marker);
                async move {
                    self.inner.elb_pace.turn().await;
                    let answer = request.send().await?;
                    let next = answer.next_marker().map(str::to_owned);
                    Ok((answer.listeners.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(
                |found| found.iter().map(listener).collect(),
                |found: &Vec<_>| count(found.len(), "listener"),
            ))
        })
        .await
    }

    pub(crate) async fn rules(
        &self,
        recorder: &Recorder,
        step: Step,
        listener_arn: &str,
    ) -> Observed<Vec<ListenerRule>> {
        let ask = Ask::new(
            read_only::DESCRIBE_RULES,
            json!({"ListenerArn": listener_arn}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |marker| {
                let request = self
                    .inner
                    .elbv2
                    .describe_rules()
                    .listener_arn(listener_arn)
                    .set_marker(marker);
                async move {
                    self.inner.elb_pace.turn().await;
                    let answer = request.send().await?;
                    let next = answer.next_marker().map(str::to_owned);
                    Ok((answer.rules.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(rules, |found: &Vec<_>| count(found.len(), "rule")))
        })
        .await
    }

    /// Every certificate of a listener, the default one too.
    pub(crate) async fn listener_certificates(
        &self,
        recorder: &Recorder,
        step: Step,
        listener_arn: &str,
    ) -> Observed<Vec<String>> {
        let ask = Ask::new(
            read_only::DESCRIBE_LISTENER_CERTIFICATES,
            json!({"ListenerArn": listener_arn}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |marker| {
                let request = self
                    .inner
                    .elbv2
                    .describe_listener_certificates()
                    .listener_arn(listener_arn)
                    .set_marker(marker);
                async move {
                    self.inner.elb_pace.turn().await;
                    let answer = request.send().await?;
                    let next = answer.next_marker().map(str::to_owned);
                    Ok((answer.certificates.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(
                |found| {
                    let mut arns: Vec<String> = found
                        .into_iter()
                        .filter_map(|one| one.certificate_arn)
                        .collect();
                    arns.sort();
                    arns.dedup();
                    arns
                },
                |arns: &Vec<_>| count(arns.len(), "certificate"),
            ))
        })
        .await
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
