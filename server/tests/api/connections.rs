//! Connections that say nothing, say it too slowly, or are too many.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use lb502::serving::{Limits, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::server::PATIENCE;

const HEAD: Duration = Duration::from_millis(400);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

async fn start(router: Router, connections: usize) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits {
        connections,
        head: HEAD,
    };
    let stop = CancellationToken::new();
    let ended = tokio::spawn(serve(listener, router, limits, stop.clone()));
    Serving {
        address,
        stop,
        ended,
    }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

/// Sends this, and everything that comes back until the server closes.
async fn say(address: SocketAddr, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words).await.unwrap();
    until_closed(stream).await
}

async fn until_closed(mut stream: TcpStream) -> String {
    let mut heard = Vec::new();
    // A reset is an end as well.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard))
        .await
        .expect("the server closes in time");
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn half_a_head_and_silence_are_closed() {
    let serving = start(hello(), 8).await;
    let whole = say(serving.address, REQUEST).await;
    assert!(whole.ends_with("hello"), "{whole}");
    for words in [&b""[..], b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow:"] {
        let began = Instant::now();
        let heard = say(serving.address, words).await;
        assert!(!heard.contains("hello"), "{heard}");
        assert!(began.elapsed() >= HEAD / 2, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn an_answered_connection_may_not_idle_for_ever() {
    let serving = start(hello(), 8).await;
    let heard = say(
        serving.address,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    .await;
    assert!(heard.ends_with("hello"), "{heard}");
}

#[tokio::test]
async fn who_is_one_too_many_is_answered_when_another_leaves() {
    let serving = start(hello(), 1).await;
    let silent = TcpStream::connect(serving.address).await.unwrap();
    let began = Instant::now();
    let late = say(serving.address, REQUEST).await;
    assert!(late.ends_with("hello"), "{late}");
    assert!(began.elapsed() >= HEAD / 2, "{:?}", began.elapsed());
    assert_eq!(until_closed(silent).await, "");
}

#[tokio::test]
async fn what_is_being_answered_when_the_server_stops_is_answered() {
    let begun = Arc::new(Notify::new());
    let router = Router::new().route(
        "/",
        get({
            let begun = begun.clone();
            async move || {
                begun.notify_one();
                tokio::time::sleep(Duration::from_millis(200)).await;
                "at last"
            }
        }),
    );
    let serving = start(router, 8).await;
    let answer = tokio::spawn(say(serving.address, REQUEST));
    begun.notified().await;
    serving.stop.cancel();
    assert!(answer.await.unwrap().ends_with("at last"));
    tokio::time::timeout(PATIENCE, serving.ended)
        .await
        .expect("it ends")
        .unwrap();
    assert!(TcpStream::connect(serving.address).await.is_err());
}
