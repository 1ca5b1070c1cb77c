//! Where this machine keeps the Postgres programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::PostgresError;

/// The folders where packages put them; `*` stands for any one name, such as a version.
const FOLDERS: [&str; 6] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
];

/// A folder that holds `initdb` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The setting's folder, else the newest of the known folders and PATH. Data can only be read
    /// by the major version that wrote it: `version` is that, once there is data.
    pub(super) fn find(
        setting: Option<&Path>,
        version: Option<&str>,
    ) -> Result<Self, PostgresError> {
        let candidates = match setting {
            Some(folder) if holds_both(folder) => vec![folder.to_owned()],
            Some(folder) => return Err(PostgresError::NoBinariesThere(folder.to_owned())),
            None => installed(),
        };
        let mut found = candidates
            .into_iter()
            .filter_map(|folder| Some((major_version(&folder)?, folder)))
            .collect::<Vec<_>>();
        if found.is_empty() {
            return Err(PostgresError::NoBinaries);
        }
        found.sort();
        match version {
            None => found.pop(),
            Some(version) => found
                .into_iter()
                .find(|(major, _)| major.to_string() == version),
        }
        .map(|(_, folder)| Self { folder })
        .ok_or_else(|| PostgresError::OtherVersion {
            folder: PathBuf::new(),
            version: version.unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn installed() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    FOLDERS
        .iter()
        .flat_map(|pattern| matching(pattern))
        .chain(std::env::split_paths(&path))
        .filter(|folder| holds_both(folder))
        .collect()
}

fn holds_both(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// The existing folders that a pattern with at most one `*` means.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .map(|name| PathBuf::from(format!("{parent}/{name}{after}")))
        .collect()
}

/// `postgres (PostgreSQL) 15.14 (Debian …)` → 15. `None` where the program does not run.
fn major_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    String::from_utf8(output.stdout)
        .ok()?
        .split_whitespace()
        .find_map(|word| word.split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_setting_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = Binaries::find(Some(folder.path()), None).unwrap_err();
        assert!(error.to_string().contains("LB502_POSTGRES_BIN"), "{error}");
    }

    #[test]
    fn a_pattern_matches_existing_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pgsql-16")).unwrap();
        std::fs::create_dir(folder.path().join("other")).unwrap();
        let root = folder.path().to_str().unwrap();
        assert_eq!(
            matching(&format!("{root}/pgsql-*/bin")),
            [PathBuf::from(format!("{root}/pgsql-16/bin"))]
        );
        assert_eq!(matching(&format!("{root}/none/*/bin")), [] as [PathBuf; 0]);
    }
}
