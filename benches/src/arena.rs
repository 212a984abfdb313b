//! Where whole programs are measured: the cluster's addresses, the programs, and a folder for what they
//! read and write.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use bulk::TableName;
use xtask::peers::{Cqlsh, Dsbulk, Job};

use crate::contender::{Contender, Peer};
use crate::folder;
use crate::process::{self, Spent};

/// Where all programs expect a node.
const PORT: u16 = 9042;

/// What all contenders run with.
#[derive(Clone, Debug)]
pub struct Arena {
    hosts: Vec<String>,
    folder: PathBuf,
    dsbulk: Option<Dsbulk>,
    cqlsh: Option<Cqlsh>,
}

impl Arena {
    /// Prepares for these contenders, fetching what is not there; tells its progress.
    ///
    /// # Errors
    ///
    /// Where a program of others can't be fetched.
    pub fn open<C: Contender>(
        hosts: &[String],
        contenders: &[C],
        folder: &Path,
        mut say: impl FnMut(&str),
    ) -> Result<Arena> {
        let folder = std::path::absolute(folder)?;
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let needs = |peer| contenders.iter().any(|one| one.peer() == Some(peer));
        let dsbulk = needs(Peer::Dsbulk).then(|| Dsbulk::fetch(&mut say)).transpose()?;
        let cqlsh = needs(Peer::Cqlsh)
            .then(|| Cqlsh::fetch(&mut say)?.context("there is no python3 for cqlsh: install it"))
            .transpose()?;
        Ok(Arena { hosts: hosts.to_vec(), folder, dsbulk, cqlsh })
    }

    /// A contender's own folder, emptied.
    ///
    /// # Errors
    ///
    /// Where it can't be.
    pub fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        folder::empty(&folder)?;
        Ok(folder)
    }

    /// Removes a contender's own folder, if it is there.
    ///
    /// # Errors
    ///
    /// Where it can't be.
    pub fn remove_folder(&self, name: &str) -> Result<()> {
        folder::remove(&self.folder.join(name))
    }

    /// What a program of others is to do with a table, in this folder.
    ///
    /// # Errors
    ///
    /// Where a host is no address: only ours know names.
    pub fn job(&self, table: &TableName, folder: &Path) -> Result<Job> {
        let parse = |host: &String| {
            let whole = host.parse::<SocketAddr>();
            whole
                .or_else(|_| host.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)))
                .with_context(|| format!("{host} is no address"))
        };
        Ok(Job {
            contact_points: self.hosts.iter().map(parse).collect::<Result<_>>()?,
            keyspace: table.keyspace().to_owned(),
            table: table.table().to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// Our program: a subcommand of it, for a table.
    ///
    /// # Errors
    ///
    /// None that are known.
    pub fn ours(&self, subcommand: &str, table: &TableName) -> Result<Command> {
        let mut command = process::ours(&self.hosts, subcommand, table)?;
        command.arg("--quiet");
        Ok(command)
    }

    /// A program of this crate, which has a bare loop in it: a subcommand of it.
    ///
    /// # Errors
    ///
    /// None that are known.
    pub fn bare(&self, program: &str, subcommand: &str) -> Result<Command> {
        let mut command = Command::new(process::sibling(program)?);
        command.arg(subcommand);
        for host in &self.hosts {
            command.args(["--host", host]);
        }
        Ok(command)
    }

    /// DSBulk.
    ///
    /// # Errors
    ///
    /// Where no contender needed it when this was opened.
    pub fn dsbulk(&self) -> Result<&Dsbulk> {
        self.dsbulk.as_ref().context("no DSBulk")
    }

    /// cqlsh.
    ///
    /// # Errors
    ///
    /// Where no contender needed it when this was opened.
    pub fn cqlsh(&self) -> Result<&Cqlsh> {
        self.cqlsh.as_ref().context("no cqlsh")
    }

    /// Runs a contender's program to its end; what it says stays in the log of this name.
    ///
    /// # Errors
    ///
    /// Where it can't be started, or fails.
    pub fn measure(&self, name: &str, command: &mut Command) -> Result<Spent> {
        process::run(command, &self.folder.join(format!("{name}.log")))
    }
}
