//! The command line.
//!
//! The answer goes to stdout, everything else to stderr. Exit codes of `diagnose`: 0 no fault,
//! 1 a cause found or likely, 2 cannot tell, 3 usage, credentials, or anything that kept it from
//! answering; the other commands: 0 and 3.

mod bundle;
mod diagnose;
mod handoff;
mod iam_policy;
mod readable;
mod serve;
mod terminal;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use diagnosis::api::Problem;

use crate::{db::Place, telemetry};

/// Usage, credentials, or anything else that kept a command from its answer.
const FAILED: u8 = 3;

/// The futures of the AWS SDK are large, and unoptimised builds move them through the stack. Bytes.
const STACK: usize = 16 << 20;

/// Finds out why an AWS load balancer answers 502 Bad Gateway.
///
/// AWS is reached as the aws command reaches it: profiles, SSO, environment, instance role,
/// AWS_ENDPOINT_URL. Nothing in AWS is ever changed.
#[derive(Debug, Parser)]
#[command(name = "lb502", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What to log on stderr: error, warn, info, debug, or lb502=debug.
    #[arg(
        long,
        global = true,
        env = "LB502_LOG",
        value_name = "FILTER",
        hide_env_values = true
    )]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the page and the API.
    Serve(serve::Serve),
    /// Diagnoses a load balancer here in the terminal.
    Diagnose(diagnose::Diagnose),
    /// Prints the IAM policy that lb502 needs: read-only calls, and no others.
    IamPolicy,
    /// Prints the evidence bundle of an investigation.
    Export(bundle::Export),
    /// Prints the note for whoever takes an investigation over.
    Handoff(handoff::Handoff),
    /// Opens an investigation from an evidence bundle, and prints its id.
    Import(bundle::Import),
}

/// Where investigations are kept.
#[derive(Clone, Debug, Args)]
struct Store {
    /// The Postgres server to use (postgres://user:password@host/database). Without it lb502
    /// starts a private one from the Postgres programs of this machine.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The folder of the private Postgres. Default: the user's data folder; for root
    /// /var/lib/lb502.
    #[arg(long, env = "LB502_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The folder that holds initdb and postgres. Default: where packages put them, then PATH.
    #[arg(long, env = "LB502_POSTGRES_BIN", value_name = "FOLDER")]
    postgres_bin: Option<PathBuf>,
}

/// Why a command cannot answer: a sentence, or a problem with what to do about it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Words(String),
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; all else is usage. A closed pipe changes neither.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAILED } else { 0 });
        }
    };
    telemetry::start(cli.log.as_deref());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::Words(format!("lb502 could not start: {error}"))),
    };
    let ended = runtime.block_on(run(cli.command));
    // Nothing that is still under way (a look-up of a name) may hold the process up.
    runtime.shutdown_background();
    ended.unwrap_or_else(|failure| fail(&failure))
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(serve) => serve.run().await,
        Command::Diagnose(diagnose) => diagnose.run().await,
        Command::IamPolicy => iam_policy::run(),
        Command::Export(export) => export.run().await,
        Command::Handoff(handoff) => handoff.run().await,
        Command::Import(import) => import.run().await,
    }
}

fn fail(failure: &Failure) -> ExitCode {
    terminal::complain(failure);
    ExitCode::from(FAILED)
}

impl Store {
    fn place(&self) -> Place {
        Place {
            url: self.database_url.clone().filter(|url| !url.is_empty()),
            data: self.data_dir.clone(),
            binaries: self.postgres_bin.clone(),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<crate::db::OpenError> for Failure {
    fn from(error: crate::db::OpenError) -> Self {
        Self::Words(format!("{error}."))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Words(format!("The store failed: {error}."))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Words(format!("The answer could not be written: {error}."))
    }
}
