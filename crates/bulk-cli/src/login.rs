//! Passwords: where they may come from, and which one is for whom. They pass through here, and nowhere
//! else.

use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bulk::Credentials;
use secrecy::{ExposeSecret, SecretString};

use crate::connection_args::Common;
use crate::exit::Failure;
use crate::setting::Origin;

/// The variable that has the password.
pub(crate) const PASSWORD: &str = "CASSANDRA_BULK_PASSWORD";

/// A password that a file has, or the file that it is in.
#[derive(Clone, Debug)]
pub(crate) enum Password {
    /// Itself.
    Text(SecretString),
    /// The first line of a file.
    File(PathBuf),
}

/// A password of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct StoredPassword {
    /// Whose it is; for any user, where the file names none.
    pub(crate) user: Option<String>,
    /// The password.
    pub(crate) password: Password,
    /// The file that says so.
    pub(crate) origin: Origin,
}

impl StoredPassword {
    /// Nobody is told a password that was written down for somebody else.
    fn is_for(&self, user: &str) -> bool {
        self.user.as_deref().is_none_or(|owner| owner == user)
    }
}

/// The password of this user in the files.
pub(crate) fn stored<'a>(
    passwords: &'a [StoredPassword],
    user: &str,
) -> Option<&'a StoredPassword> {
    passwords.iter().find(|password| password.is_for(user))
}

/// The password from the first place that has one: the file that is named, the environment, the
/// configuration, cqlsh's files, a prompt.
pub(crate) fn credentials(common: &Common) -> Result<Option<Credentials>, Failure> {
    let Some(user) = &common.user else {
        return match &common.password_file {
            Some(_) => Err(Failure::usage("--password-file goes with a user; give --user")),
            None => Ok(None),
        };
    };
    let password = if let Some(path) = &common.password_file {
        first_line(path)?
    } else if let Ok(password) = std::env::var(PASSWORD) {
        SecretString::from(password)
    } else if let Some(stored) = stored(&common.stored, user) {
        match &stored.password {
            Password::Text(text) => text.clone(),
            Password::File(path) => first_line(path)?,
        }
    } else if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Password for {user}: "))
            .map(SecretString::from)
            .map_err(|error| Failure::usage(format!("the password cannot be read: {error}")))?
    } else {
        return Err(Failure::usage(format!(
            "user '{user}' needs a password; give --password-file, or set {PASSWORD}"
        )));
    };
    Ok(Some(Credentials::new(user, password)))
}

fn first_line(path: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(path).map(SecretString::from).map_err(|error| {
        Failure::usage(format!("password file '{}' cannot be read: {error}", path.display()))
    })?;
    Ok(text.expose_secret().lines().next().unwrap_or_default().into())
}

/// Who else than its owner may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Nobody.
    Owner,
    /// Its group.
    Group,
    /// Everybody.
    All,
}

impl Readers {
    /// Those of a file. A pipe, as a shell makes it for `<(…)`, is for the process alone; and of a file that
    /// cannot be looked at, the error comes when it is read.
    pub(crate) fn of(path: &Path) -> Readers {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Readers::of_mode(metadata.permissions().mode()),
            _ => Readers::Owner,
        }
    }

    fn of_mode(mode: u32) -> Readers {
        match mode {
            _ if mode & 0o004 != 0 => Readers::All,
            _ if mode & 0o040 != 0 => Readers::Group,
            _ => Readers::Owner,
        }
    }
}

/// What is to be said of a file that holds a password, if others may read it.
pub(crate) fn warning(path: &Path, readers: Readers) -> Option<String> {
    (readers != Readers::Owner).then(|| {
        format!(
            "'{0}' holds a password, and other users can read it; run: chmod 600 '{0}'",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: Option<&str>) -> StoredPassword {
        StoredPassword {
            user: user.map(str::to_owned),
            password: Password::Text("hunter2".into()),
            origin: Origin::Cqlsh("cqlshrc".into()),
        }
    }

    #[test]
    fn a_password_is_not_told_for_another_user() {
        let passwords = [of(Some("ann")), of(None)];
        let found = |user| stored(&passwords, user).map(|stored| stored.user.clone());
        assert_eq!(found("ann"), Some(Some("ann".to_owned())));
        assert_eq!(found("bob"), Some(None));
        assert!(stored(&passwords[..1], "bob").is_none());
    }

    #[test]
    fn a_password_cannot_be_printed() {
        assert!(!format!("{:?}", of(Some("ann"))).contains("hunter2"));
    }

    #[test]
    fn readers_are_told_by_the_mode() {
        assert_eq!(Readers::of_mode(0o100_600), Readers::Owner);
        assert_eq!(Readers::of_mode(0o100_640), Readers::Group);
        assert_eq!(Readers::of_mode(0o100_644), Readers::All);
        assert_eq!(warning(Path::new("x"), Readers::Owner), None);
        assert!(warning(Path::new("x"), Readers::Group).is_some_and(|text| text.contains("chmod")));
    }
}
