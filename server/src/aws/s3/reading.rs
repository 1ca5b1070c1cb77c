//! Many log objects: read at the same time, within bounds of size and time.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    objects::LogObject,
    unpack::{LogReader, OneObject, unpack},
};
use crate::aws::{Aws, fault::Fault, pages::Reading, text::count};

const OBJECTS: usize = 5_000;
const AT_ONCE: usize = 8;
/// After decompression, all objects together.
const BYTES: u64 = 4 << 30;
/// Before this ends the objects that are left are given up.
const READING: Duration = Duration::from_secs(150);

/// How the reading went.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    wanted: usize,
    read: usize,
    bytes: u64,
    broken: usize,
    cut: Option<String>,
    /// How many could not be read at all, and why the first of them could not.
    failed: Option<(usize, Fault)>,
}

impl Aws {
    /// Reads each object into a reader of its own and hands what it held to `take`, in any order.
    /// An error only where no object could be read.
    pub(super) async fn read_objects<R: LogReader>(
        &self,
        bucket: &str,
        objects: &[LogObject],
        reader: impl Fn(&LogObject) -> R + Sync,
        mut take: impl FnMut(R::Rows) + Send,
    ) -> Result<Outcome, Fault> {
        let mut outcome = Outcome {
            wanted: objects.len(),
            ..Outcome::default()
        };
        let wanted = &objects[..objects.len().min(OBJECTS)];
        if wanted.len() < objects.len() {
            outcome.cut = Some(format!(
                "only the first {OBJECTS} of {} log objects were read",
                objects.len()
            ));
        }
        let deadline = tokio::time::Instant::now() + READING;
        let mut reading = stream::iter(wanted.to_vec())
            .map(|object| {
                let reader = reader(&object);
                async move { self.read_object(bucket, &object, reader).await }
            })
            .buffer_unordered(AT_ONCE);
        loop {
            match tokio::time::timeout_at(deadline, reading.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(object))) => {
                    outcome.read += 1;
                    outcome.bytes += object.bytes;
                    outcome.broken += usize::from(object.broken);
                    take(object.rows);
                    if outcome.bytes > BYTES {
                        outcome.cut = Some(format!("reading stopped at {} GB of log", BYTES >> 30));
                        break;
                    }
                }
                Ok(Some(Err(fault))) => {
                    let (failed, _) = outcome.failed.get_or_insert((0, fault));
                    *failed += 1;
                }
                Err(_) => {
                    outcome.cut = Some(format!("reading stopped after {} s", READING.as_secs()));
                    break;
                }
            }
        }
        drop(reading);
        match outcome {
            Outcome {
                read: 0,
                failed: Some((_, fault)),
                ..
            } => Err(fault),
            outcome => Ok(outcome),
        }
    }

    async fn read_object<R: LogReader>(
        &self,
        bucket: &str,
        object: &LogObject,
        reader: R,
    ) -> Result<OneObject<R::Rows>, Fault> {
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
        let packed = object.key.ends_with(".gz");
        let unpacking = tokio::task::spawn_blocking(move || unpack(reader, packed, receive));
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

impl Outcome {
    /// `rows`: how much the log says, for people. `answered`: what they see in place of its rows.
    pub(super) fn reading<T>(self, value: T, rows: &str, answered: Value) -> Reading<T> {
        let mut reading = Reading {
            detail: format!(
                "{} of {}, {rows}",
                self.read,
                count(self.wanted, "log object")
            ),
            answered: Some(answered),
            value,
            incomplete: None,
            fault: None,
        };
        if let Some(why) = self.cut {
            reading.cut_short(why);
        }
        if self.broken > 0 {
            reading.cut_short(format!(
                "{} could not be unpacked to the end",
                count(self.broken, "log object")
            ));
        }
        if let Some((failed, fault)) = self.failed {
            reading.cut_short(format!(
                "{} could not be read: {fault}",
                count(failed, "log object")
            ));
            reading.fault = Some(fault);
        }
        reading
    }
}
