//! What every handler needs: the store, the way to AWS, and the runs that are under way.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Access,
    db::listener::{self, Notice},
    runs::{self, Runs},
    watches,
    webhook::{self, Webhook},
};

/// Event streams that are open at once; each costs about 19 KiB.
const STREAMS: usize = 512;
/// Of those that follow share links: strangers take no place from the people of an investigation.
const SHARED_STREAMS: usize = 128;

#[derive(Debug)]
pub struct App {
    pub db: PgPool,
    pub access: Access,
    pub runs: Runs,
    /// What any lb502 process wrote.
    pub notices: broadcast::Sender<Notice>,
    pub streams: Arc<Semaphore>,
    pub shared_streams: Arc<Semaphore>,
    /// Where handoffs and changed verdicts are told, if anywhere.
    pub webhook: Option<Webhook>,
    /// Told when a message for the webhook was written down.
    pub webhook_due: Notify,
    /// Cancelled when the server is to stop: event streams end, runs are interrupted.
    pub stop: CancellationToken,
}

impl App {
    /// Begins to listen, and to look after runs whose process is gone.
    pub async fn start(db: PgPool, access: Access, webhook: Option<Webhook>) -> Arc<Self> {
        let stop = CancellationToken::new();
        let app = Arc::new(Self {
            notices: listener::start(db.clone(), stop.clone()),
            db,
            access,
            runs: Runs::new(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            shared_streams: Arc::new(Semaphore::new(SHARED_STREAMS)),
            webhook,
            webhook_due: Notify::new(),
            stop,
        });
        runs::sweep::start(&app).await;
        webhook::start(&app);
        watches::start(&app);
        app
    }

    /// A message may be due: it need not wait for the next look.
    pub(crate) fn wake_webhook(&self) {
        self.webhook_due.notify_one();
    }

    /// Ends the streams, interrupts the runs and waits until what they saw is written down.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.runs.stop(Duration::from_secs(10)).await;
    }
}
