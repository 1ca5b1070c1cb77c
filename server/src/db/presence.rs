//! Which lb502 processes are alive: each holds a session advisory lock, which Postgres frees when
//! the process' connection ends, however the process does.

use sqlx::{Connection, PgConnection, PgPool};

/// A process' lock, on a connection of its own.
#[derive(Debug)]
pub struct Presence {
    connection: PgConnection,
}

impl Presence {
    pub async fn take(pool: &PgPool, process: i64) -> sqlx::Result<Self> {
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
        sqlx::query!("select pg_advisory_lock($1)", process)
            .execute(&mut connection)
            .await?;
        Ok(Self { connection })
    }

    /// Fails when the connection is gone, and the lock with it.
    pub async fn check(&mut self) -> sqlx::Result<()> {
        self.connection.ping().await
    }
}

/// Whether nobody holds the lock of `process`. The answer holds until the transaction ends.
pub async fn is_gone(db: &mut PgConnection, process: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock($1) as "gone!""#,
        process
    )
    .fetch_one(db)
    .await
}
