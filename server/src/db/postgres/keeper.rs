//! Runs the server, or waits for its turn, in a thread that lives as long as the server:
//! on Linux the kernel stops a child when the *thread* that made it ends.

use std::{
    fs::File,
    os::unix::{net::UnixStream, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use tokio::sync::oneshot;

use super::{NAME, PostgresError, binaries::Binaries, folder::Folder, pid_file::PidFile};

/// How often anything that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often a process whose turn it is not asks whether it is now.
const TURN: Duration = Duration::from_millis(500);
/// For a server to take connections: recovery after a crash replays its log first.
const START: Duration = Duration::from_secs(60);
/// For what a killed server left behind (children, its file) to go away.
const STALE: Duration = Duration::from_secs(15);
/// For a server of another process to answer.
const OTHERS: Duration = Duration::from_secs(60);
/// For a fast shutdown; after it comes an immediate one.
const STOP: Duration = Duration::from_secs(10);

type Ready = oneshot::Sender<Result<(), PostgresError>>;

/// Keeps a server up until told to stop. `ready` hears once: when connections are taken, or why not.
pub(super) fn keep(folder: &Folder, binaries: &Binaries, ready: Ready, stop: &Receiver<()>) {
    let mut ready = Some(ready);
    let started = Instant::now();
    loop {
        let turn = match folder.try_lock() {
            Ok(Some(lock)) => Some(run(folder, binaries, &lock, &mut ready, stop)),
            Ok(None) => {
                if answers(folder) {
                    tell(&mut ready, Ok(()));
                } else if ready.is_some() && started.elapsed() > OTHERS {
                    let error = PostgresError::NoAnswer(folder.root().to_owned());
                    return tell(&mut ready, Err(error));
                }
                None
            }
            Err(error) => Some(Err(error)),
        };
        match turn {
            Some(Ok(Ended::Stopped)) => return,
            Some(Ok(Ended::Died)) => {
                tracing::warn!("the private Postgres ended; starting it again")
            }
            Some(Err(error)) if ready.is_some() => return tell(&mut ready, Err(error)),
            Some(Err(error)) => tracing::error!("{error}"),
            None => {}
        }
        if told_to_stop(stop, TURN) {
            return;
        }
    }
}

enum Ended {
    Stopped,
    Died,
}

/// One life of the server. Holding `_lock` is what allows it.
fn run(
    folder: &Folder,
    binaries: &Binaries,
    _lock: &File,
    ready: &mut Option<Ready>,
    stop: &Receiver<()>,
) -> Result<Ended, PostgresError> {
    if folder.version().is_none() {
        make_data(folder, binaries)?;
    }
    let mut server = start(folder, binaries, stop)?;
    tell(ready, Ok(()));
    loop {
        if told_to_stop(stop, TURN) {
            end(&mut server);
            return Ok(Ended::Stopped);
        }
        if has_ended(&mut server) {
            return Ok(Ended::Died);
        }
    }
}

/// initdb into a folder of its own, then a rename: data is whole or not there.
fn make_data(folder: &Folder, binaries: &Binaries) -> Result<(), PostgresError> {
    let fresh = folder.fresh_data()?;
    let output = command(folder, binaries, "initdb")
        .arg("-D")
        .arg(&fresh)
        .args(["-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C"])
        .output()
        .map_err(|source| not_started(binaries, "initdb", source))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(PostgresError::Failed(said));
    }
    folder.finish_data(&fresh)
}

/// Starts `postgres` and waits until it takes connections. After a crash its predecessor's
/// children and pid file can stand in the way for a second or two: then again.
fn start(
    folder: &Folder,
    binaries: &Binaries,
    stop: &Receiver<()>,
) -> Result<Child, PostgresError> {
    let began = Instant::now();
    loop {
        clear_the_way(folder, began.elapsed());
        let in_the_way = PidFile::read(&folder.data()).is_some();
        let mut server = spawn(folder, binaries)?;
        let spawned = Instant::now();
        while !has_ended(&mut server) {
            if is_up(&folder.data(), &server) && answers(folder) {
                return Ok(server);
            }
            if spawned.elapsed() > START || told_to_stop(stop, LOOK) {
                end(&mut server);
                return Err(PostgresError::Failed(folder.end_of_log()));
            }
        }
        if !in_the_way || began.elapsed() > STALE * 2 || told_to_stop(stop, TURN) {
            return Err(PostgresError::Failed(folder.end_of_log()));
        }
    }
}

/// The lock is ours, so whatever server still runs here has lost its lb502.
fn clear_the_way(folder: &Folder, waited: Duration) {
    let Some(left) = PidFile::read(&folder.data()) else {
        return;
    };
    if left.is_alive() && answers(folder) {
        // It speaks through the socket that only we use: it is the server of an lb502 that was
        // killed where the kernel does not stop children (macOS).
        let _ = signal::kill(left.pid, Signal::SIGINT);
    } else if waited > STALE && left.is_anothers() {
        // Postgres itself only asks whether the number is taken, not by whom.
        let _ = std::fs::remove_file(folder.data().join("postmaster.pid"));
    }
}

fn spawn(folder: &Folder, binaries: &Binaries) -> Result<Child, PostgresError> {
    let log = folder.log()?;
    let log_too = log
        .try_clone()
        .map_err(|source| not_started(binaries, "postgres", source))?;
    // A list with one entry: quoted, because a comma would end the entry.
    let socket_folder = folder
        .socket_folder()
        .to_string_lossy()
        .replace('"', "\"\"");
    command(folder, binaries, "postgres")
        .arg("-D")
        .arg(folder.data())
        .args(["-c", "listen_addresses=", "-c", "port=5432"])
        .args(["-c", "unix_socket_permissions=0700"])
        .arg("-c")
        .arg(format!("unix_socket_directories=\"{socket_folder}\""))
        .stdout(Stdio::from(log))
        .stderr(Stdio::from(log_too))
        .spawn()
        .map_err(|source| not_started(binaries, "postgres", source))
}

/// A program of Postgres that ends with us, as the user that may run it, without our environment.
fn command(folder: &Folder, binaries: &Binaries, program: &str) -> Command {
    let mut command = Command::new(binaries.program(program));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .stdin(Stdio::null())
        // Control-C in a terminal reaches a whole group; the order of shutdown is ours to keep.
        .process_group(0);
    if let Some(user) = folder.user() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    end_with_us(&mut command);
    command
}

/// When this process dies, however it does, the kernel sends the child SIGINT: a fast shutdown.
#[cfg(target_os = "linux")]
fn end_with_us(command: &mut Command) {
    let us = nix::unistd::getpid();
    let ask = move || {
        nix::sys::prctl::set_pdeathsig(Signal::SIGINT)?;
        if nix::unistd::getppid() == us {
            Ok(())
        } else {
            Err(std::io::Error::from(nix::errno::Errno::ESRCH))
        }
    };
    #[expect(
        unsafe_code,
        reason = "there is no safe way to ask for the signal; between fork and exec the closure makes \
                  two system calls and neither allocates nor locks"
    )]
    // SAFETY: `ask` only calls prctl and getppid, which are async-signal-safe.
    unsafe {
        command.pre_exec(ask);
    }
}

/// macOS cannot do this; [`clear_the_way`] stops what was left behind at the next start.
#[cfg(not(target_os = "linux"))]
fn end_with_us(_command: &mut Command) {}

fn is_up(data: &Path, server: &Child) -> bool {
    PidFile::read(data)
        .is_some_and(|file| file.ready && i64::from(file.pid.as_raw()) == i64::from(server.id()))
}

fn answers(folder: &Folder) -> bool {
    UnixStream::connect(folder.socket()).is_ok()
}

fn has_ended(server: &mut Child) -> bool {
    !matches!(server.try_wait(), Ok(None))
}

fn end(server: &mut Child) {
    for (how, patience) in [
        (Signal::SIGINT, STOP),
        (Signal::SIGQUIT, STOP),
        (Signal::SIGKILL, STOP),
    ] {
        if let Ok(pid) = i32::try_from(server.id()) {
            let _ = signal::kill(Pid::from_raw(pid), how);
        }
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if has_ended(server) {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Waits up to `patience` for the word; a sender that is gone counts as the word.
fn told_to_stop(stop: &Receiver<()>, patience: Duration) -> bool {
    !matches!(stop.recv_timeout(patience), Err(RecvTimeoutError::Timeout))
}

fn tell(ready: &mut Option<Ready>, what: Result<(), PostgresError>) {
    if let Some(ready) = ready.take() {
        // Whoever asked may have given up; the server then stops when the channel closes.
        let _ = ready.send(what);
    }
}

fn not_started(binaries: &Binaries, program: &str, source: std::io::Error) -> PostgresError {
    PostgresError::NotStarted {
        program: binaries.program(program).display().to_string(),
        source,
    }
}
