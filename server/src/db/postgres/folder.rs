//! The data folder: who owns it, where the socket stands, and the lock that says whose turn it is.
//!
//! ```text
//! lock           held by the lb502 that runs the server
//! postgres/      the server's data; postgres.new/ while it is being made
//! postgres.log   what the server says
//! run/           the socket, unless the path would be too long for one
//! ```

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Uid, User};
use sha2::{Digest, Sha256};

use super::PostgresError;

/// The longest path of a socket: 108 bytes with the closing zero on Linux, 104 on macOS.
const SOCKET_PATH_MAX: usize = 103;

/// A log larger than this is started anew, in bytes.
const LOG_MAX: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    socket_folder: PathBuf,
    user: Option<ServerUser>,
}

/// Postgres refuses to run as root; this is who it runs as instead.
#[derive(Clone, Debug)]
pub(super) struct ServerUser {
    pub(super) name: String,
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

impl Folder {
    /// Makes the folder and what belongs into it, but for the data.
    pub(super) fn prepare(setting: Option<&Path>) -> Result<Self, PostgresError> {
        let user = Uid::effective().is_root().then(server_user).transpose()?;
        let root = match setting {
            Some(folder) => std::path::absolute(folder).map_err(failed(folder))?,
            None => default_root(user.is_some()).ok_or(PostgresError::NoFolder)?,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(if user.is_some() { 0o755 } else { 0o700 })
            .create(&root)
            .map_err(failed(&root))?;
        if let Some(user) = &user {
            can_enter(&root, user)?;
        }
        let socket_folder = socket_folder(&root);
        let folder = Self {
            root,
            socket_folder,
            user,
        };
        folder.make_own(&folder.socket_folder)?;
        Ok(folder)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn data(&self) -> PathBuf {
        self.root.join("postgres")
    }

    pub(super) fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.socket_folder.join(".s.PGSQL.5432")
    }

    pub(super) fn user(&self) -> Option<&ServerUser> {
        self.user.as_ref()
    }

    /// The major version that wrote the data; `None` where there is no data yet.
    pub(super) fn version(&self) -> Option<String> {
        std::fs::read_to_string(self.data().join("PG_VERSION"))
            .ok()
            .map(|version| version.trim().to_owned())
    }

    /// The lock, or `None` while another lb502 has it. The kernel frees it when its process ends.
    pub(super) fn try_lock(&self) -> Result<Option<File>, PostgresError> {
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(PostgresError::Folder { path, source }),
        }
    }

    /// An empty folder for initdb; what a start that was cut off left in it is removed.
    pub(super) fn fresh_data(&self) -> Result<PathBuf, PostgresError> {
        let path = self.root.join("postgres.new");
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error)),
            _ => self.make_own(&path).map(|()| path),
        }
    }

    pub(super) fn finish_data(&self, fresh: &Path) -> Result<(), PostgresError> {
        let data = self.data();
        std::fs::rename(fresh, &data).map_err(failed(&data))
    }

    pub(super) fn log(&self) -> Result<File, PostgresError> {
        let path = self.log_path();
        let too_large = path.metadata().is_ok_and(|log| log.len() > LOG_MAX);
        if too_large {
            std::fs::remove_file(&path).map_err(failed(&path))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))
    }

    /// The last lines of the log that say something, in one line.
    pub(super) fn end_of_log(&self) -> String {
        let log = std::fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log[log.len().saturating_sub(4096)..]).into_owned();
        let lines = log.lines().filter(|line| !line.trim().is_empty());
        let lines = lines.collect::<Vec<_>>();
        lines[lines.len().saturating_sub(4)..].join(" | ")
    }

    fn log_path(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// A folder that only the server's user can enter. One that somebody else made in its place
    /// (the short socket folder stands where everybody may write) is refused.
    fn make_own(&self, path: &Path) -> Result<(), PostgresError> {
        let made = DirBuilder::new().mode(0o700).create(path);
        match made {
            Ok(()) => {
                if let Some(user) = &self.user {
                    std::os::unix::fs::chown(
                        path,
                        Some(user.uid.as_raw()),
                        Some(user.gid.as_raw()),
                    )
                    .map_err(failed(path))?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(path)(error)),
        }
        let owner = self
            .user
            .as_ref()
            .map_or(Uid::effective(), |user| user.uid)
            .as_raw();
        let there = std::fs::symlink_metadata(path).map_err(failed(path))?;
        if !there.is_dir() || there.uid() != owner {
            let taken = io::Error::other("it exists already and belongs to somebody else");
            return Err(failed(path)(taken));
        }
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed(path))
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> PostgresError + use<> {
    let path = path.to_owned();
    move |source| PostgresError::Folder {
        path: path.clone(),
        source,
    }
}

fn default_root(root: bool) -> Option<PathBuf> {
    if root {
        return Some(PathBuf::from("/var/lib/lb502"));
    }
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    if cfg!(target_os = "macos") {
        return Some(home()?.join("Library/Application Support/lb502"));
    }
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(home()?.join(".local/share")))
        .map(|folder| folder.join("lb502"))
}

fn server_user() -> Result<ServerUser, PostgresError> {
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| ServerUser {
            name: user.name,
            uid: user.uid,
            gid: user.gid,
        })
        .ok_or(PostgresError::NoUser)
}

/// Every folder on the way must let the server's user through.
fn can_enter(root: &Path, user: &ServerUser) -> Result<(), PostgresError> {
    for folder in root.ancestors() {
        let there = folder.metadata().map_err(failed(folder))?;
        let needed = if there.uid() == user.uid.as_raw() {
            0o100
        } else if there.gid() == user.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        if there.mode() & needed == 0 {
            return Err(PostgresError::CannotEnter {
                user: user.name.clone(),
                folder: folder.to_owned(),
            });
        }
    }
    Ok(())
}

/// Inside the data folder, or in a short folder that every process finds by the data folder's name.
fn socket_folder(root: &Path) -> PathBuf {
    let inside = root.join("run");
    if inside.as_os_str().len() + "/.s.PGSQL.5432.lock".len() <= SOCKET_PATH_MAX {
        return inside;
    }
    let name = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let name = name[..8].iter().map(|byte| format!("{byte:02x}"));
    Path::new("/tmp").join(format!("lb502-{}", name.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_a_short_socket() {
        let long = PathBuf::from(format!("/home/{}", "a".repeat(120)));
        let short = socket_folder(&long);
        assert!(short.join(".s.PGSQL.5432.lock").as_os_str().len() <= SOCKET_PATH_MAX);
        assert_eq!(short, socket_folder(&long), "every process finds the same");
        assert_ne!(short, socket_folder(&long.join("b")));
        assert_eq!(socket_folder(Path::new("/data")), Path::new("/data/run"));
    }

    #[test]
    fn the_lock_is_for_one() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = Folder::prepare(Some(root.path())).unwrap();
        let lock = folder.try_lock().unwrap();
        assert!(lock.is_some());
        assert!(folder.try_lock().unwrap().is_none());
        drop(lock);
        assert!(folder.try_lock().unwrap().is_some());
    }
}
