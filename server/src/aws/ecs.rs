//! Services behind the target groups, and the tasks of theirs that stopped.

use std::collections::BTreeMap;

use aws_sdk_ecs::types;
use diagnosis::{
    Observed, Step,
    evidence::{
        Window,
        ecs::{EcsService, ServiceEvent, StoppedContainer, StoppedTask},
    },
};
use serde::Serialize;
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    pages::{Reading, pages},
    read_only,
    text::{count, cut, time},
};

const PAGES: u32 = 20;
/// ECS keeps stopped tasks for an hour; of 100 each.
const TASK_PAGES: u32 = 3;

/// What of a task definition matters here.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct TaskDefinition {
    /// The longest of its containers, seconds.
    pub(crate) stop_timeout: Option<u32>,
    pub(crate) log_groups: Vec<String>,
}

impl Aws {
    pub(crate) async fn clusters(&self, recorder: &Recorder, step: Step) -> Observed<Vec<String>> {
        let ask = Ask::new(read_only::LIST_CLUSTERS, json!({}));
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self.inner.ecs.list_clusters().set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let next = answer.next_token().map(str::to_owned);
                    Ok((answer.cluster_arns.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(
                |found| found,
                |found: &Vec<_>| count(found.len(), "cluster"),
            ))
        })
        .await
    }

    pub(crate) async fn service_arns(
        &self,
        recorder: &Recorder,
        step: Step,
        cluster: &str,
    ) -> Observed<Vec<String>> {
        let ask = Ask::new(read_only::LIST_SERVICES, json!({"cluster": cluster}));
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .ecs
                    .list_services()
                    .cluster(cluster)
                    .max_results(100)
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let next = answer.next_token().map(str::to_owned);
                    Ok((answer.service_arns.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(
                |found| found,
                |found: &Vec<_>| count(found.len(), "service"),
            ))
        })
        .await
    }

    /// Of these services (at most 10) those that register with any of the target groups (or with
    /// the Classic load balancer of that name), with their events in `within`.
    pub(crate) async fn services(
        &self,
        recorder: &Recorder,
        step: Step,
        cluster: &str,
        arns: &[String],
        target_groups: &[String],
        within: Window,
    ) -> Observed<Vec<EcsService>> {
        let ask = Ask::new(
            read_only::DESCRIBE_SERVICES,
            json!({"cluster": cluster, "services": arns}),
        );
        self.observe(recorder, step, ask, async {
            let answer = self
                .inner
                .ecs
                .describe_services()
                .cluster(cluster)
                .set_services(Some(arns.to_vec()))
                .send()
                .await?;
            let services: Vec<EcsService> = answer
                .services()
                .iter()
                .map(|found| service(found, cluster, within))
                .filter(|service| {
                    service
                        .target_group_arns
                        .iter()
                        .any(|arn| target_groups.contains(arn))
                })
                .collect();
            let mut reading = Reading::new(services, |found| {
                format!(
                    "{} of {} behind this load balancer",
                    found.len(),
                    count(arns.len(), "service")
                )
            });
            if !answer.failures().is_empty() {
                reading.cut_short(
                    count(answer.failures().len(), "service") + " could not be described",
                );
            }
            Ok(reading)
        })
        .await
    }

    pub(crate) async fn task_definition(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<TaskDefinition> {
        let ask = Ask::new(
            read_only::DESCRIBE_TASK_DEFINITION,
            json!({"taskDefinition": arn}),
        );
        self.observe(recorder, step, ask, async {
            let answer = self
                .inner
                .ecs
                .describe_task_definition()
                .task_definition(arn)
                .send()
                .await?;
            let containers = answer
                .task_definition()
                .map(types::TaskDefinition::container_definitions)
                .unwrap_or_default();
            let mut log_groups: Vec<String> = containers
                .iter()
                .filter_map(|container| {
                    let log = container.log_configuration()?;
                    (log.log_driver() == &types::LogDriver::Awslogs)
                        .then(|| log.options()?.get("awslogs-group").cloned())?
                })
                .collect();
            log_groups.sort();
            log_groups.dedup();
            let value = TaskDefinition {
                stop_timeout: containers
                    .iter()
                    .filter_map(types::ContainerDefinition::stop_timeout)
                    .max()
                    .and_then(|seconds| u32::try_from(seconds).ok()),
                log_groups,
            };
            Ok(Reading::new(value, |value| match value.stop_timeout {
                Some(seconds) => format!("stop timeout {seconds} s"),
                None => "stop timeout not set, 30 s".to_owned(),
            }))
        })
        .await
    }

    pub(crate) async fn stopped_task_arns(
        &self,
        recorder: &Recorder,
        step: Step,
        cluster: &str,
        service: &str,
    ) -> Observed<Vec<String>> {
        let ask = Ask::new(
            read_only::LIST_TASKS,
            json!({"cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED"}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(TASK_PAGES, |token| {
                let request = self
                    .inner
                    .ecs
                    .list_tasks()
                    .cluster(cluster)
                    .service_name(service)
                    .desired_status(types::DesiredStatus::Stopped)
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let next = answer.next_token().map(str::to_owned);
                    Ok((answer.task_arns.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(
                |found| found,
                |found: &Vec<_>| count(found.len(), "stopped task"),
            ))
        })
        .await
    }

    /// At most 100.
    pub(crate) async fn stopped_tasks(
        &self,
        recorder: &Recorder,
        step: Step,
        cluster: &str,
        service: &str,
        arns: &[String],
    ) -> Observed<Vec<StoppedTask>> {
        let ask = Ask::new(
            read_only::DESCRIBE_TASKS,
            json!({"cluster": cluster, "tasks": arns}),
        );
        self.observe(recorder, step, ask, async {
            let answer = self
                .inner
                .ecs
                .describe_tasks()
                .cluster(cluster)
                .set_tasks(Some(arns.to_vec()))
                .send()
                .await?;
            let tasks: Vec<StoppedTask> = answer
                .tasks()
                .iter()
                .map(|found| stopped(found, service))
                .collect();
            Ok(Reading::new(tasks, |tasks| {
                let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
                for task in tasks {
                    *codes
                        .entry(task.stop_code.as_deref().unwrap_or("unknown"))
                        .or_default() += 1;
                }
                let codes: Vec<String> = codes
                    .iter()
                    .map(|(code, number)| format!("{number} {code}"))
                    .collect();
                format!(
                    "{} ({})",
                    count(tasks.len(), "stopped task"),
                    codes.join(", ")
                )
            }))
        })
        .await
    }
}

fn service(found: &types::Service, cluster: &str, within: Window) -> EcsService {
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    let mut target_group_arns: Vec<String> = found
        .load_balancers()
        .iter()
        .filter_map(|one| {
            one.target_group_arn()
                .or(one.load_balancer_name())
                .map(str::to_owned)
        })
        .collect();
    for set in found.task_sets() {
        target_group_arns.extend(
            set.load_balancers()
                .iter()
                .filter_map(|one| one.target_group_arn().map(str::to_owned)),
        );
    }
    target_group_arns.sort();
    target_group_arns.dedup();
    let mut events: Vec<ServiceEvent> = found
        .events()
        .iter()
        .filter_map(|event| {
            Some(ServiceEvent {
                at: event.created_at().and_then(time)?,
                message: cut(event.message().unwrap_or_default(), 1_000),
            })
        })
        .filter(|event| within.contains(event.at))
        .collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    EcsService {
        arn: found.service_arn().unwrap_or_default().to_owned(),
        cluster: found.cluster_arn().unwrap_or(cluster).to_owned(),
        name: found.service_name().unwrap_or_default().to_owned(),
        target_group_arns,
        desired_count: number(found.desired_count()),
        running_count: number(found.running_count()),
        pending_count: number(found.pending_count()),
        task_definition: found.task_definition().map(str::to_owned),
        stop_timeout: None,
        events,
    }
}

fn stopped(found: &types::Task, service: &str) -> StoppedTask {
    let detail = |name: &str| {
        found
            .attachments()
            .iter()
            .flat_map(types::Attachment::details)
            .find(|detail| detail.name() == Some(name))
            .and_then(|detail| detail.value())
    };
    let interfaces = || {
        let containers = found.containers().iter();
        containers.flat_map(types::Container::network_interfaces)
    };
    let ip = detail("privateIPv4Address")
        .or_else(|| interfaces().find_map(types::NetworkInterface::private_ipv4_address));
    let ipv6 = detail("privateIPv6Address")
        .or_else(|| interfaces().find_map(types::NetworkInterface::ipv6_address));
    let mut host_ports: Vec<u16> = found
        .containers()
        .iter()
        .flat_map(types::Container::network_bindings)
        .filter_map(|binding| u16::try_from(binding.host_port()?).ok())
        .filter(|port| *port > 0)
        .collect();
    host_ports.sort_unstable();
    host_ports.dedup();
    StoppedTask {
        arn: found.task_arn().unwrap_or_default().to_owned(),
        service: Some(service.to_owned()),
        // In the host's network an interface has the host's address, if any: its ports tell more.
        ip: ip.filter(|ip| !ip.is_empty()).map(str::to_owned),
        ipv6: ipv6.filter(|ip| !ip.is_empty()).map(str::to_owned),
        host_ports,
        started_at: found.started_at().and_then(time),
        stopping_at: found.stopping_at().and_then(time),
        execution_stopped_at: found.execution_stopped_at().and_then(time),
        stopped_at: found.stopped_at().and_then(time),
        stop_code: found.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: found.stopped_reason().map(|reason| cut(reason, 1_000)),
        containers: found
            .containers()
            .iter()
            .map(|container| StoppedContainer {
                name: container.name().unwrap_or_default().to_owned(),
                exit_code: container.exit_code(),
                reason: container.reason().map(|reason| cut(reason, 1_000)),
            })
            .collect(),
    }
}
