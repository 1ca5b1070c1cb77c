//! The load balancers of the region, with what a person wants to see of them first.

use std::{collections::HashMap, time::Duration};

use chrono::{TimeDelta, Utc};
use diagnosis::{
    api::{
        LoadBalancerList,
        load_balancer::{LoadBalancerSummary, TargetCount},
    },
    evidence::{LoadBalancer, LoadBalancerType, TargetHealth},
};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::{Aws, AwsError, Wanted, WantedMetric, fault::Fault, read_only, text::count};

/// After this the list goes out with what it has.
const BUDGET: Duration = Duration::from_secs(5);
/// Target health takes two calls or more for each: beyond so many it is left out.
const WITH_HEALTH: usize = 60;
const AT_ONCE: usize = 8;

impl Aws {
    /// The home page's list: state, 502s of the last hour, targets; what was denied is in `missing`.
    /// `q`: part of a name, ARN or DNS name, in any case.
    pub async fn list_load_balancers(&self, q: Option<&str>) -> Result<LoadBalancerList, AwsError> {
        let deadline = Instant::now() + BUDGET;
        let mut missing = Vec::new();
        let mut found = self.both_kinds(deadline, &mut missing).await?;
        if let Some(q) = q
            .map(|q| q.trim().to_ascii_lowercase())
            .filter(|q| !q.is_empty())
        {
            found.retain(|one| {
                [&one.name, &one.arn, &one.dns_name]
                    .iter()
                    .any(|text| text.to_ascii_lowercase().contains(&q))
            });
        }
        let (counts, health) = tokio::join!(
            timeout_at(deadline, self.http_502s(&found)),
            self.health_of_all(&found, deadline)
        );
        let counts = match counts {
            Ok(Ok(counts)) => counts,
            Ok(Err(fault)) => {
                missing.push(words(
                    "502s of the last hour",
                    &fault,
                    read_only::GET_METRIC_DATA.action(),
                ));
                HashMap::new()
            }
            Err(_) => {
                missing.push("502s of the last hour: CloudWatch took too long".to_owned());
                HashMap::new()
            }
        };
        let (mut health, health_missing) = health;
        missing.extend(health_missing);
        if found.len() > WITH_HEALTH {
            missing.push(format!(
                "targets: asked for the first {} only, name one to see it",
                count(WITH_HEALTH, "load balancer")
            ));
        }
        let mut load_balancers: Vec<LoadBalancerSummary> = found
            .into_iter()
            .map(|one| LoadBalancerSummary {
                http_502_last_hour: counts.get(&one.arn).copied(),
                targets: health.remove(&one.arn),
                arn: one.arn,
                name: one.name,
                kind: one.kind,
                region: one.region,
                dns_name: one.dns_name,
                scheme: one.scheme,
                state: one.state,
            })
            .collect();
        load_balancers.sort_by(|a, b| {
            let most_first = b.http_502_last_hour.cmp(&a.http_502_last_hour);
            most_first
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a.arn.cmp(&b.arn))
        });
        Ok(LoadBalancerList {
            region: self.region().to_owned(),
            load_balancers,
            missing,
        })
    }

    /// Fails only if neither kind could be listed.
    async fn both_kinds(
        &self,
        deadline: Instant,
        missing: &mut Vec<String>,
    ) -> Result<Vec<LoadBalancer>, AwsError> {
        let too_long = |_| Err(Fault::TimedOut);
        let (v2, classic, identity) = tokio::join!(
            async {
                timeout_at(deadline, self.v2_load_balancers(None, None))
                    .await
                    .unwrap_or_else(too_long)
            },
            async {
                timeout_at(deadline, self.classic_load_balancers(None, ""))
                    .await
                    .unwrap_or(Err(Fault::TimedOut))
            },
            timeout_at(deadline, self.identity()),
        );
        let account = identity
            .ok()
            .and_then(Result::ok)
            .map(|identity| identity.account)
            .unwrap_or_default();
        let action = read_only::DESCRIBE_LOAD_BALANCERS.action();
        let (mut found, v2_fault) = match v2 {
            Ok(read) => {
                if read.cut.is_some() {
                    missing.push("more load balancers than are shown".to_owned());
                }
                let items = read
                    .items
                    .into_iter()
                    .filter(|(_, kind)| kind == "application");
                (items.map(|(one, _)| one).collect::<Vec<_>>(), None)
            }
            Err(fault) => (Vec::new(), Some(fault)),
        };
        match (classic, v2_fault) {
            (Err(_), Some(fault)) => return Err(AwsError::from_fault(fault, action)),
            (Err(fault), None) => missing.push(words("Classic load balancers", &fault, action)),
            (Ok(read), v2_fault) => {
                if let Some(fault) = v2_fault {
                    missing.push(words("Application load balancers", &fault, action));
                }
                if !read.items.is_empty() {
                    missing.push(
                        "502s of Classic load balancers: CloudWatch counts all their 5xx as one"
                            .to_owned(),
                    );
                }
                found.extend(read.items.into_iter().map(|classic| {
                    let mut one = classic.load_balancer;
                    one.arn = one
                        .arn
                        .replace("::loadbalancer/", &format!(":{account}:loadbalancer/"));
                    one.account.clone_from(&account);
                    one
                }));
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// By ARN, Application load balancers only.
    async fn http_502s(&self, all: &[LoadBalancer]) -> Result<HashMap<String, u64>, Fault> {
        let to = Utc::now();
        let metrics: Vec<WantedMetric> = all
            .iter()
            .filter(|one| one.kind == LoadBalancerType::Application)
            .map(|one| WantedMetric {
                namespace: "AWS/ApplicationELB",
                name: "HTTPCode_ELB_502_Count",
                stat: "Sum",
                resource: one.arn.clone(),
                zone: None,
                dimensions: vec![(
                    "LoadBalancer",
                    one.arn
                        .split_once("loadbalancer/")
                        .map_or("", |(_, rest)| rest)
                        .to_owned(),
                )],
            })
            .collect();
        if metrics.is_empty() {
            return Ok(HashMap::new());
        }
        let wanted = Wanted {
            from: to - TimeDelta::hours(1),
            to,
            period: 60,
            metrics,
        };
        let series = self.metric_data(&wanted).await?;
        Ok(series
            .into_iter()
            .map(|one| {
                let sum: f64 = one.points.iter().map(|point| point.value).sum();
                (one.resource, sum.max(0.0) as u64)
            })
            .collect())
    }

    /// By ARN, as far as the time goes; and what could not be seen, each thing once.
    async fn health_of_all(
        &self,
        all: &[LoadBalancer],
        deadline: Instant,
    ) -> (HashMap<String, TargetCount>, Vec<String>) {
        let asked = all.iter().take(WITH_HEALTH).map(|one| async move {
            let counted = timeout_at(deadline, self.count_targets(one)).await;
            (one.arn.clone(), counted.unwrap_or(Err(Fault::TimedOut)))
        });
        // Collected first: a stream's own closure would make the future not `Send`.
        let asked = stream::iter(asked.collect::<Vec<_>>());
        let counted: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
        let mut health = HashMap::new();
        let mut missing = Vec::new();
        for (arn, result) in counted {
            match result {
                Ok(count) => {
                    health.insert(arn, count);
                }
                Err(fault) => {
                    missing.push(words(
                        "targets",
                        &fault,
                        read_only::DESCRIBE_TARGET_HEALTH.action(),
                    ));
                }
            }
        }
        missing.sort();
        missing.dedup();
        (health, missing)
    }

    async fn count_targets(&self, one: &LoadBalancer) -> Result<TargetCount, Fault> {
        if one.kind == LoadBalancerType::Classic {
            return Ok(counted(&self.classic_health_of(&one.name, None).await?));
        }
        let mut sum = TargetCount::default();
        for group in self.groups_of(&one.arn).await?.items {
            let one = counted(&self.health_of(&group.arn).await?);
            sum.healthy += one.healthy;
            sum.registered += one.registered;
        }
        Ok(sum)
    }
}

fn counted(targets: &[TargetHealth]) -> TargetCount {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    TargetCount {
        healthy: number(targets.iter().filter(|one| one.state == "healthy").count()),
        registered: number(targets.len()),
    }
}

fn words(what: &str, fault: &Fault, action: &str) -> String {
    match fault {
        Fault::Denied { action: None } => format!("{what}: IAM denies {action}"),
        other => format!("{what}: {other}"),
    }
}
