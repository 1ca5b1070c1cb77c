//! Connections: how many at once, and how long one may take to say what it wants.
//!
//! Instead of `axum::serve`, which bounds neither: a client that never ends its request's head
//! would hold its connection for ever.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What one connection keeps of a request at a time; a longer head is refused.
const BUFFER: usize = 64 << 10;
/// After the machine refused a connection: it has no more files to open, say.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// At once; who comes then waits until another leaves.
    pub connections: usize,
    /// From the last answer, or from the beginning, to the end of the next request's head.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // More than the event streams that are open at once, fewer than the files that a
            // process may open by default (1,024).
            connections: 768,
            // Longer than the 60 seconds after which a load balancer in front closes a connection
            // that nobody uses: whoever reuses it must not find it closed at this end.
            head: Duration::from_secs(75),
        }
    }
}

/// Answers until `stop`, then ends what is being answered: returns when the last connection is
/// gone.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER);
    let connections = TaskTracker::new();
    loop {
        let (stream, place) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(accepted) = accept(&listener, &places) => accepted,
            else => break,
        };
        let (http, router, stop) = (http.clone(), router.clone(), stop.clone());
        connections.spawn(async move {
            answer(stream, &http, router, stop).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The next connection, once there is a place for it. `None` never comes: nobody closes the places.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, place)),
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Who wanted to connect is gone already.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn answer(stream: TcpStream, http: &http1::Builder, router: Router, stop: CancellationToken) {
    // Events are small and are to be there at once.
    let _ = stream.set_nodelay(true);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}
