//! What Auto Scaling did to the groups' instances.

use diagnosis::{
    Observed, Step,
    evidence::{Change, LoadBalancer, LoadBalancerType, Window},
};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    pages::pages,
    read_only,
    text::{count, cut, time},
};

const GROUP_PAGES: u32 = 20;
/// Of 100, newest first.
const ACTIVITY_PAGES: u32 = 5;

impl Aws {
    /// Names of the Auto Scaling groups that register instances with any of the target groups (or
    /// with the Classic load balancer).
    pub(crate) async fn auto_scaling_groups(
        &self,
        recorder: &Recorder,
        step: Step,
        load_balancer: &LoadBalancer,
        target_groups: &[String],
    ) -> Observed<Vec<String>> {
        let ask = Ask::new(read_only::DESCRIBE_AUTO_SCALING_GROUPS, json!({}));
        self.observe(recorder, step, ask, async {
            let read = pages(GROUP_PAGES, |token| {
                let request = self
                    .inner
                    .autoscaling
                    .describe_auto_scaling_groups()
                    .max_records(100)
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let next = answer.next_token().map(str::to_owned);
                    Ok((answer.auto_scaling_groups.unwrap_or_default(), next))
                }
            })
            .await?;
            let all = read.items.len();
            let classic = load_balancer.kind == LoadBalancerType::Classic;
            Ok(read.reading(
                |found| {
                    found
                        .iter()
                        .filter(|group| {
                            group
                                .target_group_arns()
                                .iter()
                                .any(|arn| target_groups.contains(arn))
                                || group.traffic_sources().iter().any(|source| {
                                    target_groups
                                        .iter()
                                        .any(|arn| source.identifier() == Some(arn.as_str()))
                                })
                                || (classic
                                    && group.load_balancer_names().contains(&load_balancer.name))
                        })
                        .filter_map(|group| group.auto_scaling_group_name().map(str::to_owned))
                        .collect()
                },
                |names: &Vec<String>| {
                    format!(
                        "{} of {} of this load balancer",
                        names.len(),
                        count(all, "Auto Scaling group")
                    )
                },
            ))
        })
        .await
    }

    /// Activities that began in `within`, oldest first.
    pub(crate) async fn scaling_activities(
        &self,
        recorder: &Recorder,
        step: Step,
        group: &str,
        within: Window,
    ) -> Observed<Vec<Change>> {
        let ask = Ask::new(
            read_only::DESCRIBE_SCALING_ACTIVITIES,
            json!({"AutoScalingGroupName": group}),
        );
        self.observe(recorder, step, ask, async {
            let read = pages(ACTIVITY_PAGES, |token| {
                let request = self
                    .inner
                    .autoscaling
                    .describe_scaling_activities()
                    .auto_scaling_group_name(group)
                    .max_records(100)
                    .set_next_token(token);
                async move {
                    let answer = request.send().await?;
                    let found: Vec<Change> = answer
                        .activities()
                        .iter()
                        .filter_map(|one| change(one, group))
                        .collect();
                    // Newest first: pages past the window's start hold nothing of it.
                    let older = found.last().is_some_and(|change| change.at < within.from);
                    let next = answer.next_token().map(str::to_owned).filter(|_| !older);
                    Ok((found, next))
                }
            })
            .await?;
            Ok(read.reading(
                |mut found| {
                    found.retain(|change| within.contains(change.at));
                    found.sort_by_key(|change| change.at);
                    found
                },
                |found: &Vec<_>| format!("{} near the window", count(found.len(), "activity")),
            ))
        })
        .await
    }
}

fn change(found: &aws_sdk_autoscaling::types::Activity, group: &str) -> Option<Change> {
    let description = found.description().unwrap_or_default();
    let name = description.split(':').next().unwrap_or_default();
    let status = found
        .status_code()
        .map(|code| code.as_str())
        .unwrap_or_default();
    let mut resources = vec![group.to_owned()];
    resources.extend(
        description
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter(|word| word.starts_with("i-") && word.len() > 9)
            .map(str::to_owned),
    );
    Some(Change {
        at: found.start_time().and_then(time)?,
        name: cut(name, 120),
        who: format!("Auto Scaling group {group}"),
        resources,
        summary: cut(
            &format!(
                "{description} ({status}). {}",
                found.cause().unwrap_or_default()
            ),
            600,
        ),
        error: matches!(status, "Failed" | "Cancelled")
            .then(|| cut(found.status_message().unwrap_or(status), 300)),
    })
}
