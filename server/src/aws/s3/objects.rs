//! The names of log objects: which of them may hold rows of the window.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diagnosis::evidence::{LoadBalancer, LoadBalancerType, Window, load_balancer::LogDelivery};
use serde::Serialize;

use crate::aws::ask::quote;

/// One access log object, by what its key says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LogObject {
    pub(crate) key: String,
    pub(crate) size: u64,
    /// End of the interval that it covers.
    pub(crate) ends: DateTime<Utc>,
    /// The load balancer node's address.
    pub(crate) node: Option<String>,
}

/// Where a load balancer's log objects of one day are.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// With the load balancer's id, up to the end time.
    pub(super) prefix: String,
}

/// An Application load balancer's object covers 5 minutes and is delivered soon after; a Classic
/// one's covers 5 or 60.
pub(super) fn intervals(kind: LoadBalancerType, window: Window) -> (DateTime<Utc>, DateTime<Utc>) {
    let longest = match kind {
        LoadBalancerType::Application => TimeDelta::minutes(5),
        LoadBalancerType::Classic => TimeDelta::minutes(60),
    };
    // An object that ends a little late still holds rows of the window's end.
    (window.from, window.to + longest + TimeDelta::minutes(5))
}

/// The day in the key is that of delivery: the days around the window, none in the future.
pub(super) fn folders(
    load_balancer: &LoadBalancer,
    delivery: &LogDelivery,
    window: Window,
    now: DateTime<Utc>,
) -> Vec<Folder> {
    let id = match load_balancer.kind {
        LoadBalancerType::Application => load_balancer
            .arn
            .split_once("loadbalancer/")
            .map_or("", |(_, id)| id)
            .replace('/', "."),
        LoadBalancerType::Classic => load_balancer.name.clone(),
    };
    let (account, region) = (&load_balancer.account, &load_balancer.region);
    let prefix = delivery.prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    let (from, to) = intervals(load_balancer.kind, window);
    // A delivery some hours late is still found.
    let (first, last) = (
        from.date_naive(),
        (to + TimeDelta::hours(3)).min(now).date_naive(),
    );
    first
        .iter_days()
        .take_while(|day| *day <= last)
        .take(4)
        .map(|day| Folder {
            prefix: format!(
                "{prefix}{slash}AWSLogs/{account}/elasticloadbalancing/{region}/{}/{account}_elasticloadbalancing_{region}_{id}_",
                day.format("%Y/%m/%d")
            ),
        })
        .collect()
}

/// `<end time>_<node address>_<random>.log[.gz]` after the prefix.
pub(super) fn log_object(key: &str, prefix: &str, size: u64) -> Option<LogObject> {
    let rest = key.strip_prefix(prefix)?;
    let name = rest
        .strip_suffix(".log.gz")
        .or_else(|| rest.strip_suffix(".log"))?;
    let mut parts = name.split('_');
    let ends = NaiveDateTime::parse_from_str(parts.next()?, "%Y%m%dT%H%MZ").ok()?;
    Some(LogObject {
        key: key.to_owned(),
        size,
        ends: ends.and_utc(),
        node: parts
            .next()
            .filter(|node| !node.is_empty())
            .map(str::to_owned),
    })
}

/// Copies the objects' folder; the listing before says which of them are meant.
pub(super) fn copy_command(bucket: &str, objects: &[LogObject]) -> String {
    match objects {
        [] => format!("aws s3 ls {}", quote(&format!("s3://{bucket}/"))),
        [one] => format!(
            "aws s3 cp {} -",
            quote(&format!("s3://{bucket}/{}", one.key))
        ),
        [first, ..] => {
            let folder = first.key.rsplit_once('/').map_or("", |(folder, _)| folder);
            let name = &first.key[folder.len()..].trim_start_matches('/');
            let id: String = name.splitn(5, '_').take(4).collect::<Vec<_>>().join("_");
            format!(
                "aws s3 cp {} . --recursive --exclude '*' --include {}",
                quote(&format!("s3://{bucket}/{folder}/")),
                quote(&format!("{id}_*"))
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn load_balancer() -> LoadBalancer {
        LoadBalancer {
            arn: "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188".to_owned(),
            name: "web".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
            ..LoadBalancer::default()
        }
    }

    #[test]
    fn the_days_of_a_window_are_those_of_its_deliveries() {
        let delivery = LogDelivery {
            enabled: true,
            bucket: "logs".to_owned(),
            prefix: "alb/".to_owned(),
        };
        let window = Window {
            from: at("2026-11-21T22:00:00Z"),
            to: at("2026-11-21T23:00:00Z"),
        };
        let days = |now: &str| -> Vec<String> {
            folders(&load_balancer(), &delivery, window, at(now))
                .into_iter()
                .map(|folder| folder.prefix)
                .collect()
        };
        assert_eq!(
            days("2026-11-21T23:01:00Z"),
            [
                "alb/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/21/123456789012_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188_"
            ]
        );
        assert_eq!(days("2026-11-23T00:00:00Z").len(), 2);
    }

    #[test]
    fn a_key_tells_its_end_time_and_node() {
        let prefix = "p/1_elasticloadbalancing_eu-west-1_app.web.5_";
        let key = format!("{prefix}20261121T2305Z_52.1.2.3_abc.log.gz");
        let object = log_object(&key, prefix, 7).unwrap();
        assert_eq!(object.ends, at("2026-11-21T23:05:00Z"));
        assert_eq!(object.node.as_deref(), Some("52.1.2.3"));
        for bad in [
            "p/other",
            "p/1_elasticloadbalancing_eu-west-1_app.web.5_x.log.gz",
        ] {
            assert_eq!(log_object(bad, prefix, 7), None);
        }
    }
}
