//! What CloudWatch counts for a watch: before the fix once, since the fix each time anew, so that what came
//! late is in it.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use diagnosis::{
    api::{Watch, watch::WatchCounter},
    evidence::{LoadBalancer, Window, metrics::Series},
    watch::{self, Minute},
};

use crate::{
    access::Access,
    aws::{AwsError, Wanted},
    collect, db, problem,
};

/// Connecting, asking and reading, retries and all.
const LONGEST: Duration = Duration::from_secs(60);

/// The watch with what is counted by now. A call that is denied, fails or is cut short counts nothing.
pub(super) async fn take(access: &Access, load_balancer: &LoadBalancer, mut watch: Watch) -> Watch {
    let now = db::now();
    let Some(stretches) = watch::stretches(&watch, now) else {
        return watch::wait(watch, None, now);
    };
    let asking = ask(access, load_balancer, &mut watch, stretches);
    let asked = match tokio::time::timeout(LONGEST, asking).await {
        Ok(Ok(minutes)) => Ok(minutes),
        Ok(Err(error)) => Err(sentence(&error)),
        Err(_) => Err("CloudWatch did not answer within a minute.".to_owned()),
    };
    let now = db::now();
    match asked {
        Ok(minutes) => watch::count(watch, stretches, &minutes, now),
        Err(trouble) => watch::wait(watch, Some(trouble), now),
    }
}

async fn ask(
    access: &Access,
    load_balancer: &LoadBalancer,
    watch: &mut Watch,
    (before, since): (Window, Window),
) -> Result<Vec<Minute>, AwsError> {
    let aws = access.connect(Some(&load_balancer.region)).await?;
    let known = watch.before.is_some();
    let mut minutes = BTreeMap::new();
    for stretch in [(!known).then_some(before), Some(since)]
        .into_iter()
        .flatten()
    {
        let wanted = wanted(load_balancer, watch.counter, stretch);
        let (cli, series) = aws.series_now(&wanted).await;
        watch.cli = cli;
        add(&mut minutes, &series?, watch.counter);
    }
    Ok(minutes.into_values().collect())
}

fn wanted(load_balancer: &LoadBalancer, counter: WatchCounter, stretch: Window) -> Wanted {
    let names = ["RequestCount", counter.metric(), counter.other().metric()];
    Wanted {
        from: stretch.from,
        to: stretch.to,
        period: 60,
        metrics: collect::counters(load_balancer, &names),
    }
}

fn add(minutes: &mut BTreeMap<DateTime<Utc>, Minute>, series: &[Series], counter: WatchCounter) {
    for one in series {
        for point in &one.points {
            let n = diagnosis::case::whole(point.value);
            let minute = minutes.entry(point.at).or_insert(Minute {
                at: point.at,
                requests: 0,
                errors: 0,
                others: 0,
            });
            if one.name == counter.metric() {
                minute.errors = n;
            } else if one.name == counter.other().metric() {
                minute.others = n;
            } else {
                minute.requests = n;
            }
        }
    }
}

fn sentence(error: &AwsError) -> String {
    let problem = problem::of_aws(error);
    format!("{} {}", problem.detail, problem.what_to_do)
}
