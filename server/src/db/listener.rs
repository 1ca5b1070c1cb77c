//! Hears what any lb502 process wrote, through LISTEN/NOTIFY, and passes it on within this one.

use std::time::Duration;

use sqlx::{
    PgConnection, PgPool,
    postgres::{PgListener, PgNotification},
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const EVENTS: &str = "lb502_events";
const CANCEL: &str = "lb502_cancel";
const VIEWERS: &str = "lb502_viewers";

/// How many notices a slow reader may fall behind before it is told to look for itself.
const BACKLOG: usize = 1024;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Events were appended to this investigation.
    Events(Uuid),
    /// Somebody opened or left this investigation.
    Viewers(Uuid),
    /// Somebody asked to stop a run.
    Cancel,
    /// The connection was lost for a while: anything may have been written.
    Anything,
}

/// Tells the process that works on a run that somebody asked to stop it.
pub async fn notify_cancel(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify('lb502_cancel', '')")
        .execute(db)
        .await
        .map(drop)
}

/// Listens until `stop`.
pub fn start(pool: PgPool, stop: CancellationToken) -> broadcast::Sender<Notice> {
    let (sender, _) = broadcast::channel(BACKLOG);
    let notices = sender.clone();
    tokio::spawn(async move {
        let listening = async {
            loop {
                if let Err(error) = listen(&pool, &notices).await {
                    tracing::warn!(%error, "the listening connection was lost");
                }
                // Nobody listens is no error.
                let _ = notices.send(Notice::Anything);
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = listening => {}
        }
    });
    sender
}

async fn listen(pool: &PgPool, notices: &broadcast::Sender<Notice>) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([EVENTS, CANCEL, VIEWERS]).await?;
    let _ = notices.send(Notice::Anything);
    loop {
        let notice = match listener.try_recv().await? {
            Some(notification) => meaning(&notification),
            None => Notice::Anything,
        };
        let _ = notices.send(notice);
    }
}

fn meaning(notification: &PgNotification) -> Notice {
    match notification.channel() {
        EVENTS => notification
            .payload()
            .parse()
            .map_or(Notice::Anything, Notice::Events),
        VIEWERS => notification
            .payload()
            .parse()
            .map_or(Notice::Anything, Notice::Viewers),
        _ => Notice::Cancel,
    }
}
