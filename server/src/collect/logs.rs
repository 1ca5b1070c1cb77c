//! The load balancer's access log and the application's own log.

use std::collections::BTreeSet;

use diagnosis::{
    Observed, Step,
    evidence::{AccessLog, AppLog, LoadBalancerType, Part},
};

use super::{gather::Gather, load_balancer::each, run::Run};
use crate::aws::LogQuery;

const APP_LOG_GROUPS: usize = 10;

impl Run {
    pub(super) async fn access_log(&self, step: Step) -> &Observed<AccessLog> {
        let seen = self
            .cells
            .access_log
            .get(|| async {
                let found = self.fetch_access_log(step).await;
                self.part(Part::AccessLog(Box::new(found.clone()))).await;
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_access_log(&self, step: Step) -> Observed<AccessLog> {
        let mut gather = Gather::new(self.started);
        let attributes = self.attributes(step).await;
        let Some(attributes) = gather.rest_on("load balancer attributes", attributes) else {
            return gather.finish(AccessLog::default());
        };
        let delivery = &attributes.access_logs;
        if !delivery.enabled || delivery.bucket.is_empty() {
            return Observed::Failed {
                reason: how_to_switch_on(self.load_balancer.kind),
                source: self.attributes(step).await.source().to_vec(),
            };
        }
        let lists = self
            .aws
            .log_objects(
                &self.recorder,
                step,
                &self.load_balancer,
                delivery,
                self.window,
            )
            .await;
        let mut objects = Vec::new();
        let mut listed = false;
        for list in lists {
            if let Some(some) = gather.rest_on("list of log objects", &list) {
                listed = true;
                objects.extend(some);
            }
        }
        let empty = AccessLog {
            format: self.load_balancer.kind,
            ..AccessLog::default()
        };
        if !listed {
            return gather.finish(empty);
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        if objects.is_empty() {
            let mut gather = seen_nothing(gather);
            gather.gap(
                "no log object of the window was found: nothing was requested, or it has not been \
                 delivered yet, or access logs were off then"
                    .to_owned(),
            );
            return gather.finish(empty);
        }
        let (kind, window) = (self.load_balancer.kind, self.window);
        let log = self
            .aws
            .access_log(
                &self.recorder,
                step,
                &delivery.bucket,
                &objects,
                kind,
                window,
            )
            .await;
        match gather.take("log objects", log) {
            Some(log) => gather.finish(log),
            None => gather.finish(empty),
        }
    }

    /// From the log groups that task definitions and functions name; where none is named there is
    /// nothing to ask.
    pub(super) async fn app_log(&self, step: Step) -> &Observed<AppLog> {
        let seen = self
            .cells
            .app_log
            .get(|| async {
                let found = self.fetch_app_log(step).await;
                if !matches!(found, Observed::NotAsked) {
                    self.part(Part::AppLog(found.clone())).await;
                }
                found
            })
            .await;
        self.uses(step, seen.source());
        seen
    }

    async fn fetch_app_log(&self, step: Step) -> Observed<AppLog> {
        let (ecs, functions) = tokio::join!(self.ecs(step), self.functions(step));
        let groups: BTreeSet<String> = ecs
            .log_groups
            .iter()
            .chain(&functions.log_groups)
            .cloned()
            .collect();
        let mut gather = Gather::new(self.started);
        if groups.is_empty() {
            return match &ecs.log_gap {
                Some(gap) => {
                    gather.take("log groups", gap.clone());
                    gather.finish(AppLog::default())
                }
                None => Observed::NotAsked,
            };
        }
        if groups.len() > APP_LOG_GROUPS {
            gather.gap(format!(
                "the first {APP_LOG_GROUPS} of {} log groups were read",
                groups.len()
            ));
        }
        let queries: Vec<LogQuery> = groups
            .into_iter()
            .take(APP_LOG_GROUPS)
            .map(|group| LogQuery {
                group,
                within: self.around(),
            })
            .collect();
        let read = each(&queries, |query| {
            self.aws.app_log_lines(&self.recorder, step, query)
        })
        .await;
        let mut log = AppLog::default();
        for (query, found) in queries.iter().zip(read) {
            if let Some(lines) = gather.take(&query.group, found) {
                log.groups.push(query.group.clone());
                log.lines.extend(lines);
            }
        }
        log.lines
            .sort_by(|a, b| (a.at, &a.group, &a.stream).cmp(&(b.at, &b.group, &b.stream)));
        gather.finish(log)
    }
}

fn how_to_switch_on(kind: LoadBalancerType) -> String {
    let command = match kind {
        LoadBalancerType::Application => {
            "aws elbv2 modify-load-balancer-attributes with access_logs.s3.enabled=true"
        }
        LoadBalancerType::Classic => "aws elb modify-load-balancer-attributes with AccessLog",
    };
    format!("access logs are off; switch them on ({command}) so that the next 502s leave rows")
}

/// The lists were read and are empty: a value, not a refusal.
fn seen_nothing(mut gather: Gather) -> Gather {
    gather.take(
        "log objects",
        Observed::Seen {
            value: (),
            source: Vec::new(),
            at: chrono::DateTime::UNIX_EPOCH,
            incomplete: None,
        },
    );
    gather
}
