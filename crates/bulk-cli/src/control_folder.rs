//! The folder of the sockets of all runs of a user, `NAME.sock` each.
//!
//! Only its owner may look into it, which is all the protection that the sockets have. So a folder that
//! others may use, or that someone else has made in our place, is refused.

use std::fs::{DirBuilder, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::Uid;
use tokio::net::{UnixListener, UnixStream};

use crate::run_name::RunName;

const ENDING: &str = "sock";
/// Whoever holds the folder's lock gives it back at once, unless it is stopped.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The folder, which is there and belongs to this user alone.
#[derive(Debug)]
pub(crate) struct ControlFolder(PathBuf);

/// Why there is no socket.
#[derive(Debug)]
pub(crate) enum Unbound {
    /// A run of that name goes.
    InUse,
    /// It cannot be made.
    Failed(io::Error),
}

impl From<io::Error> for Unbound {
    fn from(error: io::Error) -> Self {
        Unbound::Failed(error)
    }
}

impl ControlFolder {
    /// `$XDG_RUNTIME_DIR/cassandra-bulk`, or else `/tmp/cassandra-bulk-UID`; made if it is not there.
    pub(crate) fn open() -> io::Result<Self> {
        let user = Uid::effective();
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let path = match runtime.filter(|folder| folder.is_absolute()) {
            Some(folder) => folder.join("cassandra-bulk"),
            None => PathBuf::from(format!("/tmp/cassandra-bulk-{user}")),
        };
        let opened = Self::at(path.clone(), user);
        opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    fn at(path: PathBuf, user: Uid) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // A link to a folder is not followed: it may lead anywhere tomorrow.
        match refusal(&std::fs::symlink_metadata(&path)?, user) {
            Some(why) => Err(io::Error::new(io::ErrorKind::PermissionDenied, why)),
            None => Ok(ControlFolder(path)),
        }
    }

    /// Where the socket of a run is.
    pub(crate) fn socket(&self, name: &RunName) -> PathBuf {
        self.0.join(format!("{name}.{ENDING}"))
    }

    /// Makes the socket of a run. One that nobody listens to any more is replaced.
    pub(crate) async fn bind(&self, name: &RunName) -> Result<UnixListener, Unbound> {
        let path = self.socket(name);
        // Of two that find the same stale socket, the second must not remove that of the first.
        let _lock = self.lock().await?;
        match UnixStream::connect(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                // A file is refused as well, and is not ours to remove: binding will say so.
                if std::fs::symlink_metadata(&path)?.file_type().is_socket() {
                    remove(&path)?;
                }
            }
            // However busy it is, somebody listens.
            Ok(_) => return Err(Unbound::InUse),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Unbound::InUse),
            Err(error) => return Err(error.into()),
        }
        Ok(UnixListener::bind(&path)?)
    }

    async fn lock(&self) -> io::Result<File> {
        let folder = File::open(&self.0)?;
        for _ in 0..LOCK_TRIES {
            match folder.try_lock() {
                Ok(()) => return Ok(folder),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the folder of sockets stays locked"))
    }

    /// The names of all sockets, also of those that nobody listens to.
    pub(crate) fn names(&self) -> io::Result<Vec<RunName>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == ENDING)
                && let Some(Ok(name)) = path.file_stem().and_then(|s| s.to_str()).map(str::parse)
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Removes a socket; it may be gone already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn refusal(found: &Metadata, user: Uid) -> Option<&'static str> {
    if !found.is_dir() {
        Some("is no folder; remove it")
    } else if found.uid() != user.as_raw() {
        Some("belongs to another user; set XDG_RUNTIME_DIR to a folder of your own")
    } else if found.permissions().mode() & 0o077 != 0 {
        Some("is open to other users; chmod it to 700")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RunName {
        text.parse().unwrap()
    }

    fn folder() -> (tempfile::TempDir, ControlFolder) {
        let within = tempfile::tempdir().unwrap();
        let folder = ControlFolder::at(within.path().join("sockets"), Uid::effective()).unwrap();
        (within, folder)
    }

    #[test]
    fn the_folder_is_for_its_owner_alone() {
        let (_within, ControlFolder(path)) = folder();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        let refused = |user| ControlFolder::at(path.clone(), user).unwrap_err().to_string();
        let other = Uid::from_raw(Uid::effective().as_raw() + 1);
        assert!(refused(other).contains("another user"));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o750)).unwrap();
        assert!(refused(Uid::effective()).contains("chmod"));
    }

    #[test]
    fn a_link_to_a_folder_is_refused() {
        let (within, ControlFolder(path)) = folder();
        let link = within.path().join("link");
        std::os::unix::fs::symlink(path, &link).unwrap();
        let refused = ControlFolder::at(link, Uid::effective()).unwrap_err();
        assert!(refused.to_string().contains("no folder"), "{refused}");
    }

    #[tokio::test]
    async fn a_socket_without_a_listener_is_replaced_and_one_with_is_not() {
        let (_within, folder) = folder();
        let first = folder.bind(&name("a")).await.unwrap();
        assert!(matches!(folder.bind(&name("a")).await, Err(Unbound::InUse)));
        drop(first);
        assert_eq!(folder.names().unwrap(), [name("a")]);
        let _second = folder.bind(&name("a")).await.unwrap();
        let _other = folder.bind(&name("b.c")).await.unwrap();
        assert_eq!(folder.names().unwrap(), [name("a"), name("b.c")]);
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let (_within, folder) = folder();
        let path = folder.socket(&name("a"));
        std::fs::write(&path, "mine").unwrap();
        assert!(folder.bind(&name("a")).await.is_err());
        assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
    }
}
