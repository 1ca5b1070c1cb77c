//! The table `viewers`: who has an investigation open, over all processes.

use diagnosis::api::Viewer;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::text;

/// Tells every process, when the transaction commits, that somebody came or went.
async fn notify(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "select pg_notify('lb502_viewers', $1)",
        investigation.to_string()
    )
    .execute(db)
    .await
    .map(drop)
}

#[tracing::instrument(name = "db.viewers.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    stream: Uuid,
    investigation: Uuid,
    process: i64,
    viewer: &Viewer,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into viewers (stream, investigation, process, person, since)
         values ($1, $2, $3, $4, $5)",
        stream,
        investigation,
        process,
        viewer.person.as_deref().map(text),
        viewer.since,
    )
    .execute(&mut *db)
    .await?;
    notify(db, investigation).await
}

#[tracing::instrument(name = "db.viewers.delete", skip_all)]
pub async fn delete(db: &mut PgConnection, stream: Uuid, investigation: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from viewers where stream = $1", stream)
        .execute(&mut *db)
        .await?;
    notify(db, investigation).await
}

/// Removes what a process that is gone has left behind.
#[tracing::instrument(name = "db.viewers.sweep", skip_all)]
pub async fn sweep(db: &mut PgConnection) -> sqlx::Result<()> {
    let left = sqlx::query_scalar!(
        r#"delete from viewers
           where not exists (
               select from pg_locks
               where locktype = 'advisory'
                 and database = (select oid from pg_database where datname = current_database())
                 and classid::bigint = ((process >> 32) & 4294967295)
                 and objid::bigint = (process & 4294967295)
                 and objsubid = 1
                 and granted
           )
           returning investigation"#
    )
    .fetch_all(&mut *db)
    .await?;
    for investigation in left {
        notify(db, investigation).await?;
    }
    Ok(())
}

/// Those that have been here longest first.
#[tracing::instrument(name = "db.viewers.list", skip_all)]
pub async fn list(db: &mut PgConnection, investigation: Uuid) -> sqlx::Result<Vec<Viewer>> {
    sqlx::query_as!(
        Viewer,
        "select person, since
         from viewers
         where investigation = $1
         order by since, stream
         limit 100",
        investigation
    )
    .fetch_all(db)
    .await
}
