//! The private Postgres: made, shared, recovered, stopped.

use std::{fs, path::Path, time::Duration};

use lb502::db::{self, Database, Place};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use super::{server::PATIENCE, store};

fn place(data: &Path) -> Place {
    Place {
        data: Some(data.to_owned()),
        ..Place::default()
    }
}

fn server_pid(data: &Path) -> Option<Pid> {
    let file = fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?;
    Some(Pid::from_raw(file.lines().next()?.parse().ok()?))
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = tokio::time::Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_cold_and_warm_and_is_stopped() {
    let data = store::fresh_folder();
    for _ in 0..2 {
        let database = Database::open(&place(data.path())).await.unwrap();
        db::is_ready(database.pool()).await.unwrap();
        assert!(server_pid(data.path()).is_some());
        database.close().await;
        assert!(server_pid(data.path()).is_none(), "stopped and waited for");
    }
    assert!(!data.path().join("postgres.new").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_when_it_is_killed() {
    let data = store::fresh_folder();
    let database = Database::open(&place(data.path())).await.unwrap();
    let first = server_pid(data.path()).unwrap();
    signal::kill(first, Signal::SIGKILL).unwrap();
    until("it is back", async || {
        let ready = db::is_ready(database.pool()).await.is_ok();
        ready && server_pid(data.path()).is_some_and(|pid| pid != first)
    })
    .await;
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initdb_that_was_cut_off_leaves_nothing_in_the_way() {
    let data = store::fresh_folder();
    let half = data.path().join("postgres.new");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    if nix::unistd::getuid().is_root() {
        // As the server's user would have left it.
        let user = nix::unistd::User::from_name("postgres").unwrap();
        let user = user
            .or(nix::unistd::User::from_name("nobody").unwrap())
            .unwrap();
        std::os::unix::fs::chown(&half, Some(user.uid.as_raw()), None).unwrap();
    }
    let database = Database::open(&place(data.path())).await.unwrap();
    db::is_ready(database.pool()).await.unwrap();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_socket_is_no_obstacle() {
    let data = store::fresh_folder();
    let long = data.path().join("a".repeat(90)).join("b c, \"d\"");
    fs::create_dir_all(&long).unwrap();
    let database = Database::open(&place(&long)).await.unwrap();
    db::is_ready(database.pool()).await.unwrap();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_no_network() {
    let data = store::fresh_folder();
    let database = Database::open(&place(data.path())).await.unwrap();
    let shown: (String,) = sqlx::query_as("show listen_addresses")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(shown.0, "");
    let fsync: (String,) = sqlx::query_as("show fsync")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(fsync.0, "on");
    use std::os::unix::fs::PermissionsExt;
    let run = fs::metadata(data.path().join("run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(run & 0o077, 0, "only its user enters");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_in_a_sentence() {
    let data = store::fresh_folder();
    let none = Place {
        binaries: Some(data.path().to_owned()),
        ..place(data.path())
    };
    let error = Database::open(&none).await.unwrap_err().to_string();
    assert!(error.contains("LB502_POSTGRES_BIN"), "{error}");

    fs::create_dir(data.path().join("postgres")).unwrap();
    fs::write(data.path().join("postgres/PG_VERSION"), "8\n").unwrap();
    let error = Database::open(&place(data.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("Postgres 8") && error.contains(data.path().to_str().unwrap()),
        "{error}"
    );

    let bad = Place {
        url: Some("mysql://root:secret@localhost/x".into()),
        ..Place::default()
    };
    let error = Database::open(&bad).await.unwrap_err().to_string();
    assert!(
        error.contains("DATABASE_URL") && !error.contains("secret"),
        "{error}"
    );
    let gone = Place {
        url: Some("postgres://root:secret@127.0.0.1:9/x".into()),
        ..Place::default()
    };
    let error = Database::open(&gone).await.unwrap_err().to_string();
    assert!(
        error.contains("DATABASE_URL") && !error.contains("secret"),
        "{error}"
    );
    assert!(!format!("{gone:?}").contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_explained() {
    let pool = store::database().await;
    let bare: Vec<(String, String)> = sqlx::query_as(
        "select pg_class.relname::text, attname::text
         from pg_attribute
         join pg_class on pg_class.oid = attrelid
         where relnamespace = 'public'::regnamespace
           and relkind = 'r'
           and relname <> '_sqlx_migrations'
           and attnum > 0
           and not attisdropped
           and col_description(attrelid, attnum) is null",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(bare, []);
}
