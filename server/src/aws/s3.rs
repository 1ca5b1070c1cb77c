//! Access log objects: which ones hold the window, and their lines.

use std::{
    io::{self, Write},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diagnosis::{
    Observed, Step,
    access_log::{Aggregator, ObjectReader, ObjectRows},
    evidence::{AccessLog, LoadBalancer, LoadBalancerType, Window, load_balancer::LogDelivery},
};
use flate2::write::MultiGzDecoder;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Aws, Recorder,
    ask::{Ask, quote},
    call::LONGEST_READ,
    fault::Fault,
    pages::{Reading, pages},
    read_only,
    text::count,
};

/// Pages of 1,000 keys a day.
const PAGES: u32 = 30;
const OBJECTS: usize = 5_000;
const AT_ONCE: usize = 8;
/// After decompression, all objects together.
const BYTES: u64 = 4 << 30;
/// One object that unpacks to more than this and more than [`RATIO`] times its size is no log:
/// an honest one is 7:1, one line repeated 206:1.
const BOMB: u64 = 64 << 20;
const RATIO: u64 = 150;
/// Before this ends the objects that are left are given up.
const READING: Duration = Duration::from_secs(150);

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
struct Folder {
    /// With the load balancer's id, up to the end time.
    prefix: String,
}

impl Aws {
    /// The log objects that may hold rows of the window.
    pub(crate) async fn log_objects(
        &self,
        recorder: &Recorder,
        step: Step,
        load_balancer: &LoadBalancer,
        delivery: &LogDelivery,
        window: Window,
    ) -> Vec<Observed<Vec<LogObject>>> {
        let folders = folders(load_balancer, delivery, window, Utc::now());
        let (from, to) = intervals(load_balancer.kind, window);
        futures_util::future::join_all(folders.iter().map(|folder| {
            // Keys go on with the end time, so a listing can begin and end with the window.
            let start_after = format!("{}{}", folder.prefix, from.format("%Y%m%dT%H%M"));
            let ask = Ask::new(
                read_only::LIST_OBJECTS,
                json!({
                    "Bucket": delivery.bucket,
                    "Prefix": folder.prefix,
                    "StartAfter": start_after,
                }),
            );
            async move {
                self.observe(recorder, step, ask, async {
                    let read = pages(PAGES, |token| {
                        let request = self
                            .inner
                            .s3
                            .list_objects_v2()
                            .bucket(&delivery.bucket)
                            .prefix(&folder.prefix)
                            .start_after(&start_after)
                            .set_continuation_token(token);
                        async move {
                            let answer = request.send().await?;
                            let found: Vec<LogObject> = answer
                                .contents()
                                .iter()
                                .filter_map(|one| {
                                    log_object(
                                        one.key()?,
                                        &folder.prefix,
                                        u64::try_from(one.size().unwrap_or_default()).ok()?,
                                    )
                                })
                                .collect();
                            let past = found.last().is_some_and(|last| last.ends > to);
                            let next = answer
                                .next_continuation_token()
                                .map(str::to_owned)
                                .filter(|_| !past);
                            Ok((found, next))
                        }
                    })
                    .await?;
                    Ok(read.reading(
                        |mut found| {
                            found.retain(|one| from <= one.ends && one.ends <= to);
                            found
                        },
                        |found: &Vec<LogObject>| {
                            format!("{} of the window", count(found.len(), "log object"))
                        },
                    ))
                })
                .await
            }
        }))
        .await
    }

    /// Reads the objects: one observation for all of them.
    pub(crate) async fn access_log(
        &self,
        recorder: &Recorder,
        step: Step,
        bucket: &str,
        objects: &[LogObject],
        kind: LoadBalancerType,
        window: Window,
    ) -> Observed<AccessLog> {
        let ask = Ask::new(
            read_only::GET_OBJECT,
            json!({"Bucket": bucket, "Keys": objects.iter().map(|one| &one.key).collect::<Vec<_>>()}),
        )
        .with_command(copy_command(bucket, objects));
        self.observe_within(
            LONGEST_READ,
            recorder,
            step,
            ask,
            self.read_objects(bucket, objects, kind, window),
        )
        .await
    }

    async fn read_objects(
        &self,
        bucket: &str,
        objects: &[LogObject],
        kind: LoadBalancerType,
        window: Window,
    ) -> Result<Reading<AccessLog>, Fault> {
        let mut aggregator = Aggregator::new(kind);
        let mut read = 0_usize;
        let mut bytes = 0_u64;
        let mut cut: Option<String> = None;
        let mut first_fault: Option<(usize, Fault)> = None;
        let mut broken = 0_usize;
        let wanted = &objects[..objects.len().min(OBJECTS)];
        if wanted.len() < objects.len() {
            cut = Some(format!(
                "only the first {OBJECTS} of {} log objects were read",
                objects.len()
            ));
        }
        let deadline = tokio::time::Instant::now() + READING;
        let mut reading = stream::iter(wanted.to_vec())
            .map(|object| async move { self.read_object(bucket, &object, kind, window).await })
            .buffer_unordered(AT_ONCE);
        loop {
            match tokio::time::timeout_at(deadline, reading.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(object))) => {
                    read += 1;
                    bytes += object.bytes;
                    broken += usize::from(object.broken);
                    aggregator.add(object.rows);
                    if bytes > BYTES {
                        cut = Some(format!("reading stopped at {} GB of log", BYTES >> 30));
                        break;
                    }
                }
                Ok(Some(Err(fault))) => {
                    let (failed, _) = first_fault.get_or_insert((0, fault));
                    *failed += 1;
                }
                Err(_) => {
                    cut = Some(format!("reading stopped after {} s", READING.as_secs()));
                    break;
                }
            }
        }
        drop(reading);
        if let (0, Some((_, fault))) = (read, &first_fault) {
            return Err(fault.clone());
        }
        let log = aggregator.finish();
        let mut reading = Reading {
            detail: format!(
                "{} of {}, {} requests",
                read,
                count(objects.len(), "log object"),
                log.requests
            ),
            answered: Some(summary(&log)),
            value: log,
            incomplete: None,
            fault: None,
        };
        if let Some(why) = cut {
            reading.cut_short(why);
        }
        if broken > 0 {
            reading.cut_short(format!(
                "{} could not be unpacked to the end",
                count(broken, "log object")
            ));
        }
        if let Some((failed, fault)) = first_fault {
            reading.cut_short(format!(
                "{} could not be read: {fault}",
                count(failed, "log object")
            ));
            reading.fault = Some(fault);
        }
        Ok(reading)
    }

    async fn read_object(
        &self,
        bucket: &str,
        object: &LogObject,
        kind: LoadBalancerType,
        window: Window,
    ) -> Result<OneObject, Fault> {
        let answer = self
            .inner
            .s3
            .get_object()
            .bucket(bucket)
            .key(&object.key)
            .send()
            .await?;
        let mut body = answer.body;
        let (send, receive) = mpsc::channel(8);
        let unpacking = tokio::task::spawn_blocking({
            let reader = ObjectReader::new(kind, window, object.node.clone());
            let packed = object.key.ends_with(".gz");
            move || unpack(reader, packed, receive)
        });
        let mut whole = true;
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => {
                    if send.send(chunk).await.is_err() {
                        break;
                    }
                }
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        drop(send);
        let mut one = unpacking
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Fault::Service("reading the log object broke off".to_owned()))?;
        one.broken |= !whole;
        Ok(one)
    }
}

struct OneObject {
    rows: ObjectRows,
    bytes: u64,
    /// Rows up to the place where it broke are kept.
    broken: bool,
}

fn unpack<B: AsRef<[u8]>>(
    reader: ObjectReader,
    packed: bool,
    mut chunks: mpsc::Receiver<B>,
) -> Option<OneObject> {
    let sink = Sink {
        reader: Some(reader),
        packed: 0,
        bytes: 0,
    };
    let mut unpacker = if packed {
        Unpacker::Gzip(Box::new(MultiGzDecoder::new(sink)))
    } else {
        Unpacker::Plain(Box::new(sink))
    };
    let mut broken = false;
    while let Some(chunk) = chunks.blocking_recv() {
        if unpacker.push(chunk.as_ref()).is_err() {
            broken = true;
            break;
        }
    }
    chunks.close();
    broken |= unpacker.finish().is_err();
    let sink = unpacker.sink();
    let bytes = sink.bytes;
    let rows = sink.reader.take().map(ObjectReader::finish)?;
    Some(OneObject {
        broken: broken || rows.truncated(),
        rows,
        bytes,
    })
}

enum Unpacker {
    Gzip(Box<MultiGzDecoder<Sink>>),
    Plain(Box<Sink>),
}

impl Unpacker {
    fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.sink().packed += chunk.len() as u64;
        match self {
            Self::Gzip(decoder) => decoder.write_all(chunk),
            Self::Plain(sink) => sink.write_all(chunk),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Plain(_) => Ok(()),
        }
    }

    fn sink(&mut self) -> &mut Sink {
        match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Plain(sink) => sink,
        }
    }
}

/// Unpacked bytes on their way into the reader.
struct Sink {
    /// Gone once it has been finished: a decoder may still write when it is dropped.
    reader: Option<ObjectReader>,
    packed: u64,
    bytes: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        if self.bytes > BOMB && self.bytes / self.packed.max(1) > RATIO {
            return Err(io::Error::other("unpacks to more than a log can"));
        }
        if let Some(reader) = &mut self.reader {
            reader.push(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What people see of a log in place of its rows.
fn summary(log: &AccessLog) -> Value {
    let mut statuses = std::collections::BTreeMap::new();
    let mut made_by_target = 0;
    for minute in &log.minutes {
        made_by_target += minute.made_by_target;
        for (status, number) in &minute.statuses {
            *statuses.entry(status.to_string()).or_insert(0_u64) += number;
        }
    }
    json!({
        "objects": log.objects,
        "bytes": log.bytes,
        "requests": log.requests,
        "unreadable": log.unreadable,
        "first": log.first,
        "last": log.last,
        "statuses": statuses,
        "502s made by targets": made_by_target,
        "first rows": log.rows.iter().take(20).filter_map(|row| row.raw.as_deref()).collect::<Vec<_>>(),
    })
}

/// An Application load balancer's object covers 5 minutes and is delivered soon after; a Classic
/// one's covers 5 or 60.
fn intervals(kind: LoadBalancerType, window: Window) -> (DateTime<Utc>, DateTime<Utc>) {
    let longest = match kind {
        LoadBalancerType::Application => TimeDelta::minutes(5),
        LoadBalancerType::Classic => TimeDelta::minutes(60),
    };
    // An object that ends a little late still holds rows of the window's end.
    (window.from, window.to + longest + TimeDelta::minutes(5))
}

/// The day in the key is that of delivery: the days around the window, none in the future.
fn folders(
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
fn log_object(key: &str, prefix: &str, size: u64) -> Option<LogObject> {
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
fn copy_command(bucket: &str, objects: &[LogObject]) -> String {
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

    fn line(n: u32) -> String {
        format!(
            "http 2026-11-21T22:00:{:02}.000000Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 \"GET http://www.example.com:80/ HTTP/1.1\" \"curl\" - - arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/73e2d6bc24d8a067 \"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" 0 2026-11-21T22:00:00.000000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\"\n",
            n % 60
        )
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Sent in chunks of an odd size.
    fn read(bytes: &[u8], packed: bool) -> (u64, bool) {
        let window = Window {
            from: at("2026-11-21T22:00:00Z"),
            to: at("2026-11-21T23:00:00Z"),
        };
        let reader = ObjectReader::new(LoadBalancerType::Application, window, None);
        let chunks: Vec<Vec<u8>> = bytes.chunks(977).map(<[u8]>::to_vec).collect();
        let (send, receive) = mpsc::channel(chunks.len().max(1));
        for chunk in chunks {
            send.try_send(chunk).unwrap();
        }
        drop(send);
        let one = unpack(reader, packed, receive).unwrap();
        let mut aggregator = Aggregator::new(LoadBalancerType::Application);
        aggregator.add(one.rows);
        (aggregator.finish().requests, one.broken)
    }

    #[test]
    fn members_cut_mid_line_are_read_as_one() {
        let text: String = (0..50).map(line).collect();
        let (first, second) = text.as_bytes().split_at(text.len() / 2 + 7);
        assert_eq!(
            read(&[gzip(first), gzip(second)].concat(), true),
            (50, false)
        );
        assert_eq!(read(text.as_bytes(), false), (50, false));
        assert_eq!(read(&gzip(b""), true), (0, false));
    }

    #[test]
    fn what_does_not_unpack_is_told_and_what_did_is_kept() {
        let text: String = (0..5_000).map(line).collect();
        let whole = gzip(text.as_bytes());
        let (requests, broken) = read(&whole[..whole.len() * 3 / 4], true);
        assert!(broken && (1..5_000).contains(&requests), "{requests}");
        assert_eq!(read(b"<Error>not a log</Error>", true), (0, true));
        let good = gzip(line(1).as_bytes());
        let (requests, broken) = read(&[good, b"garbage".to_vec()].concat(), true);
        assert!(broken && requests == 1);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let zeros = vec![0_u8; 1 << 20];
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..96 {
            encoder.write_all(&zeros).unwrap();
        }
        assert_eq!(read(&encoder.finish().unwrap(), true), (0, true));
    }
}
