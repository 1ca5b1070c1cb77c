//! What goes out through a share link: made from an investigation, masked, and looked through again.

use chrono::{DateTime, Utc};
use diagnosis::{
    api::{Investigation, Masking, ShareMode, SharedInvestigation},
    bundle::Bundle,
    masking::{MaskError, Masker},
};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    assemble,
    db::{self, investigations::Row},
};

pub mod token;

/// Why nothing was handed out.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    #[error(transparent)]
    Masking(#[from] MaskError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The investigation as people outside are to see it. `db` is to be one snapshot.
pub async fn document(
    db: &mut PgConnection,
    row: Row,
    mode: ShareMode,
    masking: Masking,
    expires_at: DateTime<Utc>,
) -> Result<SharedInvestigation, ShareError> {
    let bundle = match masking {
        Masking::None => None,
        Masking::Default => Some(assemble::export(db, row.clone()).await?),
    };
    let investigation = assemble::investigation(db, row).await?;
    let shared = SharedInvestigation::of(&investigation, mode, db::now(), expires_at);
    let Some(bundle) = bundle else {
        return Ok(shared);
    };
    // Thousands of rows: not where connections are served.
    let masked = tokio::task::spawn_blocking(move || masked(&shared, &bundle, &investigation));
    let mut masked = masked.await.map_err(|_| MaskError::Shape)??;
    masked.masking = masking;
    Ok(masked)
}

fn masked(
    shared: &SharedInvestigation,
    bundle: &Bundle,
    investigation: &Investigation,
) -> Result<SharedInvestigation, MaskError> {
    let evidence = serde_json::to_value(bundle).map_err(|_| MaskError::Shape)?;
    let notes = investigation.notes.iter().map(|note| note.text.as_str());
    let people = json!({"title": investigation.title, "text": notes.collect::<Vec<_>>()});
    // Also of other windows: those calls stay on record.
    let calls = serde_json::to_value(&investigation.diagnosis.observations)
        .map_err(|_| MaskError::Shape)?;
    Masker::new([&evidence, &people, &calls]).masked(shared)
}
