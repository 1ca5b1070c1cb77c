//! `lb502 serve`.

use std::{
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{Failure, Store, terminal};
use crate::{
    access::Access,
    api::{Password, router::router},
    app::App,
    db::Database,
    serving::{Limits, serve},
    webhook::Webhook,
};

/// For requests that are still being answered when the server is to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen. Any address but loopback needs LB502_PASSWORD.
    #[arg(
        long,
        env = "LB502_LISTEN",
        default_value = "127.0.0.1:5020",
        value_name = "ADDRESS:PORT"
    )]
    listen: SocketAddr,
    #[command(flatten)]
    store: Store,
}

impl Serve {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let mut stop = Stop::new()?;
        let password = password(self.listen.ip())?;
        let webhook =
            Webhook::from_environment().map_err(|error| Failure::Words(format!("{error}.")))?;
        // Before Postgres: a port that is taken is found out at once.
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| cannot_listen(self.listen, &error))?;
        let place = self.store.place();
        let database = tokio::select! {
            opened = Database::open(&place) => opened?,
            () = stop.asked() => return Ok(ExitCode::SUCCESS),
        };
        let app = App::start(database.pool().clone(), Access::DefaultChain, webhook).await;
        let address = listener.local_addr().unwrap_or(self.listen);
        terminal::answer(&format!("lb502 is ready: open http://{address}\n"))?;

        let mut serving = tokio::spawn(serve(
            listener,
            router(app.clone(), password),
            Limits::default(),
            app.stop.clone(),
        ));
        tokio::select! {
            () = stop.asked() => {}
            ended = &mut serving => {
                tracing::error!(?ended, "the server stopped listening");
            }
        }
        app.stop().await;
        if tokio::time::timeout(LAST_ANSWERS, serving).await.is_err() {
            tracing::warn!("some requests were still being answered");
        }
        drop(app);
        database.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// LB502_PASSWORD is no argument: arguments can be read by everybody on the machine.
fn password(address: IpAddr) -> Result<Option<Password>, Failure> {
    let password = std::env::var("LB502_PASSWORD")
        .ok()
        .and_then(|password| Password::new(&password));
    if password.is_none() && !address.is_loopback() {
        return Err(Failure::Words(format!(
            "lb502 does not listen on {address}, where others can reach it, without a password: set \
             LB502_PASSWORD, or listen on 127.0.0.1."
        )));
    }
    Ok(password)
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    let what_to_do = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "Something listens there already, perhaps another lb502: open it, or choose another port with --listen."
        }
        _ => "Choose another address with --listen.",
    };
    Failure::Words(format!(
        "lb502 cannot listen on {address}: {error}. {what_to_do}"
    ))
}

/// Control-C, and what service managers send.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::Words(format!("lb502 cannot listen for signals: {error}."))
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
