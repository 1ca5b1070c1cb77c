//! What the webhook is told, how it is signed, and what happens where it does not listen.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use diagnosis::api::{Delivery, DeliveryState, Handoff};
use hmac::{Hmac, KeyInit, Mac};
use lb502::webhook::Webhook;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    server::{PATIENCE, Server, nowhere},
    store,
};

const SECRET: &str = "a secret of the test, long enough";

/// A receiver that answers with these, one after the other, and then with 200.
#[derive(Clone, Default)]
struct Receiver {
    heard: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Receiver {
    /// Its address.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hook", post(Self::hear))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn hear(State(receiver): State<Self>, headers: HeaderMap, body: String) -> StatusCode {
        receiver.heard.lock().unwrap().push((headers, body));
        let next = receiver.answers.lock().unwrap().pop_front();
        next.unwrap_or(StatusCode::OK)
    }

    async fn heard(&self, n: usize) -> Vec<(HeaderMap, String)> {
        let began = tokio::time::Instant::now();
        loop {
            let heard = self.heard.lock().unwrap().clone();
            if heard.len() >= n {
                return heard;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{} of {n} messages came",
                heard.len()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn server(address: &str) -> Server {
    let webhook = Webhook::new(address, Some(SECRET)).unwrap();
    Server::telling(store::database().await, nowhere(), Some(webhook)).await
}

/// Sends a note to Ben; returns the investigation's id.
async fn hand_over(server: &Server) -> String {
    let made = server.imported().await;
    let path = format!("/investigations/{}/handoff", made.id);
    server
        .call("PUT", &path, Some(json!({"to": "Ben <!channel>"})))
        .await;
    let sent = server
        .call_as("Ana", "POST", &format!("{path}/send"), None)
        .await;
    assert_eq!(sent.status, 200);
    made.id
}

async fn settled(server: &Server, id: &str) -> Vec<Delivery> {
    let began = tokio::time::Instant::now();
    loop {
        let handoff: Handoff = server
            .get(&format!("/investigations/{id}/handoff"))
            .await
            .json();
        let waits = |one: &Delivery| one.state == DeliveryState::Waiting;
        if !handoff.deliveries.iter().any(waits) {
            return handoff.deliveries;
        }
        assert!(began.elapsed() < PATIENCE, "{:?}", handoff.deliveries);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn sending_and_accepting_are_told_signed_and_once() {
    let receiver = Receiver::default();
    let server = server(&receiver.start().await).await;
    let id = hand_over(&server).await;
    let accept = json!({"n": 1, "person": "Ben"});
    server
        .post(&format!("/investigations/{id}/handoff/accept"), accept)
        .await;
    let heard = receiver.heard(2).await;
    let causes: Vec<_> = heard
        .iter()
        .map(|(headers, _)| &headers["lb502-event"])
        .collect();
    assert_eq!(causes, ["handoff_sent", "handoff_accepted"]);
    for (headers, body) in &heard {
        let timestamp = headers["lb502-timestamp"].to_str().unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{timestamp}.{body}").as_bytes());
        let hex: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(headers["lb502-signature"], format!("v1={hex}").as_str());
        assert_eq!(headers["lb502-investigation"], id.as_str());
        let body: Value = serde_json::from_str(body).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(
            text.contains("Ben &lt;!channel&gt;") && !text.contains("<!"),
            "{text}"
        );
    }
    let deliveries = settled(&server, &id).await;
    assert!(
        deliveries
            .iter()
            .all(|one| one.state == DeliveryState::Delivered && one.attempts == 1)
    );
    assert_eq!(receiver.heard(2).await.len(), 2);
}

#[tokio::test]
async fn what_did_not_arrive_is_tried_again_under_the_same_id() {
    let receiver = Receiver::default();
    receiver
        .answers
        .lock()
        .unwrap()
        .push_back(StatusCode::BAD_GATEWAY);
    let server = server(&receiver.start().await).await;
    let id = hand_over(&server).await;
    let heard = receiver.heard(2).await;
    assert_eq!(heard[0].0["lb502-delivery"], heard[1].0["lb502-delivery"]);
    assert_eq!(heard[0].1, heard[1].1);
    let deliveries = settled(&server, &id).await;
    assert_eq!(
        (deliveries[0].state, deliveries[0].attempts),
        (DeliveryState::Delivered, 2)
    );
}

#[tokio::test]
async fn a_refusal_is_shown_where_the_note_was_sent() {
    let receiver = Receiver::default();
    receiver
        .answers
        .lock()
        .unwrap()
        .push_back(StatusCode::NOT_FOUND);
    let server = server(&receiver.start().await).await;
    let id = hand_over(&server).await;
    let deliveries = settled(&server, &id).await;
    assert_eq!(deliveries[0].state, DeliveryState::Failed);
    let why = deliveries[0].last_error.as_deref().unwrap();
    assert!(why.contains("404") && !why.contains("hook"), "{why}");
}

#[tokio::test]
async fn without_a_webhook_nothing_waits() {
    let server = Server::start().await;
    let id = hand_over(&server).await;
    assert_eq!(settled(&server, &id).await, []);
}
