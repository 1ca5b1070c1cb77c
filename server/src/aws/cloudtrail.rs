//! Who changed what near the window.

use std::collections::HashSet;

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use chrono::{DateTime, Utc};
use diagnosis::{
    Observed, Step,
    evidence::{Change, Window},
};
use serde_json::{Value, json};

use super::{
    Aws, Recorder,
    ask::Ask,
    pages::pages,
    read_only,
    text::{aws_time, count, cut, stamp, time},
};

/// Of 50 events, at two pages a second.
const PAGES: u32 = 20;
/// Within this time CloudTrail delivers an event.
const DELIVERY: chrono::TimeDelta = chrono::TimeDelta::minutes(15);

impl Aws {
    /// Changes in `within` that name any of `resources` (ids, ARNs and names), oldest first. Does
    /// not wait for `resources` before it asks: nothing here is fast.
    pub(crate) async fn changes(
        &self,
        recorder: &Recorder,
        step: Step,
        within: Window,
        resources: impl Future<Output = HashSet<String>> + Send,
        now: DateTime<Utc>,
    ) -> Observed<Vec<Change>> {
        let ask = Ask::new(
            read_only::LOOKUP_EVENTS,
            json!({
                "StartTime": stamp(within.from),
                "EndTime": stamp(within.to),
                "LookupAttributes": [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
            }),
        );
        self.observe(recorder, step, ask, async {
            let changes_only = LookupAttribute::builder()
                .attribute_key(LookupAttributeKey::ReadOnly)
                .attribute_value("false")
                .build()
                .map_err(|error| super::fault::Fault::Service(error.to_string()))?;
            let read = pages(PAGES, |token| {
                let request = self
                    .inner
                    .cloudtrail
                    .lookup_events()
                    .start_time(aws_time(within.from))
                    .end_time(aws_time(within.to))
                    .lookup_attributes(changes_only.clone())
                    .max_results(50)
                    .set_next_token(token);
                async move {
                    self.inner.cloudtrail_pace.turn().await;
                    let answer = request.send().await?;
                    let next = answer.next_token().map(str::to_owned);
                    Ok((answer.events.unwrap_or_default(), next))
                }
            });
            let (read, mut resources) = tokio::join!(read, resources);
            let read = read?;
            let all = read.items.len();
            // Targets that have left since: events of our groups name them, and only then do the
            // events that stopped them count as ours.
            let left: Vec<String> = read
                .items
                .iter()
                .flat_map(|event| left(event, &resources))
                .collect();
            resources.extend(left);
            let mut reading = read.reading(
                |events| {
                    let mut changes: Vec<Change> = events
                        .iter()
                        .filter_map(|event| change(event, &resources))
                        .collect();
                    changes.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
                    changes
                },
                |changes: &Vec<_>| {
                    format!(
                        "{} of {} touch this load balancer",
                        changes.len(),
                        count(all, "change")
                    )
                },
            );
            if within.to > now - DELIVERY {
                reading
                    .detail
                    .push_str("; the last 15 minutes may not have been delivered yet");
            }
            Ok(reading)
        })
        .await
    }
}

/// `None` for an event that names none of the resources.
fn change(event: &Event, resources: &HashSet<String>) -> Option<Change> {
    let raw = raw(event);
    let mut named = named(event, &raw);
    let mut touched = named.iter().filter(|text| resources.contains(*text));
    touched.next()?;
    let mut seen = HashSet::new();
    named.retain(|text| {
        text.len() <= 300 && is_resource(text, resources) && seen.insert(text.clone())
    });
    named.truncate(40);
    let name = event.event_name().unwrap_or_default();
    let who = event
        .username()
        .or_else(|| raw["userIdentity"]["arn"].as_str())
        .or_else(|| raw["userIdentity"]["invokedBy"].as_str())
        .unwrap_or("unknown");
    let by = raw["sourceIPAddress"]
        .as_str()
        .filter(|source| source.ends_with(".amazonaws.com"));
    let asked = match without_secrets(&raw["requestParameters"]) {
        Value::Null => String::new(),
        parameters => format!(": {parameters}"),
    };
    Some(Change {
        at: event.event_time().and_then(time)?,
        name: cut(name, 120),
        who: cut(by.unwrap_or(who), 200),
        resources: named,
        summary: cut(&format!("{name} by {who}{asked}"), 600),
        error: raw["errorCode"].as_str().map(|code| cut(code, 120)),
    })
}

/// The event as CloudTrail wrote it.
fn raw(event: &Event) -> Value {
    event
        .cloud_trail_event()
        .and_then(|raw| serde_json::from_str(raw).ok())
        .unwrap_or_default()
}

/// Everything that it may name.
fn named(event: &Event, raw: &Value) -> Vec<String> {
    let mut named: Vec<String> = event
        .resources()
        .iter()
        .filter_map(|resource| resource.resource_name().map(str::to_owned))
        .collect();
    texts(&raw["requestParameters"], &mut named);
    // Where a service tells what it did itself (`BidEvictedEvent` of EC2 Spot).
    texts(&raw["serviceEventDetails"], &mut named);
    named
}

/// The targets of an event that registers or deregisters them with one of our groups.
fn left(event: &Event, resources: &HashSet<String>) -> Vec<String> {
    let moves = event.event_name().is_some_and(|name| {
        name.starts_with("DeregisterTargets")
            || name.starts_with("RegisterTargets")
            || name.starts_with("DeregisterInstancesFromLoadBalancer")
            || name.starts_with("RegisterInstancesWithLoadBalancer")
    });
    if !moves {
        return Vec::new();
    }
    let named = named(event, &raw(event));
    if !named.iter().any(|text| resources.contains(text)) {
        return Vec::new();
    }
    named
        .into_iter()
        .filter(|text| text.starts_with("i-") || text.parse::<std::net::IpAddr>().is_ok())
        .collect()
}

/// CloudTrail hides most secrets itself; what may still hold one is left out of the summary.
fn without_secrets(value: &Value) -> Value {
    const HOLD_SECRETS: [&str; 8] = [
        "environment",
        "password",
        "secret",
        "token",
        "userdata",
        "credential",
        "privatekey",
        "body",
    ];
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                !HOLD_SECRETS.iter().any(|word| name.contains(word))
            })
            .map(|(name, value)| (name.clone(), without_secrets(value)))
            .collect(),
        Value::Array(values) => values.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

/// Our own resources, and what looks like an AWS id, an ARN or an address.
fn is_resource(text: &str, resources: &HashSet<String>) -> bool {
    resources.contains(text)
        || text.starts_with("arn:")
        || text.parse::<std::net::IpAddr>().is_ok()
        || text.split_once('-').is_some_and(|(kind, id)| {
            (1..=10).contains(&kind.len())
                && id.len() >= 8
                && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// Every text in a JSON value, to a bounded depth.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(request: Value) -> Event {
        let raw = json!({"requestParameters": request, "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/x/ana"}});
        Event::builder()
            .event_name("RevokeSecurityGroupIngress")
            .event_time(aws_smithy_types::DateTime::from_secs(1_700_000_000))
            .cloud_trail_event(raw.to_string())
            .build()
    }

    #[test]
    fn only_changes_that_name_our_resources_are_told() {
        let ours = HashSet::from(["sg-0123456789abcdef0".to_owned()]);
        let told = change(
            &event(json!({"groupId": "sg-0123456789abcdef0", "items": [{"password": "hunter2"}]})),
            &ours,
        )
        .unwrap();
        assert_eq!(told.resources, ["sg-0123456789abcdef0"]);
        assert_eq!(told.who, "arn:aws:sts::1:assumed-role/x/ana");
        assert!(told.summary.contains("groupId") && !told.summary.contains("hunter2"));
        assert_eq!(change(&event(json!({"groupId": "sg-9"})), &ours), None);
        assert_eq!(change(&Event::builder().build(), &ours), None);
    }

    #[test]
    fn targets_that_have_left_a_group_of_ours_are_known_by_its_events() {
        let group = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/1";
        let ours = HashSet::from([group.to_owned()]);
        let request = json!({"targetGroupArn": group, "targets": [{"id": "10.0.1.9", "port": 8080}, {"id": "i-0123456789abcdef0"}]});
        let removal = Event::builder()
            .event_name("DeregisterTargets")
            .event_time(aws_smithy_types::DateTime::from_secs(1_700_000_000))
            .cloud_trail_event(json!({"requestParameters": request}).to_string())
            .build();
        assert_eq!(left(&removal, &ours), ["10.0.1.9", "i-0123456789abcdef0"]);
        assert_eq!(left(&removal, &HashSet::new()), [""; 0]);
        assert_eq!(left(&event(request), &ours), [""; 0]);
        let told = change(&removal, &ours).unwrap();
        assert_eq!(told.resources, [group, "10.0.1.9", "i-0123456789abcdef0"]);
    }

    #[test]
    fn a_service_names_what_it_did_itself() {
        let ours = HashSet::from(["i-0123456789abcdef0".to_owned()]);
        let raw = json!({"requestParameters": null, "sourceIPAddress": "ec2.amazonaws.com",
                         "serviceEventDetails": {"instanceIdSet": ["i-0123456789abcdef0"]}});
        let evicted = Event::builder()
            .event_name("BidEvictedEvent")
            .event_time(aws_smithy_types::DateTime::from_secs(1_700_000_000))
            .cloud_trail_event(raw.to_string())
            .build();
        let told = change(&evicted, &ours).unwrap();
        assert_eq!(told.resources, ["i-0123456789abcdef0"]);
        assert_eq!(told.who, "ec2.amazonaws.com");
    }
}
