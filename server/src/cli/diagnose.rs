//! `lb502 diagnose`.

use std::process::ExitCode;

use clap::Args;
use diagnosis::{
    Diagnosis, Evidence, Observation, Step,
    bundle::{self, Bundle, RecordedObservation},
    document::Verdict,
    evidence::{LoadBalancer, Part, Window},
    observation::Outcome,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Failure, Store, readable,
    terminal::{self, Style, Tone},
};
use crate::{
    access::Access,
    aws::Aws,
    bundles,
    collect::{self, Progress, Scope},
    db::{self, Database},
    find, problem, window,
};

#[derive(Debug, Args)]
pub(super) struct Diagnose {
    /// The load balancer: name, ARN, DNS name or URL.
    load_balancer: String,
    /// The region. Default: the one that the ARN or DNS name carries, else the AWS one.
    #[arg(long)]
    region: Option<String>,
    /// The account that the credentials are to belong to.
    #[arg(long)]
    account: Option<String>,
    /// The window: so long until now, such as 15m, 1h, 24h. Default: 1h.
    #[arg(long, conflicts_with_all = ["from", "to"], allow_hyphen_values = true)]
    last: Option<String>,
    /// The window's start, RFC 3339, such as 2026-11-22T01:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The window's end, RFC 3339. Default: now.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
    /// Prints the diagnosis document instead of text.
    #[arg(long)]
    json: bool,
    /// Keeps it as an investigation that the page shows.
    #[arg(long)]
    save: bool,
    #[command(flatten)]
    store: Store,
}

/// What a run saw.
struct Seen {
    observations: Vec<RecordedObservation>,
    parts: Vec<Part>,
}

impl Diagnose {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let (from, to, last) = (
            self.from.as_deref(),
            self.to.as_deref(),
            self.last.as_deref(),
        );
        let window = window::window(from, to, last, db::now())
            .map_err(|wrong| problem::of_window(&wrong))?;
        let (asked, region, account) = (
            &self.load_balancer,
            self.region.as_deref(),
            self.account.as_deref(),
        );
        let (aws, load_balancer) =
            find::load_balancer(&Access::DefaultChain, asked, region, account).await?;
        // A store that cannot be opened is found out before AWS is asked a hundred things.
        let database = match self.save {
            true => Some(Database::open(&self.store.place()).await?),
            false => None,
        };
        let answered = self
            .answer(&aws, load_balancer, window, database.as_ref())
            .await;
        if let Some(database) = database {
            database.close().await;
        }
        answered
    }

    async fn answer(
        &self,
        aws: &Aws,
        load_balancer: LoadBalancer,
        window: Window,
        database: Option<&Database>,
    ) -> Result<ExitCode, Failure> {
        let began = db::now();
        let seen = watch(aws, load_balancer.clone(), window).await?;
        let bundle = Bundle {
            bundle_version: bundle::VERSION,
            title: format!("502s of {}", load_balancer.name),
            recorded_at: newest(&seen).unwrap_or(began),
            load_balancer,
            window,
            answers: Default::default(),
            observations: seen.observations,
            parts: seen.parts,
        };
        let evidence: Evidence = bundle.evidence();
        let diagnosis = diagnosis::diagnose(&evidence);
        if let Some(database) = database {
            let id = bundles::store(database.pool(), &bundle, rand::random()).await?;
            terminal::tell(&format!(
                "Saved as investigation {id}; with lb502 serve it is at http://127.0.0.1:5020/investigations/{id}"
            ));
        }
        terminal::answer(&self.shown(&diagnosis)?)?;
        Ok(ExitCode::from(code(diagnosis.verdict)))
    }

    fn shown(&self, diagnosis: &Diagnosis) -> Result<String, Failure> {
        if !self.json {
            return Ok(readable::text(diagnosis, Style::of_stdout()));
        }
        serde_json::to_string_pretty(diagnosis)
            .map(|text| format!("{text}\n"))
            .map_err(|error| Failure::Words(format!("The document could not be written: {error}.")))
    }
}

/// Makes the calls of all six steps, and tells of each on stderr.
async fn watch(aws: &Aws, load_balancer: LoadBalancer, window: Window) -> Result<Seen, Failure> {
    let style = Style::of_stderr();
    let cancel = CancellationToken::new();
    let (progress, mut happening) = mpsc::channel(64);
    let scope = Scope {
        load_balancer,
        window,
        steps: Step::ALL.to_vec(),
        first_n: 1,
    };
    let mut seen = Seen {
        observations: Vec::new(),
        parts: Vec::new(),
    };
    let hear = async {
        while let Some(progress) = happening.recv().await {
            hear(progress, &mut seen, style);
        }
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(collect::collect(aws, scope, progress, cancel.clone()), hear) } => {}
        _ = tokio::signal::ctrl_c() => {
            cancel.cancel();
            return Err(Failure::Words("Stopped before there was an answer.".into()));
        }
    }
    seen.observations
        .sort_by_key(|recorded| recorded.observation.n);
    Ok(seen)
}

fn hear(progress: Progress, seen: &mut Seen, style: Style) {
    match progress {
        Progress::StepStarted(step) => terminal::tell(&style.paint(Tone::Strong, step.title())),
        Progress::CallStarted { .. } => {}
        Progress::CallEnded {
            observation,
            asked,
            answered,
        } => {
            terminal::tell(&line(&observation, style));
            seen.observations.push(RecordedObservation {
                observation,
                asked,
                answered,
            });
        }
        Progress::Part(part) => seen.parts.push(part),
    }
}

fn line(observation: &Observation, style: Style) -> String {
    let (tone, mark) = match observation.outcome {
        Outcome::Seen => (Tone::Good, "seen  "),
        Outcome::Denied => (Tone::Warn, "denied"),
        Outcome::Failed => (Tone::Warn, "failed"),
    };
    format!(
        "  {} {} {}",
        style.paint(tone, mark),
        terminal::harmless(&format!(
            "{}: {}",
            observation.operation, observation.detail
        )),
        style.paint(Tone::Quiet, &format!("{} ms", observation.took_ms)),
    )
}

fn newest(seen: &Seen) -> Option<chrono::DateTime<chrono::Utc>> {
    seen.observations
        .iter()
        .map(|recorded| recorded.observation.at)
        .max()
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NoFaultFound => 0,
        Verdict::CauseFound | Verdict::LikelyCause => 1,
        Verdict::CannotTell => 2,
    }
}
