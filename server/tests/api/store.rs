//! A database of the test's own, on one private Postgres for the whole run.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{OnceLock, mpsc},
    time::Duration,
};

use lb502::db::{Database, Place};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

/// A folder that the server's user can enter, whoever runs the tests. It is the same in every run,
/// so that no run leaves more behind than the one before.
fn shared_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lb502-tests-{}", nix::unistd::getuid()));
    open_to_all(&folder);
    forget_earlier_runs(&folder);
    folder
}

/// A fresh folder of that kind, for tests about the private server itself.
pub(super) fn fresh_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    folder
}

fn open_to_all(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An empty database, as the address that DATABASE_URL takes.
pub(super) async fn database_url() -> String {
    let server = server();
    let name = format!("t_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    server.clone().database(&name).to_url_lossy().to_string()
}

/// The same, open and migrated.
pub(super) async fn database() -> PgPool {
    let place = Place {
        url: Some(database_url().await),
        ..Place::default()
    };
    Database::open(&place).await.unwrap().pool().clone()
}

fn server() -> &'static PgConnectOptions {
    static SERVER: OnceLock<PgConnectOptions> = OnceLock::new();
    SERVER.get_or_init(|| {
        let (ready, is_ready) = mpsc::channel();
        // A thread with a runtime of its own, because each test's runtime ends with the test.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let place = Place {
                    data: Some(shared_folder()),
                    ..Place::default()
                };
                let database = Database::open(&place).await.unwrap();
                let options = (*database.pool().connect_options()).clone();
                ready.send(options).unwrap();
                std::future::pending::<()>().await;
            });
        });
        is_ready.recv_timeout(Duration::from_secs(120)).unwrap()
    })
}

/// The databases of earlier runs, all at once; dropping each would wait for a checkpoint. While
/// another run uses them they stay.
fn forget_earlier_runs(folder: &Path) {
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    if lock.try_lock().is_ok() {
        let _ = std::fs::remove_dir_all(folder.join("postgres"));
    }
}
