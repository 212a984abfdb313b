//! `nodetool`, out of the same jars: what only a node itself can be told.
//!
//! It is a JVM of its own for every call and takes a second or two; readiness is therefore not asked
//! of it. It talks to the node's JMX port, which only this machine can reach.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::control::Cluster;
use super::settings::module_options;
use crate::programs;

impl Cluster {
    /// Runs `nodetool` against one node and gives what it printed.
    pub fn nodetool(&self, node: usize, args: &[&str]) -> Result<String> {
        let dir = self.node(node)?.dir;
        let home = self.dir.path().display();
        let output = Command::new(programs::java()?)
            .args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .args(module_options())
            // The address would otherwise be taken apart as if it were one of IPv6.
            .arg("-Dcom.sun.jndi.rmiURLParsing=legacy")
            // Its history file belongs here, and not into anybody's home.
            .arg(format!("-Duser.home={home}"))
            .arg(format!("-Djava.io.tmpdir={}", dir.tmp().display()))
            .arg(format!("-Dlogback.configurationFile={}", dir.logback().display()))
            .arg(format!("-Dcluster.log={home}/nodetool.log"))
            .arg(format!("-Dcassandra.config=file://{}", dir.yaml().display()))
            .args(["-cp", &self.jars.class_path()])
            .args(["org.apache.cassandra.tools.NodeTool", "-h", "127.0.0.1"])
            .args(["-p", &self.profile.jmx_port(node).to_string()])
            .args(args)
            .output()
            .context("java does not run: reinstall it")?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!(
                "nodetool {} on {} of profile {}: {}{}",
                args.join(" "),
                dir.name(),
                self.profile.name,
                stdout.trim(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(stdout.into_owned())
    }
}
