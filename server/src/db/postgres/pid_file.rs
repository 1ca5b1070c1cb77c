//! `postmaster.pid`: what a Postgres server says of itself in its data folder.
//!
//! Line 1 is its process, line 8 its state (`ready` once it takes connections).

use std::path::Path;

use nix::{sys::signal, unistd::Pid};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: Pid,
    pub(super) ready: bool,
}

impl PidFile {
    /// `None` where there is no such file, or not yet one with a process in it.
    pub(super) fn read(data: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?;
        Some(Self {
            pid: Pid::from_raw(pid),
            ready: lines.nth(6).is_some_and(|state| state.trim() == "ready"),
        })
    }

    /// Whether a process with that number exists, Postgres or not.
    pub(super) fn is_alive(&self) -> bool {
        signal::kill(self.pid, None) != Err(nix::errno::Errno::ESRCH)
    }

    /// Whether the number belongs to some other program by now: the file was left by a server that
    /// is gone, on a machine or in a container that has started anew. Known on Linux only.
    pub(super) fn is_anothers(&self) -> bool {
        std::fs::read_to_string(format!("/proc/{}/comm", self.pid))
            .is_ok_and(|program| program.trim() != "postgres")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_process_and_state() {
        let starting = PidFile::parse("4711\n/data\n1700000000\n5432\n/run\n\n 12 34\nstarting\n");
        assert_eq!(starting.map(|file| file.ready), Some(false));
        let ready = PidFile::parse("4711\n/data\n1700000000\n5432\n/run\n\n 12 34\nready   \n");
        assert_eq!(
            ready,
            Some(PidFile {
                pid: Pid::from_raw(4711),
                ready: true
            })
        );
    }

    #[test]
    fn never_names_everybody_or_init() {
        for text in ["", "\n", "-1\n", "0\n", "1\n", "word\n"] {
            assert_eq!(PidFile::parse(text), None, "{text:?}");
        }
    }
}
