//! `lb502 export` and `lb502 import`.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use diagnosis::bundle::Bundle;
use uuid::Uuid;

use super::{Failure, Store, terminal};
use crate::{
    assemble, bundles,
    db::{self, Database, investigations},
};

/// Bytes; the API takes as much.
const BUNDLE_MAX: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The investigation's id: the last part of its page's address.
    id: Uuid,
    #[command(flatten)]
    store: Store,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file that lb502 export made; - reads it from stdin.
    file: PathBuf,
    #[command(flatten)]
    store: Store,
}

impl Export {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let database = Database::open(&self.store.place()).await?;
        let exported = self.bundle(&database).await;
        database.close().await;
        let text = serde_json::to_string_pretty(&exported?).map_err(|error| {
            Failure::Words(format!("The bundle could not be written: {error}."))
        })?;
        terminal::answer(&format!("{text}\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn bundle(&self, database: &Database) -> Result<Bundle, Failure> {
        let mut tx = db::snapshot(database.pool()).await?;
        let row = investigations::find(&mut tx, self.id)
            .await?
            .ok_or_else(|| {
                Failure::Words(format!(
                    "There is no investigation {} in this store.",
                    self.id
                ))
            })?;
        Ok(assemble::export(&mut tx, row).await?)
    }
}

impl Import {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let bundle = self.read()?;
        bundles::check(&bundle)?;
        let database = Database::open(&self.store.place()).await?;
        let stored = bundles::store(database.pool(), &bundle, rand::random()).await;
        database.close().await;
        terminal::answer(&format!("{}\n", stored?))?;
        Ok(ExitCode::SUCCESS)
    }

    fn read(&self) -> Result<Bundle, Failure> {
        let name = self.file.display();
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::Words(format!(
                "{name} is no evidence bundle that can be read: {error}."
            ))
        };
        let reader: Box<dyn Read> = if self.file.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(File::open(&self.file).map_err(|error| unreadable(&error))?)
        };
        serde_json::from_reader(BufReader::new(reader.take(BUNDLE_MAX)))
            .map_err(|error| unreadable(&error))
    }
}
