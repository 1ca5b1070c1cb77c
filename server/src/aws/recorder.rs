//! Numbers the calls of a run and tells whoever listens.

use std::sync::Arc;

use diagnosis::{Observation, Step};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::read_only::Call;
use crate::collect::Progress;

/// Where a run's calls are reported. Clones report to the same place.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    sink: Arc<Sink>,
    pub(super) cancel: CancellationToken,
}

#[derive(Debug)]
struct Sink {
    progress: mpsc::Sender<Progress>,
    /// The number of the next call; held while its start is sent, so that starts go out in order.
    next: Mutex<u32>,
}

impl Recorder {
    pub(crate) fn new(
        first_n: u32,
        progress: mpsc::Sender<Progress>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            sink: Arc::new(Sink {
                progress,
                next: Mutex::new(first_n),
            }),
            cancel,
        }
    }

    /// A listener that has gone away is no reason to stop.
    pub(crate) async fn send(&self, progress: Progress) {
        let _ = self.sink.progress.send(progress).await;
    }

    pub(super) async fn started(&self, step: Step, call: Call, region: &str) -> u32 {
        let mut next = self.sink.next.lock().await;
        let n = *next;
        *next += 1;
        self.send(Progress::CallStarted {
            n,
            step,
            service: call.service().to_owned(),
            operation: call.operation().to_owned(),
            region: region.to_owned(),
        })
        .await;
        n
    }

    pub(super) async fn ended(&self, observation: Observation, asked: Value, answered: Value) {
        self.send(Progress::CallEnded {
            observation,
            asked,
            answered,
        })
        .await;
    }
}
