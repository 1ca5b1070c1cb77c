//! A private Postgres of our own, made from the machine's binaries, for whoever has no server.
//!
//! One data folder belongs to one user. The lb502 process that holds the folder's lock runs the
//! server ([`keeper`]); other lb502 processes on the same folder use that server and take over
//! when its process goes. It listens on a unix socket only, in a folder that only its user (and
//! root) can enter, which is why connections need no password.

mod binaries;
mod folder;
mod keeper;
mod pid_file;

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread::JoinHandle,
};

use sqlx::postgres::PgConnectOptions;

use binaries::Binaries;
use folder::Folder;

/// Name of the superuser of a private server, and of its database.
pub(super) const NAME: &str = "lb502";

/// A running private server, ours or another lb502's. Stop it with [`PrivatePostgres::stop`].
#[derive(Debug)]
pub struct PrivatePostgres {
    socket_folder: PathBuf,
    stop: mpsc::Sender<()>,
    keeper: Option<JoinHandle<()>>,
}

/// Why there is no private server; every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error(
        "No Postgres was found on this machine. Install one (apt install postgresql, or brew install \
         postgresql), name the folder of its binaries in LB502_POSTGRES_BIN, or name a running server \
         in DATABASE_URL"
    )]
    NoBinaries,
    #[error(
        "{} holds no initdb and postgres: set LB502_POSTGRES_BIN to the folder that holds both", .0.display()
    )]
    NoBinariesThere(PathBuf),
    #[error(
        "The data in {} was written by Postgres {version}, which was not found on this machine. Install \
         Postgres {version}, or name the folder of its binaries in LB502_POSTGRES_BIN", folder.display()
    )]
    OtherVersion { folder: PathBuf, version: String },
    #[error(
        "The user {user}, as whom Postgres runs when root starts lb502, cannot enter {}. Set \
         LB502_DATA_DIR to a folder that it can reach, such as /var/lib/lb502", folder.display()
    )]
    CannotEnter { user: String, folder: PathBuf },
    #[error(
        "There is no user postgres or nobody to run Postgres as. Start lb502 as another user than root"
    )]
    NoUser,
    #[error("No folder for data is known: set LB502_DATA_DIR, or HOME")]
    NoFolder,
    #[error("The data folder {} cannot be used: {source}", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{program} could not be started: {source}")]
    NotStarted {
        program: String,
        source: std::io::Error,
    },
    #[error("The private Postgres did not start; its log ends with: {0}")]
    Failed(String),
    #[error(
        "Another lb502 uses the data folder {}, but its Postgres does not answer. Wait until that lb502 \
         has ended, or set LB502_DATA_DIR to another folder", .0.display()
    )]
    NoAnswer(PathBuf),
}

impl PrivatePostgres {
    /// Starts the server of the folder, or finds the one that another lb502 runs there.
    ///
    /// `data`: else `/var/lib/lb502` for root and the user's own data folder for others.
    /// `binaries`: else the folders where packages put them.
    pub async fn start(
        data: Option<&Path>,
        binaries: Option<&Path>,
    ) -> Result<Self, PostgresError> {
        let folder = Folder::prepare(data)?;
        let binaries = Binaries::find(binaries, folder.version().as_deref())
            .map_err(|error| error.in_folder(&folder))?;
        let socket_folder = folder.socket_folder().to_owned();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let (stop, stopped) = mpsc::channel();
        let keeper = std::thread::Builder::new()
            .name("postgres".into())
            .spawn(move || keeper::keep(&folder, &binaries, ready, &stopped))
            .map_err(|source| PostgresError::NotStarted {
                program: "The thread that keeps Postgres".into(),
                source,
            })?;
        is_ready
            .await
            .unwrap_or_else(|_| Err(PostgresError::Failed("nothing".into())))?;
        Ok(Self {
            socket_folder,
            stop,
            keeper: Some(keeper),
        })
    }

    /// How to connect to it, as its superuser; the database is not chosen yet.
    pub(super) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_folder)
            .port(5432)
            .username(NAME)
    }

    /// Shuts the server down (if it is ours) and waits until it has ended.
    pub async fn stop(mut self) {
        let keeper = self.ask_to_stop();
        if tokio::task::spawn_blocking(move || keeper.map(JoinHandle::join))
            .await
            .is_err()
        {
            tracing::warn!("the thread that keeps Postgres could not be waited for");
        }
    }

    fn ask_to_stop(&mut self) -> Option<JoinHandle<()>> {
        // The thread may have ended already; then there is nobody to tell.
        let _ = self.stop.send(());
        self.keeper.take()
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        if let Some(keeper) = self.ask_to_stop() {
            let _ = keeper.join();
        }
    }
}

impl PostgresError {
    fn in_folder(self, folder: &Folder) -> Self {
        match self {
            Self::OtherVersion { version, .. } => Self::OtherVersion {
                folder: folder.root().to_owned(),
                version,
            },
            other => other,
        }
    }
}
