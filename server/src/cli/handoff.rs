//! `lb502 handoff`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use diagnosis::api::HandoffText;
use uuid::Uuid;

use super::{Failure, Store, terminal};
use crate::{
    db::{self, Database, handoffs, investigations},
    handoff,
};

#[derive(Debug, Args)]
pub(super) struct Handoff {
    /// The investigation's id: the last part of its page's address.
    id: Uuid,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// A note that was sent, by its number, as it was sent. Default: as the record stands now.
    #[arg(long, value_name = "N")]
    sent: Option<u32>,
    #[command(flatten)]
    store: Store,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Markdown,
    Slack,
    Json,
}

impl Handoff {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let database = Database::open(&self.store.place()).await?;
        let text = self.text(&database).await;
        database.close().await;
        terminal::answer(&shown(text?, self.format)?)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn text(&self, database: &Database) -> Result<HandoffText, Failure> {
        let mut tx = db::snapshot(database.pool()).await?;
        let row = investigations::find(&mut tx, self.id).await?;
        let row = row.ok_or_else(|| {
            Failure::Words(format!(
                "There is no investigation {} in this store.",
                self.id
            ))
        })?;
        if let Some(n) = self.sent {
            let sent = handoffs::list(&mut tx, self.id).await?;
            let sent = sent.into_iter().find(|sent| sent.n == n);
            return sent.map(|sent| sent.text).ok_or_else(|| {
                Failure::Words(format!(
                    "No handoff note {n} of this investigation was sent."
                ))
            });
        }
        let (_, added) = handoffs::draft(&mut tx, self.id).await?;
        let (_, text) = handoff::written(&mut tx, row, &added, db::now()).await?;
        Ok(text)
    }
}

fn shown(text: HandoffText, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Markdown => text.markdown,
        Format::Slack => text.slack,
        Format::Json => {
            let json = serde_json::to_string_pretty(&text.note);
            let json = json.map_err(|error| {
                Failure::Words(format!("The note could not be written: {error}."))
            })?;
            format!("{json}\n")
        }
    })
}
