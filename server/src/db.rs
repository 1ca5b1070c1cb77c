//! The store: Postgres, always. The only place that holds SQL, one file a table.
//!
//! Every function takes a connection or a transaction, so that the caller decides what becomes
//! visible together. What came from AWS or a person is stripped of NUL, which Postgres cannot keep.

pub mod answers;
pub mod deliveries;
pub mod events;
pub mod handoffs;
pub mod investigations;
pub mod listener;
pub mod notes;
pub mod observations;
pub mod parts;
pub mod postgres;
pub mod presence;
pub mod runs;
pub mod share_links;
pub mod viewers;
pub mod watches;
mod words;

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use postgres::{PostgresError, PrivatePostgres};

/// A statement that waits longer than this for a connection fails. Postgres is back within 5 s
/// after a crash.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECTIONS: u32 = 16;

/// Where the store is.
#[derive(Clone, Default)]
pub struct Place {
    /// A server that somebody runs; else a private one.
    pub url: Option<String>,
    /// The private server's data; else the user's data folder.
    pub data: Option<PathBuf>,
    /// The private server's programs; else where packages put them.
    pub binaries: Option<PathBuf>,
}

/// The store, open and migrated.
#[derive(Debug)]
pub struct Database {
    pool: PgPool,
    private: Option<PrivatePostgres>,
}

/// Why the store cannot be opened; every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Private(#[from] PostgresError),
    #[error(
        "DATABASE_URL is not the address of a Postgres server (postgres://user:password@host/database)"
    )]
    Url,
    #[error(
        "The Postgres server could not be used: {0}. Check DATABASE_URL, and that the server runs"
    )]
    Connect(sqlx::Error),
    #[error(
        "The database could not be brought up to date: {0}. If a newer lb502 has used it, use that one"
    )]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl Database {
    pub async fn open(place: &Place) -> Result<Self, OpenError> {
        let (options, private) = match &place.url {
            Some(url) => (
                PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?,
                None,
            ),
            None => {
                let private =
                    PrivatePostgres::start(place.data.as_deref(), place.binaries.as_deref())
                        .await?;
                let options = own_database(private.options())
                    .await
                    .map_err(OpenError::Connect)?;
                (options, Some(private))
            }
        };
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(options.application_name("lb502"))
            .await
            .map_err(OpenError::Connect)?;
        sqlx::migrate!("../migrations").run(&pool).await?;
        Ok(Self { pool, private })
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Closes the connections and, if the server is ours, stops it.
    pub async fn close(self) {
        let patience = Duration::from_secs(5);
        if tokio::time::timeout(patience, self.pool.close())
            .await
            .is_err()
        {
            tracing::warn!("some database connections were still in use");
        }
        if let Some(private) = self.private {
            private.stop().await;
        }
    }
}

impl std::fmt::Debug for Place {
    /// Without the address: it holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("url", &self.url.as_ref().map(|_| "…"))
            .field("data", &self.data)
            .field("binaries", &self.binaries)
            .finish()
    }
}

/// Everything that one answer says is read from one snapshot.
pub async fn snapshot(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with("begin isolation level repeatable read read only")
        .await
}

/// "Now", as exactly as Postgres keeps it, so that what is answered is what is read again later.
pub fn now() -> chrono::DateTime<chrono::Utc> {
    let now = chrono::Utc::now();
    chrono::DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}

/// Whether a named constraint refused the statement.
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.constraint())
        == Some(constraint)
}

pub async fn is_ready(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("select 1 as one")
        .fetch_one(pool)
        .await
        .map(drop)
}

/// The private server's database, made when it is not there.
///
/// The socket of a server that another lb502 is starting answers before the server takes
/// connections, and two that make a database at once stand in each other's way: then again.
async fn own_database(server: PgConnectOptions) -> sqlx::Result<PgConnectOptions> {
    let began = tokio::time::Instant::now();
    loop {
        match make_own_database(&server).await {
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("57P03" | "55006"))
                    && began.elapsed() < PATIENCE => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(server.database(postgres::NAME)),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn make_own_database(server: &PgConnectOptions) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(&server.clone().database("postgres")).await?;
    let made = sqlx::query("create database lb502")
        .execute(&mut connection)
        .await;
    connection.close().await?;
    match made {
        // It was there, or another lb502 makes it at this moment.
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("42P04" | "23505")) =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}
