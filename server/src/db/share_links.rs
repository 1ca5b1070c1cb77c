//! The table `share_links`. Tokens never get here, only their hashes.

use chrono::{DateTime, Utc};
use diagnosis::api::{ShareLink, ShareState, SharedInvestigation};
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_json, from_word, json, text, word};

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

struct Record {
    id: Uuid,
    mode: String,
    masking: String,
    made_at: DateTime<Utc>,
    made_by: Option<String>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
    uses: i64,
    last_used_at: Option<DateTime<Utc>>,
}

/// A link that was opened.
#[derive(Debug)]
pub struct Used {
    pub investigation: Uuid,
    pub link: ShareLink,
    /// Of a frozen link.
    pub snapshot: Option<SharedInvestigation>,
}

/// A link that is open, without having been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub id: Uuid,
    pub investigation: Uuid,
    pub expires_at: DateTime<Utc>,
    pub is_live: bool,
}

/// `snapshot` is for a frozen link.
#[tracing::instrument(name = "db.share_links.insert", skip_all)]
pub async fn insert(
    db: &mut PgConnection,
    investigation: Uuid,
    link: &ShareLink,
    token: &TokenHash,
    snapshot: Option<&SharedInvestigation>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into share_links
             (id, investigation, token_hash, mode, masking, snapshot, made_at, made_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Uuid::try_parse(&link.id).map_err(|error| sqlx::Error::Encode(error.into()))?,
        investigation,
        token.as_slice(),
        word(&link.mode)?,
        word(&link.masking)?,
        snapshot.map(json).transpose()?,
        link.made_at,
        link.made_by.as_deref().map(text),
        link.expires_at,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Newest first, at most `limit`.
#[tracing::instrument(name = "db.share_links.list", skip_all)]
pub async fn list(
    db: &mut PgConnection,
    investigation: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<ShareLink>> {
    let records = sqlx::query_as!(
        Record,
        "select id, mode, masking, made_at, made_by, expires_at, revoked_at, revoked_by, uses,
                last_used_at
         from share_links
         where investigation = $1
         order by id desc
         limit $2",
        investigation,
        limit,
    )
    .fetch_all(db)
    .await?;
    records
        .into_iter()
        .map(|record| link(record, now))
        .collect()
}

/// How many of the investigation's links are open.
#[tracing::instrument(name = "db.share_links.count_open", skip_all)]
pub async fn count_open(
    db: &mut PgConnection,
    investigation: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from share_links
           where investigation = $1 and revoked_at is null and expires_at > $2"#,
        investigation,
        now,
    )
    .fetch_one(db)
    .await
}

/// Takes the link with this token, if it is open, and counts the use: one statement, whether there is
/// such a link or not.
#[tracing::instrument(name = "db.share_links.use_open", skip_all)]
pub async fn use_open(
    db: &mut PgConnection,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Used>> {
    let row = sqlx::query!(
        "update share_links
         set uses = uses + 1, last_used_at = $2
         where token_hash = $1 and revoked_at is null and expires_at > $2
         returning id, investigation, mode, masking, snapshot, made_at, made_by, expires_at,
                   revoked_at, revoked_by, uses, last_used_at",
        token.as_slice(),
        now,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        let record = Record {
            id: row.id,
            mode: row.mode,
            masking: row.masking,
            made_at: row.made_at,
            made_by: row.made_by,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            revoked_by: row.revoked_by,
            uses: row.uses,
            last_used_at: row.last_used_at,
        };
        Ok(Used {
            investigation: row.investigation,
            link: link(record, now)?,
            snapshot: row.snapshot.map(from_json).transpose()?,
        })
    })
    .transpose()
}

/// The same without counting: for a stream, which only says when to look again.
#[tracing::instrument(name = "db.share_links.find_open", skip_all)]
pub async fn find_open(
    db: &mut PgConnection,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Open>> {
    sqlx::query_as!(
        Open,
        r#"select id, investigation, expires_at, mode = 'live' as "is_live!"
           from share_links
           where token_hash = $1 and revoked_at is null and expires_at > $2"#,
        token.as_slice(),
        now,
    )
    .fetch_optional(db)
    .await
}

/// Revokes a link of this investigation and forgets what it showed. The link, and whether it was open
/// to be revoked; `None` where there is no such link.
#[tracing::instrument(name = "db.share_links.revoke", skip_all)]
pub async fn revoke(
    db: &mut PgConnection,
    investigation: Uuid,
    id: Uuid,
    by: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<(ShareLink, bool)>> {
    let revoked = sqlx::query_as!(
        Record,
        "update share_links
         set revoked_at = $4, revoked_by = $3, snapshot = null
         where investigation = $1 and id = $2 and revoked_at is null
         returning id, mode, masking, made_at, made_by, expires_at, revoked_at, revoked_by, uses,
                   last_used_at",
        investigation,
        id,
        by.map(text),
        now,
    )
    .fetch_optional(&mut *db)
    .await?;
    if let Some(record) = revoked {
        return Ok(Some((link(record, now)?, true)));
    }
    let known = sqlx::query_as!(
        Record,
        "select id, mode, masking, made_at, made_by, expires_at, revoked_at, revoked_by, uses,
                last_used_at
         from share_links
         where investigation = $1 and id = $2",
        investigation,
        id,
    )
    .fetch_optional(db)
    .await?;
    known
        .map(|record| Ok((link(record, now)?, false)))
        .transpose()
}

fn link(record: Record, now: DateTime<Utc>) -> sqlx::Result<ShareLink> {
    let state = match record.revoked_at {
        Some(_) => ShareState::Revoked,
        None if record.expires_at <= now => ShareState::Expired,
        None => ShareState::Open,
    };
    Ok(ShareLink {
        id: record.id.to_string(),
        mode: from_word(record.mode)?,
        masking: from_word(record.masking)?,
        state,
        made_at: record.made_at,
        made_by: record.made_by,
        expires_at: record.expires_at,
        revoked_at: record.revoked_at,
        revoked_by: record.revoked_by,
        uses: record.uses.cast_unsigned(),
        last_used_at: record.last_used_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            id: Uuid::nil(),
            mode: "live".into(),
            masking: "default".into(),
            made_at: DateTime::UNIX_EPOCH,
            made_by: None,
            expires_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::days(7),
            revoked_at: None,
            revoked_by: None,
            uses: 0,
            last_used_at: None,
        }
    }

    #[test]
    fn a_link_is_open_until_it_expires_or_is_revoked() {
        let at = |days| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(days);
        let state = |record, days| link(record, at(days)).unwrap().state;
        assert_eq!(state(record(), 6), ShareState::Open);
        assert_eq!(state(record(), 7), ShareState::Expired);
        let revoked = || Record {
            revoked_at: Some(at(1)),
            ..record()
        };
        assert_eq!(state(revoked(), 2), ShareState::Revoked);
        assert_eq!(state(revoked(), 8), ShareState::Revoked);
    }
}
