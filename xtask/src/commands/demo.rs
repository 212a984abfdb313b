//! `cargo xtask demo`: the main job, on a real cluster that it starts itself.

use std::process::Command;

use anyhow::Result;
use xtask::cluster::{Cluster, Profile, target_dir};

use super::cassandra_up::start;
use crate::cargo::{build_release, release_binary, run as run_command};

/// Start the cluster, load rows, count, stream and export them by token ranges, to files and into an
/// Iceberg table, import what was exported, and compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rows to load into each of the two tables.
    #[arg(long, default_value_t = 200_000)]
    rows: u64,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let cluster = Cluster::open(Profile::main(3))?;
    // Built before the cluster runs: three JVMs and a compiler on two cores slow each other down.
    build_release()?;
    start(&cluster)?;
    let mut demo = Command::new(release_binary("demo")?);
    for point in cluster.contact_points() {
        demo.args(["--host", &point.to_string()]);
    }
    let files = target_dir()?.join("demo");
    demo.arg("--files").arg(&files);
    run_command(demo.args(["--rows", &args.rows.to_string()]))?;
    println!(
        "\nThe cluster is still up, with the tables demo_rf1.readings and demo_rf3.readings, and those that \
         were imported into. Try\n\
         \n    {} count demo_rf3.readings --host 127.0.0.11\n\
         \nand stop it with\n\
         \n    cargo xtask cassandra-down",
        release_binary("cassandra-bulk")?.display()
    );
    Ok(())
}
