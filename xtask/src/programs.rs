//! Finds the programs of others: Java 17 (or 11), Maven, Python, and a way to leave the shell.
//!
//! A missing or wrong one is the commonest reason why a first start fails, so each error says which
//! package brings it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

const REMEDY: &str = "install Java 17 (for instance `apt-get install openjdk-17-jdk-headless`) \
                      or set JAVA_HOME to one";

/// The Java that will run the nodes: JAVA_HOME's, else the first on the PATH.
pub(crate) fn java() -> Result<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    let java = match home {
        Some(home) => PathBuf::from(home).join("bin/java"),
        None => on_path("java").with_context(|| format!("no java on the PATH: {REMEDY}"))?,
    };
    let output = Command::new(&java)
        .arg("-version")
        .output()
        .with_context(|| format!("{} does not run: {REMEDY}", java.display()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    match major(&text) {
        Some(11 | 17) => Ok(java),
        Some(other) => bail!(
            "{} is Java {other}, and Cassandra 5.0 runs on 17 or 11: {REMEDY}",
            java.display()
        ),
        None => bail!("{} does not tell its version ({}): {REMEDY}", java.display(), text.trim()),
    }
}

/// The Maven that will fetch the jars.
pub(crate) fn maven() -> Result<PathBuf> {
    on_path("mvn")
        .context("no mvn on the PATH: install Maven (for instance `apt-get install maven`)")
}

/// The first `python3` on the PATH, where there is one.
pub(crate) fn python() -> Option<PathBuf> {
    on_path("python3")
}

/// What to put before a program so that it survives the terminal it was started from: a session of
/// its own where there is `setsid`, otherwise (macOS) deafness to the hang-up signal.
pub(crate) fn detached() -> Result<PathBuf> {
    on_path("setsid")
        .or_else(|| on_path("nohup"))
        .context("neither setsid nor nohup on the PATH: install util-linux or coreutils")
}

/// The first file of this name on the PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| Path::is_file(file))
}

/// The major version out of `java -version`: the quoted word, of which 1.8 means 8.
fn major(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    let first = parts.next()?.parse().ok()?;
    if first == 1 {
        return parts.next()?.parse().ok();
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_version_is_the_quoted_word() {
        let cases = [
            ("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK", Some(17)),
            ("Picked up X\nopenjdk version \"11.0.2\" 2019", Some(11)),
            ("java version \"1.8.0_402\"", Some(8)),
            ("openjdk version \"21-ea\" 2023-09-19", Some(21)),
            ("command not found", None),
        ];
        for (text, expected) in cases {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
