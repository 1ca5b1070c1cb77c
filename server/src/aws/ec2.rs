//! Instances and network interfaces.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ec2::types;
use diagnosis::{
    Observed, Step,
    evidence::{Instance, NetworkInterface},
};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    pages::pages,
    read_only,
    text::{count, time},
};

const PAGES: u32 = 50;

/// What EC2's status checks say of an instance: system, instance.
pub(crate) type Status = (Option<String>, Option<String>);

impl Aws {
    /// The instances of these ids (at most 200: EC2's bound of a filter). An id that EC2 no longer
    /// knows is there with the state `missing`.
    pub(crate) async fn instances(
        &self,
        recorder: &Recorder,
        step: Step,
        ids: &[String],
    ) -> Observed<Vec<Instance>> {
        // As a filter: one unknown id among InstanceIds would fail the whole call.
        let ask = Ask::new(
            read_only::DESCRIBE_INSTANCES,
            json!({"Filters": [{"Name": "instance-id", "Values": ids}]}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .ec2
                    .describe_instances()
                    .filters(filter("instance-id", ids))
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let found = answer
                        .reservations()
                        .iter()
                        .flat_map(|reservation| reservation.instances())
                        .map(instance)
                        .collect();
                    Ok((found, answer.next_token().map(str::to_owned)))
                }
            })
            .await?;
            let whole = read.cut.is_none();
            Ok(read.reading(
                |found| with_missing(found, ids, whole),
                |found: &Vec<Instance>| {
                    let running = found.iter().filter(|one| one.state == "running").count();
                    format!("{}, {running} running", count(found.len(), "instance"))
                },
            ))
        })
        .await
    }

    /// Status checks by instance id. Ask only for ids that EC2 knows (at most 100).
    pub(crate) async fn instance_status(
        &self,
        recorder: &Recorder,
        step: Step,
        ids: &[String],
    ) -> Observed<BTreeMap<String, Status>> {
        let ask = Ask::new(
            read_only::DESCRIBE_INSTANCE_STATUS,
            json!({"InstanceIds": ids, "IncludeAllInstances": true}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .ec2
                    .describe_instance_status()
                    .set_instance_ids(Some(ids.to_vec()))
                    .include_all_instances(true)
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let next = answer.next_token().map(str::to_owned);
                    Ok((answer.instance_statuses.unwrap_or_default(), next))
                }
            })
            .await?;
            Ok(read.reading(
                |found| {
                    let summary = |one: Option<&types::InstanceStatusSummary>| {
                        one.and_then(|one| one.status())
                            .map(|status| status.as_str().to_owned())
                    };
                    found
                        .iter()
                        .filter_map(|one| {
                            let checks =
                                (summary(one.system_status()), summary(one.instance_status()));
                            Some((one.instance_id()?.to_owned(), checks))
                        })
                        .collect()
                },
                |found: &BTreeMap<String, Status>| {
                    let failed = |one: &Option<String>| one.as_deref() == Some("impaired");
                    let impaired = found
                        .values()
                        .filter(|(system, own)| failed(system) || failed(own))
                        .count();
                    format!("{}, {impaired} impaired", count(found.len(), "instance"))
                },
            ))
        })
        .await
    }

    /// By one of EC2's filters, within a VPC.
    pub(crate) async fn network_interfaces(
        &self,
        recorder: &Recorder,
        step: Step,
        vpc_id: &str,
        name: &'static str,
        values: &[String],
    ) -> Observed<Vec<NetworkInterface>> {
        let ask = Ask::new(
            read_only::DESCRIBE_NETWORK_INTERFACES,
            json!({"Filters": [
                {"Name": "vpc-id", "Values": [vpc_id]},
                {"Name": name, "Values": values},
            ]}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .ec2
                    .describe_network_interfaces()
                    .filters(filter("vpc-id", &[vpc_id.to_owned()]))
                    .filters(filter(name, values))
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let found = answer.network_interfaces().iter().map(interface).collect();
                    Ok((found, answer.next_token().map(str::to_owned)))
                }
            })
            .await?;
            Ok(read.reading(
                |found| found,
                |found: &Vec<_>| count(found.len(), "network interface"),
            ))
        })
        .await
    }
}

pub(super) fn filter(name: &str, values: &[String]) -> types::Filter {
    types::Filter::builder()
        .name(name)
        .set_values(Some(values.to_vec()))
        .build()
}

fn with_missing(found: Vec<Instance>, asked: &[String], whole: bool) -> Vec<Instance> {
    let mut by_id: HashMap<String, Instance> =
        found.into_iter().map(|one| (one.id.clone(), one)).collect();
    asked
        .iter()
        .filter_map(|id| {
            by_id.remove(id).or_else(|| {
                whole.then(|| Instance {
                    id: id.clone(),
                    state: "missing".to_owned(),
                    ..Instance::default()
                })
            })
        })
        .collect()
}

fn instance(found: &types::Instance) -> Instance {
    let interfaces = found.network_interfaces();
    let mut private_ips: Vec<String> = found
        .private_ip_address()
        .map(str::to_owned)
        .into_iter()
        .collect();
    for address in interfaces.iter().flat_map(|one| one.private_ip_addresses()) {
        private_ips.extend(address.private_ip_address().map(str::to_owned));
    }
    let mut seen = std::collections::HashSet::new();
    private_ips.retain(|address| seen.insert(address.clone()));
    Instance {
        id: found.instance_id().unwrap_or_default().to_owned(),
        state: found
            .state()
            .and_then(|state| state.name())
            .map_or("", |name| name.as_str())
            .to_owned(),
        state_reason: found
            .state_transition_reason()
            .filter(|reason| !reason.is_empty())
            .or_else(|| found.state_reason().and_then(|reason| reason.message()))
            .map(str::to_owned),
        zone: found
            .placement()
            .and_then(|placement| placement.availability_zone())
            .map(str::to_owned),
        subnet_id: found.subnet_id().map(str::to_owned),
        vpc_id: found.vpc_id().map(str::to_owned),
        private_ips,
        ipv6_addresses: interfaces
            .iter()
            .flat_map(|one| one.ipv6_addresses())
            .filter_map(|one| one.ipv6_address().map(str::to_owned))
            .collect(),
        security_groups: found
            .security_groups()
            .iter()
            .filter_map(|one| one.group_id().map(str::to_owned))
            .collect(),
        instance_type: found.instance_type().map(|kind| kind.as_str().to_owned()),
        launched_at: found.launch_time().and_then(time),
        system_status: None,
        instance_status: None,
    }
}

fn interface(found: &types::NetworkInterface) -> NetworkInterface {
    let mut private_ips: Vec<String> = found
        .private_ip_addresses()
        .iter()
        .filter_map(|one| one.private_ip_address().map(str::to_owned))
        .collect();
    if private_ips.is_empty() {
        private_ips.extend(found.private_ip_address().map(str::to_owned));
    }
    NetworkInterface {
        id: found.network_interface_id().unwrap_or_default().to_owned(),
        description: found.description().unwrap_or_default().to_owned(),
        interface_type: found.interface_type().map(|kind| kind.as_str().to_owned()),
        subnet_id: found.subnet_id().map(str::to_owned),
        vpc_id: found.vpc_id().map(str::to_owned),
        zone: found.availability_zone().map(str::to_owned),
        status: found.status().map(|status| status.as_str().to_owned()),
        private_ips,
        ipv6_addresses: found
            .ipv6_addresses()
            .iter()
            .filter_map(|one| one.ipv6_address().map(str::to_owned))
            .collect(),
        security_groups: found
            .groups()
            .iter()
            .filter_map(|one| one.group_id().map(str::to_owned))
            .collect(),
        instance_id: found
            .attachment()
            .and_then(|attachment| attachment.instance_id())
            .map(str::to_owned),
    }
}
