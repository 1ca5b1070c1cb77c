//! `/investigations/{id}/events`.

use serde_json::json;

use super::{
    server::{Server, nowhere},
    store,
};

#[tokio::test]
async fn a_stream_that_broke_goes_on_where_it_was() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/notes", made.id);
    for n in 0..250 {
        server
            .post(&path, json!({"text": format!("note {n}")}))
            .await;
    }
    let mut all = Vec::new();
    let mut stream = server.events(&made.id, None).await;
    for _ in 0..251 {
        all.push(stream.next().await.id);
    }
    assert!(all.is_sorted(), "in order");
    let half = all[120];
    let mut again = server.events(&made.id, Some(half)).await;
    for expected in &all[121..] {
        assert_eq!(again.next().await.id, *expected, "no gap, no repeat");
    }
}

#[tokio::test]
async fn events_of_another_process_arrive_too() {
    let pool = store::database().await;
    let one = Server::on(pool.clone(), nowhere()).await;
    let two = Server::on(pool, nowhere()).await;
    let made = one.imported().await;
    let mut stream = two.events(&made.id, Some(made.last_event_id)).await;
    one.post(
        &format!("/investigations/{}/notes", made.id),
        json!({"text": "from one"}),
    )
    .await;
    assert_eq!(stream.next().await.kind.name(), "note_added");
}

#[tokio::test]
async fn many_writers_at_once_leave_no_gap() {
    let server = Server::start().await;
    let made = server.imported().await;
    let path = format!("/investigations/{}/notes", made.id);
    let mut stream = server.events(&made.id, Some(made.last_event_id)).await;
    let writing =
        futures_util::future::join_all((0..60).map(|_| server.post(&path, json!({"text": "x"}))));
    let reading = async {
        let mut seen = Vec::new();
        while seen.len() < 60 {
            seen.push(stream.next().await.id);
        }
        seen
    };
    let (_, seen) = tokio::join!(writing, reading);
    let mut distinct = seen.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(seen, distinct, "each once, in order");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let server = Server::start().await;
    let made = server.imported().await;
    let mut stream = server.events(&made.id, Some(made.last_event_id)).await;
    let (ended, ()) = tokio::join!(stream.next_or_end(), server.app.stop());
    assert_eq!(ended, None);
}

#[tokio::test]
async fn what_is_no_event_id_is_refused() {
    let server = Server::start().await;
    let made = server.imported().await;
    for after in ["x", "1.5", "99999999999999999999"] {
        let path = format!("/investigations/{}/events?after={after}", made.id);
        server.get(&path).await.problem(422, "bad-field");
    }
}

#[tokio::test]
async fn each_sees_who_is_here_over_all_processes() {
    let pool = store::database().await;
    let one = Server::on(pool.clone(), nowhere()).await;
    let two = Server::on(pool, nowhere()).await;
    let made = one.imported().await;
    let last = Some(made.last_event_id);
    let mut ada = one.events_as("Ada", &made.id, last).await;
    ada.here(&[Some("Ada")]).await;
    let mut zoe = two.events_as("Zo%C3%AB", &made.id, last).await;
    zoe.here(&[Some("Ada"), Some("Zoë")]).await;
    ada.here(&[Some("Ada"), Some("Zoë")]).await;
    drop(zoe);
    ada.here(&[Some("Ada")]).await;
}

#[tokio::test]
async fn who_looks_at_another_investigation_is_not_here() {
    let server = Server::start().await;
    let (one, two) = (server.imported().await, server.imported().await);
    let _elsewhere = server.events_as("Eve", &two.id, None).await;
    let mut stream = server.events(&one.id, None).await;
    stream.here(&[None]).await;
}
