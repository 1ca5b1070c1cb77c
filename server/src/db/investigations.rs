//! The table `investigations`.

use chrono::{DateTime, Utc};
use diagnosis::{
    api::{Alike, InvestigationSummary, Status},
    document::{Diagnosis, LoadBalancerRef, Verdict},
    evidence::{LoadBalancer, Window},
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::{from_json, from_word, json, text, word};

/// A row, without what hangs on it.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: Uuid,
    pub title: String,
    pub status: Status,
    /// Name of the recorded incident that runs replay.
    pub practice: Option<String>,
    pub owner: Option<String>,
    pub load_balancer: LoadBalancer,
    pub window: Window,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What is known when an investigation is opened.
#[derive(Clone, Debug)]
pub struct New {
    pub title: String,
    pub practice: Option<String>,
    pub load_balancer: LoadBalancer,
    pub window: Window,
}

/// Which investigations a list shows; `None` leaves a thing open.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    /// The load balancer's ARN or name.
    pub load_balancer: Option<String>,
    /// Words of the title, the load balancer's name, the owner, the findings or the notes; or a part of title or name.
    pub q: Option<String>,
    /// Only those opened before this one.
    pub before: Option<Uuid>,
}

/// Findings whose words a search finds.
const FINDINGS_SEARCHED: usize = 30;

struct Record {
    id: Uuid,
    title: String,
    status: String,
    practice: Option<String>,
    owner: Option<String>,
    load_balancer: Value,
    window_from: DateTime<Utc>,
    window_to: DateTime<Utc>,
    version: i64,
    verdict: Option<String>,
    first_finding: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[tracing::instrument(name = "db.investigations.insert", skip_all)]
pub async fn insert(db: &mut PgConnection, new: &New, now: DateTime<Utc>) -> sqlx::Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into investigations
             (id, title, practice, load_balancer, load_balancer_arn, load_balancer_name,
              window_from, window_to, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        id,
        text(&new.title),
        new.practice,
        json(&new.load_balancer)?,
        text(&new.load_balancer.arn),
        text(&new.load_balancer.name),
        new.window.from,
        new.window.to,
        now,
    )
    .execute(db)
    .await?;
    Ok(id)
}

#[tracing::instrument(name = "db.investigations.find", skip_all)]
pub async fn find(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Record,
        "select id, title, status, practice, owner, load_balancer, window_from, window_to,
                version, verdict, first_finding, created_at, updated_at
         from investigations
         where id = $1",
        id
    )
    .fetch_optional(db)
    .await?
    .map(Row::try_from)
    .transpose()
}

/// Holds the row until the transaction ends: whoever appends events or changes anything waits.
/// `None` when there is no such investigation.
#[tracing::instrument(name = "db.investigations.lock", skip_all)]
pub async fn lock(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Record,
        "select id, title, status, practice, owner, load_balancer, window_from, window_to,
                version, verdict, first_finding, created_at, updated_at
         from investigations
         where id = $1
         for no key update",
        id
    )
    .fetch_optional(db)
    .await?
    .map(Row::try_from)
    .transpose()
}

/// Writes what people may change, and the next version. The row is to be locked.
#[tracing::instrument(name = "db.investigations.update", skip_all)]
pub async fn update(db: &mut PgConnection, row: &Row) -> sqlx::Result<()> {
    sqlx::query!(
        "update investigations
         set title = $2, status = $3, owner = $4, window_from = $5, window_to = $6,
             version = $7, updated_at = $8
         where id = $1",
        row.id,
        text(&row.title),
        word(&row.status)?,
        row.owner.as_deref().map(text),
        row.window.from,
        row.window.to,
        row.version,
        row.updated_at,
    )
    .execute(db)
    .await
    .map(drop)
}

/// Keeps what lists say of the diagnosis; `None` forgets it. Returns the verdict that stood there before. The row
/// is to be locked.
#[tracing::instrument(name = "db.investigations.judge", skip_all)]
pub async fn judge(
    db: &mut PgConnection,
    id: Uuid,
    diagnosis: Option<&Diagnosis>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Verdict>> {
    let verdict = diagnosis.map(|known| word(&known.verdict)).transpose()?;
    let first = diagnosis.and_then(|known| known.findings.first());
    let findings = diagnosis.iter().flat_map(|known| &known.findings);
    let words: Vec<String> = findings
        .take(FINDINGS_SEARCHED)
        .map(|finding| format!("{} {}", finding.title, finding.rule))
        .collect();
    let words = words.join(" ");
    let before = sqlx::query_scalar!(
        "update investigations as now
         set verdict = $2, first_finding = $3, updated_at = $4, first_rule = $5, findings = $6
         from investigations as before
         where now.id = $1 and before.id = $1
         returning before.verdict",
        id,
        verdict,
        first.map(|finding| text(&finding.title)),
        now,
        first.map(|finding| text(&finding.rule)),
        text(&words),
    )
    .fetch_optional(db)
    .await?;
    before.flatten().map(from_word).transpose()
}

/// Newest first, at most `limit`.
#[tracing::instrument(name = "db.investigations.list", skip_all)]
pub async fn list(
    db: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<InvestigationSummary>> {
    let status = filter.status.as_ref().map(word).transpose()?;
    sqlx::query_as!(
        Record,
        "select id, title, status, practice, owner, load_balancer, window_from, window_to,
                version, verdict, first_finding, created_at, updated_at
         from investigations
         where ($1::text is null or status = $1)
           and ($2::text is null or load_balancer_arn = $2 or load_balancer_name = $2)
           and ($3::text is null
                or position(lower($3) in lower(title)) > 0
                or position(lower($3) in lower(load_balancer_name)) > 0
                or to_tsvector('simple', title || ' ' || load_balancer_name || ' ' || findings || ' ' || coalesce(owner, ''))
                   @@ websearch_to_tsquery('simple', $3)
                or id in (
                    select investigation
                    from notes
                    where to_tsvector('simple', text) @@ websearch_to_tsquery('simple', $3)
                ))
           and ($4::uuid is null or id < $4)
         order by id desc
         limit $5",
        status,
        filter.load_balancer.as_deref().map(text),
        filter.q.as_deref().map(text),
        filter.before,
        limit,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(InvestigationSummary::try_from)
    .collect()
}

/// Earlier investigations of the same load balancer, or with the same first finding; newest first, at most `limit`.
#[tracing::instrument(name = "db.investigations.alike", skip_all)]
pub async fn alike(db: &mut PgConnection, id: Uuid, limit: i64) -> sqlx::Result<Vec<Alike>> {
    let rows = sqlx::query!(
        r#"select before.id, before.title, before.status, before.owner, before.load_balancer_name,
                  before.load_balancer_arn = this.load_balancer_arn as "same_load_balancer!",
                  coalesce(before.first_rule = this.first_rule, false) as "same_first_finding!",
                  before.first_finding, before.window_from, before.window_to, before.created_at,
                  settled.at as "settled_at?", settled.person as settled_by,
                  last_note.text as "last_note?"
           from investigations this
           join investigations before
               on before.id < this.id
               and (before.load_balancer_arn = this.load_balancer_arn or before.first_rule = this.first_rule)
               and (before.practice is null) = (this.practice is null)
           left join lateral (
               select at, person
               from events
               where investigation = before.id
                 and kind ->> 'kind' = 'investigation_changed'
                 and kind @> '{"changes": [{"field": "status"}]}'
               order by events.id desc
               limit 1
           ) settled on before.status <> 'open'
           left join lateral (
               select text
               from notes
               where investigation = before.id
               order by notes.id desc
               limit 1
           ) last_note on true
           where this.id = $1
           order by 6 desc, before.id desc
           limit $2"#,
        id,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Alike {
                id: row.id.to_string(),
                title: row.title,
                status: from_word(row.status)?,
                owner: row.owner,
                load_balancer: row.load_balancer_name,
                same_load_balancer: row.same_load_balancer,
                same_first_finding: row.same_first_finding,
                first_finding: row.first_finding,
                window: Window {
                    from: row.window_from,
                    to: row.window_to,
                },
                created_at: row.created_at,
                settled_at: row.settled_at,
                settled_by: row.settled_by,
                last_note: row.last_note,
            })
        })
        .collect()
}

impl TryFrom<Record> for Row {
    type Error = sqlx::Error;

    fn try_from(record: Record) -> sqlx::Result<Self> {
        Ok(Self {
            id: record.id,
            title: record.title,
            status: from_word(record.status)?,
            practice: record.practice,
            owner: record.owner,
            load_balancer: from_json(record.load_balancer)?,
            window: Window {
                from: record.window_from,
                to: record.window_to,
            },
            version: record.version,
            created_at: record.created_at,
            updated_at: record.updated_at,
        })
    }
}

impl TryFrom<Record> for InvestigationSummary {
    type Error = sqlx::Error;

    fn try_from(mut record: Record) -> sqlx::Result<Self> {
        let verdict = record.verdict.take().map(from_word).transpose()?;
        let first_finding = record.first_finding.take();
        let row = Row::try_from(record)?;
        Ok(Self {
            id: row.id.to_string(),
            title: row.title,
            status: row.status,
            practice: row.practice.is_some(),
            load_balancer: LoadBalancerRef {
                arn: row.load_balancer.arn,
                name: row.load_balancer.name,
                kind: row.load_balancer.kind,
                region: row.load_balancer.region,
                account: row.load_balancer.account,
            },
            window: row.window,
            created_at: row.created_at,
            updated_at: row.updated_at,
            verdict,
            first_finding,
        })
    }
}
