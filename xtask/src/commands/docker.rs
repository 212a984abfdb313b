//! The same three nodes in containers of the official image, for those who prefer them.
//!
//! `docker compose` does all of it; here is how it is called, and a note on disk that it was, so
//! that the other commands know whom to ask.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use xtask::cluster::{base, workspace_root};

/// How long the containers may take, which start one after the other and may be fetched first.
const PATIENCE: u64 = 900;

pub(super) fn compose_file() -> PathBuf {
    workspace_root().join("docker").join("compose.yaml")
}

/// Whether `--docker` started what is running.
pub(super) fn is_chosen() -> Result<bool> {
    Ok(note()?.is_file())
}

pub(super) fn up() -> Result<()> {
    require_engine()?;
    let note = note()?;
    let folder = base()?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("can't create {}", folder.display()))?;
    std::fs::write(&note, "").with_context(|| format!("can't write {}", note.display()))?;
    wait(PATIENCE)
}

/// `up` of what is up only waits until it is healthy.
pub(super) fn wait(seconds: u64) -> Result<()> {
    compose(&["up", "--detach", "--wait", "--wait-timeout", &seconds.to_string()])
}

pub(super) fn status() -> Result<()> {
    compose(&["ps"])
}

pub(super) fn down(wipe: bool) -> Result<()> {
    if wipe {
        compose(&["down", "--volumes"])?;
    } else {
        compose(&["down"])?;
    }
    let note = note()?;
    std::fs::remove_file(&note).with_context(|| format!("can't delete {}", note.display()))
}

fn note() -> Result<PathBuf> {
    Ok(base()?.join("docker"))
}

fn compose(args: &[&str]) -> Result<()> {
    let status = Command::new("docker")
        .args(["compose", "--file"])
        .arg(compose_file())
        .args(args)
        .status()
        .context("docker does not run: install it")?;
    ensure!(status.success(), "docker compose {} failed: see its message above", args.join(" "));
    Ok(())
}

/// An engine that answers and the compose plugin, each with an error of its own.
fn require_engine() -> Result<()> {
    let runs = |args: &[&str]| {
        Command::new("docker").args(args).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    match runs(&["info"]) {
        Err(_) => bail!("there is no docker: install it, or leave out --docker"),
        Ok(status) if !status.success() => bail!(
            "the docker engine does not answer: start it, or leave out --docker for the embedded \
             cluster"
        ),
        Ok(_) => {}
    }
    match runs(&["compose", "version"]) {
        Ok(status) if status.success() => Ok(()),
        _ => bail!(
            "docker has no compose plugin: install it (for instance `apt-get install \
             docker-compose-plugin`), or leave out --docker"
        ),
    }
}

#[cfg(test)]
mod tests {
    use xtask::cluster::Profile;

    const COMPOSE: &str = include_str!("../../../docker/compose.yaml");

    #[test]
    fn containers_and_embedded_nodes_have_the_same_addresses() {
        for point in Profile::main(3).contact_points() {
            let port = format!("\"{point}:9042\"");
            assert!(COMPOSE.contains(&port), "{port}");
            let told = format!("CASSANDRA_BROADCAST_RPC_ADDRESS: {}", point.ip());
            assert!(COMPOSE.contains(&told), "{told}");
        }
    }

    #[test]
    fn every_container_is_of_one_release_and_checked() {
        assert_eq!(COMPOSE.matches("image: cassandra:5.0").count(), 1);
        assert_eq!(COMPOSE.matches("healthcheck:").count(), 1);
        assert_eq!(COMPOSE.matches("<<: *cassandra").count(), 3);
    }
}
